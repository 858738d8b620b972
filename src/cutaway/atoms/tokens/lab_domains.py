"""What a vocabulary costs away from home, and how much of it other documents would change."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from cutaway.kit.words import Row

from .lab_corpora import BOTH, PLAYS, PROGRAMS, SIZE, drawn, sides
from .lab_exact_judging import INDENTS, MOST

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def training(trained: str, seed: int) -> list[str]:
    """As much training text of a domain, or half as much of each of both."""
    if trained != BOTH:
        return drawn(trained, seed)
    return [*drawn(PLAYS, seed, SIZE // 2), *drawn(PROGRAMS, seed, SIZE // 2)]


def mixed(token: bytes) -> bool:
    """Whether a token has a letter, and something that is none anywhere but before all letters."""
    text = token.decode(errors="replace")
    rest = text[1:] if text[:1] == " " else text
    return any(map(str.isalpha, rest)) and not rest.isalpha()


def tokens_by_domain(
    world: World, *, seed: int, pattern: str, trained: str, vocab: int
) -> Iterator[Row]:
    """Tokens a byte of held-out plays and programs, by what the vocabulary was trained on.

    `mixed` is the share of its tokens that have letters and something else, but for a first space.
    """
    tokenizer = world.tokens.train(training(trained, seed), vocab, pattern)
    tokens = tokenizer.vocabulary.tokens[256:]
    share = sum(map(mixed, tokens)) / len(tokens)
    for read in (PLAYS, PROGRAMS):
        text = sides(read)[1]
        ids = tokenizer.encode_array(text, refused=())
        found = {"read": read, "tokens_per_byte": len(ids) / len(text.encode())}
        yield {**found, "mixed": share, "case": f"{pattern}, from {trained}"}


def tokens_by_indent(
    world: World, *, seed: int, pattern: str, trained: str, vocab: int
) -> Iterator[Row]:
    """What a row of spaces before a line of a program costs: tokens more than without it."""
    tokenizer = world.tokens.train(training(trained, seed), vocab, pattern)
    for spaces in INDENTS:
        lines = [f"else:\n{' ' * count}return" for count in (0, spaces)]
        none, some = (len(tokenizer.encode(line)) for line in lines)
        name = f"{pattern}, from {trained}"
        yield {"spaces": spaces, "tokens": some - none, "vocabulary": name}


def order_by_resampling(world: World, *, seed: int, corpus: str) -> Iterator[Row]:
    """How alike the first joins of two vocabularies are, whose documents were drawn anew.

    `kept` is the share of the tokens of one that the other has among as many, `in_place` the share
    that it has at the same id, `moved` how far the median token moved that both have, and `abroad`
    the share of the tokens that a vocabulary of the other domain has among as many.
    """
    pattern, other = world.tokens.GPT2, PROGRAMS if corpus == PLAYS else PLAYS
    one, two, three = (
        world.tokens.train(texts, 256 + MOST[-1], pattern).vocabulary.tokens[256:]
        for texts in (drawn(corpus, 2 * seed), drawn(corpus, 2 * seed + 1), drawn(other, seed))
    )
    for first in MOST:
        a, b, c = one[:first], two[:first], three[:first]
        places = {token: at for at, token in enumerate(b)}
        moved = [abs(at - places[token]) for at, token in enumerate(a) if token in places]
        yield {
            "first": first,
            "kept": len({*a} & {*b}) / first,
            "in_place": sum(x == y for x, y in zip(a, b, strict=True)) / first,
            "moved": float(median(moved)) if moved else None,
            "abroad": len({*a} & {*c}) / first,
        }
