"""What is saved comes back to the bit; what was damaged does not come back at all."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load as their_load
from safetensors.torch import save as their_save

from cutaway.errors import Refused, Unavailable, UsageError

from . import plain, tensors
from .checkpoints import Checkpoints, load, resume
from .manifests import MANIFEST, folder_name
from .saving import prune
from .test_simulated import File, Simulated

PLACE = Path("/run")
SHAPES = [(), (0,), (1,), (5,), (2, 3), (3, 0, 2), (1, 1, 7)]


def drawn(dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """A tensor of random bits, so that NaNs of every kind are among them."""
    size = dtype.itemsize * int(torch.tensor(shape).prod()) if shape else dtype.itemsize
    raw = torch.randint(0, 2 if dtype == torch.bool else 256, (size,)).to(torch.uint8)
    return raw.view(dtype).reshape(shape)


def bits(tensor: torch.Tensor) -> tuple[Any, ...]:
    """All that a tensor is."""
    flat = tensor.contiguous().reshape(-1)
    raw = flat.view(torch.uint8).tolist() if flat.numel() else []
    return (tensor.dtype, tuple(tensor.shape), raw)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether two groups are equal in names, types, shapes and every bit."""
    return {name: bits(one[name]) for name in one} == {name: bits(other[name]) for name in other}


def file_of(group: dict[str, torch.Tensor]) -> bytearray:
    """The bytes of a group."""
    return bytearray(b"".join(bytes(piece) for piece in tensors.pieces(group)))


TYPES = list(tensors.TYPES.items())
ODD = {f"{name}.{n}": drawn(kind, SHAPES[n]) for name, kind in TYPES for n in range(len(SHAPES))}


def test_every_type_and_shape_comes_back_to_the_bit(tmp_path: Path) -> None:
    base = torch.arange(24.0).reshape(4, 6)
    views = {"t": base.T, "step": base[::2, ::3], "row": base[1], "wide": base[:1].expand(5, 6)}
    with Checkpoints(tmp_path / "a" / "b") as several:
        assert several.resume() == (None, [])
        several.save(3, {"weights": ODD, "views": {**views, "base": base}, "none": {}}, {"x": 1.5})
        last, skipped = several.resume()
    assert last is not None and not skipped
    assert (last.step, last.state) == (3, {"x": 1.5})
    assert same(last.groups["weights"], ODD)
    assert same(last.groups["views"], {**views, "base": base})
    assert last.groups["none"] == {}


def test_tensors_that_shared_memory_come_back_apart() -> None:
    base = torch.zeros(3)
    found = tensors.from_buffer(file_of({"a": base, "b": base, "c": base[1:]}))
    found["a"].fill_(1)
    assert found["b"].tolist() == [0, 0, 0] and found["c"].tolist() == [0, 0]


def test_a_parameter_with_a_gradient_is_kept_without_it() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    found = tensors.from_buffer(file_of({"w": weight}))["w"]
    assert not found.requires_grad and found.tolist() == [1, 1]


def test_a_file_is_the_one_that_safetensors_writes() -> None:
    for group in (ODD, {}, {"größe": torch.ones(2), "a/b-c.d_1": torch.ones(1)}):
        theirs = their_save(group)
        assert file_of(group) == theirs
        assert same(tensors.from_buffer(bytearray(theirs)), their_load(theirs))


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z_0-9]{1,9}(\.[a-z0-9]{1,5})?", fullmatch=True),
        st.tuples(
            st.sampled_from(list(tensors.TYPES.values())), st.lists(st.integers(0, 4), max_size=4)
        ),
        max_size=6,
    )
)
def test_any_group_comes_back(kinds: dict[str, tuple[torch.dtype, list[int]]]) -> None:
    group = {name: drawn(dtype, tuple(shape)) for name, (dtype, shape) in kinds.items()}
    assert file_of(group) == their_save(group)
    assert same(tensors.from_buffer(file_of(group)), group)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**130), 2**130)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_plain_data_comes_back_with_its_types(data: Any) -> None:
    try:
        raw = plain.to_bytes({"data": data})
    except UsageError as error:
        assert "Unicode" in str(error)
        return
    assert repr(plain.from_bytes(raw)["data"]) == repr(data) or _sorted(data)


