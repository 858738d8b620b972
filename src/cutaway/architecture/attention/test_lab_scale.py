"""What the labs on the scale must do: judge planted tables as they should be judged."""

import random

import pytest
import torch

from cutaway.kit.credulity import shuffled
from cutaway.kit.results import _verdict
from cutaway.kit.tables import Table
from cutaway.kit.worlds import CLEAN

from . import attention, lab_identity, lab_rates, lab_rates_claims, lab_scale
from .lab_rates import RATES, plateau, reached

CLAIMS = (*lab_scale.CLAIMS, *lab_identity.CLAIMS, *lab_rates_claims.CLAIMS)
ARMS = (None, "no_scale", "squared_scale")
SURFACE = ("entropy", "dead", "passed")
CASES = ("torch_16", "torch_64", "normal_16", "normal_64")
NOISE = 0.002


def word(words, table):
    """The verdict of the one claim that has these words, as the lab's results have it."""
    (claim,) = [claim for claim in CLAIMS if words in claim.says]
    return _verdict(claim, table).verdict


def surface(value):
    """A table of the surface, each column by its name's first part, arm, width, initialisation."""
    rows = []
    for fault in ARMS:
        for width in lab_scale.WIDTHS:
            row = {
                f"{what}_{init}{end}": value(what, fault, width, init, end)
                for what in SURFACE
                for init in lab_scale.INITS
                for end in ("", "_normed")
            }
            rows += [{"fault": fault, "width": width, "seed": seed, **row} for seed in range(4)]
    return Table.of(rows)


def expected(what, fault, width, init, end=""):
    """The surface as the sources would have it, everywhere."""
    narrow = width < 64
    return {
        "entropy": {None: 0.9, "squared_scale": 0.999}.get(fault, 0.9 if narrow else 0.1),
        "dead": 0.8 if fault == "no_scale" and not narrow else 0.0,
        "passed": 0.2 if fault == "no_scale" else 1.0,
    }[what]


def flat(what, fault, width, init, end=""):
    """A surface on which the scale does nothing."""
    return {"entropy": 0.9, "dead": 0.0, "passed": 1.0}[what]


SHAPED = [
    ("keeps the softmax from saturating", "entropy"),
    ("start out uniform", "entropy"),
    ("normalised first", "entropy"),
    ("useful gradient and a dead one", "dead"),
    ("less of the gradient passes the softmax to the scores", "passed"),
]
of_surface = pytest.mark.parametrize(("words", "what"), SHAPED)


@of_surface
def test_a_claim_on_the_surface_is_supported_where_it_is_so_everywhere(words, what):
    assert word(words, surface(expected)) == "supported"


@of_surface
def test_a_claim_on_the_surface_is_refuted_where_the_scale_does_nothing(words, what):
    assert word(words, surface(flat)) == "refuted"


@of_surface
def test_a_claim_on_the_surface_is_undecided_where_something_is_not_measured(words, what):
    blank = surface(lambda *where: None if where[0] == what else expected(*where))
    assert word(words, blank) == "undecided"


@of_surface
def test_a_claim_on_the_surface_is_not_supported_where_the_arms_are_shuffled(words, what):
    found = [word(words, shuffled(surface(expected), seed)) for seed in range(5)]
    assert found.count("supported") <= 1


@pytest.mark.parametrize("words", [SHAPED[at][0] for at in (0, 2, 3, 4)])
def test_what_holds_for_some_initialisations_only_is_conditional(words):
    some = surface(lambda *where: (flat if where[3] == "normal" else expected)(*where))
    assert word(words, some) == "conditional"


def test_where_clean_weights_saturate_too_the_scale_prevents_nothing():
    broken = surface(lambda what, fault, *rest: expected(what, "no_scale", *rest))
    for at in (0, 2, 3):
        assert word(SHAPED[at][0], broken) == "refuted"


def test_where_the_root_leaves_all_weights_alike_too_the_width_is_not_to_blame():
    alike = surface(lambda *where: 0.995 if where[0] == "entropy" else expected(*where))
    assert word("start out uniform", alike) == "refuted"


def identities(**gaps):
    """A table of the identity with these differences; the control differs, unless it is given."""
    rows = []
    for fault in (None, "no_scale"):
        for condition in lab_identity.CONDITIONS:
            for head in lab_identity.HEADS:
                gap = gaps.get("control", 0.1) if fault is None else gaps.get(condition, 0.0)
                where = {"fault": fault, "condition": condition, "head": head}
                rows += [{**where, "seed": seed, "difference": gap} for seed in range(3)]
    return Table.of(rows)


BROKEN = {"epsilon": 1e-6, "clipping": 0.02, "decay": 0.01, "only the start": 0.1}
BITS, BREAKS = "bit for bit", "break that identity"


def test_the_identity_holds_only_where_no_loss_differs_at_all():
    assert word(BITS, identities(**BROKEN)) == "supported"
    for name in ("adam", "sgd"):
        assert word(BITS, identities(**{name: 1e-9})) == "refuted"
        assert word(BITS, identities(**{name: None})) == "undecided"
    assert word(BITS, identities(control=0.0)) == "undecided"


