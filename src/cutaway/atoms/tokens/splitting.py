"""Words: a text is cut before anything is counted, so that no token joins what reads as two things.

Without cuts the most frequent pairs cross from word to word, and `dog.`, `dog!` and `dog?` each
cost a token. A space belongs to the word after it, so that ` dog` is the same token wherever it
stands.

    gpt2      what GPT-2 was trained with     cl100k   what GPT-4 was trained with
    whole     no cuts: the text is one word

The patterns are those of tiktoken, an alternative a line: of cl100k the later one, to which all
white space that a text ends with is one word. Python's own `re` has no sets for letters and
numbers, and its white space is not that of Unicode: the sets are written out.
"""

import re
from collections.abc import Iterator
from functools import cache

from .characters import LETTER, NUMBER, SPACE, ranges

GPT2, CL100K, WHOLE = "gpt2", "cl100k", "whole"

PATTERNS = {
    GPT2: (
        r"'(?:[sdmt]|ll|ve|re)",                      # how English words end: he's, she'd, we'll
        r" ?[\p{L}]+",                                # letters, with the space before them
        r" ?[\p{N}]+",                                # numbers, likewise
        r" ?[^\s\p{L}\p{N}]+",                        # signs, likewise
        r"[\s]+(?![^\s])",                            # white space, but for the last before a word
        r"[\s]+",                                     # which is left over where it is no space
    ),
    CL100K: (
        r"'(?i:[sdmt]|ll|ve|re)",                     # also where all is in CAPITALS
        r"[^\r\n\p{L}\p{N}]?[\p{L}]+",                # letters, with one sign or space before them
        r"[\p{N}]{1,3}",                              # numbers, three digits at a time
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",                 # signs, with the ends of lines after them
        r"[\s]+$",                                    # white space that the text ends with
        r"[\s]*[\r\n]+",                              # the ends of lines, with what is before them
        r"[\s]+(?![^\s])",
        r"[\s]+",
    ),
    WHOLE: (
        r"(?s:.+)",
    ),
}


@cache
def expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern, its sets of characters written out."""
    if pattern not in PATTERNS:
        raise ValueError(f"There is no pattern {pattern!r:.40}: take one of {', '.join(PATTERNS)}.")
    found = "|".join(PATTERNS[pattern])
    found = found.replace(r"\p{L}", ranges(LETTER))
    found = found.replace(r"\p{N}", ranges(NUMBER))
    found = found.replace(r"\s", ranges(SPACE))
    return re.compile(found)


def words(text: str, pattern: str) -> Iterator[str]:
    """The words of a text, in their order; side by side they are the text."""
    for found in expression(pattern).finditer(text):
        yield found.group()
