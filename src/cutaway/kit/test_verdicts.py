from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest

from .powers import seeds_to_decide, seeds_to_tell
from .statistics import Verdict, beyond_p, equivalence_p, interval, t_p
from .tables import Table
from .verdicts import above_chance, adjusted, exactly, lowers, raises, unchanged

CLEAN: dict[str, Any] = {"fault": None}
BROKEN: dict[str, Any] = {"fault": "no_shift"}
MARGIN = 0.02
MAKERS: list[Callable[..., Verdict]] = [raises, lowers, unchanged]


def table_of(broken: Sequence[float | None], clean: Sequence[float | None], **more: Any) -> Table:
    pairs = (("no_shift", broken), (None, clean))
    rows = [
        {"fault": fault, "seed": seed, "loss": value}
        for fault, values in pairs
        for seed, value in enumerate(values)
    ]
    return Table.of(rows, **more)


def planted(effect: float, spread: float = 0.01, n: int = 8) -> Table:
    """A table whose differences have exactly this mean and spread."""
    random = numpy.random.default_rng(7)
    clean, noise = random.normal(2.0, 0.3, n), random.normal(size=n)
    noise = spread * (noise - noise.mean()) / noise.std(ddof=1)
    return table_of(list(clean + effect + noise), list(clean))


def judged(maker: Callable[..., Verdict], table: Table) -> Verdict:
    return maker(table, "loss", BROKEN, CLEAN, MARGIN)


@pytest.mark.parametrize(
    ("effect", "spread", "up", "down", "same"),
    [
        (0.1, 0.01, "supported", "refuted", "refuted"),
        (-0.1, 0.01, "refuted", "supported", "refuted"),
        (0.0, 0.01, "refuted", "refuted", "supported"),
        (0.01, 0.005, "refuted", "refuted", "supported"),  # there, but less than of interest
        (0.03, 0.02, "supported", "refuted", "undecided"),  # there, of interest or not
        (0.018, 0.01, "undecided", "refuted", "undecided"),  # there, close to the margin
        (0.0, 0.1, "undecided", "undecided", "undecided"),
        (0.1, 0.5, "undecided", "undecided", "undecided"),
    ],
)
def test_planted_effects_get_their_verdicts(
    effect: float, spread: float, up: str, down: str, same: str
) -> None:
    table = planted(effect, spread)
    found = [judged(maker, table) for maker in MAKERS]
    assert [one.verdict for one in found] == [up, down, same]
    for one in found:
        assert one.effect == pytest.approx(effect, abs=1e-9) and one.n == 8
        json.dumps(dataclasses.asdict(one), allow_nan=False)


def test_the_p_is_that_of_the_test_that_gave_the_verdict() -> None:
    def p_of(maker: Callable[..., Verdict], effect: float) -> tuple[float | None, list[float]]:
        table = planted(effect)
        pairs = zip(table.column("loss")[:8], table.column("loss")[8:], strict=True)
        return judged(maker, table).p, [a - b for a, b in pairs]

    for maker in (raises, lowers):
        for effect in (0.1, -0.1):
            p, differences = p_of(maker, effect)
            assert p == t_p(differences)
        p, differences = p_of(maker, 0.0)
        assert p == equivalence_p(differences, MARGIN)
    p, differences = p_of(unchanged, 0.0)
    assert p == equivalence_p(differences, MARGIN)
    p, differences = p_of(unchanged, 0.1)
    assert p == beyond_p(differences, MARGIN)
    found, whole = judged(raises, planted(0.1)), interval(p_of(raises, 0.1)[1])
    assert (found.effect, found.low, found.high) == (whole.mean, whole.low, whole.high)


def test_what_is_undecided_says_what_would_decide() -> None:
    found = judged(raises, planted(0.005, 0.04))
    assert found.verdict == "undecided"
    pattern = r"0\.005 \(95 % interval (\S+) to (\S+), n = 8\).* is 0\.02; about (\d+) seeds would"
    match = re.search(pattern, found.because)
    assert match and found.low == pytest.approx(float(match[1]), rel=1e-3)
    assert found.high == pytest.approx(float(match[2]), rel=1e-3)
    seeds = int(match[3])
    assert seeds == seeds_to_decide(
        [0.005 + 0.04 * math.sqrt(7 / 8) * s for s in [1, -1] * 4], 0.02
    )
    assert judged(unchanged, planted(0.0, 0.04, n=seeds)).verdict == "supported"
    assert judged(raises, planted(0.0201, 0.04, n=seeds)).verdict == "supported"


def test_an_effect_beside_the_margin_takes_the_seeds_that_tell_it_from_the_margin() -> None:
    found = judged(unchanged, planted(0.015, 0.01))
    match = re.search(r"about (\d+) seeds would", found.because)
    assert found.verdict == "undecided" and match
    seeds = int(match[1])
    assert seeds == seeds_to_tell([0.015 + 0.01 * math.sqrt(7 / 8) * s for s in [1, -1] * 4], 0.02)
    assert seeds > 8 >= seeds_to_decide([0.015 + 0.01 * s for s in [1, -1] * 4], 0.02)
    assert judged(unchanged, planted(0.015, 0.01, n=seeds)).verdict == "supported"


