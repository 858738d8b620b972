"""How a table decides a claim: by paired seeds, a smallest effect of interest, and a guard.

A lab writes, for example:

    broken, clean = {"fault": "no_scale"}, {"fault": None}
    holds=lambda table: raises(table, "loss", broken, clean, margin=0.02, guard=lambda t:
        above_chance(t, "loss", clean, chance=math.log(65), margin=0.2))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from . import statistics
from .pairs import Arm, arms, values
from .powers import seeds_to_decide, seeds_to_tell
from .statistics import Undecidable, Verdict
from .tables import Table

ALPHA = 0.05
Guard = Callable[[Table], None]
Arms = tuple[list[float], list[float]]


def raises(
    table: Table, column: str, arm: Arm, against: Arm, margin: float, guard: Guard | None = None
) -> Verdict:
    """Whether the arm surely lies above `against`, and by an estimate that is of interest."""
    return _decided(lambda: _directed(_arms(table, column, arm, against, guard), margin, 1))


def lowers(
    table: Table, column: str, arm: Arm, against: Arm, margin: float, guard: Guard | None = None
) -> Verdict:
    """Whether the arm surely lies below `against`, and by an estimate that is of interest."""
    return _decided(lambda: _directed(_arms(table, column, arm, against, guard), margin, -1))


def unchanged(
    table: Table, column: str, arm: Arm, against: Arm, margin: float, guard: Guard | None = None
) -> Verdict:
    """Whether the arm equals `against` to within the smallest effect of interest."""
    return _decided(lambda: _same(_arms(table, column, arm, against, guard), margin))


def exactly(holds: bool, because: str, effect: float | None = None) -> Verdict:
    """The verdict on what needs no statistics: it holds or it does not."""
    if effect is not None and not math.isfinite(effect):
        return Verdict("undecided", because=f"the effect is {effect}, not a number; {because}")
    return Verdict("supported" if holds else "refuted", effect=effect, because=because)


def above_chance(
    table: Table, column: str, control: Arm, chance: float, margin: float, better: str = "lower"
) -> None:
    """Nothing, if the control's interval is better than chance by the margin; else Undecidable."""
    statistics.positive(margin)
    if better not in ("lower", "higher"):
        raise ValueError(f"better is lower or higher, not {better!r}")
    found = statistics.interval(values(table, column, control))
    left = found.high < chance - margin if better == "lower" else found.low > chance + margin
    if not left:
        raise Undecidable(
            f"the control has not left chance: {column} is {_read(found)}, which is not better "
            f"than {chance:.4g} by {margin:g}; nothing is ranked"
        )


def adjusted(verdicts: Sequence[Verdict], alpha: float = ALPHA) -> list[Verdict]:
    """The verdicts of a lab after Holm's correction, from which exact claims are exempt."""
    family = [at for at, verdict in enumerate(verdicts) if verdict.p is not None]
    ps = statistics.holm([p for verdict in verdicts if (p := verdict.p) is not None])
    result = list(verdicts)
    for at, p in zip(family, ps, strict=True):
        result[at] = verdict = replace(verdicts[at], p_holm=p)
        if verdict.verdict != "undecided" and p > alpha:
            among = f"{verdict.verdict} alone, but among {len(ps)} claims p is {p:.2g} (Holm)"
            because = f"{among}; {verdict.because}"
            result[at] = replace(verdict, verdict="undecided", because=because)
    return result


def _decided(decide: Callable[[], Verdict]) -> Verdict:
    """A verdict, undecided if the table cannot give one."""
    try:
        return decide()
    except Undecidable as reason:
        return Verdict("undecided", because=str(reason))


def _arms(table: Table, column: str, arm: Arm, against: Arm, guard: Guard | None) -> Arms:
    """The values of both arms, if the guard lets the table pass."""
    if guard is not None:
        guard(table)
    return arms(table, column, arm, against)


def _directed(both: Arms, margin: float, sign: int) -> Verdict:
    """Whether the difference surely goes one way (sign), and by an estimate beyond the margin."""
    differences = _differences(both)
    p, same_p = statistics.t_p(differences), _same_p(both, margin)
    toward = sign * statistics.interval(differences).mean
    if p < ALPHA and toward > margin:
        return _verdict("supported", differences, p, f"not 0, the estimate beyond {margin:g}")
    if p < ALPHA and toward < 0:
        return _verdict("refuted", differences, p, "the other way")
    if same_p < ALPHA:
        return _verdict("refuted", differences, same_p, _equal(differences, margin))
    return _verdict("undecided", differences, p, _missing(both, margin))


def _same(both: Arms, margin: float) -> Verdict:
    """Whether the difference is less than the margin either way."""
    differences = _differences(both)
    p, other_p = _same_p(both, margin), statistics.beyond_p(differences, margin)
    if p < ALPHA:
        return _verdict("supported", differences, p, _equal(differences, margin))
    if other_p < ALPHA:
        return _verdict("refuted", differences, other_p, f"more than {margin:g}")
    return _verdict("undecided", differences, p, _missing(both, margin))


def _differences(both: Arms) -> list[float]:
    """The differences of two arms, by seed."""
    return [a - b for a, b in zip(*both, strict=True)]


def _same_p(both: Arms, margin: float) -> float:
    """The p of an effect as large as the margin; 1 if yes-or-no values cannot rule one out."""
    p = statistics.equivalence_p(_differences(both), margin)
    return p if _graded(both) else 1.0


def _graded(both: Arms) -> bool:
    """Whether the values are more than yes and no: equal counts in 8 seeds are no equality."""
    return len({*both[0], *both[1]}) > 2


def _equal(differences: list[float], margin: float) -> str:
    """That an effect is as good as none, with the interval that this test goes by."""
    found = statistics.interval(differences, 1 - 2 * ALPHA)
    ends = f"{found.low:.4g} to {found.high:.4g}"
    return f"less than {margin:g} either way, by the 90 % interval of {ends}"


def _missing(both: Arms, margin: float) -> str:
    """What it would take to decide."""
    if not _graded(both):
        return "the values are of two kinds only, which shows no equality: count them (proportion)"
    differences = _differences(both)
    seeds = seeds_to_decide(differences, margin)
    if seeds <= len(differences):
        seeds = seeds_to_tell(differences, margin)
    return f"the smallest effect of interest is {margin:g}; about {seeds} seeds would decide"


def _verdict(verdict: str, differences: list[float], p: float, reason: str) -> Verdict:
    """A verdict with the interval it rests on."""
    found = statistics.interval(differences)
    because = f"the effect is {_read(found)}: {reason}"
    return Verdict(verdict, found.mean, found.low, found.high, p, found.n, because)


def _read(found: statistics.Interval) -> str:
    """An interval in words."""
    return f"{found.mean:.4g} (95 % interval {found.low:.4g} to {found.high:.4g}, n = {found.n})"
