"""The book takes of a lab what is recorded, and refuses what is not to be trusted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutaway.errors import Refused, UsageError
from cutaway.kit.conftest import Scratch
from cutaway.kit.digests import code
from cutaway.kit.labs import LabBroken, load
from cutaway.kit.results import read
from cutaway.kit.tables import Table
from cutaway.runs.sealing import sealed, unsealed

from .conftest import rows
from .shelf import Volume, entries, shelf

Edit = Callable[[str, str, str], None]
TABLE = "results/value_by_fault.json"


@pytest.fixture
def edit(planted: Path) -> Edit:
    """A way to change one text of a file of the planted lab, which must be there once."""

    def change(file: str, old: str, new: str) -> None:
        text = (planted / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, text.count(old)
        (planted / file).write_text(text.replace(old, new), encoding="utf-8")
        load.cache_clear()

    return change


def tiny(stale: bool = False) -> Volume:
    """The planted lab as it is now."""
    lab = load("tiny")
    return Volume(lab, read(lab), stale)


def test_a_lab_that_is_fresh_is_shown_without_a_word(volume: Volume) -> None:
    (one,) = shelf()
    assert one.wrong() == [] and one.lab.name == "tiny"
    assert volume.table("value_by_fault") == volume.results.tables["value_by_fault"]
    assert [entry.tables for entry in entries([volume])] == [volume.results.tables]


def test_a_stale_table_is_refused_by_lab_experiment_and_command(planted: Path, edit: Edit) -> None:
    edit("tiny.py", "result = number + number", "result = number + number\n    result += 0")
    (one,) = shelf()
    said = "tiny: value_by_fault: its sources changed since it was measured"
    assert said in one.wrong()
    with pytest.raises(Refused) as error:
        one.table("value_by_fault")
    because = "value_by_fault: its sources changed since it was measured."
    assert error.value.what == f"tiny has no trustworthy table of {because}"
    assert error.value.next_step == "cutaway run tiny --record"


def test_a_stale_table_is_shown_where_that_is_allowed(planted: Path, edit: Edit) -> None:
    edit("lab.py", "seeds=3", "seeds=4")
    assert tiny().wrong() == ["tiny: value_by_fault: its sources changed since it was measured"]
    assert tiny(stale=True).wrong() == []
    assert len(tiny(stale=True).table("value_by_fault")) == 12
    assert tiny(stale=True).claims_on([])


def damaged(planted: Path) -> None:
    """Change a number without changing the seal."""
    text = (planted / TABLE).read_text(encoding="utf-8")
    (planted / TABLE).write_text(text.replace("64.0", "65.0", 1), encoding="utf-8")


def exchanged(planted: Path) -> None:
    """Another table, well sealed, that the manifest does not name."""
    data = unsealed(planted / TABLE)
    (planted / TABLE).write_text(sealed({**data, "quick": True}), encoding="utf-8")


DAMAGED: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: (path / TABLE).write_text("{"),
    "edited": damaged,
    "exchanged": exchanged,
    "no text": lambda path: (path / TABLE).write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("how", DAMAGED)
@pytest.mark.parametrize("stale", [False, True])
def test_a_damaged_table_is_refused_even_where_stale_ones_are_allowed(
    planted: Path, how: str, stale: bool
) -> None:
    DAMAGED[how](planted)
    one = tiny(stale)
    assert len(one.wrong()) == 1 and one.wrong()[0].startswith("tiny: ")
    with pytest.raises(Refused, match="tiny has no trustworthy table of value_by_fault: ") as error:
        one.table("value_by_fault")
    assert error.value.next_step == "cutaway run tiny --record"
    assert one.table("unclaimed")


@pytest.mark.parametrize("stale", [False, True])
def test_a_missing_table_is_refused(planted: Path, stale: bool) -> None:
    (planted / TABLE).unlink()
    with pytest.raises(Refused, match="of value_by_fault: not measured"):
        tiny(stale).table("value_by_fault")
    assert tiny(stale).wrong() == ([] if stale else ["tiny: value_by_fault: not measured"])
    assert tiny(stale=True).claims_on([])[0]["because"] == "not measured"


def test_no_manifest_is_no_results(planted: Path) -> None:
    (planted / "results" / "manifest.json").write_text("{}")
    assert any("manifest.json" in said for said in tiny(stale=True).wrong())
    with pytest.raises(Refused, match="not measured"):
        tiny().table("value_by_fault")


def test_an_experiment_whose_name_begins_another_is_told_apart(volume: Volume) -> None:
    first = volume.lab.experiments[0]
    lab = replace(volume.lab, experiments=(first, replace(first, name="value")))
    volume.results.tables["value"] = volume.results.tables["value_by_fault"]
    volume.results.stale.append("value: not measured")
    one = replace(volume, lab=lab)
    assert one.table("value_by_fault")
    with pytest.raises(Refused, match="of value: not measured"):
        one.table("value")


@pytest.mark.parametrize("stale", [False, True])
def test_an_unknown_experiment_or_component_offers_the_nearest(volume: Volume, stale: bool) -> None:
    one = replace(volume, stale=stale)
    for ask, name, near in (
        (one.table, "value_by_fualt", "value_by_fault"),
        (one.component, "tinny.py", "tiny.py"),
        (one.component, "../tiny.py", "tiny.py"),
        (lambda name: one.claims_on([name]), "valu_by_fault", "value_by_fault"),
    ):
        with pytest.raises(UsageError, match=re.escape(repr(name))) as error:
            ask(name)
        assert near in error.value.next_step


def test_a_component_is_named_by_its_path_and_what_is_no_component_is_none(volume: Volume) -> None:
    assert volume.component("tiny.py") == "atoms/tiny/tiny.py"
    for name in ("lab.py", "__init__.py", "", "page.md", "atoms/tiny/tiny.py"):
        with pytest.raises(UsageError, match="has no component"):
            volume.component(name)


def test_the_claims_of_some_experiments_stand_on_tables_that_can_be_trusted(
    volume: Volume,
) -> None:
    (claim,) = volume.claims_on([])
    assert claim["verdict"] == "supported" and claim["experiment"] == "value_by_fault"
    assert volume.claims_on(["value_by_fault"]) == [claim]
    with pytest.raises(UsageError, match="No claim of tiny rests on unclaimed"):
        volume.claims_on(["unclaimed"])
    volume.results.stale.append("value_by_fault: its sources changed")
    with pytest.raises(Refused, match="value_by_fault"):
        volume.claims_on([])


def test_the_marks_stand_where_the_breaks_do(volume: Volume) -> None:
    texts, found = volume.marked
    assert list(texts) == ["atoms/tiny/tiny.py", "atoms/tiny/words.py"]
    assert [mark.fault.name for mark in found] == ["once", "no_clip"]


def test_a_draft_is_left_out_and_a_lab_that_cannot_be_read_stops_the_book(
    planted: Path, edit: Edit
) -> None:
    edit("lab.py", "    number=1,", "    number=1, draft=True,")
    assert shelf() == []
    edit("lab.py", "    number=1, draft=True,", "    number=1 / 0,")
    with pytest.raises(LabBroken, match=r"lab\.py, line"):
        shelf()


def test_what_is_made_of_a_lab_is_made_again_when_anything_of_it_changes(
    planted: Path, edit: Edit
) -> None:
    made = 0

    def make() -> int:
        nonlocal made
        made += 1
        return made

    def seen() -> int:
        return tiny(stale=True).entry.made("it", make)

    assert [seen(), seen()] == [1, 1]
    edit("tiny.py", "Twice a number", "A number, twice")
    assert [seen(), seen()] == [2, 2]
    edit("lab.py", "No limit", "Without limit")
    assert [seen(), seen()] == [3, 3]
    exchanged(planted)
    (planted / TABLE).write_text(Table.of(rows()[1:]).to_json(), encoding="utf-8")
    assert [seen(), seen()] == [4, 4]
    (planted / "page.md").write_text("Something else", encoding="utf-8")
    assert seen() == 4


def test_of_other_labs_nothing_counts_but_their_place(house: Scratch, planted: Path) -> None:
    before = code("tiny"), code()
    house.lab("other", "lab = None\n", {})
    try:
        assert code("tiny") == before[0] and code() != before[1]
    finally:
        shutil.rmtree(house.package / "atoms" / "other")
