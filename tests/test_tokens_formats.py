"""`tokens convert`, and files of vocabularies: the same in every format, or refused by name."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from houses import Ended

Call = Callable[..., Ended]
END = "<|endoftext|>"


def test_a_vocabulary_goes_through_every_format_and_is_the_same(
    call: Call, mine: Any, tmp_path: Path
) -> None:
    special = [f"--special={name}={id}" for name, id in mine.specials.items()]
    steps = [
        (["mine.json", "tokenizer.json"], ""),
        (["tokenizer.json", "it.tiktoken"], "the pattern gpt2, <|endoftext|>=288, <|end=289"),
        (["it.tiktoken", "again.json", "--pattern", "gpt2", *special], ""),
        (["again.json", "other", "--format", "huggingface"], ""),
    ]
    for words, said in steps:
        ended = call("tokens", "convert", *words)
        assert ended.code == 0 and said in ended.err, ended.err
    assert (tmp_path / "again.json").read_text() == (tmp_path / "mine.json").read_text()
    assert (tmp_path / "other").read_text() == (tmp_path / "tokenizer.json").read_text()
    pattern = ["--pattern", "gpt2"]
    for name, more in (("mine.json", []), ("tokenizer.json", []), ("it.tiktoken", pattern)):
        data = call("tokens", "show", "the dog's 日本", "-v", name, *more, "--json").data
        assert [one["id"] for one in data["found"]] == mine.encode("the dog's 日本")


BASE = b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256))
BAD_VOCABULARIES = {
    "empty": b"",
    "text": b"some text\n",
    "bytes": bytes(range(256)),
    "object": b"{}",
    "list": b"[]",
    "half": b'{"format": "cutaway tokenizer 1", "tok',
    "deep": b'{"a":' * 100_000,
    "deep list": b'{"model":' + b"[" * 100_000,
    "twice": b'{"model": 1, "model": 2}',
    "wrong digest": b'{"format": "cutaway tokenizer 1", "digest": "sha256:0", "tokens": []}',
    "few": BASE[:99],
    "gap": BASE + base64.b64encode(b"abc") + b" 256\n",
    "same": BASE + base64.b64encode(b"ab") + b" 255\n",
    "far": BASE + base64.b64encode(b"ab") + b" 99999999999\n",
    "minus": BASE + base64.b64encode(b"ab") + b" -1\n",
    "long number": BASE + base64.b64encode(b"ab") + b" " + b"9" * 5000,
    "crossed": json.dumps({"model": {"vocab": {"a": 0, "b": 0}, "merges": []}}).encode(),
}


@pytest.mark.parametrize("data", BAD_VOCABULARIES.values(), ids=BAD_VOCABULARIES)
def test_a_vocabulary_that_is_none_is_refused_by_name(
    call: Call, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "v").write_bytes(data)
    for words in (["show", "a", "-v", "v"], ["convert", "v", "new.json"]):
        ended = call("tokens", *words, "--pattern", "gpt2")
        assert (ended.code, ended.out) == (4, ""), ended.err
        assert ended.err.startswith("v ") and ended.err.count("\n") == 2
        assert len(ended.err) < 400
    assert not (tmp_path / "new.json").exists()


def test_a_vocabulary_that_is_too_large_is_not_read(call: Call, tmp_path: Path) -> None:
    with open(tmp_path / "v", "wb") as file:
        file.truncate(2**36)
    ended = call("tokens", "show", "a", "-v", "v")
    assert ended.code == 4 and "too large for a vocabulary: 68,719,476,736 bytes" in ended.err
