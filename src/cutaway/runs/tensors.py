"""Named tensors as the bytes of a safetensors file, and back, by a reader that trusts nothing.

A file is 8 bytes of length, a JSON header, and the tensors one after the other. Only a header that
is, byte for byte, the one that belongs to its tensors is read: so no two of them can overlap, leave
a gap, share a name or reach past the end, whoever wrote it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

MOST_HEADER = 2**22
MOST_SIZES = 16  # of one tensor
MOST_ELEMENTS = 2**48
NAME = re.compile(r"[\w.\-/]{1,200}")
TYPES = {  # in the order in which tensors stand in a file: the widest first
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
    "F32": torch.float32,
    "U32": torch.uint32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in TYPES.items()}
RANKS = {name: rank for rank, name in enumerate(TYPES)}
Specs = Mapping[str, tuple[str, Sequence[int]]]  # type and shape by name


def specs(tensors: Mapping[str, Tensor]) -> Specs:
    """The type and shape of each tensor, in file order; what no file can hold is a ValueError."""
    found = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{str(name)!r:.200} is a {type(tensor).__name__}, and no tensor")
        if tensor.layout != torch.strided or tensor.dtype not in NAMES:
            raise ValueError(f"{name!r:.200} is of a kind of tensor that is not kept")
        found[name] = (NAMES[tensor.dtype], list(tensor.shape))
    return _in_order(found)


def header(some: Specs) -> tuple[bytes, int]:
    """The one header of tensors of such types and shapes, and the bytes that follow it."""
    table, at = {}, 0
    for name, (dtype, shape) in _in_order(some).items():
        end = at + math.prod(shape) * TYPES[dtype].itemsize
        table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    if len(text) > MOST_HEADER:
        raise ValueError(f"the header of {len(table):,} tensors is too long")
    return len(text).to_bytes(8, "little") + text, at


def pieces(tensors: Mapping[str, Tensor]) -> Iterator[bytes | memoryview]:
    """The bytes of a file of some tensors: no more than one of them is copied at a time."""
    order = specs(tensors)
    yield header(order)[0]
    for name in order:
        flat = tensors[name].detach().cpu().contiguous().reshape(-1)
        if flat.numel():
            yield memoryview(flat.view(torch.uint8).numpy())  # type: ignore[arg-type]


def from_buffer(raw: bytearray) -> dict[str, Tensor]:
    """The tensors of a file's bytes, which they go on using; anything else is a ValueError."""
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or length > min(MOST_HEADER, len(raw) - 8):
        raise ValueError("its header is longer than the file, or than any header")
    some = _read_header(bytes(raw[8 : 8 + length]))
    head, total = header(some)
    if head != raw[: 8 + length]:
        raise ValueError("its header is not the one that belongs to its tensors")
    if len(raw) != len(head) + total:
        raise ValueError(f"it holds {len(raw) - len(head):,} bytes of tensors, not {total:,}")
    found, at = {}, len(head)
    for name, (dtype, shape) in some.items():
        count = math.prod(shape)
        found[name] = _tensor(raw, TYPES[dtype], count, at).reshape(shape)
        if dtype == "BOOL" and found[name].view(torch.uint8).gt(1).any():
            raise ValueError(f"{name!r} holds truth values that are neither 0 nor 1")
        at += count * TYPES[dtype].itemsize
    return found


def _tensor(raw: bytearray, dtype: torch.dtype, count: int, at: int) -> Tensor:
    if not count:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(raw, dtype=dtype, count=count, offset=at)


def _read_header(text: bytes) -> Specs:
    """The types and shapes that a header names, in its order."""
    try:
        table = json.loads(text.decode())
        found = {name: (one["dtype"], one["shape"]) for name, one in table.items()}
        _in_order(found)
        return found
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("its header cannot be read") from error


def _in_order(some: Mapping[str, tuple[Any, Any]]) -> Specs:
    """Types and shapes in file order, if every one of them is one that a file can hold."""
    for name, (dtype, shape) in some.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError(f"{name!r:.200} is no name for a tensor")
        if ".." in name or name.startswith("/") or name == "__metadata__":
            raise ValueError(f"{name!r:.200} is no name for a tensor")
        if dtype not in TYPES or not isinstance(shape, list) or len(shape) > MOST_SIZES:
            raise ValueError(f"{name!r:.200} has no type and shape that are kept")
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"{name!r:.200} has no shape")
        if math.prod(size for size in shape if size) > MOST_ELEMENTS:
            raise ValueError(f"{name!r:.200} is larger than any tensor")
    return dict(sorted(some.items(), key=lambda one: (RANKS[one[1][0]], one[0])))
