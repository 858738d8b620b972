"""Compiled code is given addresses, not arrays: one row of numbers says where everything lies.

To pass an array on, compiled code counts who holds it, and that takes longer than to look up a
word. A pointer is read and written like an array and is nobody's; whoever made the array holds it
for as long as it is used, and sees to it that no place beyond its end is touched.
"""

import numpy as np
from numba import types
from numba.extending import intrinsic


def pointing(kind):
    """What makes a pointer to numbers of a kind from the address where they lie."""
    @intrinsic
    def pointer(typing, address):
        def cast(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))
        return types.CPointer(kind)(types.int64), cast
    return pointer


bytes_at, ids_at = pointing(types.uint8), pointing(types.uint32)
numbers_at, places_at = pointing(types.uint64), pointing(types.int64)


def address(array: np.ndarray) -> int:
    """Where an array lies."""
    return array.ctypes.data
