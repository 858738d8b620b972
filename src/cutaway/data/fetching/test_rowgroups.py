"""Row groups of a Parquet file that a server has: the wanted column, whole, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from cutaway.errors import CutawayError, Refused, Unavailable, UsageError

from ..sources import Remote
from . import rowgroups
from .answers import Line
from .conftest import Handler, Lie, Server, cut, drip, page, part, reset, says, texts
from .ledger import Ledger, joined, shards_here
from .ranges import Ranges
from .remote import fetch
from .rowgroups import RowGroups

LINE = Line(answer=5.0, quiet=0.4, sleep=lambda _: None)
TEXTS = [f"page {number}: größer €\n" + "word " * (number % 7) for number in range(1000)]


@pytest.fixture
def remote(server: Server, tmp_path: Path) -> Remote:
    """A file of four row groups with a column that is much larger than the texts."""
    noise = [os.urandom(500) for _ in TEXTS]
    table = pyarrow.table({"noise": noise, "text": TEXTS, "id": list(range(1000))})
    pyarrow.parquet.write_table(
        table, tmp_path / "a.parquet", row_group_size=300, compression="none"
    )
    server.data = (tmp_path / "a.parquet").read_bytes()
    return Remote(server.address, "parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the shards go."""
    return tmp_path / "shards"


def test_a_shard_is_the_texts_of_a_row_group(server: Server, remote: Remote, folder: Path) -> None:
    fetch(remote, folder, 2, line=LINE)
    assert texts(remote, folder, 2) == TEXTS[:600]
    assert texts(remote, folder, 1) == TEXTS[:300]
    fetch(remote, folder, 4, line=LINE)
    assert texts(remote, folder, 4) == TEXTS
    lines = (folder / "00003.txt").read_text(encoding="utf-8").split("\n")
    assert [json.loads(line) for line in lines[:-1]] == TEXTS[900:] and not lines[-1]


def test_only_the_wanted_column_travels(server: Server, remote: Remote, folder: Path) -> None:
    fetch(remote, folder, 4, line=LINE)
    asked = sum(min(stop, len(server.data)) - start for start, stop in server.asked)
    assert asked < len(server.data) / 2


@pytest.mark.parametrize("lie", [cut(0), cut(9), reset, part(shift=3), part(drop=1), says(503)])
def test_lies_between_make_no_wrong_text(
    server: Server, remote: Remote, folder: Path, lie: Lie
) -> None:
    truth = Handler.tell
    server.lies = [truth, lie, truth, lie, lie, truth, lie]
    fetch(remote, folder, 4, line=LINE)
    assert texts(remote, folder, 4) == TEXTS


@pytest.mark.parametrize("after", range(1, 5))
@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (cut(0), Unavailable),
        (drip, Unavailable),
        (says(404), Unavailable),
        (page(kind="text/html"), Refused),
        (part(ETag='"2"'), Refused),
    ],
)
def test_an_error_of_the_line_stays_itself_within_pyarrow(
    server: Server, remote: Remote, folder: Path, lie: Lie, error: type[CutawayError], after: int
) -> None:
    server.lies = [Handler.tell] * after
    server.always = lie
    line = Line(tries=2, answer=5.0, quiet=0.1, sleep=lambda _: None)
    with pytest.raises(error, match=server.address):
        fetch(remote, folder, 4, line=line)
    assert shards_here(folder) == [] or joined(remote, folder, 1) is not None


def test_it_goes_on_at_the_row_group_where_it_was_stopped(
    server: Server, remote: Remote, folder: Path
) -> None:
    for number in range(4):

        def stop(*_: object, here: int = number) -> None:
            if len(shards_here(folder)) == here:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch(remote, folder, 4, stop, LINE)
        assert len(shards_here(folder)) == number
        server.asked.clear()
    fetch(remote, folder, 4, line=LINE)
    assert texts(remote, folder, 4) == TEXTS


def test_the_pin_of_a_row_group_outlives_it(server: Server, remote: Remote, folder: Path) -> None:
    fetch(remote, folder, 1, line=LINE)
    (folder / "00000.txt").unlink()
    fetch(remote, folder, 1, line=LINE)
    pins = Ledger.at(folder, remote).pins
    (folder / "00000.txt").unlink()
    server.data = server.data.replace(b"page 7:", b"page 8:")  # the same marks, other bytes
    with pytest.raises(Refused, match=r"Shard 0 .* is not what it was"):
        fetch(remote, folder, 1, line=LINE)
    assert Ledger.at(folder, remote).pins == pins


@pytest.mark.parametrize("place", ["footer", "middle", "no parquet", "cut", "short"])
def test_a_file_that_is_not_sound_is_refused(
    server: Server, remote: Remote, folder: Path, place: str
) -> None:
    data = server.data
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    spoilt = {
        "footer": data[:footer] + bytes(200) + data[footer + 200 :],
        "middle": data[:4] + bytes(len(data) // 2) + data[4 + len(data) // 2 :],
        "no parquet": b"just text, nothing else. " * 99,
        "cut": data[:-100],
        "short": b"PAR1",
    }
    server.data = spoilt[place]
    with pytest.raises(Refused, match="not a sound Parquet file") as caught:
        fetch(remote, folder, 4, line=LINE)
    assert server.address in caught.value.what
    assert "\n" not in caught.value.what


def test_a_column_that_is_missing_or_no_text_is_said_to_be(server: Server, remote: Remote) -> None:
    ranges = Ranges(server.address, LINE)
    with pytest.raises(UsageError, match="no column 'txt'") as caught:
        RowGroups(Remote(server.address, "parquet", column="txt"), ranges)
    assert "noise, text, id" in caught.value.next_step
    for column in ("id", "noise"):
        with pytest.raises(Refused, match="not text"):
            RowGroups(Remote(server.address, "parquet", column=column), ranges)


def test_more_row_groups_than_there_are(server: Server, remote: Remote, folder: Path) -> None:
    with pytest.raises(UsageError, match="has 4 shards, not 9"):
        fetch(remote, folder, 9, line=LINE)


def test_a_row_without_a_text_has_none(server: Server, remote: Remote, tmp_path: Path) -> None:
    table = pyarrow.table({"text": ["a", None, "", "b"]})
    pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
    server.data = (tmp_path / "b.parquet").read_bytes()
    fetch(remote, tmp_path / "b", 1, line=LINE)
    assert texts(remote, tmp_path / "b", 1) == ["a", "", "b"]


def test_a_row_group_that_unpacks_to_too_much_is_refused(
    server: Server, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pyarrow.table({"text": ["x" * 10_000] * 3000})
    pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
    server.data = (tmp_path / "b.parquet").read_bytes()
    assert len(server.data) < 50_000
    monkeypatch.setattr(rowgroups, "MOST", 2**23)
    with pytest.raises(Refused, match="more than it may"):
        fetch(remote, tmp_path / "b", 1, line=LINE)


def test_a_footer_that_claims_a_huge_part_is_refused_unread(
    server: Server, remote: Remote, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rowgroups, "MOST", 1000)
    with pytest.raises(Refused, match="larger than it may be"):
        fetch(remote, folder, 1, line=LINE)


def test_without_pyarrow_the_way_to_get_it_is_said(
    remote: Remote, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Unavailable, match="needs pyarrow") as caught:
        fetch(remote, folder, 1, line=LINE)
    assert caught.value.next_step == "pip install 'cutaway[parquet]'"


def test_progress_ends_at_the_size_of_the_column(
    server: Server, remote: Remote, folder: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    fetch(remote, folder, 4, lambda done, total: told.append((done, total)), LINE)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
