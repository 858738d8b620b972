"""Files of tokenizers, kind and hostile, one property a test; it also runs on broken copies."""

import json
import os
import random
import tracemalloc
from collections import Counter

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from . import saving
from .conftest import END
from .huggingface import from_huggingface, to_huggingface
from .saving import digest, from_json, load, save, to_json
from .splitting import GPT2, PATTERNS
from .test_tokens import drawn
from .tokenizer import Tokenizer
from .tokens import Vocabulary, train

SPECIALS = {END: 400, "<ſ\n\"'é>": 402}
ALPHABET = [bytes([byte]) for byte in range(256)]
WRITERS = {"json": to_json, "tokenizer.json": to_huggingface}
READERS = {"json": from_json, "tokenizer.json": from_huggingface}


@pytest.fixture(scope="module", params=PATTERNS)
def tokenizer(request):
    words = drawn(1, "the dog’s é".encode()) + Counter({b"  ": 4, b"'s": 3, b"\r\n\n": 3})
    return Tokenizer(train(words, 320), request.param, SPECIALS)


def changed(tokenizer, **parts):
    """The file of a tokenizer with some parts of it replaced, under a digest that fits."""
    body = json.loads(to_json(tokenizer)) | parts
    return json.dumps(body | {"digest": digest(body)})


# There and back


@pytest.mark.parametrize("form", READERS)
def test_what_was_written_is_read_as_it_was(tokenizer, form):
    assert READERS[form](WRITERS[form](tokenizer)) == tokenizer
    assert READERS[form](WRITERS[form](tokenizer).encode()) == tokenizer


@pytest.mark.parametrize("form", READERS)
def test_after_reading_each_id_has_the_bytes_that_it_had(tokenizer, form):
    again = READERS[form](WRITERS[form](tokenizer))
    for id in range(len(tokenizer.vocabulary.tokens)):
        assert again.token(id) == tokenizer.token(id)


@pytest.mark.parametrize("form", READERS)
def test_after_reading_a_text_has_the_ids_that_it_had(tokenizer, form):
    text = "the dog’s dog, the  dogs\r\n\n" * 3
    assert READERS[form](WRITERS[form](tokenizer)).encode(text) == tokenizer.encode(text)


def test_a_file_is_ascii_with_a_token_a_line(tokenizer):
    text = to_json(tokenizer)
    assert text.isascii() and '\n["t"],\n' in text
    assert text.count("\n[") == len(tokenizer.vocabulary.tokens)


def test_the_same_tokenizer_is_the_same_file(tokenizer):
    assert to_json(from_json(to_json(tokenizer))) == to_json(tokenizer)


def test_a_vocabulary_with_several_pairs_a_token_comes_back():
    joins = {(97, 97): 256, (97, 256): 257, (256, 97): 257}
    tokenizer = Tokenizer(Vocabulary((*ALPHABET, b"aa", b"aaa"), joins), GPT2, {})
    assert from_json(to_json(tokenizer)) == tokenizer


def test_a_file_is_saved_and_loaded(tokenizer, tmp_path):
    path = tmp_path / "it.json"
    for _ in range(2):
        save(tokenizer, path)
        assert load(path) == tokenizer and os.listdir(tmp_path) == ["it.json"]


def test_a_file_that_cannot_be_written_leaves_what_was_there(tokenizer, tmp_path, monkeypatch):
    path = tmp_path / "it.json"
    path.write_text("before")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(saving.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        save(tokenizer, path)
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["it.json"]


def test_what_could_not_be_read_again_is_not_written(tokenizer, tmp_path, monkeypatch):
    path = tmp_path / "it.json"
    for write in WRITERS.values():
        with monkeypatch.context() as patch:
            patch.setattr(saving, "MOST_BYTES", len(write(tokenizer)) - 1)
            with pytest.raises(ValueError, match=r"too large for a file.*Train one of fewer"):
                write(tokenizer)
    monkeypatch.setattr(saving, "MOST_BYTES", size := len(to_json(tokenizer)))
    save(tokenizer, path)
    assert load(path) == tokenizer
    monkeypatch.setattr(saving, "MOST_BYTES", size - 1)
    with pytest.raises(ValueError, match="too large for a file"):
        save(tokenizer, path)
    assert os.listdir(tmp_path) == ["it.json"] and path.stat().st_size == size
    monkeypatch.setattr(saving, "MOST_BYTES", size)
    monkeypatch.setattr(saving, "MOST_LISTS", 300)
    with pytest.raises(ValueError, match="too large for a file"):
        to_json(tokenizer)


# Files that are not what they claim


def test_a_damaged_file_is_refused(tokenizer):
    text = to_json(tokenizer)
    for at in random.Random(0).sample(range(len(text)), 300):
        harmed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
        try:
            assert from_json(harmed) == tokenizer  # white space
        except ValueError:
            continue


def test_a_file_that_was_changed_under_its_digest_is_refused(tokenizer):
    text = to_json(tokenizer).replace('"the"', '"teh"').replace('["t"]', '["T"]', 1)
    with pytest.raises(ValueError, match="damaged: its digest"):
        from_json(text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{}", "not JSON in UTF-8"),
        (b"{", "not JSON"),
        (b"[]", "no object"),
        (b"3", "no object"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "not JSON"),
        (b"[]," * 3_000_000, "too large"),
        (b" " * 40_000_000, "too large"),
    ],
    ids=lambda one: repr(one)[:16],
)
@pytest.mark.parametrize("form", READERS)
def test_what_is_no_object_of_json_is_refused(form, data, says):
    with pytest.raises(ValueError, match=says):
        READERS[form](data)