def test_the_identity_is_broken_only_if_each_condition_breaks_it():
    assert word(BREAKS, identities(**BROKEN)) == "supported"
    for name in BROKEN:
        assert word(BREAKS, identities(**{**BROKEN, name: 0.0})) == "refuted"
        assert word(BREAKS, identities(**{**BROKEN, name: None})) == "undecided"


def test_the_identity_is_not_believed_where_the_arms_are_shuffled():
    assert word(BITS, shuffled(identities(**BROKEN), 1)) != "supported"


def by_rate(shift, best=0.002, lost=None, chance=3.3):
    """Final losses that are least at a rate; `shift(fault, rate)` is added to the broken arm's."""
    draws, rows = random.Random(0), []
    for fault in (None, "no_scale"):
        for rate in RATES:
            for seed in range(10):
                row = {"fault": fault, "rate": rate, "steps": 480, "seed": seed, "chance": chance}
                for case in CASES:
                    far = abs(RATES.index(rate) - RATES.index(best))
                    loss = 2.2 + 0.04 * far + seed / 100 + draws.gauss(0, NOISE)
                    loss += shift(rate) if fault else 0.0
                    row[f"final_{case}"] = None if (fault, rate, seed) == lost else loss
                early = fault and shift(rate) > 0
                row["plateau_torch_64"] = (200 if early else 400) + 10 * (seed % 3)
                rows.append(row)
    return Table.of(rows)


def worse(rate):
    return 0.1


def worse_if_fast(rate):
    """Worse from the clean arm's best rate on, and not at all at half of it."""
    return 0.2 if rate >= 0.002 else 0.0


def better(rate):
    return -0.1


def none(rate):
    return 0.0


DELETED = [
    "Who deletes the scale gets a worse",
    "in narrow heads gets a worse",
    "of a model with a small start",
    "of narrow heads with a small start",
]
NEEDED = [
    "Without the scale the loss is worse even",
    "loss of narrow heads is worse even",
    "loss from a small start is worse even",
]
of_rates = pytest.mark.parametrize("words", [*DELETED, *NEEDED])


@of_rates
def test_a_loss_that_is_worse_by_far_is_found_and_none_is_not(words):
    assert word(words, by_rate(worse)) == "supported"
    assert word(words, by_rate(none)) == "refuted"
    assert word(words, by_rate(better)) == "refuted"


@pytest.mark.parametrize("words", DELETED)
def test_the_deletion_effect_is_read_at_the_rate_of_the_clean_arm(words):
    assert word(words, by_rate(worse_if_fast)) == "supported"


def test_necessity_is_read_at_the_rate_of_each_arm():
    gain = by_rate(lambda rate: 0.2 if rate >= 0.002 else -0.04 if rate == 0.001 else 0.1)
    for words in NEEDED:
        assert word(words, gain) == "refuted"


ALL_RATES = [*DELETED, *NEEDED, "fewer rates", "each arm at its own best rate"]


@pytest.mark.parametrize("words", ALL_RATES)
def test_where_nothing_can_be_said_about_rates_nothing_is(words):
    for shift in (worse, none, worse_if_fast):
        assert word(words, by_rate(shift, best=RATES[0])) == "undecided"
        assert word(words, by_rate(shift, best=RATES[-1])) == "undecided"
        assert word(words, by_rate(shift, chance=2.3)) == "undecided"
    blank = [{**row, **{f"final_{case}": None for case in CASES}} for row in by_rate(worse).dicts()]
    assert word(words, Table.of(blank)) == "undecided"


@of_rates
def test_a_fresh_seed_that_diverged_leaves_a_claim_on_rates_undecided(words):
    assert word(words, by_rate(worse, lost=("no_scale", 0.002, 5))) == "undecided"


def test_the_seeds_that_chose_a_rate_are_not_used_again():
    judged, _ = lab_rates_claims.fresh(by_rate(worse), "final_torch_64", necessity=True)
    assert set(judged.column("seed")) == set(range(2, 10))


def test_a_rate_that_diverged_in_tuning_is_not_the_best():
    table = by_rate(worse, lost=(None, 0.002, 0))
    assert lab_rates_claims.best_rate(table, "final_torch_64", {"fault": None}) in (0.001, 0.004)


@pytest.mark.parametrize("words", [*ALL_RATES[:-2]])
def test_a_worse_loss_is_not_found_where_the_arms_are_shuffled(words):
    found = [word(words, shuffled(by_rate(worse), seed)) for seed in range(5)]
    assert found.count("supported") <= 1


def test_fewer_usable_rates_are_counted_in_each_arm_from_its_own_best():
    steep = by_rate(lambda rate: 3 * abs(RATES.index(rate) - 2) / 100)
    assert word("fewer rates", steep) == "supported"
    assert word("fewer rates", by_rate(worse)) != "supported"
    assert word("fewer rates", by_rate(none)) != "supported"


def test_an_earlier_plateau_is_found_and_one_at_the_same_step_is_none():
    words = "each arm at its own best rate"
    assert word(words, by_rate(worse)) == "supported"
    assert word(words, by_rate(none)) == "refuted"


