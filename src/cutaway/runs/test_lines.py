"""A file of telemetry that another wrote is refused, quickly, by the line and the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutaway.errors import Refused, Unavailable

from . import lines as reading
from .durable import SYSTEM
from .telemetry import lines
from .test_telemetry import opened, run

LINE = b'{"kind":"judged","loss":1.5,"on":"x","step":3,"time":1.0}'
BAD: dict[str, bytes] = {
    "no JSON": b"{",
    "nothing": b"",
    "a list": b"[]",
    "zeros": bytes(50),
    "no ASCII": LINE.replace(b"x", "é".encode()),
    "a space": LINE.replace(b":1.5", b": 1.5"),
    "a return": LINE + b"\r",
    "another order": b'{"loss":1.5,"kind":"judged","on":"x","step":3,"time":1.0}',
    "a name twice": LINE.replace(b'"on"', b'"loss":1.5,"on"'),
    "NaN": LINE.replace(b"1.5", b"NaN"),
    "a number beyond numbers": LINE.replace(b"1.5", b"1e999"),
    "a number of 400 digits": LINE.replace(b"1.5", b"1" * 400),
    "a number of 9000 digits": LINE.replace(b"1.5", b"1" * 9000),
    "a number that is true": LINE.replace(b"1.5", b"true"),
    "a number that is a text": LINE.replace(b"1.5", b'"1.5"'),
    "a text that is a number": LINE.replace(b'"x"', b"1"),
    "half a letter": LINE.replace(b"x", b"\\ud800"),
    "a step that is true": LINE.replace(b'"step":3', b'"step":true'),
    "a step of 2^63": LINE.replace(b'"step":3', b'"step":9223372036854775808'),
    "an earlier step": LINE.replace(b'"step":3', b'"step":1'),
    "an unknown name": LINE.replace(b'"on"', b'"odd":1,"on"'),
    "a name too few": LINE.replace(b'"on":"x",', b""),
    "an unknown kind": LINE.replace(b"judged", b"hacked"),
    "a kind that is a list": LINE.replace(b'"judged"', b"[]"),
    "the kind of a part": LINE.replace(b"judged", b"a part"),
    "lists in lists": b'{"kind":' + b"[" * 100_000,
    "objects in objects": b'{"kind":"run","config":' + b'{"a":' * 2000 + b"1" + b"}" * 2001,
    "parts that are a list": b'{"kind":"layers","parts":[1],"step":3,"time":1.0}',
    "a part that is a list": b'{"kind":"layers","parts":{"a":[1]},"step":3,"time":1.0}',
    "an odd name in a part": b'{"kind":"layers","parts":{"a":{"b":1}},"step":3,"time":1.0}',
    "a list of texts": b'{"kind":"layers","parts":{"a":{"first":["x"]}},"step":3,"time":1.0}',
    "a digest of capitals": LINE.replace(b'"on"', b'"data":"0123456789ABCDEF","on"'),
    "a line of 5 MB": LINE.replace(b"x", b"x" * 5_000_000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_is_not_ours_is_refused_by_its_number(tmp_path: Path, name: str) -> None:
    with opened(tmp_path / "t") as mine:
        mine.write("judged", 2, loss=1.5, on="x")
    good = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(good + LINE + b"\n")
    assert len(list(lines(tmp_path / "t"))) == 3
    (tmp_path / "t").write_bytes(good + BAD[name] + b"\n")
    found = lines(tmp_path / "t")
    assert [next(found)["kind"], next(found)["kind"]] == ["run", "judged"]
    with pytest.raises(Refused, match="t, line 3: ") as refused:
        next(found)
    assert refused.value.next_step and len(str(refused.value)) < 500


def test_a_torn_last_line_is_none(tmp_path: Path) -> None:
    run(tmp_path / "t", 0, 3)
    raw = (tmp_path / "t").read_bytes()
    for cut in range(0, len(raw) + 1, 17):
        (tmp_path / "t").write_bytes(raw[:cut])
        assert len(list(lines(tmp_path / "t"))) == raw[:cut].count(b"\n")


def test_a_file_that_begins_or_goes_on_as_none_of_ours_does_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "t", 0, 3)
    raw = (tmp_path / "t").read_bytes().splitlines(keepends=True)
    for odd, number in (
        (raw[1:], 1),
        ([*raw, raw[-1]], len(raw) + 1),
        ([*raw, raw[0]], len(raw) + 1),
    ):
        (tmp_path / "t").write_bytes(b"".join(odd))
        with pytest.raises(Refused, match=f"line {number}: "):
            list(lines(tmp_path / "t"))


def test_a_file_too_large_and_what_is_no_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "t", 0, 3)
    (tmp_path / "link").symlink_to(tmp_path / "t")
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "t").read_bytes()
    for name in ("link", "pipe", ".", "none"):
        with pytest.raises(Refused, match="cannot be read"):
            list(lines(tmp_path / name))
        if name != "none":
            with pytest.raises(Refused), opened(tmp_path / name):
                pass
    assert (tmp_path / "t").read_bytes() == before
    with pytest.raises(Unavailable), opened(tmp_path / "none" / "t"):
        pass
    monkeypatch.setattr(reading, "MOST_BYTES", 500)
    with pytest.raises(Refused, match="larger than 500 bytes"):
        list(lines(tmp_path / "t"))
    endless = iter([b"x" * 2**22] * 10**6)
    monkeypatch.setattr(type(SYSTEM), "read", lambda *_: endless)
    with pytest.raises(Refused, match="line 1: it has more"):
        list(lines(tmp_path / "t"))
    assert sum(1 for _ in endless) > 10**6 - 5
