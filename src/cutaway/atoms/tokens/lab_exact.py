"""What merges are made of: how often things occur, and nothing else. All exact and cheap."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_corpora import BOTH, PLAYS, PROGRAMS, SIZE, drawn, sides
from .lab_domains import order_by_resampling, tokens_by_domain, tokens_by_indent
from .lab_exact_claims import CLAIMS
from .lab_exact_judging import JOINS, KINDS, PATTERNS, VOCAB
from .lab_returning import round_trips, round_trips_of_bytes

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

__all__ = ["CLAIMS", "EXPERIMENTS", "FIGURES"]

SAMPLE = 40_000  # characters that the readable trainer counts again for each join


def same_until(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many things at the beginning of two rows are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def new_names(used: Sequence[int], names: str, chance: random.Random) -> bytes:
    """A table that gives each byte in use another one: any other, or in the same order."""
    others = chance.sample(range(256), len(used))
    table = bytearray(range(256))
    for byte, other in zip(used, sorted(others) if names == "same order" else others, strict=True):
        table[byte] = other
    return bytes(table)


def replayed(
    world: World, words: Mapping[bytes, int], pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int]]:
    """Of each join its pair's count, the highest count there was, and how many pairs had that."""
    parts = world.tokens.tokens
    split = {word: list(word) for word in words}
    for at, pair in enumerate(pairs):
        counts = parts.count(words, split)
        most = max(counts.values())
        yield counts[pair], most, sum(count == most for count in counts.values())
        split = {word: parts.join(ids, pair, 256 + at) for word, ids in split.items()}


def joins_by_name(world: World, *, seed: int, joins: int, names: str) -> Iterator[Row]:
    """What training does when the bytes have other names; its joins are translated back.

    `same` joins at the beginning are those of the bytes as they were, and the first choice between
    pairs of equal count is the one numbered `tie`. Of `greedy` joins the pair was a most frequent
    one at its turn, counted with the old names.
    """
    parts, chance = world.tokens, random.Random(f"{seed}/names")
    text = "\n\n".join(sides(PLAYS)[0])[:SAMPLE]
    words = Counter(word.encode() for word in parts.words(text, parts.GPT2))
    table = new_names(sorted({byte for word in words for byte in word}), names, chance)
    named = {word.translate(table): n for word, n in words.items()}
    old = list(parts.tokens.train(words, 256 + joins).joins)
    new = list(parts.tokens.train(named, 256 + joins).joins)
    back = {table[byte]: byte for word in words for byte in word}
    new = [(back.get(left, left), back.get(right, right)) for left, right in new]
    played = list(replayed(world, words, new))
    original = list(replayed(world, words, old))
    yield {
        "same": same_until(old, new),
        "tie": next((at for at, (_, _, tied) in enumerate(original) if tied > 1), joins),
        "greedy": sum(count == most for count, most, _ in played),
    }


def shuffled(world: World, texts: list[str], unit: str, chance: random.Random) -> list[str]:
    """The texts, or the words or letters in them, in another order."""
    if unit == "documents":
        return chance.sample(texts, len(texts))
    words = [word for text in texts for word in world.tokens.words(text, world.tokens.GPT2)]
    if unit == "letters":
        return ["".join(chance.sample(word, len(word))) for word in words]
    chance.shuffle(words)
    return words if unit == "words" else ["".join(words)]


