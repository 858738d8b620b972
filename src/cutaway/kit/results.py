"""Recorded results: tables, receipts and a manifest; whether they are fresh, stale or damaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cutaway.errors import Refused
from cutaway.runs.sealing import digest, unsealed

from .digests import inputs
from .labs import place
from .statistics import Undecidable, Verdict
from .tables import Table
from .verdicts import adjusted
from .words import Claim, Lab


@dataclass
class Results:
    """What is recorded of a lab; whatever is wrong with it stands in `problems`, by file."""

    tables: dict[str, Table] = field(default_factory=dict)
    receipts: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def fresh(self) -> bool:
        """Whether everything is there, undamaged, and measured on the sources as they are."""
        return bool(self.manifest) and not self.stale and not self.problems


def read(lab: Lab, folder: Path | None = None) -> Results:
    """The recorded results of a lab, checked against its sources and against their own digests."""
    folder = folder or place(lab.name).results
    found = Results()
    known = {path.stem for path in folder.glob("*.json")}
    found.manifest = _unsealed(folder / "manifest.json", found) if "manifest" in known else {}
    recorded = found.manifest.get("experiments", {})
    fresh = inputs(lab, known & {*recorded, "receipts"})
    for experiment in lab.experiments:
        name = experiment.name
        if name not in known or name not in recorded:
            found.stale.append(f"{name}: not measured")
            continue
        try:
            table = Table.load(folder / f"{name}.json")
        except (Refused, OSError) as error:
            found.problems[f"{name}.json"] = str(error)
            continue
        if table.digest() != recorded[name]["content"]:
            found.problems[f"{name}.json"] = f"{name}.json is not the table the manifest names."
            continue
        found.tables[name] = table
        if recorded[name]["inputs"] != fresh[name]:
            found.stale.append(f"{name}: its sources changed since it was measured")
    _read_receipts(lab, folder, fresh.get("receipts"), found)
    return found


def _read_receipts(lab: Lab, folder: Path, fresh: str | None, found: Results) -> None:
    """Add the receipts, and what is wrong with them."""
    if not (folder / "receipts.json").exists():
        found.stale += ["receipts: not made"] if lab.faults else []
        return
    found.receipts = _unsealed(folder / "receipts.json", found)
    recorded = found.manifest.get("receipts", {})
    if found.receipts and digest(found.receipts) != recorded.get("content"):
        found.problems["receipts.json"] = "receipts.json is not what the manifest names."
        found.receipts = {}
    elif found.receipts and recorded.get("inputs") != fresh:
        found.stale.append("receipts: sources, tests or faults changed since they were made")


def _unsealed(path: Path, found: Results) -> dict[str, Any]:
    """The content of a file, or nothing and a problem."""
    try:
        return unsealed(path)
    except (Refused, OSError) as error:
        found.problems[path.name] = str(error)
        return {}


def judge(lab: Lab, tables: Mapping[str, Table]) -> list[Verdict]:
    """The verdict on each claim of a lab, corrected for their number."""
    return adjusted([_verdict(claim, tables.get(claim.experiment)) for claim in lab.claims])


def _verdict(claim: Claim, table: Table | None) -> Verdict:
    """The verdict on one claim; a table that cannot decide it leaves it undecided."""
    if table is None or not table.rows:
        return Verdict("undecided", because="not measured")
    try:
        found = claim.holds(table)
        exact = found.p is None and found.verdict != "undecided"
        return _incomplete(table) if table.failed and exact else found
    except Undecidable as reason:
        return Verdict("undecided", because=str(reason))
    except Exception as error:
        return Verdict(
            "undecided", because=f"the claim cannot be judged: {type(error).__name__}: {error}"
        )


def _incomplete(table: Table) -> Verdict:
    """Undecided, since cells failed: what needs no statistics needs every cell."""
    first = table.failed[0]
    because = f"{len(table.failed)} cells failed; seed {first['seed']}: {first['error']}"
    return Verdict("undecided", because=because)


def verdicts(lab: Lab, found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The claims of a lab with their verdicts, as plain data."""
    return [
        {"says": claim.says, "source": claim.source, "regime": claim.regime, **asdict(verdict)}
        for claim, verdict in zip(lab.claims, found, strict=True)
    ]
