"""What the verbs leave alone: foreign files, recorded results, each other's folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from houses import Ended, House
from test_stopping import snapshot


def test_clean_frees_copies_and_no_other_cache(house: House) -> None:
    assert house("diff", "negative").code == 0
    cache = house.home / "cache"
    copy = next((cache / "worlds").glob("cutaway_*"))
    half = copy.with_name(f".{copy.name}.{32 * 'a'}")
    half.mkdir()
    foreign = [cache / "thesis" / "text.md", cache / "worlds" / "cutaway_mine" / "text.md"]
    for path in foreign:
        path.parent.mkdir()
        path.write_text("mine")
    assert house("clean").code == 0
    assert [path.read_text() for path in foreign] == ["mine", "mine"]
    assert [path.name for path in (cache / "worlds").iterdir()] == ["cutaway_mine"]


def test_clean_says_what_it_could_not_remove(
    house: House, call: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house("diff", "negative").code == 0
    monkeypatch.setenv("CUTAWAY_HOME", str(house.home))
    copy = next((house.home / "cache" / "worlds").glob("cutaway_*"))
    monkeypatch.setattr("cutaway.verbs.cleaning.shutil.rmtree", lambda path, ignore_errors: None)
    ended = call("clean")
    assert ended.code == 3 and f"Could not remove {copy}" in ended.err
    assert ended.out.split()[:2] == ["0", "B"] and copy.is_dir()


def test_two_that_verify_at_once_do_not_disturb_each_other(recorded: House) -> None:
    with (
        recorded.start("verify", "--json", TINY_PAUSE="0.1") as one,
        recorded.start("verify", "--json", TINY_PAUSE="0.3") as other,
    ):
        ended = [process.communicate() for process in (one, other)]
    for out, err in ended:
        assert json.loads(out)["same"], err
    assert not list((recorded.home / "runs").glob("verify*"))


def test_a_run_with_failed_cells_leaves_the_recorded_results(recorded: House) -> None:
    before = snapshot(recorded.lab() / "results")
    recorded.rewrite("lab.py", 'if kind == "raises"', 'if kind == "fine"')
    ended = recorded("run", "tiny", "--record", "--json")
    assert ended.code == 1 and "Failed cells: 1 of tiny" in ended.err
    assert ended.data["runs"][0]["failed"] == 1
    assert "recorded in" not in ended.err
    assert snapshot(recorded.lab() / "results") == before
    assert (recorded.home / "runs" / "tiny" / "full" / "manifest.json").is_file()


def test_a_lab_named_twice_is_measured_once(house: House) -> None:
    ended = house("run", "tiny", "tiny", "--quick", "--dry-run", "--json")
    assert len(ended.data["runs"]) == 1


def test_one_experiment_measured_again_keeps_the_others_tables(house: House) -> None:
    words = ("run", "tiny", "--quick", "--json", "--experiment")
    (alone,) = house(*words, "fate_by_kind").data["runs"]
    assert alone["tables"].keys() == {"fate_by_kind"}
    assert [claim["verdict"] for claim in alone["claims"]] == ["undecided"]
    (whole,) = house("run", "tiny", "--quick", "--json").data["runs"]
    (again,) = house(*words, "fate_by_kind").data["runs"]
    assert again["tables"] == whole["tables"] and again["claims"] == whole["claims"]
    assert {claim["verdict"] for claim in again["claims"]} == {"supported"}
    shutil.rmtree(house.home / "runs" / "tiny" / "cells")
    (lone,) = house(*words, "fate_by_kind").data["runs"]
    assert lone["tables"].keys() == {"fate_by_kind"}


def test_an_experiment_whose_corpus_is_not_here_is_left_out_by_name(recorded: House) -> None:
    before = snapshot(recorded.lab() / "results")
    recorded.rewrite("lab.py", "seeds=1, quick", 'seeds=1, data=("union",), quick')
    ended = recorded("run", "tiny", "--quick", "--json")
    assert ended.code == 0 and "tiny: fate_by_kind is left out." in ended.err
    assert "`cutaway data get union`" in ended.err
    assert ended.data["runs"][0]["tables"].keys() == {"error_by_fault"}
    for words in (["--experiment", "fate_by_kind"], ["--record"]):
        asked = recorded("run", "tiny", *words)
        assert asked.code == 3 and "The corpus union is not here." in asked.err
    assert snapshot(recorded.lab() / "results") == before


def test_where_no_experiment_has_its_corpus_the_run_says_so_and_ends(house: House) -> None:
    house.rewrite("lab.py", "seeds=1, quick", 'seeds=1, data=("union",), quick')
    house.rewrite("lab.py", 'outcome="error"', 'data=("union",), outcome="error"')
    ended = house("run", "tiny", "--quick")
    assert ended.code == 3 and "The corpus union is not here." in ended.err
