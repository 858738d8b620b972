from __future__ import annotations

import dataclasses
import itertools
import json
import math

import numpy
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from .powers import seeds_to_decide, seeds_to_tell
from .statistics import (
    Undecidable,
    Verdict,
    beyond_p,
    equivalence_p,
    holm,
    interval,
    proportion,
    sign_flip_p,
    t_p,
)

EIGHT = [0.021, -0.004, 0.013, 0.027, 0.008, -0.011, 0.019, 0.03]


def drawn(n: int, mean: float, sd: float, seed: int = 0) -> list[float]:
    values = numpy.random.default_rng(seed).normal(size=n)
    return list(mean + sd * (values - values.mean()) / values.std(ddof=1))


@pytest.mark.parametrize("n", [3, 8, 40])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_and_its_p_are_those_of_scipy(n: int, level: float) -> None:
    values = list(numpy.random.default_rng(n).normal(0.3, 1.0, n))
    ours, theirs = interval(values, level), scipy.stats.ttest_1samp(values, 0)
    low, high = theirs.confidence_interval(level)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-12)
    assert (ours.mean, ours.sd, ours.n) == pytest.approx(
        (numpy.mean(values), numpy.std(values, ddof=1), n), rel=1e-12
    )
    assert t_p(values) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    samples = numpy.random.default_rng(1).normal(0.5, 2.0, (4000, 5)).tolist()
    found = [interval(sample) for sample in samples]
    covered = sum(one.low <= 0.5 <= one.high for one in found) / len(found)
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_equivalence_is_the_worse_of_two_one_sided_tests() -> None:
    for margin in (0.02, 0.05):
        above = scipy.stats.ttest_1samp(EIGHT, -margin, alternative="greater").pvalue
        below = scipy.stats.ttest_1samp(EIGHT, margin, alternative="less").pvalue
        assert equivalence_p(EIGHT, margin) == pytest.approx(max(above, below), rel=1e-9)
        mirrored = [-difference for difference in EIGHT]
        assert equivalence_p(mirrored, margin) == pytest.approx(max(above, below), rel=1e-9)


def test_equivalence_errs_in_five_of_a_hundred_at_the_edge_of_the_margin() -> None:
    samples = numpy.random.default_rng(2).normal(1.0, 0.4, (4000, 8)).tolist()
    errors = sum(equivalence_p(sample, 1.0) < 0.05 for sample in samples) / 4000
    assert abs(errors - 0.05) < 4 * math.sqrt(0.95 * 0.05 / 4000)


@given(st.floats(-0.2, 0.2), st.floats(0.001, 0.1))
def test_an_effect_is_beyond_the_margin_when_its_interval_is(mean: float, sd: float) -> None:
    differences = drawn(8, mean, sd)
    found = interval(differences)
    nearest = min(abs(end - edge) for end in (found.low, found.high) for edge in (-0.05, 0.05))
    if nearest > 1e-9:
        outside = found.low > 0.05 or found.high < -0.05
        assert (beyond_p(differences, 0.05) < 0.05) == outside


def test_flipping_signs_agrees_with_every_permutation() -> None:
    for values in (EIGHT, [3.0, -1.0, 2.0, 2.0, -1.0], [0.1, 0.2, 0.3, -0.6]):
        theirs = scipy.stats.permutation_test(
            (values,), numpy.sum, permutation_type="samples", n_resamples=math.inf
        )
        assert sign_flip_p(values) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_flips_that_tie_but_for_rounding_are_ties() -> None:
    tenths = (1, 2, 3, -4, 7)
    sums = [sum(one) for one in itertools.product(*((value, -value) for value in tenths))]
    exact = sum(abs(one) >= abs(sum(tenths)) for one in sums) / len(sums)
    assert sign_flip_p([value / 10 for value in tenths]) == exact
    assert sign_flip_p([1.0] * 8) == 2 / 256
    with pytest.raises(ValueError, match="20 pairs"):
        sign_flip_p([1.0] * 21)


@pytest.mark.parametrize(("k", "n"), [(0, 8), (1, 8), (5, 8), (8, 8), (37, 200)])
def test_a_proportion_has_the_exact_interval_of_scipy(k: int, n: int) -> None:
    for level in (0.9, 0.95):
        found = proportion(k, n, level)
        theirs = scipy.stats.binomtest(k, n).proportion_ci(level, method="exact")
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-10)
    assert (found.mean, found.sd) == pytest.approx((k / n, numpy.std([1.0] * k + [0.0] * (n - k))))


def test_none_in_eight_may_still_be_one_in_three() -> None:
    assert proportion(0, 8).high == pytest.approx(1 - 0.025 ** (1 / 8))
    for k, n in ((9, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="not a proportion"):
            proportion(k, n)


def test_holm_adjusts_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.01, math.nan])


@given(st.lists(st.floats(0, 1), max_size=9))
def test_holm_is_the_step_down_rule(ps: list[float]) -> None:
    adjusted = holm(ps)
    for p, q in zip(ps, adjusted, strict=True):
        steps = [(len(ps) - sum(o < other for o in ps)) * other for other in ps if other <= p]
        assert q == min(1.0, max(steps))


