"""A heap: of rows of two numbers, the least stands first, and every other below a lesser one."""

from numba import njit


@njit
def lesser(heap, at, first, second):
    """Whether the row at a place of a heap is less than two numbers."""
    return heap[2 * at] < first or (heap[2 * at] == first and heap[2 * at + 1] < second)


@njit
def put(heap, at, first, second):
    """Write a row of a heap."""
    heap[2 * at], heap[2 * at + 1] = first, second


@njit
def push(heap, size, first, second):
    """The size of a heap after a row was put into it."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if lesser(heap, above, first, second):
            break
        put(heap, at, heap[2 * above], heap[2 * above + 1])
        at = above
    put(heap, at, first, second)
    return size + 1


@njit
def pop(heap, size):
    """The size of a heap after its least row was taken out."""
    size -= 1
    first, second = heap[2 * size], heap[2 * size + 1]
    at, child = 0, 1
    while child < size:
        if child + 1 < size and lesser(heap, child + 1, heap[2 * child], heap[2 * child + 1]):
            child += 1
        if not lesser(heap, child, first, second):
            break
        put(heap, at, heap[2 * child], heap[2 * child + 1])
        at, child = child, 2 * child + 1
    put(heap, at, first, second)
    return size
