"""Where words end: the patterns of splitting.py without an expression.

At the first byte of a word there is only one way on, so that no way is tried twice and nothing is
taken back but a last space. Each function says where the word ends that begins at p.

    data    bytes of UTF-8, of which those from n on are spaces (fast_reading)
"""

from numba import njit

from .characters import LETTER, NUMBER, OTHER, SPACE
from .fast_reading import kind_at, letters, run
from .splitting import CL100K, GPT2, WHOLE

PATTERNS = (WHOLE, GPT2, CL100K)
BLANK, QUOTE, RETURN, NEWLINE = b" '\r\n"
D, E, L, M, R, S, T, V = b"delmrstv"


@njit
def spaces(data, p, n, kinds, lines):
    """Where the word of spaces from p on ends; the last space is left to what follows."""
    end = last = p
    line = p                              # after the last end of a line
    kind, after = kind_at(data, p, kinds)
    while kind == SPACE and end < n:
        if data[end] == NEWLINE or data[end] == RETURN:
            line = after
        last, end = end, after
        kind, after = kind_at(data, end, kinds)
    if end >= n:
        return n
    if lines and line > p:
        return line
    return last if last > p else end


@njit
def contraction(data, p, fold):
    """Where 's, 'd, 'm, 't, 'll, 've or 're at p ends; fold is the bit by which cases differ."""
    one, two = data[p + 1] | fold, data[p + 2] | fold
    if one == S or one == D or one == M or one == T:
        return p + 2
    if (one == L and two == L) or ((one == V or one == R) and two == E):
        return p + 3
    if fold and data[p + 1] == 0xC5 and data[p + 2] == 0xBF:  # the long s, which is an s
        return p + 3
    return p


@njit
def gpt2(data, p, n, kinds):
    """Where the word at p ends, by GPT-2's pattern."""
    if data[p] == QUOTE:
        end = contraction(data, p, 0)
        if end > p:
            return end
    kind, after = kind_at(data, p + (data[p] == BLANK), kinds)
    if kind == LETTER:
        return letters(data, after, kinds)
    if kind == SPACE:
        return spaces(data, p, n, kinds, False)
    return run(data, after, kinds, kind, n)


@njit
def cl100k(data, p, n, kinds):
    """Where the word at p ends, by cl100k's pattern."""
    if data[p] == QUOTE:
        end = contraction(data, p, 0x20)
        if end > p:
            return end
    kind, after = kind_at(data, p, kinds)
    if kind == LETTER:
        return letters(data, after, kinds)
    if kind == NUMBER:
        return run(data, after, kinds, NUMBER, 2)
    second, beyond = kind_at(data, after, kinds)
    if second == LETTER and data[p] != NEWLINE and data[p] != RETURN:
        return letters(data, beyond, kinds)
    if kind == SPACE and (second != OTHER or data[p] != BLANK):
        return spaces(data, p, n, kinds, True)
    end = run(data, after, kinds, OTHER, n)
    while data[end] == NEWLINE or data[end] == RETURN:
        end += 1
    return end


@njit
def word_end(data, p, n, kinds, pattern):
    """Where the word at p ends, by the pattern of this number."""
    if pattern == 0:
        return n
    end = gpt2(data, p, n, kinds) if pattern == 1 else cl100k(data, p, n, kinds)
    return min(end, n)
