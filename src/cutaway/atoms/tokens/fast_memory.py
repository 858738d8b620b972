"""Compiled code is given addresses, not arrays: one row of numbers says where everything lies.

To pass an array on, compiled code counts who holds it, and that takes longer than to look up a
word. A pointer is read and written like an array and is nobody's; whoever made the array holds it
for as long as it is used, and sees to it that no place beyond its end is touched.
"""

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.cgutils import ir
from numba.extending import intrinsic

WRITE, KEEP, DATA = 1, 3, 1               # what is fetched, in LLVM's numbers


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


@intrinsic
def fetch(typing, data, p):
    """Nothing: what lies there is on its way from memory, and will be near when it is needed."""
    def call(context, builder, signature, arguments):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), byte)
        builder.call(prefetch, [place, number(WRITE), number(KEEP), number(DATA)])
        return context.get_dummy_value()
    return types.void(data, types.intp), call


def address(array: np.ndarray) -> int:
    """Where an array lies."""
    return array.ctypes.data
