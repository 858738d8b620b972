"""What is kept is what would be made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .keeping import kept, kept_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))


def counted() -> Callable[[], dict[str, Any]]:
    """Something that makes a new value each time."""
    times: list[int] = []

    def make() -> dict[str, Any]:
        times.append(len(times))
        return {"made": times[-1], "of": ["plain", None, 1.5]}

    return make


def test_the_same_is_made_once() -> None:
    make = counted()
    assert (
        kept("a", {"of": 1}, make)
        == kept("a", {"of": 1}, make)
        == {"made": 0, "of": ["plain", None, 1.5]}
    )


def test_what_rests_on_something_else_is_made_again_and_takes_the_place() -> None:
    make = counted()
    made = [kept("a", state, make)["made"] for state in (1, 2, 2, 1)]
    assert made == [0, 1, 1, 2]
    assert len(list(kept_folder().iterdir())) == 1


def test_two_names_are_kept_apart() -> None:
    make = counted()
    assert [kept(name, 1, make)["made"] for name in ("a", "../a", "a")] == [0, 1, 0]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"state": 1}', None])
def test_what_is_damaged_is_made_again(damage: bytes | None) -> None:
    make = counted()
    kept("a", 1, make)
    (path,) = kept_folder().iterdir()
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half if damage is None else damage)
    assert kept("a", 1, make)["made"] == 1
    assert kept("a", 1, make)["made"] == 1


def test_an_error_is_not_kept() -> None:
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept("a", 1, fails)
    assert kept("a", 1, counted())["made"] == 0


def test_where_nothing_can_be_written_it_is_made_each_time() -> None:
    make = counted()
    kept_folder().parent.mkdir(parents=True)
    kept_folder().write_text("a file stands where the folder would be")
    assert [kept("a", 1, make)["made"] for _ in range(2)] == [0, 1]
