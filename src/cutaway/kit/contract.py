"""The contract that every lab keeps: evidence of five kinds, receipts, verdicts, fresh results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .closures import imports, package_of, tree
from .components import foreign_imports
from .credulity import credulous
from .declarations import declarations
from .effects import Effect, effects
from .labs import PACKAGE, WINGS, place
from .results import Results, judge
from .tables import Table
from .words import Lab

MOST_BYTES = 430_000
COMPILED = "fast_"  # how the names of files begin that do what others do, compiled


def problems(lab: Lab, found: Results) -> Iterator[str]:
    """What a lab still lacks, a sentence each; nothing when it keeps the contract.

    `found` holds its results. A draft's are measured for the occasion and need not be recorded.
    """
    yield from _evidence(lab)
    yield from declarations(lab)
    if not found.manifest:
        yield f"results: nothing is measured yet: `cutaway run {lab.name} --record`"
        return
    yield from _figures(lab, found)
    yield from _receipts(lab, found)
    yield from _claims(lab, found)
    if not lab.draft:
        yield from found.problems.values()
        yield from found.stale
        yield from _recorded(lab, found)


def _evidence(lab: Lab) -> Iterator[str]:
    """The five kinds: implementation, notebook, plots, failure gallery, article with a demo."""
    folder = place(lab.name).folder
    if not place(lab.name).components:
        yield "implementation: there is no component file"
    page = folder / "page.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    for path in place(lab.name).components:
        for name in foreign_imports(path):
            yield f"implementation: {path.name} imports {name}, which a component may not"
    yield from _shown(place(lab.name).components, text)
    declaring = [tree(path) for path in place(lab.name).declaring]
    for path in sorted(imports(declaring, package_of(folder / "lab.py"))):
        if path.relative_to(PACKAGE).parts[0] in WINGS and path not in place(lab.name).declaring:
            yield f"lab.py imports {path.name}: it takes components from the world it is given"
    if not all(part in text for part in ("jupytext:", "kernelspec:", "{code-cell}")):
        yield "notebook: page.md needs a jupytext header and code cells that run"
    drawn = {one.experiment for one in lab.figures if f"{{drawing}} {one.name}\n" in text}
    named = {one.name for one in lab.experiments if re.search(rf"\b{one.name}\b", text)}
    missing = [one.name for one in lab.experiments if one.name not in drawn | named]
    if missing:
        yield f"article: page.md shows nothing of {', '.join(missing)}"
    if not lab.figures:
        yield "plots: there is no figure"
    if not lab.faults:
        yield "failure gallery: there is no fault"
    if not (folder / "demo.js").is_file():
        yield "demo: there is no demo.js"
    if not (folder / "test_lab_demo.py").is_file():
        yield "demo: no test_lab_demo.py holds its numbers to those of the component"
    if not (folder / f"test_{lab.name}.py").is_file():
        yield f"tests: there is no test_{lab.name}.py"


def _shown(components: Sequence[Path], page: str) -> Iterator[str]:
    """The page shows every component; it is enough that it names a compiled one."""
    for name in (path.name for path in components):
        if name.startswith(COMPILED) and name not in page:
            yield f"article: page.md does not name {name}"
        elif not name.startswith(COMPILED) and f"{{listing}} {name}\n" not in page:
            yield f"article: page.md does not show {name}: ```{{listing}} {name}"


def _figures(lab: Lab, found: Results) -> Iterator[str]:
    """Every figure draws columns that its experiment has."""
    known = {one.name for one in lab.experiments}
    for figure in lab.figures:
        table = found.tables.get(figure.experiment)
        if figure.experiment not in known:
            yield f"figure {figure.name}: there is no experiment {figure.experiment!r}"
        elif table is not None and table.rows:
            for column in (figure.x, figure.y, figure.color):
                if column not in table.columns:
                    yield f"figure {figure.name}: {figure.experiment} has no column {column!r}"
        if not figure.alt.strip():
            yield f"figure {figure.name}: it has no alt text"


def _receipts(lab: Lab, found: Results) -> Iterator[str]:
    """Every fault changed something and a test names it; the inert ones measure as such."""
    known = found.receipts.get("faults", {})
    for fault in lab.faults:
        receipt = known.get(fault.name, {})
        if not receipt.get("changed"):
            yield f"fault {fault.name}: no receipt: it changed nothing that the lab observes"
        if not receipt.get("killer"):
            yield f"fault {fault.name}: no test names it (one that fails for it and for few others)"
        measured = list(_outcomes(lab, found, fault.name))
        if fault.inert and not (measured and all(effect.equal for effect in measured)):
            yield f"fault {fault.name}: it is called inert, and no experiment shows it to be"


def _outcomes(lab: Lab, found: Results, fault: str) -> Iterator[Effect]:
    """The effects of a fault on the outcome of every experiment that measured it."""
    for one in lab.experiments:
        if one.outcome and one.margin and fault in one.grid.get("fault", ()):
            yield from effects(one, found.tables.get(one.name, Table.of([])), fault)


def _claims(lab: Lab, found: Results) -> Iterator[str]:
    """Every claim has a verdict, and none that it would have without its measurement."""
    known = {one.name for one in lab.experiments}
    judged = judge(lab, found.tables)
    recorded = found.manifest.get("claims", ())
    if [verdict.verdict for verdict in judged] != [claim["verdict"] for claim in recorded]:
        yield "claims: the recorded verdicts are not those of the claims as they stand now"
    for claim, verdict in zip(lab.claims, judged, strict=True):
        if claim.experiment not in known:
            yield f"claim {claim.says!r}: there is no experiment {claim.experiment!r}"
        elif verdict.because.startswith(("the claim cannot be judged", "not measured")):
            yield f"claim {claim.says!r}: {verdict.because}"
        elif claim.experiment in found.tables:
            yield from credulous(claim, found.tables[claim.experiment])


def _recorded(lab: Lab, found: Results) -> Iterator[str]:
    """Recorded results are full and small."""
    weight = sum(len(table.to_json()) for table in found.tables.values())
    if weight > MOST_BYTES:
        yield f"results: tables of {weight:,} bytes are more than {MOST_BYTES:,}"
    if any(table.quick for table in found.tables.values()):
        yield "results: a quick table is recorded"
