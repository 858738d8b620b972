"""The texts that this lab learns from, and those that it reads."""

from __future__ import annotations

import random
from functools import cache

PLAYS, PROGRAMS, BOTH = "shakespeare", "stdlib", "both"
SIZE = 500_000  # bytes of each training text
READ = 120_000  # characters of held-out text


@cache
def sides(name: str) -> tuple[list[str], str]:
    """A corpus: its training documents, and some held-out text that shares no passage with them."""
    from cutaway.data.prepared import prepare

    split = prepare(name, "bytes").split
    held_out = "\n\n".join(one.text for one in split.held_out)
    return [one.text for one in split.train], held_out[:READ]


def drawn(name: str, seed: int, size: int = SIZE) -> list[str]:
    """Training documents drawn with replacement, up to so many bytes of them."""
    documents, chance = sides(name)[0], random.Random(f"{seed}/{name}")
    found: list[str] = []
    while size > 0:
        text = chance.choice(documents)
        found.append(text.encode()[:size].decode(errors="ignore"))
        size -= len(text.encode())
    return found
