"""Without numba all of this works, only slower: it is said once, to the line that asked for it."""

import sys
import warnings
from functools import cache
from itertools import count

HERE = ("fast_missing", "tokenizer", "training", "rows")
INSIDE = {"functools", *(f"{__package__}.{name}" for name in HERE)}


@cache
def without_numba() -> None:
    """Nothing but a warning, once a process, at the line that called into this package."""
    for depth in count(1):
        if sys._getframe(depth).f_globals.get("__name__") not in INSIDE:
            break
    warnings.warn("Without numba this is slow: pip install 'cutaway[fast]'", stacklevel=depth + 1)
