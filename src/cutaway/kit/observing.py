"""What a fault changed: two observations compared, name by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def changes(clean: Mapping[str, Any], broken: Mapping[str, Any]) -> dict[str, float | str]:
    """What differs between two observations, by how much; nothing if they are bit-identical."""
    names = dict.fromkeys([*clean, *broken])
    found = {name: change(clean.get(name), broken.get(name)) for name in names}
    return {name: amount for name, amount in found.items() if amount is not None}


def change(clean: Any, broken: Any) -> float | str | None:
    """The largest absolute difference of two values, a word where there is no number, or None."""
    if isinstance(clean, str | bytes) or isinstance(broken, str | bytes):
        return None if clean == broken else "differs"
    if clean is None or broken is None:
        return None if clean is broken else "is missing" if broken is None else "is new"
    types = [getattr(value, "dtype", None) for value in (clean, broken)]
    if types[0] != types[1]:
        return f"has type {types[1]}, not {types[0]}"
    one, other = _array(clean), _array(broken)
    if one.shape != other.shape:
        return f"has shape {other.shape}, not {one.shape}"
    if one.dtype == other.dtype and one.tobytes() == other.tobytes():
        return None
    if one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        return "differs"
    if not np.array_equal(np.isfinite(one), np.isfinite(other)):
        return "is not finite"
    with np.errstate(invalid="ignore"):
        gap = np.abs(one.astype(np.complex128) - other.astype(np.complex128))
    largest = float(gap[np.isfinite(gap)].max(initial=0.0))
    return largest or "differs"


def _array(value: Any) -> np.ndarray[Any, Any]:
    """A tensor, array, number or list as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        return np.asarray(value.numpy())
    return np.asarray(value)
