"""Portraits: every count is that of a plain program."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from cutaway.runs.folders import data_folder

from . import portrait as room
from .corpora import Document
from .portrait import BYTE_KINDS, Bar, byte_kinds, lengths, portrait, scripts, seen, word_runs
from .prepared import Prepared, prepare


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Some random texts."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(20):
        letters = random.Random(number).choices("abcß \n", k=150)
        (folder / f"{number:02}.txt").write_text("".join(letters), encoding="utf-8")
    return prepare(folder)


def of(*texts: str) -> list[Document]:
    """Documents of some texts."""
    return [Document(str(number), text) for number, text in enumerate(texts)]


def test_lengths_fall_between_powers_of_two() -> None:
    found = lengths(of("a", "ab", "abc", "é" * 4, "x" * 15, "x" * 16))
    names = ["1 to 2", "2 to 4", "4 to 8", "8 to 16", "16 to 32"]
    assert found == [Bar(name, count) for name, count in zip(names, [1, 2, 0, 2, 1], strict=True)]


def test_every_byte_is_of_one_kind() -> None:
    assert sorted(one for kind in BYTE_KINDS.values() for one in kind) == list(range(256))
    found = {bar.name: bar.count for bar in byte_kinds(of("aZ 9\n", "é~\x00\t"))}
    assert list(found.values()) == [1, 1, 1, 2, 1, 1, 1, 2]


def test_letters_are_counted_by_script_and_in_the_form_that_they_stand_for() -> None:
    found = scripts(of("aaa жж", "µºｆ漢あ9 !"))
    assert found[0] == Bar("latin", 5)
    assert {bar.name: bar.count for bar in found[1:]} == {
        "cyrillic": 2,
        "greek": 1,
        "cjk": 1,
        "hiragana": 1,
    }


def test_runs_of_tokens_are_those_of_a_plain_count(prepared: Prepared) -> None:
    text = prepared.tokenization.decode(prepared.train)
    found = portrait(prepared).runs
    for order, name in enumerate(["characters", *(f"{n} characters" for n in range(2, 6))], 1):
        runs = Counter(text[at : at + order] for at in range(len(text) - order + 1))
        assert {bar.name: bar.count for bar in found[name]}.items() <= runs.items()
        counts = [bar.count for bar in found[name]]
        assert counts == sorted(runs.values(), reverse=True)[: len(counts)]


def test_words_are_counted_in_the_training_text_and_no_pair_joins_two_documents(
    prepared: Prepared,
) -> None:
    words, pairs = Counter[str](), Counter[str]()
    for one in prepared.split.train:
        words.update(one.text.split())
        pairs.update(" ".join(pair) for pair in pairwise(one.text.split()))
    found = portrait(prepared).runs
    for name, counted in (("words", words), ("pairs of words", pairs)):
        assert {bar.name: bar.count for bar in found[name]}.items() <= counted.items()
        assert [bar.count for bar in found[name]] == sorted(counted.values(), reverse=True)[:8]
    assert word_runs(of("a b", "c"))["pairs of words"] == [Bar("a b", 1)]


def test_a_word_without_end_is_shown_in_part_and_a_long_text_in_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = word_runs(of("x" * 10**6))
    assert found["words"] == [Bar("x" * 39 + "…", 1)]
    monkeypatch.setattr(room, "MOST_WORDS", 3)
    assert word_runs(of("a b", "c d"))["words"] == [Bar("a", 1), Bar("b", 1), Bar("c", 1)]


def test_the_second_time_it_comes_from_the_cache_and_a_damaged_one_is_made_anew(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = portrait(prepared)
    (path,) = data_folder("portraits").glob("*.json")
    whole = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(room, "near_duplicates", lambda *_, **__: pytest.fail("made again"))
        assert portrait(prepared) == first
    path.write_bytes(whole[:-9])
    assert portrait(prepared) == first and path.read_bytes() == whole


def test_bits_a_byte_are_nats_a_token_in_other_units(prepared: Prepared) -> None:
    found = portrait(prepared)
    by_bytes = portrait(prepare(prepared.corpus.source, "bytes"))
    assert abs(by_bytes.bits(by_bytes.ladder[0].nats) - 8) < 1e-12
    assert abs(found.bits(1.0) * found.bytes_a_token - 1.4426950408889634) < 1e-12


def test_blanks_can_be_seen() -> None:
    assert seen("a b\n\r\tc") == "a␣b⏎↵⇥c"
