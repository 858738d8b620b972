"""A file that is read some at a time: no word and no special token lies in two pieces of it."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.atoms import tokens
from cutaway.verbs.tokens import streams
from cutaway.verbs.tokens.encoding import _ids

END = "<|endoftext|>"


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "whole"])
def test_a_file_that_is_read_in_pieces_has_the_same_ids(
    mine: Any, pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tokens.Tokenizer(mine.vocabulary, pattern, {**mine.specials, "<a|b|c>": 290})
    some = [
        END,
        "<|end",
        "<a|b|c>",
        "<a|b",
        "<|",
        "|>",
        "the ",
        "dog",
        " ",
        "\n",
        "é",
        "日",
        "'s",
        "7",
        "!?",
        "o",
    ]
    path = tmp_path / "it.txt"
    cut = 0
    for seed in range(60):
        text = "".join(random.Random(seed).choices(some, k=60))
        path.write_bytes(text.encode())
        monkeypatch.setattr(streams, "BLOCK", 1 + seed % 23)
        for names in ({END, "<|end", "<a|b|c>"}, {END}, set[str]()):
            parts = list(_ids(tokenizer, path, names, True, lambda done: None))
            assert np.concatenate(parts).tolist() == tokenizer.encode(text, names, ())
            cut += len(parts) > 3
    assert cut > 20 or pattern == "whole"


def test_pieces_end_behind_the_names_that_lie_over_their_seams() -> None:
    for seed in range(2000):
        chance = random.Random(seed)
        names = chance.sample(["a!", "!!", "ab", "b!a", "!b", "aba", "!"], chance.choice([0, 1, 2]))
        text = "".join(chance.choices("ab!!", k=40))
        cut = sorted({0, 40, *chance.choices(range(41), k=9)})
        seams = [text[a:b] for a, b in pairwise(cut)]
        found = [*streams.unparted(seams, names)]
        assert "".join(found) == text
        tokenizer = tokens.Tokenizer(
            tokens.Vocabulary(tuple(bytes([byte]) for byte in range(256)), {}),
            "gpt2",
            {name: 256 + number for number, name in enumerate(names)},
        )
        parts = [id for one in found for id in tokenizer.encode(one, names, ())]
        assert parts == tokenizer.encode(text, names, ())
    ends = [*streams.unparted([END * 100 + "<|end", "oftext|>" + END * 99] * 9, {END})]
    assert len(ends) >= 17 and all(one == END * (len(one) // len(END)) for one in ends)


def test_pieces_are_no_larger_than_they_need_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "it.txt").write_text(f"a line of words {END}\n" * 9999)
    monkeypatch.setattr(streams, "BLOCK", 1000)
    done: list[int] = []
    sizes = [len(one) for one in streams.pieces(tmp_path / "it.txt", "gpt2", {END}, done.append)]
    assert max(sizes) < 2100 and sum(sizes) == done[-1] == (tmp_path / "it.txt").stat().st_size