def test_swapping_the_arms_within_seeds_removes_the_support() -> None:
    table = planted(0.1)
    broken, clean = table.column("loss")[:8], table.column("loss")[8:]
    counts = {"supported": 0, "refuted": 0, "undecided": 0}
    for flips in range(256):
        swap = [flips >> seed & 1 for seed in range(8)]
        first = [c if s else b for b, c, s in zip(broken, clean, swap, strict=True)]
        second = [b if s else c for b, c, s in zip(broken, clean, swap, strict=True)]
        counts[judged(raises, table_of(first, second)).verdict] += 1
    assert counts["supported"] / 256 < 0.05 and counts["undecided"] / 256 > 0.9


def test_a_table_that_is_incomplete_or_not_finite_decides_nothing() -> None:
    good = [2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8]
    nan = tuple((fault, s, math.nan) for fault in ("no_shift", None) for s in range(8))
    failure = {"params": BROKEN, "seed": 3, "error": "no memory"}
    tables = {
        "loss is no number": table_of([*good[:7], None], good),
        "loss is nan": Table(("fault", "seed", "loss"), nan),
        "no memory": table_of(good, good, failed=[failure]),
        "lacks the seeds 7": table_of(good[:7], good),
        "2 seeds": table_of(good[:2], good[:2]),
    }
    for reason, table in tables.items():
        for maker in MAKERS:
            found = judged(maker, table)
            assert found.verdict == "undecided" and found.p is None and found.effect is None
            assert reason in found.because


def test_a_mistake_in_the_claim_is_not_taken_for_a_result() -> None:
    for maker in MAKERS:
        for margin in (0.0, -1.0, math.nan):
            with pytest.raises(ValueError, match="positive number"):
                maker(planted(0.1), "loss", BROKEN, CLEAN, margin)
        with pytest.raises(ValueError, match="no los"):
            maker(planted(0.1), "los", BROKEN, CLEAN, MARGIN)


def test_yes_or_no_can_show_a_difference_but_no_equality() -> None:
    for solved in ([1.0] * 8, [1.0] * 5 + [0.0] * 3):
        same = table_of(solved, solved)
        assert [judged(maker, same).verdict for maker in MAKERS] == ["undecided"] * 3
        assert "count them" in judged(unchanged, same).because
    apart = table_of([1.0] * 8, [0.0] * 8)
    assert [judged(m, apart).verdict for m in MAKERS] == ["supported", "refuted", "refuted"]
    assert judged(raises, apart).p == 2 / 256
    assert judged(raises, table_of([1.0] * 3, [0.0] * 3)).verdict == "undecided"
    graded = table_of([2.0, 2.1, 2.2] * 3, [2.0, 2.1, 2.2] * 3)
    assert judged(unchanged, graded).verdict == "supported"
    with pytest.raises(ValueError, match="positive number"):
        raises(apart, "loss", BROKEN, CLEAN, -1.0)


def test_nothing_is_ranked_while_the_control_is_at_chance() -> None:
    def guard(chance: float, better: str = "lower") -> Callable[[Table], None]:
        return lambda table: above_chance(table, "loss", CLEAN, chance, 0.5, better)

    table = planted(0.1)
    control = interval(table.where(**CLEAN).column("loss"))
    cases = [(control.high + 0.501, "lower", True), (control.high + 0.499, "lower", False)]
    cases += [(control.low - 0.501, "higher", True), (control.low - 0.499, "higher", False)]
    cases += [(math.nan, "lower", False), (math.nan, "higher", False)]
    for chance, better, left in cases:
        for maker in MAKERS:
            free = maker(table, "loss", BROKEN, CLEAN, MARGIN)
            found = maker(table, "loss", BROKEN, CLEAN, MARGIN, guard(chance, better))
            assert (found == free) if left else (found.verdict == "undecided")
            assert left or "the control has not left chance" in found.because
    for better, margin in (("up", 0.5), ("lower", -9.0)):
        with pytest.raises(ValueError, match=r"lower or higher|positive number"):
            above_chance(table, "loss", CLEAN, 1.0, margin, better)


def test_exact_claims_hold_or_do_not_and_never_by_nan() -> None:
    assert exactly(True, "bit-equal", 0.0) == Verdict("supported", 0.0, because="bit-equal")
    assert exactly(False, "differs").verdict == "refuted"
    assert exactly(True, "max", math.nan).verdict == "undecided"
    assert exactly(False, "max", math.inf).effect is None


def test_holm_over_a_lab_takes_back_what_chance_would_give() -> None:
    strong, weak = Verdict("supported", p=0.004, because="a"), Verdict("refuted", p=0.03)
    idle, exact = Verdict("undecided", p=0.9), exactly(True, "bit-equal")
    found = adjusted([weak, exact, strong, idle, Verdict("undecided", because="failed")])
    assert [one.verdict for one in found] == ["undecided", *["supported"] * 2, *["undecided"] * 2]
    assert [one.p for one in found] == [0.03, None, 0.004, 0.9, None]
    assert [one.p_holm for one in found] == pytest.approx([0.06, None, 0.012, 0.9, None])
    assert "refuted alone, but among 3 claims p is 0.06 (Holm)" in found[0].because
    assert found[2].because == "a" and found[1] == exact and found[3].because == ""
    assert adjusted([weak])[0].verdict == "refuted"
    assert adjusted([weak], alpha=0.01)[0].verdict == "undecided"
