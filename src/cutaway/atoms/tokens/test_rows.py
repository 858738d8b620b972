"""Rows: each text ends once, and comes back."""

import numpy as np
import pytest

from .rows import Rows
from .splitting import GPT2
from .tokenizer import Tokenizer
from .tokens import Vocabulary, train

END = "<|end|>"
TOKENIZER = Tokenizer(train({b" dog": 5, b"the": 3}, 260), GPT2, {END: 300})


@pytest.fixture(autouse=True)
def readable(monkeypatch):
    """The compiled code is proven equal elsewhere; here it would only take long to compile."""
    ordinary = TOKENIZER.ordinary
    monkeypatch.setitem(
        TOKENIZER.__dict__, "fast", lambda data: np.array(ordinary(data.decode()), np.uint32)
    )


def test_each_text_of_a_row_ends_once():
    texts = ["the dog", "", f"no {END} here", "é"]
    row = Rows(TOKENIZER, END).row(texts).tolist()
    assert row.count(300) == len(texts)
    assert row[-1] == 300
    assert Rows(TOKENIZER, END).decode(row) == END.join([*texts, ""])


def test_the_name_of_the_end_in_a_text_is_text():
    rows = Rows(TOKENIZER, END)
    ids = rows.encode(f"{END} here").tolist()
    assert ids[0] != 300
    assert rows.decode(ids).startswith(f"{END} here")


def test_no_texts_are_an_empty_row():
    assert Rows(TOKENIZER, END).row([]).tolist() == []


def test_the_digest_tells_tokenizers_and_ends_apart():
    other = Tokenizer(Vocabulary(TOKENIZER.vocabulary.tokens[::-1], {}), GPT2, {END: 300})
    two = Tokenizer(TOKENIZER.vocabulary, GPT2, {END: 300, "<|turn|>": 301})
    found = [Rows(TOKENIZER, END), Rows(other, END), Rows(two, END), Rows(two, "<|turn|>")]
    assert len({rows.digest for rows in found}) == len(found)
    assert Rows(TOKENIZER, END).digest == Rows(TOKENIZER, END, "again").digest


def test_an_end_that_is_no_special_token_is_refused():
    with pytest.raises(ValueError, match="no special token"):
        Rows(TOKENIZER, "<|turn|>")


def test_its_sizes_are_those_of_the_tokenizer():
    rows = Rows(TOKENIZER, END)
    assert rows.vocab == 301
    assert rows.separator.tolist() == [300]
