"""Random texts, words and damaged files against the tokenizer, for longer than the tests may take.

    python benchmarks/fuzz_tokens.py [seconds] [seed]

Each text is encoded by the readable code, the compiled code and, where it is installed, tiktoken,
and decoded again; each set of words is learnt from by both trainers; each file is damaged and read.
What differs, what ends in another error than ValueError, and what takes long is printed, with what
it takes to see it again. The last line says how many were tried.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from cutaway.atoms.tokens import (
    CL100K,
    GPT2,
    WHOLE,
    Tokenizer,
    from_huggingface,
    from_json,
    from_tiktoken,
    to_huggingface,
    to_json,
    to_tiktoken,
    train,
)
from cutaway.atoms.tokens.saving import sound
from cutaway.atoms.tokens.tokens import train as train_readably
from cutaway.atoms.tokens.training import counted

SLOW = 2.0  # seconds that no file may take
PATTERNS = {  # tiktoken's own
    GPT2: r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    CL100K: r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"""
    r"""| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    WHOLE: r"(?s:.+)",
}
PIECES = (
    *"aabbeT  '\n\r\t09,.-éſßǅи日本ाَ้\u0301\u200d\ufe0f\u00a0\u2003\u3000\x1c\x85\ufeff",
    *("the", " dog", "'ll", "'RE", "   ", "\r\n", "123", "🐕", "👩\u200d👧", "🇩🇪", "<|end|>"),
)


def text(chance: random.Random) -> str:
    """Any text: of the pieces that rules are about, of one of them, or of any characters."""
    size = chance.choice([0, 1, 2, 5, 20, 100, 100, chance.randrange(1, 2000)])
    kind = chance.randrange(4)
    if kind == 0:
        return "".join(chr(one) for one in chance.choices(range(0xD800), k=size))
    if kind == 1:
        return "".join(chr(one) for one in chance.choices(range(0xE000, 0x110000), k=size))
    few = chance.sample(PIECES, chance.choice([1, 2, 3, len(PIECES)]))
    return "".join(chance.choices(few, k=size))


def tiktokens(tokenizer: Tokenizer) -> Any:
    """The same tokenizer made by tiktoken, if that is installed."""
    if not find_spec("tiktoken"):
        return None
    import tiktoken

    ranks = {token: id for id, token in enumerate(tokenizer.vocabulary.tokens) if token}
    return tiktoken.Encoding(
        "it", pat_str=PATTERNS[tokenizer.pattern], mergeable_ranks=ranks, special_tokens={}
    )


def encoding(chance: random.Random) -> Callable[[random.Random], bool]:
    """Whether all who encode a text agree, for one random vocabulary."""
    texts = [text(chance) for _ in range(chance.randrange(1, 30))]
    pattern = chance.choice([GPT2, CL100K, WHOLE])
    tokenizer = train(texts, chance.choice([256, 300, 1000]), pattern)
    ranked = from_tiktoken(to_tiktoken(tokenizer), pattern, {})  # with every split of a token
    theirs = tiktokens(ranked)

    def agrees(chance: random.Random) -> bool:
        one = text(chance)
        ids, in_ranks = tokenizer.encode(one), ranked.encode_array(one).tolist()
        same = tokenizer.encode_array(one).tolist() == ids and tokenizer.decode(ids) == one
        return same and (theirs is None or theirs.encode_ordinary(one) == in_ranks)

    return agrees


def learning(chance: random.Random) -> bool:
    """Whether both trainers learn the same of some texts."""
    texts = [text(chance) for _ in range(chance.randrange(8))]
    pattern, vocab = chance.choice([GPT2, CL100K, WHOLE]), chance.choice([256, 280, 400])
    readable = train_readably(counted(texts, pattern), vocab)
    return train(texts, vocab, pattern).vocabulary == readable


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed, moved, repeated or gone, or with another number in it."""
    some = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at, to = sorted(chance.choices(range(len(some) + 1), k=2))
        to = min(to, at + chance.choice([1, 3, 40]))
        kind = chance.randrange(5)
        if kind == 0:
            some[at:to] = b""
        elif kind == 1:
            some[at:at] = some[at:to] * chance.choice([1, 2, 50])
        elif kind == 2:
            some[at:to] = chance.randbytes(to - at)
        elif kind == 3:
            some[at:to] = chance.choice(
                [b"-1", b"1e9", b"null", b"[[", b"{}", b'"', b"99999999999"]
            )
        else:
            some = some[:at] if chance.randrange(8) == 0 else some
    return bytes(some)


def files() -> dict[str, tuple[bytes, Callable[[bytes], Tokenizer]]]:
    """A good file of each kind, and what reads it."""
    texts = ["the dog and the dogs, the cat; 日本 日本 the dog's end"] * 3
    tokenizer = train(texts, 280, GPT2, ["<|end|>"])
    plain = Tokenizer(train(texts, 280, GPT2).vocabulary, GPT2, {})
    return {
        "file": (to_json(tokenizer).encode(), from_json),
        "tokenizer.json": (to_huggingface(tokenizer).encode(), from_huggingface),
        "ranks": (to_tiktoken(plain), lambda data: from_tiktoken(data, GPT2, {})),
    }


def reading(data: bytes, read: Callable[[bytes], Tokenizer]) -> bool:
    """Whether a damaged file is refused by a ValueError, or is a tokenizer that is sound; soon."""
    start = time.monotonic()
    try:
        found = read(data)
    except ValueError:
        return time.monotonic() - start < SLOW
    sound(found.vocabulary)
    return found.decode(found.encode("the dog 日")) == "the dog 日"


def resealed(data: bytes) -> bytes:
    """One of our files with the digest of what stands in it, so that the rest is looked at."""
    from cutaway.atoms.tokens.saving import digest

    try:
        body = json.loads(data)
        return json.dumps(body | {"digest": digest(body)}).encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return data


def main() -> int:
    """Try for some seconds; the exit code says whether anything was found."""
    plain = argparse.RawDescriptionHelpFormatter
    words = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    words.add_argument("seconds", type=float, nargs="?", default=60.0)
    words.add_argument("seed", type=int, nargs="?", default=0)
    asked = words.parse_args()
    seconds, seed = asked.seconds, asked.seed
    tried: Counter[str] = Counter()
    found, end, good = 0, time.monotonic() + seconds, files()
    agrees = encoding(random.Random(f"{seed}/vocabulary"))
    while time.monotonic() < end:
        number = sum(tried.values())
        chance = random.Random(f"{seed}/{number}")
        kind = ("texts", "texts", "texts", "trainings", "files", "files")[number % 6]
        try:
            if number % 600 == 599:
                agrees = encoding(random.Random(f"{seed}/vocabulary/{number}"))
            if kind == "texts":
                well = agrees(chance)
            elif kind == "trainings":
                well = learning(chance)
            else:
                data, read = good[chance.choice(list(good))]
                data = damaged(data, chance)
                well = reading(resealed(data) if chance.randrange(2) else data, read)
        except Exception as error:
            well = False
            print(f"{kind} {seed}/{number}: {type(error).__name__}: {error}")
        if not well:
            found += 1
            print(f"{kind} {seed}/{number} is found")
        tried[kind] += 1
    print(f"{found} found; tried {dict(tried)} in {seconds:.0f} s")
    return bool(found)


if __name__ == "__main__":
    np.seterr(all="raise")
    sys.exit(main())
