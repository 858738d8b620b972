"""A run's folder is its own, is whole, and is known again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.errors import Refused, Unavailable, UsageError

from .durable import System
from .placing import CONFIG, MOST_NAME, begin, called, free_name, reopen, vacant

CONFIGURATION = {"settings": {"width": 8}, "words": "Ähnlich ☃"}


def test_what_was_asked_comes_back(tmp_path: Path) -> None:
    begin(tmp_path / "deep" / "run", CONFIGURATION)
    place, config = reopen(tmp_path / "deep" / "run")
    assert config == CONFIGURATION and place.path == tmp_path / "deep" / "run"


def test_a_run_takes_nobody_elses_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="is there already") as caught:
        begin(tmp_path / "mine", CONFIGURATION)
    assert "--resume" not in caught.value.next_step
    begin(tmp_path / "run", CONFIGURATION)
    with pytest.raises(UsageError) as caught:
        begin(tmp_path / "run", {"other": 1})
    assert "--resume" in caught.value.next_step
    assert reopen(tmp_path / "run")[1] == CONFIGURATION


def test_who_is_killed_while_a_run_begins_leaves_none(tmp_path: Path) -> None:
    class Killed(System):
        def rename(self, old: Path, new: Path) -> None:
            assert (old / CONFIG).is_file() and not new.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path / "run", CONFIGURATION, Killed())
    assert begin(tmp_path / "run", CONFIGURATION)


def test_of_two_that_begin_one_run_one_is_told(tmp_path: Path) -> None:
    class Faster(System):
        def make(self, folder: Path) -> None:
            super().make(folder)
            if folder.name.startswith(".run."):
                begin(tmp_path / "run", {"faster": True})

    with pytest.raises(UsageError, match="is there already"):
        begin(tmp_path / "run", CONFIGURATION, Faster())
    assert reopen(tmp_path / "run")[1] == {"faster": True}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_runs_are_counted_and_none_is_taken_twice(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        path = free_name(tmp_path, "plays")
        assert path == tmp_path / f"plays-{number}"
        begin(path, CONFIGURATION)
    assert free_name(tmp_path, "other") == tmp_path / "other-1"


NAMES = ["", ".", "..", "a/b", "../../x", "a\\b", "a\nb", "a\udcff", "é" * (MOST_NAME // 2 + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_that_of_one_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="No run can be called"):
        called(tmp_path, name)


def test_the_longest_name_can_be_begun(tmp_path: Path) -> None:
    path = called(tmp_path, "é" * (MOST_NAME // 2))
    vacant(path)
    begin(path, CONFIGURATION)
    with pytest.raises(UsageError, match="is there already"):
        vacant(path)


@pytest.mark.parametrize("out", ["file", "file/in", "x" * 300, "/dev/null", "/proc/x"])
def test_where_no_folder_can_be_made_no_run_begins(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="No run can be kept in") as caught:
        begin(tmp_path / out / "run", CONFIGURATION)
    assert caught.value.next_step == "Choose another --out."
    assert free_name(tmp_path / out, "a") == tmp_path / out / "a-1"
    if out != "/proc/x":  # which is only known when it is tried
        with pytest.raises(Unavailable, match="No run can be kept in"):
            vacant(tmp_path / out / "run")


@pytest.mark.parametrize("damage", [b"", b"{}", b"[" * 10_000, b'{"digest": "0"}', b"\xff\xfe"])
def test_a_damaged_configuration_is_refused(tmp_path: Path, damage: bytes) -> None:
    begin(tmp_path / "run", CONFIGURATION)
    (tmp_path / "run" / CONFIG).write_bytes(damage)
    with pytest.raises(Refused, match="cannot be used"):
        reopen(tmp_path / "run")


def test_one_changed_letter_of_a_configuration_is_found(tmp_path: Path) -> None:
    begin(tmp_path / "run", CONFIGURATION)
    path = tmp_path / "run" / CONFIG
    path.write_text(path.read_text().replace("8", "9", 1))
    with pytest.raises(Refused, match="changed"):
        reopen(tmp_path / "run")


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no run"):
        reopen(tmp_path / "nowhere")


def test_a_file_of_a_run_is_replaced_whole(tmp_path: Path) -> None:
    place = begin(tmp_path / "run", CONFIGURATION)
    for text in ("first\n", "second \udc80\n"):
        place.write(place.sample(20), text)
    assert place.sample(20).read_text() == "second \\udc80\n"
    assert [path.name for path in place.sample(20).parent.iterdir()] == ["step-00000020.txt"]
