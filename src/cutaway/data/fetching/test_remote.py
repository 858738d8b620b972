"""Large public files in shards: resumed wherever they were interrupted, and never wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs import disk
from cutaway.runs.sealing import sealed

from ..sources import Remote
from .answers import Line
from .conftest import Handler, Server, cut, mislabelled, part, reset, texts, whole
from .ledger import Ledger, joined, shards_here
from .remote import fetch

LINE = Line(answer=5.0, sleep=lambda _: None)


@pytest.fixture
def remote(server: Server) -> Remote:
    """The server's file, in four shards."""
    return Remote(server.address, "text", shard=1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the shards go."""
    return tmp_path / "shards"


def asked_again(server: Server) -> set[int]:
    """The shards of which anything was asked since the last time, but for the first glance."""
    shards = {start // 1024 for start, stop in server.asked if stop - start != 512}
    server.asked.clear()
    return shards


def test_the_first_shards_arrive_and_are_the_beginning_of_the_file(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 3, line=LINE)
    assert sorted(path.name for path in folder.iterdir()) == [
        "00000.txt",
        "00001.txt",
        "00002.txt",
        "shards.json",
    ]
    assert joined(remote, folder, 3) == server.data[:3072]
    assert joined(remote, folder, 2) == server.data[:2048]
    assert joined(remote, folder, 4) is None
    assert texts(remote, folder, 3) == [server.data[:3072].decode()]
    assert shards_here(folder) == [1024, 1024, 1024]
    fetch(remote, folder, 4, line=LINE)
    assert joined(remote, folder, 4) == server.data
    assert (folder / "00003.txt").stat().st_size == 4000 - 3072


def test_nothing_is_fetched_twice_and_nothing_is_asked_when_all_is_here(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 2, line=LINE)
    assert asked_again(server) == {0, 1}
    fetch(remote, folder, 4, line=LINE)
    assert asked_again(server) == {2, 3}
    fetch(remote, folder, 4, line=LINE)
    fetch(remote, folder, 1, line=LINE)
    assert server.asked == []


@pytest.mark.parametrize("when", range(1, 9))
@pytest.mark.parametrize("before", [True, False])
def test_it_goes_on_from_any_moment_at_which_it_was_stopped(
    server: Server,
    remote: Remote,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: int,
    before: bool,
) -> None:
    calls = 0
    replace = os.replace

    def stopped(half: Path, path: Path) -> None:
        nonlocal calls
        calls += 1
        if calls < when or not before:
            replace(half, path)
        if calls >= when:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(disk.os, "replace", stopped)  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            fetch(remote, folder, 4, line=LINE)
    asked_again(server)
    fetch(remote, folder, 4, line=LINE)
    written = when - 1 if before else when  # a shard, then its ledger
    assert asked_again(server) == set(range(written // 2, 4))
    assert joined(remote, folder, 4) == server.data


@pytest.mark.slow
def test_it_goes_on_though_it_is_killed_in_each_shard(
    server: Server, remote: Remote, folder: Path
) -> None:
    code = "import sys; from cutaway.data.fetching.remote import *; from pathlib import Path\n"
    code += "fetch(Remote(sys.argv[1], 'text', shard=1024), Path(sys.argv[2]), 4)"
    running: list[subprocess.Popen[bytes]] = []
    asked = threading.Semaphore(0)

    def hold(handler: Handler, start: int, stop: int) -> None:
        cut(100)(handler, start, stop)
        handler.wfile.flush()
        asked.release()
        handler.server.stopped.wait(0.5)

    for number in range(4):
        server.lies = [Handler.tell, hold] if number == 0 else [Handler.tell, Handler.tell, hold]
        running.append(subprocess.Popen([sys.executable, "-c", code, server.address, str(folder)]))
        assert asked.acquire(timeout=60)
        running[-1].send_signal(signal.SIGKILL)
        assert running[-1].wait() == -signal.SIGKILL
        assert len(shards_here(folder)) == number
    fetch(remote, folder, 4, line=LINE)
    assert joined(remote, folder, 4) == server.data


@pytest.mark.parametrize("lie", [cut(100), reset, part(shift=3), part(add=b"x")])
def test_lies_between_make_no_wrong_shard(
    server: Server, remote: Remote, folder: Path, lie: object
) -> None:
    server.lies = [Handler.tell, lie, Handler.tell, lie, lie, Handler.tell]  # type: ignore[list-item]
    fetch(remote, folder, 4, line=LINE)
    assert joined(remote, folder, 4) == server.data


def test_a_server_that_only_sends_everything_gives_the_first_shard(
    server: Server, remote: Remote, folder: Path
) -> None:
    server.always = whole()
    fetch(remote, folder, 1, line=LINE)
    assert joined(remote, folder, 1) == server.data[:1024]
    with pytest.raises(Refused, match="only as a whole"):
        fetch(remote, folder, 2, line=LINE)


def test_a_shard_that_was_changed_is_refused_and_fetched_anew(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 3, line=LINE)
    right = (folder / "00001.txt").read_bytes()
    for wrong in (right[:-1] + b"x", right[:-1], right + b"x", b""):
        asked_again(server)
        (folder / "00001.txt").write_bytes(wrong)
        with pytest.raises(Refused, match=r"00001\.txt is not what was fetched"):
            texts(remote, folder, 3)
        fetch(remote, folder, 3, line=LINE)
        assert asked_again(server) == {1}
        assert joined(remote, folder, 3) == server.data[:3072]


def test_the_pins_outlive_the_shards(server: Server, remote: Remote, folder: Path) -> None:
    fetch(remote, folder, 3, line=LINE)
    for path in folder.glob("*.txt"):
        path.unlink()
    assert joined(remote, folder, 3) is None
    server.data = server.data[:1500] + b"?" + server.data[1501:]  # the same marks, other bytes
    with pytest.raises(Refused, match=r"Shard 1 .* is not what it was") as caught:
        fetch(remote, folder, 3, line=LINE)
    assert str(folder) in caught.value.next_step
    assert shards_here(folder) == [1024]


def test_a_file_that_changed_at_its_source_is_refused_with_a_way_out(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 1, line=LINE)
    server.marks["ETag"] = '"2"'
    with pytest.raises(Refused, match="has changed at its source"):
        fetch(remote, folder, 2, line=LINE)
    assert joined(remote, folder, 1) == server.data[:1024]
    assert joined(remote, folder, 2) is None


def test_a_ledger_of_something_else_is_refused(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 1, line=LINE)
    ledger = folder / "shards.json"
    right = ledger.read_text()
    for other in (
        Remote(remote.address + "x", "text", shard=1024),
        Remote(remote.address, "text", shard=2048),
        Remote(remote.address, "parquet", shard=1024),
    ):
        with pytest.raises(Refused, match="or of another size"):
            fetch(other, folder, 1, line=LINE)
    wrong = ["", "{}", right.replace("1024", "1025"), right[:-9], sealed({"remote": 1}), "[1]"]
    wrong += [sealed(json.loads(right) | {"pins": [{"sha256": ""}]})]
    for text in wrong:
        ledger.write_text(text)
        with pytest.raises(Refused) as caught:
            joined(remote, folder, 1)
        assert str(folder) in caught.value.next_step
        with pytest.raises(Refused):
            fetch(remote, folder, 1, line=LINE)


def test_a_ledger_that_vanishes_meanwhile_does_not_shift_the_pins(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 1, line=LINE)
    ledger = Ledger(remote, Ledger.at(folder, remote).identity)
    with pytest.raises(Unavailable, match="was replaced"):
        ledger.keep(folder, 1, b"data")


def test_more_shards_than_there_are_is_a_request_that_is_wrong(
    server: Server, remote: Remote, folder: Path
) -> None:
    with pytest.raises(UsageError, match="has 4 shards, not 5"):
        fetch(remote, folder, 5, line=LINE)
    assert not folder.exists()


def test_offline_what_is_here_is_here_and_the_rest_is_one_sentence(
    server: Server, remote: Remote, folder: Path
) -> None:
    fetch(remote, folder, 2, line=LINE)
    server.shutdown()
    server.socket.close()
    fetch(remote, folder, 2, line=LINE)
    assert joined(remote, folder, 2) == server.data[:2048]
    with pytest.raises(Unavailable, match=f"{remote.address} cannot be reached"):
        fetch(remote, folder, 3, line=LINE)
    assert len(list(folder.iterdir())) == 3


WORDS = "größer € 𝒜 Ω\n" * 80


@pytest.mark.parametrize("shard", [7, 64, 101, 997])
def test_a_character_may_be_cut_between_shards_but_not_within_the_file(
    server: Server, tmp_path: Path, shard: int
) -> None:
    server.data = WORDS.encode()
    remote = Remote(server.address, "text", shard=shard)
    shards = min(12, -(-len(server.data) // shard))
    fetch(remote, tmp_path, shards, line=LINE)
    for count in range(1, shards + 1):
        right = server.data[: count * shard].decode(errors="ignore")
        assert texts(remote, tmp_path, count) == [right]


@pytest.mark.parametrize(
    ("data", "shards", "right"),
    [
        (b"abc\xe2\x82", 1, False),
        (b"abcdef\xe2\x82\xac", 1, True),
        (b"ab\xffdefghijkl", 1, False),
        (b"ab\xe2\x82efghijkl", 1, False),
        (b"abcdefg\xff", 1, False),
    ],
)
def test_what_is_not_utf_8_is_refused(
    server: Server, tmp_path: Path, data: bytes, shards: int, right: bool
) -> None:
    server.data = data
    remote = Remote(server.address, "text", shard=8)
    fetch(remote, tmp_path, shards, line=LINE)
    if right:
        assert texts(remote, tmp_path, shards) == ["abcdef"]
    else:
        with pytest.raises(Refused, match=f"{server.address} is not UTF-8 at byte"):
            texts(remote, tmp_path, shards)


def test_a_text_is_what_stands_between_marks(server: Server, tmp_path: Path) -> None:
    server.data = b"one\ntale\n<|endoftext|>\ntwo\n<|endoftext|>\n"
    remote = Remote(server.address, "text")
    fetch(remote, tmp_path, 1, line=LINE)
    assert texts(remote, tmp_path, 1) == ["one\ntale", "two"]


def test_progress_goes_up_to_what_is_missing(
    server: Server, remote: Remote, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.data.fetching.ranges.EVERY", 0.0)
    fetch(remote, folder, 1, line=LINE)
    told: list[tuple[int, int | None]] = []
    longer = mislabelled(add=b"more", Content_Length=None)  # received, and thrown away
    server.lies = [Handler.tell, cut(100), longer, longer]
    fetch(remote, folder, 4, lambda done, total: told.append((done, total)), LINE)
    assert {total for _, total in told} == {4000 - 1024}
    assert told == sorted(told)
    assert told[-1] == (2976, 2976)
    assert len(told) > 4


def test_a_folder_that_cannot_be_written_is_a_sentence(
    server: Server, remote: Remote, folder: Path
) -> None:
    folder.write_text("a file")
    with pytest.raises((Unavailable, Refused)):
        fetch(remote, folder, 1, line=LINE)


def test_ctrl_c_is_heard_while_a_server_is_silent(
    server: Server, remote: Remote, folder: Path
) -> None:
    def silent(handler: Handler, *_: int) -> None:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        handler.server.stopped.wait(20)

    server.always = silent
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch(remote, folder, 1, line=LINE)
    assert time.monotonic() - start < 3
    assert not folder.exists()
