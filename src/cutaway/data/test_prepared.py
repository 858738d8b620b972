"""Prepared: what a model gets is what the split says, whatever became of the cache."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import Unavailable, UsageError
from cutaway.runs.folders import cache_folder

from . import prepared as room
from .corpora import Corpus, Document
from .prepared import Prepared, prepare, tokenized
from .shards import read_tokens
from .tokenization import Bytes, Characters


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of short texts, some beyond ASCII, and a cache of its own."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(30):
        letters = random.Random(number).choices("abcdé \n", k=120)
        (folder / f"{number:02}.txt").write_text("".join(letters), encoding="utf-8")
    return folder


def both(found: Prepared) -> list[str]:
    """The text of both rows."""
    return [found.tokenization.decode(row) for row in (found.train, found.held_out)]


@pytest.mark.parametrize("how", ["characters", "bytes"])
def test_each_row_is_its_side_with_an_empty_line_between_two_documents(
    texts: Path, how: str
) -> None:
    found = prepare(texts, how)
    sides = (found.split.train, found.split.held_out)
    assert both(found) == ["\n\n".join(one.text for one in side) for side in sides]
    assert {one.name for one in sides[0]}.isdisjoint(one.name for one in sides[1])
    assert isinstance(found.train, np.memmap) and not found.train.flags.writeable


def test_a_token_stands_for_its_share_of_the_held_out_bytes(texts: Path) -> None:
    for how in ("characters", "bytes"):
        found = prepare(texts, how)
        size = len(both(found)[1].encode())
        assert math.isclose(found.bytes_a_token, size / len(found.held_out))
    assert found.bytes_a_token == 1


def test_the_second_time_it_is_the_same_and_comes_from_the_cache(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(texts)
    ladder = first.ladder
    for name in ("write_tokens",):
        monkeypatch.setattr(room, name, lambda *_: pytest.fail("written again"))
    monkeypatch.setattr("cutaway.data.ladder.ladder", lambda *_: pytest.fail("counted again"))
    second = prepare(texts)
    assert second.split == first.split and second.ladder == ladder
    assert both(second) == both(first)


def test_a_damaged_cache_is_mended(texts: Path) -> None:
    first = prepare(texts)
    wanted, ladder = both(first), first.ladder
    for path in [path for path in cache_folder().rglob("*") if path.is_file()]:
        path.write_bytes(path.read_bytes()[:70])
    again = prepare(texts)
    assert both(again) == wanted and again.ladder == ladder
    (tokens,) = cache_folder().rglob("*train*.tokens")
    assert first.tokenization.decode(read_tokens(tokens, first.tokenization)) == wanted[0]


@pytest.mark.parametrize("stands", ["data", "data/tokens", "data/ladders", "data/splits"])
def test_without_a_cache_everything_is_as_it_is_with_one(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: str
) -> None:
    whole = prepare(texts)
    wanted, ladder = both(whole), whole.ladder
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "nowhere"))
    path = tmp_path / "nowhere" / "cache" / stands
    path.parent.mkdir(parents=True)
    path.write_text("a file stands here", encoding="utf-8")
    bare = prepare(texts)
    assert both(bare) == wanted and bare.ladder == ladder
    assert path.read_text(encoding="utf-8") == "a file stands here"


def test_the_ladder_asks_for_what_a_model_is_asked_for(texts: Path) -> None:
    found = prepare(texts)
    train, held_out = (np.asarray(row).tolist() for row in (found.train, found.held_out))
    counts = Counter(train)
    once = sum(count == 1 for count in counts.values())
    twice = sum(count == 2 for count in counts.values())
    off = once / (once + 2 * twice) if once else 0.5
    spare = off * len(counts) / len(train) / found.tokenization.vocab
    wanted = [math.log(max(counts[one] - off, 0) / len(train) + spare) for one in held_out]
    assert math.isclose(found.ladder[1].nats, -sum(wanted) / len(wanted), rel_tol=1e-12)


def test_of_a_very_long_text_the_ladder_counts_the_beginning(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = prepare(texts)
    whole = found.ladder
    monkeypatch.setattr(room, "MOST_COUNTED", 100)
    monkeypatch.setattr(room, "MOST_ASKED", 50)
    cut = Prepared(
        replace(found.corpus, name="cut"),
        replace(found.split, share=0.25),
        found.tokenization,
        found.train[:100],
        found.held_out[:50],
    )
    long = replace(found, split=replace(found.split, share=0.125))
    assert long.ladder == cut.ladder != whole


def test_what_is_done_is_told(texts: Path) -> None:
    said: list[str] = []
    prepare(texts, said=lambda stage, *_: said.append(stage)).ladder  # noqa: B018
    assert list(dict.fromkeys(said)) == ["the split", "the tokens", "the ladder"]


def test_a_tokenization_has_a_name_or_is_one(texts: Path) -> None:
    corpus = Corpus("x", (Document("a", "b"),))
    assert tokenized(corpus, "bytes") == Bytes()
    assert tokenized(corpus, "characters") == Characters("\nb")
    assert prepare(texts, Bytes()).tokenization == Bytes()
    with pytest.raises(UsageError, match="no tokenization 'words'"):
        prepare(texts, "words")


def test_what_is_not_here_is_not_prepared() -> None:
    with pytest.raises(Unavailable):
        prepare("tinystories:7")
