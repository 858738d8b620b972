"""Token shards: what was written comes back, and nothing else is taken for it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.data import shards
from cutaway.data.corpora import Document
from cutaway.data.shards import read_tokens, tokens_of, write_tokens
from cutaway.data.tokenization import Bytes, Characters, Ids
from cutaway.errors import CutawayError, Refused, Unavailable, UsageError


@dataclass(frozen=True)
class Sized(Bytes):
    """A tokenization of any size; only its name, size and digest matter here."""

    name: str = "sized"
    digest_of: str = ""

    @property
    def digest(self) -> str:
        """What tells it from every other."""
        return hashlib.sha256(f"{self.name} {self.digest_of}".encode()).hexdigest()


TEXT = "The past does not see the future.\n" * 3


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A shard of a text's bytes."""
    path = tmp_path / "some.tokens"
    write_tokens(path, [Bytes().encode(TEXT)], Bytes())
    return path


SIZES = {1: "u1", 2: "u1", 256: "u1", 257: "u2", 65536: "u2", 65537: "u4", 2**32: "u4"}


@pytest.mark.parametrize("vocab", SIZES)
def test_tokens_come_back_in_the_smallest_type_that_holds_the_vocabulary(
    vocab: int, tmp_path: Path
) -> None:
    tokens = np.array([0, vocab - 1, vocab // 2, 0, vocab - 1], np.uint64)
    how = Sized(vocab=vocab)
    write_tokens(tmp_path / "a", [tokens[:2], tokens[2:]], how)
    back = read_tokens(tmp_path / "a", how)
    assert np.array_equal(back, tokens)
    assert back.dtype == np.dtype(f"<{SIZES[vocab]}")


def test_the_layout_is_what_the_format_says(shard: Path) -> None:
    data = shard.read_bytes()
    length = int.from_bytes(data[8:16], "little")
    assert data[:8] == b"cutaway\0"
    assert (16 + length) % 64 == 0
    assert data[16 + length :] == TEXT.encode()
    assert json.loads(data[16 : 16 + length]) == {
        "format": 1,
        "tokenization": "bytes",
        "vocabulary": Bytes().digest,
        "vocab": 256,
        "dtype": "|u1",
        "count": len(TEXT),
        "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
    }


def test_tokens_are_little_endian_whatever_they_were_given_as(tmp_path: Path) -> None:
    write_tokens(tmp_path / "a", [np.array([258, 3], ">i8")], Sized(vocab=300))
    assert (tmp_path / "a").read_bytes()[-4:] == b"\x02\x01\x03\x00"


def test_a_shard_is_mapped_and_cannot_be_written_to(shard: Path) -> None:
    tokens = read_tokens(shard, Bytes())
    assert isinstance(tokens, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        tokens[0] = 1
    assert bytes(tokens) == TEXT.encode()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.lists(st.integers(0, 299), max_size=40), min_size=1).filter(any))
def test_any_pieces_come_back_as_one_row(pieces: list[list[int]], tmp_path: Path) -> None:
    how = Sized(vocab=300)
    write_tokens(tmp_path / "a", (np.array(one, np.int64) for one in pieces), how)
    assert read_tokens(tmp_path / "a", how).tolist() == [one for piece in pieces for one in piece]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_separator_stands_between_two_documents() -> None:
    documents = [Document("a", "one"), Document("b", ""), Document("c", "two")]
    joined = np.concatenate(list(tokens_of(documents, Bytes())))
    assert Bytes().decode(joined) == "one\n\n\n\ntwo"
    assert list(tokens_of([], Bytes())) == []


def test_a_text_larger_than_memory_may_be_written_piece_by_piece(tmp_path: Path) -> None:
    alive: list[int] = []

    def pieces() -> Iterator[Ids]:
        for number in range(64):
            alive.append(next(tmp_path.iterdir()).stat().st_size)
            yield np.full(100_000, number, np.uint8)

    write_tokens(tmp_path / "a", pieces(), Bytes())
    assert alive[0] < 10_000
    assert alive[-1] > 6_000_000, "what was given before stands on the disk already"
    assert np.bincount(read_tokens(tmp_path / "a", Bytes())).tolist() == [100_000] * 64


def header(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A shard with another header, as long as it needs to be."""
    length = int.from_bytes(data[8:16], "little")
    text = change(data[16 : 16 + length].rstrip())
    size = max(length, -(-(16 + len(text)) // 64) * 64 - 16)
    return data[:8] + size.to_bytes(8, "little") + text.ljust(size) + data[16 + length :]


def field(name: str, value: object) -> Callable[[bytes], bytes]:
    """A shard whose header says something else in one field."""
    return lambda data: header(
        data, lambda text: json.dumps({**json.loads(text), name: value}).encode()
    )


def text(new: bytes) -> Callable[[bytes], bytes]:
    """A shard whose header is some other text."""
    return lambda data: header(data, lambda _: new)


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "no file of tokens"),
    "only magic": (lambda data: data[:12], "no file of tokens"),
    "another magic": (lambda data: b"\x93NUMPY\x01\0" + data[8:], "no file of tokens"),
    "cut in the header": (lambda data: data[:100], "header cannot be read"),
    "cut before the tokens": (lambda data: data[: -len(TEXT)], "cut or overlong"),
    "cut by one": (lambda data: data[:-1], "cut or overlong"),
    "overlong by one": (lambda data: data + b"a", "cut or overlong"),
    "twice": (lambda data: data + data, "cut or overlong"),
    "first token": (lambda data: data[: -len(TEXT)] + b"t" + TEXT[1:].encode(), "not those"),
    "last token": (lambda data: data[:-1] + b" ", "not those"),
    "digest": (field("sha256", "0" * 64), "not those"),
    "format": (field("format", 2), "format 2, not 1"),
    "no count": (field("count", 0), "cut or overlong"),
    "negative count": (field("count", -len(TEXT)), "cut or overlong"),
    "another count": (field("count", len(TEXT) - 1), "cut or overlong"),
    "a large count": (field("count", 10**4200), "cut or overlong"),
    "a larger count": (text(b'{"count": 1' + b"0" * 5000 + b"}"), "header cannot be read"),
    "a field twice": (
        lambda data: header(data, lambda text: b'{"format": 1, ' + text[1:]),
        "header cannot be read",
    ),
    "tabs": (lambda data: header(data, lambda text: text.replace(b" ", b"\t")), "header cannot"),
    "fraction": (field("count", float(len(TEXT))), "header cannot be read"),
    "truth": (field("count", True), "header cannot be read"),
    "vocab": (field("vocab", 255), "its vocab is 255, not 256"),
    "dtype": (field("dtype", "|i1"), "its dtype is"),
    "object": (field("dtype", "|O"), "its dtype is"),
    "another type": (field("dtype", "<u2"), "its dtype is <u2"),
    "vocabulary": (field("vocabulary", "f" * 64), "holds tokens of 'bytes'"),
    "one more field": (field("more", 1), "header cannot be read"),
    "list": (text(b'[["format", 1], ["tokenization", "bytes"]]'), "header cannot be read"),
    "number": (text(b"7"), "header cannot be read"),
    "no JSON": (text(b"{'format': 1}"), "header cannot be read"),
    "no UTF-8": (text(b'{"format\xff": 1}'), "header cannot be read"),
    "deep": (text(b"[" * 60_000), "header cannot be read"),
    "header of 2**63": (lambda d: d[:8] + (2**63).to_bytes(8, "little") + d[16:], "header cannot"),
    "header of 2**17": (lambda d: d[:8] + (2**17).to_bytes(8, "little") + d[16:], "header cannot"),
    "odd header": (
        lambda d: (
            d[:8]
            + (int.from_bytes(d[8:16], "little") + 1).to_bytes(8, "little")
            + d[16:].replace(TEXT.encode(), b" " + TEXT.encode())
        ),
        "header cannot be 305 bytes",
    ),
    "no tokens": (
        lambda data: field("count", 0)(
            field("sha256", hashlib.sha256().hexdigest())(data[: -len(TEXT)])
        ),
        "cut or overlong",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_shard_is_refused(damage: str, shard: Path) -> None:
    change, says = DAMAGE[damage]
    shard.write_bytes(change(shard.read_bytes()))
    with pytest.raises(Refused) as found:
        read_tokens(shard, Bytes())
    assert says in found.value.what
    assert str(shard) in found.value.what
    assert "write it anew" in found.value.next_step


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_any_byte_goes_unseen_and_none_ends_in_another_error(
    data: st.DataObject, shard: Path
) -> None:
    good = shard.read_bytes()
    bad = bytearray(good)
    name = range(good.index(b'"bytes"') + 1, good.index(b'"bytes"') + 6)  # says it, decides nothing
    bad[data.draw(st.integers(0, len(good) - 1).filter(lambda at: at not in name))] ^= data.draw(
        st.integers(1, 255)
    )
    shard.write_bytes(bad)
    with pytest.raises(Refused):
        read_tokens(shard, Bytes())
    shard.write_bytes(good)


def test_the_tokens_of_another_vocabulary_are_refused_by_name(tmp_path: Path) -> None:
    write_tokens(tmp_path / "a", [np.array([0, 1])], Characters("ab"))
    for other in (Characters("ac"), Bytes()):
        with pytest.raises(Refused, match=r"of 'characters' \(\w{12}\), not of") as found:
            read_tokens(tmp_path / "a", other)
        assert other.digest[:12] in found.value.what


def test_a_forged_token_beyond_the_vocabulary_is_refused(tmp_path: Path) -> None:
    large = Sized(vocab=300)
    write_tokens(tmp_path / "a", [np.array([1, 299])], large)
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(field("vocab", 299)(data))
    with pytest.raises(Refused, match="holds token 299 of 299"):
        read_tokens(tmp_path / "a", replace(large, vocab=299))


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "PIECE", 4096)
    path = tmp_path / "a"
    for when in (4096, 12288):
        write_tokens(path, [np.zeros(12288, np.uint8)], Bytes())

        def cut(done: int, total: int | None, when: int = when) -> None:
            if done == when:
                os.truncate(path, 300)

        with pytest.raises(Refused, match=r"damaged|changed while"):
            read_tokens(path, Bytes(), cut)


def test_what_is_no_file_of_its_own_is_said(tmp_path: Path, shard: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_tokens(tmp_path / "none", Bytes())
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ""):
        with pytest.raises(Refused, match="no regular file"):
            read_tokens(tmp_path / name, Bytes())
    with pytest.raises(Unavailable, match="Cannot read"):
        read_tokens(shard / "below", Bytes())


WRONG: dict[str, tuple[list[Ids], str]] = {
    "a token too many": ([np.array([1]), np.array([3, 256])], "Token 256 is not"),
    "a negative token": ([np.array([3, -1])], "Token -1 is not"),
    "fractions": ([np.array([0.5])], "whole numbers"),
    "a table": ([np.zeros((2, 2), int)], "2 dimensions"),
    "no tokens": ([], "There are no tokens"),
    "empty pieces": ([np.array([]), np.array([], np.uint8)], "There are no tokens"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_written_leaves_the_old_shard_and_nothing_else(
    case: str, shard: Path
) -> None:
    before = shard.read_bytes()
    pieces, says = WRONG[case]
    with pytest.raises(UsageError, match=says):
        write_tokens(shard, pieces, Bytes())
    assert shard.read_bytes() == before
    assert list(shard.parent.iterdir()) == [shard]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(errno.EIO, "a page of the source")])
def test_an_error_of_the_source_is_its_own_and_leaves_nothing(
    error: BaseException | type[BaseException], shard: Path
) -> None:
    def pieces() -> Iterator[Ids]:
        yield np.zeros(9, np.uint8)
        raise error

    with pytest.raises(error if isinstance(error, type) else OSError, match=r"a page|^$"):
        write_tokens(shard, pieces(), Bytes())
    assert list(shard.parent.iterdir()) == [shard]


def test_a_full_disk_is_said_and_leaves_the_old_shard(shard: Path) -> None:
    before, limits = shard.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(Unavailable, match="Cannot write"):
            write_tokens(shard, [np.zeros(70_000, np.uint8)] * 3, Bytes())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert shard.read_bytes() == before
    assert list(shard.parent.iterdir()) == [shard]


def test_tokens_are_safe_on_the_disk_before_they_have_a_name(
    shard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Mock()
    for name in ("fsync", "replace"):
        calls.attach_mock(Mock(wraps=getattr(os, name)), name)
        monkeypatch.setattr(os, name, getattr(calls, name))
    write_tokens(shard, [np.zeros(1, np.uint8)], Bytes())
    assert [call[0] for call in calls.mock_calls] == ["fsync", "replace"]


def test_a_folder_that_cannot_be_made_is_said(shard: Path) -> None:
    with pytest.raises(Unavailable, match="a file stands where a folder is needed"):
        write_tokens(shard / "below", [np.zeros(1, np.uint8)], Bytes())


def test_halves_of_killed_writers_are_swept(shard: Path) -> None:
    old, new = (shard.with_name(f".{shard.name}.{letter * 32}") for letter in "ab")
    for half in (old, new):
        half.write_bytes(b"half")
    os.utime(old, (0, time.time() - 7200))
    write_tokens(shard, [np.zeros(1, np.uint8)], Bytes())
    assert (old.exists(), new.exists()) == (False, True)


def test_a_name_too_long_for_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CutawayError, match="name is too long"):
        write_tokens(tmp_path / "a", [np.zeros(1, np.uint8)], Sized(name="x" * 2**16))
    assert list(tmp_path.iterdir()) == []
