"""A user's mistake, or a damaged file, is one clear sentence and a next step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from houses import Ended, House

Call = Callable[..., Ended]


TAKEN = ("random", "json", "torch", "numpy", "kit", "atoms", "cli", "beyond", "module", "faults")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["brake", "bigram"], "break"),
        (["run", "bigran"], "bigram"),
        (["break", "bigran"], "bigram"),
        (["try", "bigran"], "bigram"),
        (["eject", "bigran"], "bigram"),
        (["notebook", "bigran"], "bigram"),
        (["check-lab", "bigran"], "bigram"),
        (["verify", "bigran"], "bigram"),
        (["break", "bigram", "no_shft"], "no_shift"),
        (["break", "bigram", "no_max+no_shft"], "no_shift"),
        (["diff", "no_shft"], "bigram.no_shift"),
        (["diff", "bigram.no_shft"], "no_shift"),
        (["diff", "bigran.no_shift"], "bigram"),
        (["list", "--jsn"], "--json"),
        (["run", "bigram", "--experiment", "loss_by_faults"], "loss_by_fault"),
    ],
)
def test_a_mistaken_name_is_answered_with_the_nearest(
    call: Call, words: list[str], named: str
) -> None:
    ended = call(*words)
    assert (ended.code, ended.out) == (2, "")
    assert named in ended.err
    assert 1 <= ended.err.count("\n") <= 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["break"], "LAB is missing.\n`cutaway break --help`"),
        (["break", "--lab"], "LAB is missing"),
        (["break", "bigram", "--line"], "--line"),
        (["break", "bigram", "bigran.no_shift"], "bigram"),
        (["break", "bigram", "--line", "x"], "--line"),
        (["break", "bigram", "--line", "1"], "holds no statement"),
        (["break", "bigram", "--line", "-3"], "holds no statement"),
        (["break", "bigram", "--line", "100000"], "holds no statement"),
        (["break", "bigram", "no_max", "--line", "20"], "exclude each other"),
        (["break", "bigram", "no_shift", "--edit"], "exclude each other"),
        (["break", "bigram", "one_row+columns"], "same line"),
        (["break", "bigram", "--edit"], "EDITOR"),
        (["break", "bigram", "--line", "20", "--file", "bigrams.py"], "bigram.py"),
        (["run", "bigram", "--budget", "5 minutes"], "30s, 5m or 2h"),
        (["run", "bigram", "--quick", "--record"], "never recorded"),
        (["try", "bigram"], "--stub"),
        (["try", "bigram", "nowhere.py"], "nowhere.py cannot be read"),
        (["try", "bigram", "."], "cannot be read"),
        (["new", "Bad-Name"], "lower case"),
        (["new", "class"], "lower case"),
        (["new", "../escape"], "lower case"),
        (["new", "lab"], "another name"),
        (["new", "test_x"], "another name"),
        (["new", "sample"], "another name"),
        *((["new", name], "itself uses that name") for name in TAKEN),
        (["new", "bigram"], "already"),
        (["new", "idea", "--wing", "nowhere"], "atoms"),
        (["completion"], "`cutaway --help`"),
    ],
)
def test_a_wrong_request_says_what_to_do(
    call: Call, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    ended = call(*words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


@pytest.mark.parametrize(
    "words", [["{}"], ["run", "{}"], ["list", "--{}"], ["try", "bigram", "{}"]]
)
def test_control_characters_are_made_visible(call: Call, words: list[str]) -> None:
    name = "x\x1b[31m\x07\u202ey\u009bz\udc80"
    ended = call(*(word.format(name) for word in words))
    assert ended.code == 2
    assert not set("\x1b\x07\u202e\u009b") & set(ended.err)
    assert "x\\x1b[31m\\x07" in ended.err


def test_a_place_that_cannot_be_written_offers_no_option_that_there_is_not(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = call("eject", "bigram", "--to", "file/folder")
    assert ended.code == 3 and "Choose another folder," in ended.err and "--out" not in ended.err


def test_an_eject_or_stub_or_notebook_never_overwrites(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bigram").mkdir()
    for place in (tmp_path / "bigram.py", tmp_path / "bigram" / "bigram.py"):
        place.write_text("mine")
    (tmp_path / "bigram.ipynb").write_text("mine")
    for words in (["try", "bigram", "--stub"], ["eject", "bigram"], ["notebook", "bigram"]):
        ended = call(*words)
        assert ended.code == 2 and "exists already" in ended.err
    assert (tmp_path / "bigram.py").read_text() == "mine"


WRONG_FILES = {
    "def f(:\n": "line 1",
    "x = 1\n": "lacks Bigram, cross_entropy, log_softmax, sample, shift",
    "\x00": "is not Python",
    "(" * 100_000: "is not Python",
}


@pytest.mark.parametrize("text", WRONG_FILES)
def test_a_wrong_file_is_told_what_is_wrong(call: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    ended = call("try", "bigram", "mine.py")
    assert ended.code == 2
    assert WRONG_FILES[text] in ended.err and "mine.py" in ended.err


def test_a_file_that_is_no_text_is_told_so(call: Call, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_bytes(b"\xff\xfe\x00")
    ended = call("try", "bigram", "mine.py")
    assert ended.code == 2 and "is not Python" in ended.err


def test_the_labs_own_file_is_not_tried(call: Call, tmp_path: Path) -> None:
    assert call("eject", "bigram", "--to", ".").code == 0
    ejected = (tmp_path / "bigram.py").read_text().partition("\n")[2]
    (tmp_path / "bigram.py").write_text(ejected)
    ended = call("try", "bigram", "bigram.py")
    assert ended.code == 2 and "unchanged" in ended.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('old="y = 0.0"', 'old="y = y + x"', "3 times"),
        ('old="y = 0.0"', 'old="y = 1.0"', "not at all"),
        ('where="triple"', 'where="double"', "2 times"),
        ('where="triple"', 'where="treble"', "'treble'"),
        ('"tiny.py", old="y = y', '"other.py", old="y = y', "other.py"),
    ],
)
def test_a_fault_that_does_not_fit_once_is_refused_by_name(
    house: House, old: str, new: str, said: str
) -> None:
    house.rewrite("lab.py", old, new)
    fault = "negative" if "0.0" in old else "no_more"
    ended = house("diff", fault)
    assert (ended.code, ended.out) == (2, "")
    assert fault in ended.err and said in ended.err and ".py" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "SyntaxError"),
        ("import nothing_there\n", "nothing_there"),
        ("", "lab.py makes no `lab = Lab(...)`"),
        ("lab = 5\n", "lab.py makes no `lab = Lab(...)`"),
        ("\nimport json\njson.loads('')\n", "(lab.py, line 3)"),
        ("\nfrom cutaway.kit.words import Lab\nlab = Lab(1)\n", "(lab.py, line 3)"),
    ],
)
def test_a_lab_that_cannot_be_read_is_reported_and_the_others_work(
    house: House, text: str, said: str
) -> None:
    bad = house.lab().parent / "broken_lab"
    bad.mkdir()
    (bad / "__init__.py").touch()
    (bad / "lab.py").write_text(text)
    ended = house("list", "--json")
    assert ended.code == 1
    assert [lab["name"] for lab in ended.data["labs"]] == ["tiny"]
    assert "broken_lab" in ended.data["broken"][0]["error"] and said in ended.err
    if said != "SyntaxError":
        return
    assert house("diff", "negative").code == 0
    assert house("break", "broken_lab").code == 2
    ended = house("run", "--dry-run")
    assert ended.code == 0 and "broken_lab" in ended.err and "tiny (full)" in ended.err


@pytest.mark.parametrize("name", ["broken_lab.py", "test_broken_lab.py", "__init__.py"])
@pytest.mark.parametrize(
    ("data", "said"), [(b"x = 1\ndef f(:\n", "SyntaxError"), (b"x = 1\n# \xe9\n", "UnicodeDecode")]
)
def test_any_file_of_a_lab_that_is_not_python_is_named_and_the_others_work(
    house: House, name: str, data: bytes, said: str
) -> None:
    bad = house.lab().parent / "broken_lab"
    shutil.copytree(house.lab(), bad)
    (bad / name).write_bytes(data)
    ended = house("list", "--json")
    assert ended.code == 1 and [lab["name"] for lab in ended.data["labs"]] == ["tiny"]
    (error,) = [one["error"] for one in ended.data["broken"]]
    assert said in error and f"({name}, line 2)" in error and str(bad / name) in ended.err
    assert house("break", "tiny", "negative").code == 0
    assert house("break", "broken_lab").code == 2


def test_a_fault_of_another_lab_is_not_taken_for_this_ones(house: House) -> None:
    other = house.lab().parent / "other"
    shutil.copytree(house.lab(), other)
    ended = house("break", "tiny", "other.negative")
    assert (ended.code, ended.out) == (2, "") and "cutaway break other negative" in ended.err


def test_a_damaged_result_is_reported_and_not_used(recorded: House) -> None:
    (lab,) = recorded("list", "--json").data["labs"]
    assert lab["fresh"] and [c["verdict"] for c in lab["claims"]] == ["supported"]
    results = recorded.lab() / "results"
    for name in ("error_by_fault.json", "manifest.json", "receipts.json"):
        whole = (results / name).read_text()
        edited = whole.replace("0.00", "0.01", 1).replace('"killer"', '"victim"', 1)
        edited = edited.replace('"supported"', '"refuted"', 1)
        for damage in (whole[: len(whole) // 2], edited):
            assert damage != whole
            (results / name).write_text(damage)
            ended = recorded("list", "--json")
            (lab,) = ended.data["labs"]
            assert ended.code == 4 and name in ended.err
            assert not lab["fresh"]
            assert {claim["verdict"] for claim in lab["claims"]} == {"undecided"}
            assert {claim["effect"] for claim in lab["claims"]} == {None}
            assert {fault["killed_by"] for fault in lab["faults"]} == {None}
        (results / name).write_text(whole)
    (results / name).write_text("[]")
    ended = recorded("list")
    assert ended.code == 4 and "damaged" in ended.out and "supported" not in ended.out


def test_a_changed_source_makes_results_stale_and_a_comment_does_not(recorded: House) -> None:
    def fresh() -> bool:
        return bool(recorded("list", "--json").data["labs"][0]["fresh"])

    recorded.rewrite("tiny.py", "    y = 0.0", "    # from nothing\n    y = 0.0")
    assert fresh()
    recorded.rewrite("tiny.py", "    y = 0.0", "    y = 0.0 + 0")
    assert not fresh()
    assert "stale" in recorded("list").out
    lacking = recorded("check-lab", "tiny", "--json").data["problems"]
    assert [words for words in lacking if "error_by_fault" in words and "changed since" in words]


def test_a_damaged_cell_is_measured_again(recorded: House) -> None:
    digests = recorded("run", "--json").data["runs"][0]["tables"]
    cells = sorted((recorded.home / "runs" / "tiny" / "cells").glob("*.json"))
    cells[0].write_text(cells[0].read_text()[:-30])
    cells[1].write_text(json.dumps({"rows": [], "digest": ""}))
    again = recorded("run", "--json")
    assert "2 of" not in again.err and "11 of them done" in again.err
    assert again.data["runs"][0]["tables"] == digests
