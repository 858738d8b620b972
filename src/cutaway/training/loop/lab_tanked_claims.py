"""How many faults tank a run, and how many of those show in its own loss."""

from __future__ import annotations

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, raises
from cutaway.kit.words import Claim

from .lab_judging import MARGIN, unigram
from .lab_small import RECIPE

REGIME = f"{RECIPE}; judged by what no fault reaches"


def chance(table: Table) -> Verdict:
    """Whether at least four faults leave every run no better than knowing the letters."""
    healthy(table)
    broken = [fault for fault in table.values("fault") if fault and lost(table, fault)]
    said = f"{len(broken)} of {len(table.values('fault')) - 1}: {', '.join(sorted(broken))}"
    return exactly(len(broken) >= 4, said, float(len(broken)))


def lost(table: Table, fault: str) -> bool:
    """Whether a fault leaves every run no better than the unigram."""
    found = table.where(fault=fault).column("loss")
    return all(one is None or one > unigram(table) for one in found)


def healthy(table: Table) -> None:
    """Nothing, if the unbroken run has left chance."""
    if not len(table):
        raise Undecidable("nothing was measured")
    above_chance(table, "loss", {"fault": None}, unigram(table), 0.2)


def seen(table: Table) -> Verdict:
    """Whether every fault that costs loss puts the training loss out of the healthy runs' band."""
    healthy(table)
    told = table.where(fault=None).column("last_loss")
    low, high = min(told), max(told)
    hidden, costly = [], 0
    for fault in sorted(one for one in table.values("fault") if one):
        rows = table.where(fault=fault).dicts()
        truly = raises(table, "loss", {"fault": fault}, {"fault": None}, MARGIN)
        if truly.verdict != "supported" and not lost(table, fault):
            continue
        costly += 1
        inside = [row["last_loss"] is not None and low <= row["last_loss"] <= high for row in rows]
        better = [row["last_loss"] is not None and row["last_loss"] < low for row in rows]
        if sum(inside) + sum(better) > len(rows) / 2:
            hidden.append(fault)
    said = f"{len(hidden)} of {costly} costly faults are told as healthy or better in most runs"
    return exactly(not hidden, f"{said}: {', '.join(hidden)}", float(len(hidden)))


CLAIMS = (
    Claim(
        "At least four single lines leave a run no better than knowing the letters",
        source="004-14",
        experiment="loss_by_fault",
        holds=decided(chance),
        regime=REGIME,
    ),
    Claim(
        "A fault that costs a run loss shows in its training loss",
        source="004-14",
        experiment="loss_by_fault",
        holds=decided(seen),
        regime=f"{REGIME}; out of the band of unbroken runs, and not below it",
    ),
)
