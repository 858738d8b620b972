"""Bytes are counted exactly, and planted times and sizes are judged as they are.

Unlike the other tests this one stays out of the broken copies: it may use the kit.
"""

import random

import pytest
import torch

from cutaway.kit.statistics import Undecidable
from cutaway.kit.tables import Table
from cutaway.kit.worlds import CLEAN

from .lab_costs import (
    CLAIMS,
    LENGTHS,
    LONG,
    layers,
    memory_by_length,
    named,
    time_by_length,
)
from .lab_ledger import FORMS, counted, forms

TIMED = [claim for claim in CLAIMS if claim.experiment == "time_by_length"]
LAYERS = ("readable attention", "fused attention", "plain recurrence")
timed = pytest.mark.parametrize("claim", TIMED, ids=lambda claim: claim.says)


def times(ratio, noise=0.05, start=0):
    """The table of times in which both attentions take a multiple of either recurrence."""
    chance, rows = random.Random(start), []
    for batch in (1, 4):
        for length in LENGTHS:
            for seed in range(8):
                for layer in LAYERS:
                    own = ratio(length) if "attention" in layer else 1.0
                    one = own * 2 ** chance.gauss(0, noise)
                    both = {"times_of_GRU": one, "times_of_plain_recurrence": one}
                    name = named(layer, batch)
                    place = {"batch": batch, "length": length, "seed": seed, "layer": name}
                    rows.append({**place, **both})
    return Table.of(rows)


@timed
def test_a_layer_that_is_always_faster_is_found_to_be_and_a_slower_one_not(claim):
    assert claim.holds(times(lambda length: 0.3)).verdict == "supported"
    assert claim.holds(times(lambda length: 3.0)).verdict == "refuted"


@timed
def test_a_layer_that_is_faster_on_short_texts_only_is_so_on_condition(claim):
    found = claim.holds(times(lambda length: length / 200))
    assert found.verdict == "conditional" and found.p < 0.01
    assert "less time at 32, 64, 128" in found.because and "more at 256, 512, 1024" in found.because
    assert found.effect == pytest.approx(LENGTHS[-1] / 200, rel=0.1)


@timed
def test_equal_or_noisy_times_leave_it_undecided(claim):
    for table in (times(lambda length: 1.0), times(lambda length: 0.97, 0.01)):
        assert claim.holds(table).verdict == "undecided"
    assert claim.holds(times(lambda length: 0.9, noise=3.0)).verdict == "undecided"


def test_a_faster_layer_is_rarely_found_where_there_is_none():
    tables = (times(lambda length: 1.0, 0.5, start) for start in range(150))
    found = [TIMED[0].holds(table).verdict for table in tables]
    assert found.count("undecided") >= 140, "six lengths are six chances to be wrong"


@timed
def test_one_length_at_which_nothing_is_sure_denies_support(claim):
    found = claim.holds(times(lambda length: 1.0 if length == 64 else 0.3))
    assert found.verdict == "undecided"


@timed
@pytest.mark.parametrize("bad", [None, 0.0, -1.0])
def test_a_time_that_was_not_measured_leaves_it_undecided(claim, bad):
    rows = times(lambda length: 0.3).dicts()
    for row in rows:
        if row["seed"] == 3 and row["length"] == 128:
            row["times_of_GRU"] = row["times_of_plain_recurrence"] = bad
    assert claim.holds(Table.of(rows)).verdict == "undecided"
    assert claim.holds(times(lambda length: 0.3).where(length=-1)).verdict == "undecided"


@timed
def test_a_layer_exchanged_at_random_with_what_it_is_compared_with_is_not_faster(claim):
    rows, chance = times(lambda length: 0.3).dicts(), random.Random(1)
    for row in rows:
        if chance.random() < 0.5:
            row["times_of_GRU"] = row["times_of_plain_recurrence"] = 1 / row["times_of_GRU"]
    assert claim.holds(Table.of(rows)).verdict == "undecided"


@timed
def test_a_claim_about_times_reads_its_own_batch(claim):
    rows = times(lambda length: 0.3).dicts()
    own = 1 if "one sequence" in claim.regime else 4
    for row in rows:
        if row["batch"] != own:
            row["times_of_GRU"] = row["times_of_plain_recurrence"] = 3.0
    assert claim.holds(Table.of(rows)).verdict == "supported"


def sizes(**powers):
    """The table of bytes that grow with these powers of the length, forward and in both passes."""
    usual = {"readable": (2, 2), "tiled": (1, 1), "plainly": (1, 2), "fused": (1, 1)}
    rows = []
    for form, (forward, both) in zip(FORMS, {**usual, **powers}.values(), strict=True):
        for length in LONG:
            bytes_ = {"forward_bytes": 7 * length**forward, "both_passes_bytes": 9 * length**both}
            rows.append({"length": length, "seed": 0, "form": form, **bytes_})
    return Table.of(rows)