def _sorted(data: Any) -> bool:
    """Whether the data is equal but for the order of names, which JSON sorts."""
    return bool(plain.from_bytes(plain.to_bytes({"data": data}))["data"] == data)


class Text(str):
    """A kind of text."""


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ((1, 2), "state.x is a tuple"),
        ({1: 2}, "has the name 1"),
        (float("nan"), "state.x is nan"),
        ([1.0, float("inf")], r"state.x\[1\] is inf"),
        (b"x", "state.x is a bytes"),
        (torch.ones(1), "state.x is a Tensor"),
        (Text("x"), "state.x is a Text"),
        ("\ud800\udc00", "state.x is no valid Unicode"),
        ({"\ud800": 1}, "is no valid Unicode"),
        ({"a": {"b": {1, 2}}}, "state.x.a.b is a set"),
        ("x" * 2**22, "of at most"),
    ],
)
def test_what_json_would_bend_is_refused_with_its_name(tmp_path: Path, bad: Any, why: str) -> None:
    with Checkpoints(tmp_path) as several, pytest.raises(UsageError, match=why):
        several.save(0, {}, {"x": bad})
    assert [one.name for one in tmp_path.iterdir() if not one.name.startswith(".")] == []


def test_depth_is_counted_and_64_is_the_most() -> None:
    lists: Any = 0.5
    names: Any = 0.5
    for _ in range(63):
        lists, names = [lists], {"a": names}
    for deep in (lists, names):
        assert plain.from_bytes(plain.to_bytes({"x": deep}))["x"] == deep
        for deeper in ([deep], {"a": deep}):
            with pytest.raises(UsageError, match="nested more than 64 deep"):
                plain.to_bytes({"x": deeper})


@pytest.mark.parametrize(
    "group",
    [
        {"../x": torch.ones(1)},
        {"/x": torch.ones(1)},
        {"": torch.ones(1)},
        {"x\n": torch.ones(1)},
        {"x" * 201: torch.ones(1)},
        {"__metadata__": torch.ones(1)},
        {"x": torch.ones(1, dtype=torch.complex64)},
        {"x": torch.ones(2).to_sparse()},
        {"x": 1.0},
        {7: torch.ones(1)},
    ],
)
def test_a_group_that_could_not_be_read_is_never_written(tmp_path: Path, group: Any) -> None:
    with Checkpoints(tmp_path) as several:
        with pytest.raises(UsageError, match="cannot be saved"):
            several.save(0, {"weights": group}, {})
        for name in ("Weights", "../w", "", "a b"):
            with pytest.raises(UsageError, match="names no group"):
                several.save(0, {name: {}}, {})
        for step in (-1, True, 1.0, 10**12):
            with pytest.raises(UsageError, match="is no step"):
                several.save(step, {}, {})  # type: ignore[arg-type]
        assert several.resume() == (None, [])


def test_a_header_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(ValueError, match="the header of 25,000 tensors is too long"):
        tensors.header({f"{n:0180}": ("F32", [1]) for n in range(25_000)})


def saved(*steps: int, keep: int = 9) -> Simulated:
    """A simulated disk with some checkpoints of random bits."""
    disk = Simulated()
    with Checkpoints(PLACE, keep, disk) as several:
        for step in steps:
            several.save(step, {"weights": ODD, "m": {"a": drawn(torch.int64, (40,))}}, {"s": step})
    return disk


def test_the_last_few_are_kept_and_one_that_is_whole_among_them() -> None:
    disk = saved(0, 5, 10, 15, keep=2)
    assert sorted(disk.entries(PLACE)) == [folder_name(10), folder_name(15)]
    disk = saved(0, 5, 10, 15)
    for step in (10, 15):
        disk.remove(PLACE / folder_name(step) / "state.json")
    prune(PLACE, 2, disk)
    assert sorted(disk.entries(PLACE)) == [folder_name(step) for step in (5, 10, 15)]
    with pytest.raises(UsageError, match="0 cannot be kept"):
        Checkpoints(PLACE, 0)


def test_resuming_says_which_it_passed_over_and_why() -> None:
    disk = saved(0, 5, 10)
    disk.remove(PLACE / folder_name(10) / "m.safetensors")
    last, skipped = resume(PLACE, disk)
    assert last is not None and last.step == 5
    assert len(skipped) == 1
    assert "step-00000010" in skipped[0] and "'m.safetensors' is missing" in skipped[0]


