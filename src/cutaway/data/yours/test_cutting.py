"""One file as documents: nothing is lost, no character is parted, and it takes linear time."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import Refused

from ..corpora import Document
from . import cutting
from .cutting import documents

PIECES = st.sampled_from(["a", "word ", "\n", "\n\n", "\r\n\r\n", "é", "東京", "𝄞", "x" * 300, " "])


def cut(text: str | bytes, name: str = "book.txt") -> list[Document]:
    """The documents of a file with this content."""
    data = text.encode() if isinstance(text, str) else text
    return documents(Path(name), name, bytearray(data))


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=400), st.booleans())
def test_joined_the_pieces_are_the_file(parts: list[str], marked: bool) -> None:
    text = "".join(parts)
    found = cut("\ufeff" * marked + text)
    assert "".join(one.text for one in found) == text
    sizes = [len(one.text.encode()) for one in found]
    assert len(sizes) <= 100
    assert min(sizes, default=200) >= min(200, len(text.encode()))
    assert max(sizes, default=0) <= 4 * max(200, len(text.encode()) // 100) + 3


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=5) | st.just(b"plain text \xc3\xa9" * 50), max_size=30))
def test_what_is_not_utf_8_is_refused_with_the_place_where_it_stops_being(
    parts: list[bytes],
) -> None:
    data = b"text" + b"".join(parts).replace(b"\0", b"")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        with pytest.raises(Refused, match=rf"not UTF-8: byte {error.start:,} ") as caught:
            cut(data)
        assert "iconv" in caught.value.next_step
    else:
        assert "".join(one.text for one in cut(data)) == text


PARAGRAPHS = ["".join(f"line {n}.{k} of it\n" for k in range(6)) for n in range(400)]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("\n".join(PARAGRAPHS), "\n\n"),
        ("\r\n".join(PARAGRAPHS).replace("\n", "\r\n").replace("\r\r", "\r"), "\r\n\r\n"),
        ("".join(PARAGRAPHS), "\n"),
        ("".join(PARAGRAPHS).replace("\n", " "), " "),
        ("".join(PARAGRAPHS).replace("\n", "").replace(" ", "é"), ""),
    ],
)
def test_a_text_is_cut_at_the_best_places_that_it_has(text: str, end: str) -> None:
    found = cut(text)
    assert 60 <= len(found) <= 100
    assert all(one.text.endswith(end) for one in found[:-1])
    sizes = [len(one.text) for one in found]
    assert max(sizes) < 2.5 * min(sizes)
    assert [one.name for one in found[:2]] == ["book.txt#001", "book.txt#002"]


def test_a_small_file_gives_fewer_pieces_and_a_tiny_one_gives_itself() -> None:
    assert cut("tiny") == [Document("book.txt", "tiny")]
    assert len(cut("a line of text\n" * 130)) in range(6, 10)
    assert cut("") == []


def test_a_seam_at_the_first_place_where_one_may_cut_is_taken() -> None:
    lines = [str(n % 10) * 199 + "\n" for n in range(50)]
    assert [one.text for one in cut("".join(lines))] == lines


def test_marks_between_documents_are_where_it_is_cut() -> None:
    found = cut("One.\r\n<|endoftext|>\n\nTwo <|endoftext |>.<|endoftext|> \n<|endoftext|>")
    assert found == [
        Document("book.txt#001", "One.\r\n"),
        Document("book.txt#002", "\n\nTwo <|endoftext |>."),
    ]


def test_each_line_of_a_jsonl_file_is_a_document() -> None:
    lines = [{"text": "One\u2028more\n\n<|endoftext|>", "n": 1}, {"text": ""}, {"text": "é" * 300}]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in lines) + "\r\n\n \n"
    assert cut("\ufeff" + text, "notes.JSONL") == [
        Document("notes.JSONL#001", "One\u2028more\n\n<|endoftext|>"),
        Document("notes.JSONL#003", "é" * 300),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        '{"text": "cut',
        '"text"',
        "[1]",
        "null",
        '{"Text": "a"}',
        '{"text": null}',
        '{"text": 3}',
        '{"text": "half a \\ud83d"}',
        "[" * 100_000,
        "1" * 5000,
    ],
)
def test_a_bad_line_of_a_jsonl_file_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(Refused, match=r"a\.jsonl: line 3 is no JSON") as caught:
        cut('{"text": "good"}\n\n' + line + '\n{"text": "good"}\n', "a.jsonl")
    assert '{"text": "..."}' in caught.value.next_step


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_too_many_documents_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MOST", 3)
    text = '{"text": "a"}\n' if name == "a.jsonl" else "a<|endoftext|>"
    assert cut(text * 2, name)
    with pytest.raises(Refused, match="more than 3 documents"):
        cut(text * 4, name)


BAD = {
    "one line": b"abcdefgh" * 2**17,
    "one line of wide characters": "東".encode() * 2**18,
    "spaces": b" " * 2**20,
    "newlines": b"\n" * 2**20,
    "a blank line, then one line": b"a\n\n" + b"a" * 2**20,
    "one line, then a blank one": b"a" * 2**20 + b"\n\na",
    "marks": b"<|endoftext|>" * 2**16,
    "half marks": b"<|endoftext|" * 2**16,
}


@pytest.mark.parametrize("kind", BAD)
def test_it_takes_little_time_and_memory_whatever_the_text_is(kind: str) -> None:
    data = bytearray(BAD[kind])
    tracemalloc.start()
    start = time.perf_counter()
    found = documents(Path("a"), "a", data)
    took = time.perf_counter() - start
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 2
    assert most < 4 * len(data) + 200_000
    if "marks" not in kind:
        assert "".join(one.text for one in found).encode() == data
        assert 25 <= len(found) <= 100


@pytest.mark.slow
def test_one_line_of_a_hundred_megabytes_takes_seconds() -> None:
    data = bytearray("é".encode() * 50_000_000)
    start = time.perf_counter()
    found = documents(Path("a"), "a", data)
    assert time.perf_counter() - start < 10
    assert sum(len(one.text) for one in found) == 50_000_000
