"""A heap: of rows of two numbers, the least stands first, and every other below a lesser one."""

from numba import njit


@njit
def push(heap, size, first, second):
    """The size of a heap after a row was put into it."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above, 0] < first or (heap[above, 0] == first and heap[above, 1] < second):
            break
        heap[at, 0], heap[at, 1] = heap[above, 0], heap[above, 1]
        at = above
    heap[at, 0], heap[at, 1] = first, second
    return size + 1


@njit
def pop(heap, size):
    """The size of a heap after its least row was taken out."""
    size -= 1
    first, second = heap[size, 0], heap[size, 1]
    at, child = 0, 1
    while child < size:
        if child + 1 < size and (heap[child + 1, 0] < heap[child, 0] or (
                heap[child + 1, 0] == heap[child, 0] and heap[child + 1, 1] < heap[child, 1])):
            child += 1
        if first < heap[child, 0] or (first == heap[child, 0] and second <= heap[child, 1]):
            break
        heap[at, 0], heap[at, 1] = heap[child, 0], heap[child, 1]
        at, child = child, 2 * child + 1
    heap[at, 0], heap[at, 1] = first, second
    return size