@pytest.mark.parametrize("power", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("margin", [0.4, 0.8, 2.0])
def test_one_seed_less_would_not_decide(power: float, margin: float) -> None:
    def decides(n: int) -> bool:
        t, ends = scipy.stats.t(n - 1), scipy.stats.nct(n - 1, margin * math.sqrt(n))
        seen, shown = ends.sf(t.ppf(0.975)), 1 - 2 * ends.cdf(t.ppf(0.95))
        return bool(min(seen, shown) >= power)

    fewest = next(n for n in itertools.count(3) if decides(n))
    assert seeds_to_decide(drawn(8, 0.3, 1.0), margin, power) == fewest


def test_the_seeds_to_decide_do_decide() -> None:
    n = seeds_to_decide(drawn(8, 0.3, 1.0), 0.8)
    noise = numpy.random.default_rng(3).normal(size=(3000, n)).tolist()
    none_shown = sum(equivalence_p(sample, 0.8) < 0.05 for sample in noise) / 3000
    seen = sum(t_p([value + 0.8 for value in sample]) < 0.05 for sample in noise) / 3000
    assert 0.78 < min(none_shown, seen) < 0.87


def test_the_seeds_to_tell_an_effect_from_the_margin_do_tell() -> None:
    for effect in (0.5, -0.5, 1.1):
        n = seeds_to_tell(drawn(8, effect, 1.0), 0.8)
        noise = numpy.random.default_rng(4).normal(effect, size=(3000, n)).tolist()
        judge = equivalence_p if abs(effect) < 0.8 else beyond_p
        told = sum(judge(sample, 0.8) < 0.05 for sample in noise) / 3000
        assert 0.78 < told < 0.87
    assert seeds_to_tell(drawn(8, 0.79, 1.0), 0.8) > 100 * seeds_to_tell(drawn(8, 0.5, 1.0), 0.8)
    assert seeds_to_tell(drawn(8, 0.8, 1.0), 0.8) > 10**6
    assert seeds_to_tell([0.5] * 8, 0.8) == 6


def test_more_power_a_smaller_margin_and_more_spread_cost_seeds() -> None:
    cost = seeds_to_decide(drawn(8, 0.0, 1.0), 0.5)
    assert seeds_to_decide(drawn(8, 5.0, 1.0), 0.5) == cost
    assert seeds_to_decide(drawn(8, 0.0, 1.0), 0.5, power=0.95) > cost
    assert seeds_to_decide(drawn(8, 0.0, 2.0), 0.5) > 3 * cost
    assert seeds_to_decide(drawn(8, 0.0, 1.0), 1e-4) == pytest.approx(2.926**2 * 1e8, rel=1e-3)
    many = seeds_to_decide(drawn(8, 0.0, 1.0), 1e-4, power=0.99)
    assert many == pytest.approx((1.960 + 2.326) ** 2 * 1e8, rel=1e-3)
    assert seeds_to_decide(drawn(8, 0.0, 1.0), 100.0) == 3


def test_differences_without_spread_show_what_their_signs_can_show() -> None:
    assert t_p([0.1] * 8) == sign_flip_p([0.1] * 8) == 2 / 256
    assert t_p([0.3 - 0.1, 0.5 - 0.3, 0.2]) == 2 / 8  # equal but for rounding
    assert t_p([0.0] * 8) == 1.0
    assert equivalence_p([0.0] * 8, 0.1) == 1 / 256
    assert equivalence_p([0.1] * 8, 0.1) == equivalence_p([-0.2] * 8, 0.1) == 1.0
    assert (interval([0.1] * 7).low, interval([0.1] * 7).high) == pytest.approx((0.1, 0.1))
    assert seeds_to_decide([0.0] * 8, 0.1) == 6


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
def test_what_is_not_finite_gives_no_number(bad: float) -> None:
    for says in (interval, t_p, sign_flip_p):
        with pytest.raises(Undecidable, match="not finite"):
            says([*EIGHT, bad])
    for judges in (equivalence_p, beyond_p, seeds_to_decide, seeds_to_tell):
        with pytest.raises(Undecidable, match="not finite"):
            judges([bad] * 8, 0.1)
        with pytest.raises(ValueError, match="positive number"):
            judges(EIGHT, math.nan)
        with pytest.raises(ValueError, match="positive number"):
            judges(EIGHT, 0.0)


def test_fewer_than_three_pairs_say_nothing_and_tiny_ones_do_not_underflow() -> None:
    for few in range(3):
        with pytest.raises(Undecidable, match="too few"):
            interval(EIGHT[:few])
    assert t_p([value * 1e-200 for value in EIGHT]) == pytest.approx(t_p(EIGHT))


def test_a_verdict_is_one_of_four_words_with_finite_numbers() -> None:
    verdict = Verdict("supported", 0.1, 0.05, 0.15, 0.001, 8, "as seen")
    assert json.loads(json.dumps(dataclasses.asdict(verdict), allow_nan=False))["p"] == 0.001
    with pytest.raises(ValueError, match="one of supported"):
        Verdict("proved")
    with pytest.raises(ValueError, match="the p of a verdict"):
        Verdict("supported", p=math.nan)