def horizons(clean, broken, gap=0.05, chance=3.3):
    """Runs with these plateaus (None: there is none) and the broken arm's best loss higher."""
    draws, rows = random.Random(0), []
    for fault, step in ((None, clean), ("no_scale", broken)):
        for seed in range(8):
            best = 2.0 + seed / 100 + draws.gauss(0, NOISE) + (gap if fault else 0)
            row = {"fault": fault, "rate": 0.002, "seed": seed, "horizon": 2000, "best": best}
            at = step and step + 10 * draws.randrange(3)
            rows.append({**row, "plateau": at, "chance": chance})
    return Table.of(rows)


of_horizons = pytest.mark.parametrize("at", ["at the lower rate", "at the higher rate"])


@of_horizons
def test_a_plateau_is_compared_only_where_most_runs_of_an_arm_have_one(at):
    words = f"plateaus earlier, {at}"
    assert word(words, horizons(1000, 600)) == "supported"
    assert word(words, horizons(None, 600)) == "supported"
    assert word(words, horizons(1000, 1000)) == "refuted"
    assert word(words, horizons(600, None)) == "refuted"
    assert word(words, horizons(None, None)) == "undecided"
    assert word(words, horizons(1000, 600, chance=2.0)) == "undecided"
    assert word(words, shuffled(horizons(1000, 600), 1)) != "supported"


@of_horizons
def test_the_loss_at_the_end_is_worse_only_by_more_than_the_margin(at):
    words = f"ends at a worse loss, {at}"
    assert word(words, horizons(1000, 600)) == "supported"
    assert word(words, horizons(1000, 600, gap=0.0)) == "refuted"
    assert word(words, horizons(1000, 600, chance=2.0)) == "undecided"
    assert word(words, horizons(1000, 600, gap=0.001)) == "refuted"
    assert word(words, shuffled(horizons(1000, 600), 1)) != "supported"


@of_horizons
def test_less_of_a_gradient_passes_only_if_it_surely_does(at):
    words = f"less of a gradient passes the softmax, {at}"

    def steps(less, chance=3.3, lost=None):
        draws, rows = random.Random(0), []
        for fault in (None, "no_scale"):
            for seed in range(8):
                row = {"fault": fault, "rate": 0.002, "seed": seed, "step": 600, "loss_64": 2.2}
                row["loss_64"] += seed / 1000
                passed = 1.2 + draws.gauss(0, 0.02) - (less if fault else 0)
                row["passed_64"] = None if fault and seed == lost else passed
                rows.append({**row, "chance": chance})
        return Table.of(rows)

    assert word(words, steps(0.6)) == "supported"
    assert word(words, steps(0.0)) == "refuted"
    assert word(words, steps(-0.5)) == "refuted"
    assert word(words, steps(0.6, chance=2.3)) == "undecided"
    assert word(words, steps(0.6, lost=3)) == "undecided"
    assert word(words, shuffled(steps(0.6), 1)) != "supported"


def test_every_claim_on_the_scale_has_its_planted_table():
    assert len(CLAIMS) == len(SHAPED) + 2 + len(ALL_RATES) + 6


def test_a_plateau_is_the_first_step_after_which_a_fifth_of_the_horizon_gains_nothing():
    falling = [3.0 - 0.05 * at for at in range(100)]
    assert plateau(falling, 1000) is None
    assert plateau([*falling[:20], *[falling[20]] * 80], 1000) == 210
    bumpy = [*falling[:20], *[falling[20], 9.0] * 40]
    assert plateau(bumpy, 1000) == 210
    assert plateau([*falling[:20], *[falling[20]] * 80], 260) == 210
    assert plateau([*falling[:20], *[falling[20]] * 80], 250) is None
    assert reached(falling, 2.52) == 110
    assert reached(falling, -9) is None


def test_uniform_weights_pass_one_and_weights_of_one_pass_nothing():
    torch.manual_seed(0)
    q, k, cotangent = torch.zeros(1, 1, 64, 8), torch.randn(1, 1, 64, 8), torch.randn(1, 1, 64, 64)
    even = lab_scale.looked(attention, q, k, cotangent)
    assert even["entropy"] == 1 and even["dead"] == 0 and even["passed"] == pytest.approx(1, 0.02)
    sharp = lab_scale.looked(attention, q + 900, k, cotangent)
    assert sharp["entropy"] < 0.01 and sharp["dead"] == 1 and sharp["passed"] < 0.01


def test_the_surface_is_measured_for_every_initialisation_and_seen_by_the_claims():
    (row,) = lab_scale.scores_by_width(CLEAN, seed=0, width=64)
    assert {f"{w}_{i}{e}" for w in SURFACE for i in lab_scale.INITS for e in ("", "_normed")} <= {
        *row
    }
    assert 0.85 < row["entropy_xavier"] < 0.92
    assert {one.name for one in lab_rates.EXPERIMENTS} >= {
        claim.experiment for claim in lab_rates_claims.CLAIMS
    }