def joins_by_order(world: World, *, seed: int, pattern: str, unit: str) -> Iterator[Row]:
    """What is learnt of a text, in part, in another order; `letters` are shuffled in their word.

    Shuffled words stand apart, each a text of its own, or side by side as one text that is cut
    again. `same` joins at the beginning are those of the text as it was.
    """
    chance = random.Random(f"{seed}/order")
    texts = drawn(PLAYS, seed, SIZE // 2)
    old = world.tokens.train(texts, VOCAB, pattern).vocabulary
    changed = shuffled(world, texts, unit, chance)
    new = world.tokens.train(changed, VOCAB, pattern).vocabulary
    yield {
        "same": same_until(list(old.joins), list(new.joins)),
        "kept": len({*old.tokens[256:]} & {*new.tokens[256:]}) / (VOCAB - 256),
        "joins": len(old.joins),
    }


DOMAINS = {"pattern": PATTERNS, "trained": (PLAYS, PROGRAMS, BOTH), "vocab": (2 * VOCAB,)}
QUICK = {"pattern": PATTERNS[:1], "seeds": 2}
EXPERIMENTS = (
    Experiment(
        "joins_by_name",
        joins_by_name,
        grid={"joins": (JOINS,), "names": ("any order", "same order")},
        quick={"joins": (32,), "seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "joins_by_order",
        joins_by_order,
        grid={
            "pattern": ("gpt2", "whole"),
            "unit": ("documents", "words", "text of words", "letters"),
        },
        quick={"pattern": ("gpt2",), "seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "round_trips",
        round_trips,
        grid={"kind": KINDS},
        quick={"seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "round_trips_of_bytes",
        round_trips_of_bytes,
        grid={"size": (60,)},
        quick={"seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "tokens_by_domain",
        tokens_by_domain,
        grid=DOMAINS,
        quick=QUICK,
        data=(PLAYS, PROGRAMS),
    ),
    Experiment(
        "tokens_by_indent",
        tokens_by_indent,
        grid=DOMAINS,
        quick=QUICK,
        data=(PLAYS, PROGRAMS),
    ),
    Experiment(
        "order_by_resampling",
        order_by_resampling,
        grid={"corpus": (PLAYS, PROGRAMS)},
        quick={"seeds": 2},
        data=(PLAYS, PROGRAMS),
    ),
)
FIGURES = (
    Figure(
        "joins_kept_by_order",
        "joins_by_order",
        title="Shuffled words give the same vocabulary, if pairs are counted within words",
        x="unit",
        y="kept",
        color="pattern",
        mark="bar",
        alt="Share of the tokens that stay, by what was shuffled: documents all; words all with "
        "cuts and few without; letters few.",
    ),
    Figure(
        "texts_returned",
        "round_trips",
        title="Bytes bring every kind of text back; without them most kinds are lost",
        x="kind",
        y="returned",
        color="vocabulary",
        mark="bar",
        alt="Share of texts that come back by kind, for three vocabularies: the bytes stand at one "
        "but for halves of characters, which they refuse; the others mostly at zero.",
    ),
    Figure(
        "cuts_that_tear",
        "round_trips",
        title="Between two ids there may be half a character: a part of a text's ids is no text",
        x="kind",
        y="torn",
        color="vocabulary",
        mark="bar",
        alt="Share of the cuts between ids that fall inside a character, by kind of text: most of "
        "them for scripts that are not Latin, none for ASCII.",
    ),
    Figure(
        "tokens_by_domain",
        "tokens_by_domain",
        title="Away from home a vocabulary needs more tokens for the same bytes",
        x="case",
        y="tokens_per_byte",
        color="read",
        mark="bar",
        alt="Tokens a byte of plays and of programs, by pattern and by training text: the text "
        "of the other domain always costs more.",
    ),
    Figure(
        "mixed_by_domain",
        "tokens_by_domain",
        title="Without cuts many tokens join letters with signs, or a word with the next",
        x="trained",
        y="mixed",
        color="pattern",
        mark="bar",
        alt="Share of tokens that hold letters and something else, by pattern and training text: "
        "near zero for GPT-2's pattern, a third or more without cuts.",
    ),
    Figure(
        "tokens_by_indent",
        "tokens_by_indent",
        title="An indent costs a token a space if no program was learnt from, and else hardly any",
        x="spaces",
        y="tokens",
        color="vocabulary",
        alt="Tokens that a row of spaces adds to a line: straight lines of slope one for "
        "vocabularies of plays, flat ones for those that had seen programs.",
    ),
    Figure(
        "order_by_resampling",
        "order_by_resampling",
        title="Other documents give mostly the same tokens, in another order",
        x="first",
        y="kept",
        color="corpus",
        log="x",
        alt="Share of the first tokens that are also in a vocabulary of other documents, by how "
        "many first: it falls slowly, more for programs than for plays.",
    ),
    Figure(
        "ids_by_resampling",
        "order_by_resampling",
        title="The id of a token says little: drawn anew, few tokens stand at the same one",
        x="first",
        y="in_place",
        color="corpus",
        log="x",
        alt="Share of the first tokens at the same id in a vocabulary of other documents: it "
        "falls towards zero.",
    ),
)
