"""Which texts come back from their ids, and where their ids can be cut."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Row

from .lab_corpora import PLAYS, drawn

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

TEXTS, LONG = 40, 60  # of each kind; fewer draws than this make one of them
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


def strings(kind: str, chance: random.Random) -> list[str]:
    """Some texts of a kind, none of them empty."""
    alphabets: dict[str, Callable[[], str]] = {
        "any character": lambda: chr(chance.randrange(0xD800)),
        "beyond 16 bits": lambda: chr(chance.randrange(0x10000, 0x110000)),
        "control": lambda: chr(chance.choice([*range(32), *range(127, 160), 0x2028, 0xFEFF])),
        "emoji": lambda: chance.choice([FAMILY, "\u2764\ufe0f", "\U0001f1e9\U0001f1ea", "e\u0301"]),
        "white space": lambda: chance.choice(" \t\n\r\x0b\x0c\x85\xa0\u2003\u3000"),
        "special": lambda: chance.choice(["<|endoftext|>", "<|end", "|>", "<", "a "]),
        "one character": lambda: "a" * 5,
        "half": lambda: chr(chance.randrange(0xD800, 0xE000)),
    }
    return [
        "".join(alphabets[kind]() for _ in range(chance.randrange(1, LONG))) for _ in range(TEXTS)
    ]


def returned(tokenizer: Any, text: str) -> tuple[bool, int, int]:
    """Whether a text comes back by both paths, how many cuts its ids have, how many tear it."""
    ids = tokenizer.encode(text, refused=())
    back = tokenizer.decode_bytes(ids) == text.encode() and tokenizer.decode(ids) == text
    torn = 0
    for at in range(1, len(ids)):
        try:
            tokenizer.decode_bytes(ids[:at]).decode()
        except UnicodeDecodeError:
            torn += 1
    return back and ids == tokenizer.encode_array(text, refused=()).tolist(), len(ids) - 1, torn


def round_trips(world: World, *, seed: int, kind: str) -> Iterator[Row]:
    """Which shares of texts come back from ids, are refused, or are neither: `changed`.

    One vocabulary is of bytes, one of the characters of its training text, one is WordPiece's.
    `torn` is the share of the cuts between two ids that fall inside a character.
    """
    chance, parts = random.Random(f"{seed}/{kind}"), world.tokens
    learnt = drawn(PLAYS, seed, 20_000)
    tokenizer = parts.train(learnt, 512, parts.GPT2, ("<|endoftext|>",))
    known, texts = set("".join(learnt)), strings(kind, chance)
    wordpiece = world.module("atoms.tokens.wordpiece")
    rows: dict[str, list[tuple[bool, bool]]] = {"bytes": [], "characters": [], "wordpiece": []}
    cuts = torn = 0
    for text in texts:
        try:
            back, more, tears = returned(tokenizer, text)
            cuts, torn = cuts + more, torn + tears
            rows["bytes"].append((back, False))
        except ValueError:
            rows["bytes"].append((False, True))
        rows["characters"].append((set(text) <= known, False))
        found = wordpiece.encode_word(text, known | {f"##{one}" for one in known})
        whole = "".join(piece.removeprefix(wordpiece.MARK) for piece in found)
        rows["wordpiece"].append((whole == text, False))
    for name, found in rows.items():
        back, refused = (sum(one) / len(texts) for one in zip(*found, strict=True))
        share = torn / cuts if name == "bytes" and cuts else None
        yield {
            "vocabulary": name,
            "returned": back,
            "refused": refused,
            "changed": 1 - back - refused,
            "torn": share,
        }


def round_trips_of_bytes(world: World, *, seed: int, size: int) -> Iterator[Row]:
    """Which share of rows of any bytes, most of which are no UTF-8, come back from their ids."""
    chance, parts = random.Random(f"{seed}/bytes"), world.tokens
    vocabulary = parts.train(drawn(PLAYS, seed, 20_000), 512, parts.WHOLE).vocabulary
    words = [chance.randbytes(chance.randrange(1, size)) for _ in range(TEXTS)]
    same = [parts.decode(parts.encode_word(word, vocabulary), vocabulary) == word for word in words]
    text = [word.decode(errors="replace").encode() == word for word in words]
    yield {"returned": sum(same) / TEXTS, "utf8": sum(text) / TEXTS}
