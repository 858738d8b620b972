"""A notebook shows what is recorded, measured and drawn, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest

from cutaway.errors import Refused, UsageError

from . import closures, digests, labs, notebook
from .conftest import Checkout, Scratch
from .digests import experiment_inputs
from .notebook import Drawing, draw, experiment_of, figure_of, measure, recorded, trusted
from .results import Results
from .tables import Table
from .words import Experiment, Figure, Lab

Recorded = Callable[[Table], None]
ROWS = [{"fault": f, "seed": s, "value": float(s)} for f in (None, "same") for s in range(3)]
FIGURE = Figure("value", "value_by_fault", "It stays", "seed", "value", "Values by seed.")


@pytest.fixture
def house(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scratch]:
    """A checkout with one lab, which the kit of this process takes for its own."""
    scratch = checkout()
    for module in (labs, digests, closures):
        monkeypatch.setattr(module, "PACKAGE", scratch.package)
    monkeypatch.setenv("CUTAWAY_HOME", str(scratch.root / "home"))
    labs.load.cache_clear()
    yield scratch
    labs.load.cache_clear()


def record(house: Scratch, table: Table) -> None:
    """Put a table on record."""
    from cutaway.runs.sealing import sealed

    lab = labs.load("tiny")
    (one,) = lab.experiments
    known = {"content": table.digest(), "inputs": experiment_inputs(lab, one)}
    folder = labs.place("tiny").results
    folder.mkdir()
    manifest = {"experiments": {one.name: known}}
    (folder / "manifest.json").write_text(sealed(manifest), encoding="utf-8")
    (folder / f"{one.name}.json").write_text(table.to_json(), encoding="utf-8")


def test_what_is_recorded_is_shown(house: Scratch) -> None:
    table = Table.of(ROWS)
    record(house, table)
    assert recorded("tiny", "value_by_fault") == table


def test_what_is_missing_stale_or_damaged_is_refused_with_the_command(house: Scratch) -> None:
    def refused(why: str) -> None:
        with pytest.raises(Refused) as error:
            recorded("tiny", "value_by_fault")
        said = "tiny has no trustworthy table of value_by_fault: "
        assert error.value.what.startswith(said) and why in error.value.what
        assert error.value.next_step == "cutaway run tiny --record"
        assert error.value.what.endswith(".") and not error.value.what.endswith("..")

    refused("not measured.")
    record(house, Table.of(ROWS))
    component = house.package / "atoms" / "tiny" / "tiny.py"
    text = component.read_text(encoding="utf-8")
    component.write_text(text.replace("number + number", "2 * number"), encoding="utf-8")
    refused("its sources changed since it was measured.")
    component.write_text(text, encoding="utf-8")
    assert recorded("tiny", "value_by_fault")
    path = labs.place("tiny").results / "value_by_fault.json"
    kept = path.read_text(encoding="utf-8")
    for broken, why in (
        (kept.replace("2.0", "3.0", 1), "was changed after it was written"),
        (kept[:50], "was cut short"),
        (Table.of(ROWS[:1]).to_json(), "is not the table the manifest names"),
    ):
        path.write_text(broken, encoding="utf-8")
        refused(why)


def test_only_what_is_said_of_this_table_counts(house: Scratch) -> None:
    lab = labs.load("tiny")
    (one,) = lab.experiments
    table = Table.of(ROWS)
    found = Results(
        {one.name: table},
        stale=["value: not measured", f"{one.name}_2: not measured", "receipts: not made"],
        problems={"value.json": "value.json is cut", "receipts.json": f"{one.name}.json is cut"},
    )
    assert trusted(lab, found, one) is table


@pytest.mark.parametrize("ask", [recorded, measure])
def test_a_mistaken_name_offers_the_nearest(house: Scratch, ask: Callable[..., Table]) -> None:
    with pytest.raises(UsageError, match="no experiment 'value_by_fualt'") as error:
        ask("tiny", "value_by_fualt")
    assert "value_by_fault" in error.value.next_step
    with pytest.raises(UsageError, match="There is no lab 'tinny'") as error:
        ask("tinny", "value_by_fault")
    assert "tiny" in error.value.next_step


def lab_of(house: Scratch, **more: object) -> Lab:
    """The lab with something else in its declaration."""
    return replace(labs.load("tiny"), **more)  # type: ignore[arg-type]


def test_an_experiment_and_a_figure_are_found_by_their_names(house: Scratch) -> None:
    lab = lab_of(house, figures=(FIGURE, replace(FIGURE, name="other")))
    assert figure_of(lab, "value") is FIGURE
    assert experiment_of(lab, "value_by_fault") is lab.experiments[0]
    with pytest.raises(UsageError, match="no figure 'vallue'") as error:
        figure_of(lab, "vallue")
    assert "Did you mean value?" in error.value.next_step
    with pytest.raises(UsageError, match="no figure 'zzz'") as error:
        figure_of(lab, "zzz")
    assert "cutaway list" in error.value.next_step
    assert isinstance(experiment_of(lab, "value_by_fault"), Experiment)


def test_a_figure_is_drawn_as_a_picture_from_a_table_that_it_was_given(
    house: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = lab_of(house, figures=(FIGURE,))
    monkeypatch.setattr(notebook, "load", lambda name: {"tiny": lab}[name])
    one = draw("tiny", "value", Table.of(ROWS))
    picture = Xml.fromstring(one._repr_svg_())
    assert isinstance(one, Drawing) and "%" not in picture.get("width", "%")
    assert Xml.fromstring(one).tag.endswith("svg") and "It stays" in one
    more = [{"fault": None, "seed": seed, "value": 2.0 * seed} for seed in range(3)]
    assert draw("tiny", "value", Table.of(more)) != one
    assert draw("tiny", "value", Table.of(ROWS)) == one
    with pytest.raises(UsageError, match="no figure 'valeu'"):
        draw("tiny", "valeu", Table.of(ROWS))


def test_what_is_measured_here_is_kept_here_and_never_a_record(scratch: Scratch) -> None:
    code = """
        import json, time
        from cutaway.kit.notebook import measure
        start = time.perf_counter()
        table = measure("tiny", "value_by_fault")
        middle = time.perf_counter()
        again = measure("tiny", "value_by_fault")
        print(json.dumps([table.dicts(), table.quick, again == table]))
    """
    rows, quick, same = scratch.without_torch().json(code)
    assert quick and same
    clean = [row["value"] for row in rows if row["fault"] is None]
    assert clean == [2.0 * seed + 0.25 for seed in range(len(clean))]
    assert not (scratch.package / "atoms" / "tiny" / "results").exists()
    assert list((scratch.root / "home" / "runs" / "tiny").rglob("*.json"))