def test_where_none_is_whole_no_run_begins_anew_by_mistake() -> None:
    disk = saved(0, 5)
    for step in (0, 5):
        disk.remove(PLACE / folder_name(step) / MANIFEST)
    with pytest.raises(
        Refused, match=r"No checkpoint in .* is whole.*step-00000005.*step-00000000"
    ):
        resume(PLACE, disk)


def test_saving_a_step_again_changes_nothing_or_is_refused() -> None:
    disk, group = Simulated(), {"weights": {"w": torch.ones(3)}}
    with Checkpoints(PLACE, 2, disk) as several:
        several.save(5, group, {"a": 1})
        before = copy.deepcopy(disk.root.names)
        several.save(5, group, {"a": 1})
        assert sorted(before) == sorted(disk.root.names)
        assert sorted(disk.entries(PLACE)) == [folder_name(5)]
        with pytest.raises(UsageError, match="saved already, and is not the same"):
            several.save(5, group, {"a": 2})
        with pytest.raises(UsageError, match=r"Step 5 is saved .* step 4 would never be found"):
            several.save(4, group, {"a": 1})
        assert several.resume().last is not None
        assert sorted(disk.entries(PLACE)) == [folder_name(5)]


def test_a_damaged_step_is_replaced_when_it_is_reached_again() -> None:
    disk = saved(0, 5)
    disk.remove(PLACE / folder_name(5) / "state.json")
    with Checkpoints(PLACE, 9, disk) as several:
        several.save(4, {}, {})
        several.save(5, {}, {"new": True})
        last, skipped = several.resume()
    assert last is not None and last.state == {"new": True} and not skipped
    assert sorted(disk.entries(PLACE)) == [folder_name(step) for step in (0, 4, 5)]


def test_without_room_nothing_is_written_and_the_error_has_both_numbers() -> None:
    disk = saved(0)
    disk.room = 2_000_000
    with Checkpoints(PLACE, 2, disk) as several:
        with pytest.raises(Unavailable, match=r"needs 5\.0 MB and 2\.0 MB are free") as caught:
            several.save(1, {"weights": {"w": torch.zeros(993_000)}}, {})
        assert "untouched" in str(caught.value) and "clean" in caught.value.next_step
        assert list(disk.entries(PLACE)) == [folder_name(0)]


def test_only_an_open_store_saves() -> None:
    with pytest.raises(UsageError, match="Only an open"):
        Checkpoints(PLACE, 2, Simulated()).save(0, {}, {})


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """Some bytes with a bit flipped, a block zeroed, an end cut off or something appended."""
    at = chance.randrange(len(raw))
    ways = [
        raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :],
        raw[:at] + bytes(min(chance.choice((1, 16, 512)), len(raw) - at)) + raw[at + 512 :],
        raw[:at],
        raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :],
        raw + raw[:at],
    ]
    return chance.choice([way for way in ways if way != raw] or [b""])


@pytest.mark.parametrize(
    "count", [300, pytest.param(3000, marks=pytest.mark.slow)], ids=["some", "3,000"]
)
def test_every_flip_truncation_and_zeroed_block_is_detected(count: int) -> None:
    chance, found = random.Random(count), 0
    disk = saved(7)
    place = PLACE / folder_name(7)
    names = list(disk.entries(place))
    for _ in range(count):
        file = disk._at(place / chance.choice(names))
        assert isinstance(file, File)
        before = file.data
        file.data = damaged(before, chance)
        try:
            load(place, disk)
        except Refused:
            found += 1
        file.data = before
    assert found == count
    assert load(place, disk).state == {"s": 7}


def test_files_of_two_checkpoints_do_not_make_one() -> None:
    disk = saved(0, 5)
    for name in disk.entries(PLACE / folder_name(5)):
        now, then = (disk._at(PLACE / folder_name(step) / name) for step in (5, 0))
        assert isinstance(now, File) and isinstance(then, File)
        kept, now.data = now.data, then.data
        if kept != then.data:
            with pytest.raises(Refused):
                load(PLACE / folder_name(5), disk)
        now.data = kept
    disk.rename(PLACE / folder_name(5), PLACE / folder_name(6))
    with pytest.raises(Refused, match="of step 5, which is not its folder's"):
        load(PLACE / folder_name(6), disk)