# A claim by its words, what it takes for it to hold, and what refutes it.
GROWN = [
    (
        "unless attention is restricted",
        [{"tiled": (2, 2), "plainly": (2, 2), "fused": (2, 2)}],
        [{}],
    ),
    ("as it is written down", [{}], [{"readable": (1, 2)}, {"readable": (2, 1)}]),
    ("In tiles, made again", [{}], [{"tiled": (1, 2)}, {"tiled": (2, 1)}]),
    ("With plain autograd", [{}], [{"plainly": (1, 1)}, {"plainly": (2, 2)}]),
    ("Fused attention, which", [{}], [{"fused": (1, 2)}, {"fused": (2, 2)}]),
]
grown = pytest.mark.parametrize(("words", "yes", "no"), GROWN)


def holds(words):
    (claim,) = [claim for claim in CLAIMS if words in claim.says]
    return claim.holds


def test_every_claim_about_costs_has_its_planted_table():
    assert len(TIMED) + len(GROWN) == len(CLAIMS)


@grown
def test_growth_is_judged_by_the_planted_powers(words, yes, no):
    for powers in yes:
        assert holds(words)(sizes(**powers)).verdict == "supported"
    for powers in no:
        assert holds(words)(sizes(**powers)).verdict == "refuted"


@grown
def test_bytes_that_were_not_counted_leave_growth_undecided(words, yes, no):
    rows = sizes(**yes[0]).dicts()
    blank = [{**row, "both_passes_bytes": None, "forward_bytes": None} for row in rows]
    for some in (blank, [row for row in rows if row["length"] < 512]):
        with pytest.raises(Undecidable):
            holds(words)(Table.of(some))


def test_bytes_are_counted_as_by_hand():
    x = torch.zeros(100)
    with counted(x) as ledger:
        y = x + 1
        assert ledger.live == 400
        z = y * 2
        assert ledger.live == 800
        del y
        assert ledger.live == 400
        z = torch.cat([z, z, z])
        assert (ledger.live, ledger.peak) == (1200, 1600)
        del z
        y = torch.zeros(10)
    assert (ledger.live, ledger.peak) == (40, 1600) and len(y) == 10


def test_views_and_what_was_there_before_count_for_nothing():
    x = torch.zeros(100)
    with counted(x) as ledger:
        view = x.view(10, 10).mT
        view.add_(1)
    assert ledger.peak == 0
    with counted() as ledger:
        made = torch.zeros(50)
        parts = made.split(10)
    assert (ledger.live, len(parts)) == (200, 5)


def test_what_only_the_backward_pass_still_needs_counts():
    x = torch.zeros(100, requires_grad=True)
    with counted(x) as ledger:
        y = x.exp().sum()
        assert ledger.live == 404
        y.backward()
        assert ledger.live == 404, "the gradient has come, and what was kept has gone"
        del y
        assert ledger.live == 400
    assert x.grad.sum() == 100


def test_the_bytes_of_fused_attention_are_its_output_and_a_number_for_each_row():
    T, D = 128, 16
    rows = {row["form"]: row for row in memory_by_length(CLEAN, seed=0, length=T)}
    assert rows["fused"]["forward_bytes"] == 4 * T * D + 4 * T
    assert rows["readable"]["forward_bytes"] > 2 * 4 * T * T


def test_the_bytes_do_not_depend_on_the_run():
    first, again = (list(memory_by_length(CLEAN, seed=0, length=128)) for _ in range(2))
    assert first == again and [row["form"] for row in first] == list(FORMS)


def test_all_forms_return_the_same_and_so_do_their_gradients():
    shape, stream = (1, 1, 150, 16), torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(shape, generator=stream, requires_grad=True) for _ in range(3))
    toward = torch.randn(shape, generator=stream)
    found = []
    for attend in forms(CLEAN).values():
        out = attend(q, k, v, CLEAN.attention.causal)
        found.append([out, *torch.autograd.grad(out, (q, k, v), toward)])
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], atol=1e-4, rtol=1e-4)


def test_the_layers_take_and_return_streams_of_equal_width():
    x = torch.randn(2, 7, 64)
    made = layers(CLEAN, 0)
    assert set(made) == {*LAYERS, "GRU"}
    for layer in made.values():
        found = layer(x)
        assert (found[0] if isinstance(found, tuple) else found).shape == x.shape


def test_times_are_multiples_of_those_of_the_recurrences():
    found = list(time_by_length(CLEAN, seed=0, batch=1, length=16))
    rows = {row["layer"]: row for row in found}
    assert set(rows) == {named(layer, 1) for layer in LAYERS}
    plain = rows["plain recurrence, 1 sequence"]
    assert plain["times_of_plain_recurrence"] == 1 and plain["times_of_GRU"] > 0
    for row in found:
        ratio = row["milliseconds"] / plain["milliseconds"]
        assert row["times_of_plain_recurrence"] == pytest.approx(ratio, rel=0.01)
        ratio = row["times_of_GRU"] / plain["times_of_GRU"]
        assert row["times_of_plain_recurrence"] == pytest.approx(ratio, rel=0.01)