def test_a_file_of_another_format_is_refused(tokenizer):
    with pytest.raises(ValueError, match="format is 'cutaway tokenizer 9'"):
        from_json(changed(tokenizer, format="cutaway tokenizer 9"))
    with pytest.raises(ValueError, match="format is None"):
        from_json("{}")


ROWS = [[token.decode("latin-1")] for token in ALPHABET]
HOSTILE = {
    "no tokens": ({"tokens": None}, "'tokens'"),
    "a byte is missing": ({"tokens": ROWS[1:]}, "no token for the byte 0x00"),
    "a token twice": ({"tokens": [*ROWS, ["a"]]}, "same bytes"),
    "an id that is not there": ({"tokens": [*ROWS, ["ab", [97, 300]]]}, "not there"),
    "an id below zero": ({"tokens": [*ROWS, ["ab", [97, -158]]]}, "not there"),
    "a cycle": ({"tokens": [*ROWS, ["ab", [256, 256]]]}, "do not join"),
    "a cycle with nothing": ({"tokens": [*ROWS, ["ab", [257, 256]], [""]]}, "do not join"),
    "the next token's join": ({"tokens": [*ROWS, ["ab", [98, 99]], ["bc"]]}, "do not join"),
    "a pair twice": ({"tokens": [*ROWS, ["ab", [97, 98]], ["x", [97, 98]]]}, "the same pair"),
    "a fraction": ({"tokens": [*ROWS, ["ab", [97.0, 98]]]}, "not rows"),
    "a truth": ({"tokens": [*ROWS, ["ab", [True, 98]]]}, "not rows"),
    "three ids": ({"tokens": [*ROWS, ["abc", [97, 98, 99]]]}, "not rows"),
    "no byte": ({"tokens": [*ROWS, ["ā"]]}, "not rows"),
    "an empty row": ({"tokens": [*ROWS, []]}, "not rows"),
    "an object for rows": ({"tokens": {"a": 1}}, "'tokens'"),
    "an unknown pattern": ({"pattern": "gpt9"}, "no pattern"),
    "no pattern": ({"pattern": None}, "'pattern'"),
    "a special token that is a byte": ({"specials": {"a": 5}}, "cannot have the id"),
    "a special token below zero": ({"specials": {"a": -1}}, "cannot have the id"),
    "a special token beyond 32 bits": ({"specials": {"a": 2**40}}, "cannot have the id"),
    "a special token without an id": ({"specials": {"a": "b"}}, "whole number"),
    "two special tokens": ({"specials": {"a": 500, "b": 500}}, "same id"),
    "half a character": ({"specials": {"\ud800": 500}}, "half a character"),
    "specials in a list": ({"specials": [1]}, "'specials'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_contradicts_itself_is_refused(tokenizer, name):
    parts, says = HOSTILE[name]
    with pytest.raises(ValueError, match=says):
        from_json(changed(tokenizer, **parts))


LONG = {
    "a pattern": {"pattern": "x" * 10**6},
    "a name": {"specials": {"x" * 10**6: "b"}},
    "a name of a byte": {"specials": {"x" * 10**6: 5}},
    "ids": {"tokens": [*ROWS, ["ab", [10**4000, 10**4000]]]},
    "an id": {"specials": {"a": 10**4000}},
    "a format": {"format": "x" * 10**6},
}


@pytest.mark.parametrize("name", LONG)
def test_an_error_does_not_repeat_a_file(tokenizer, name):
    with pytest.raises(ValueError) as found:
        from_json(changed(tokenizer, **LONG[name]))
    assert len(str(found.value)) < 300


def test_a_file_of_any_size_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(2**27)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="too large"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_file_it_is_read_or_refused(data):
    small = Tokenizer(Vocabulary((*ALPHABET, b"ab"), {(97, 98): 256}), GPT2, {END: 300})
    form = data.draw(st.sampled_from([*READERS]))
    body = json.loads(WRITERS[form](small))
    here = body
    while isinstance(here, dict | list) and here:
        key = data.draw(st.sampled_from([*here] if isinstance(here, dict) else range(len(here))))
        if data.draw(st.booleans()) or not isinstance(here[key], dict | list):
            here[key] = data.draw(values)
            break
        here = here[key]
    body["digest"] = digest(body)
    try:
        READERS[form](json.dumps(body)).encode("abab")
    except ValueError as error:
        assert len(str(error)) < 300
