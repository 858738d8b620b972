"""What the same text costs in other languages, by what the vocabulary was learnt from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from cutaway.kit.judging import decided
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_corpora import PLAYS, drawn

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

__all__ = ["CLAIMS", "EXPERIMENTS", "FIGURES"]

ARTICLES = "udhr"
LANGUAGES = {
    "eng": "English", "deu_1996": "German", "fra": "French", "fin": "Finnish", "tur": "Turkish",
    "vie": "Vietnamese", "yor": "Yoruba", "rus": "Russian", "ell_monotonic": "Greek",
    "heb": "Hebrew", "arb": "Arabic", "hin": "Hindi", "tam": "Tamil", "tha": "Thai",
    "kat": "Georgian", "kor": "Korean", "jpn": "Japanese", "cmn_hans": "Chinese",
}  # fmt: skip
READ = 40  # paragraphs of each; the vocabulary of all languages learns from the others
HOME, VOCAB, SIZE = "English", 4096, 250_000
NONE, ENGLISH, ALL = "none: bytes", "English plays", "these languages"
LEARNT = (NONE, ENGLISH, ALL)


@cache
def articles() -> dict[str, list[str]]:
    """The paragraphs of the declaration of human rights, by language."""
    from cutaway.data.opening import corpus

    texts = {one.name: one.text for one in corpus(ARTICLES).documents}
    return {name: texts[code].split("\n\n") for code, name in LANGUAGES.items()}


def learnt_from(source: str, seed: int) -> list[str]:
    """Some texts to learn from: one letter, plays, or what is not read of the declaration."""
    if source == NONE:
        return ["a"]  # it has no pair
    if source == ENGLISH:
        return drawn(PLAYS, seed, SIZE)
    chance = random.Random(f"{seed}/{source}")
    rest = [paragraphs[READ:] for paragraphs in articles().values()]
    return [one for some in rest for one in chance.choices(some, k=len(some))]


def tokens_by_language(world: World, *, seed: int, learnt: str, vocab: int) -> Iterator[Row]:
    """Tokens of the beginning of the declaration of human rights, in each language.

    `times_english` is how many times the tokens of the English text they are, and
    `characters_per_word` how long what GPT-2's pattern cuts is.
    """
    parts = world.tokens
    tokenizer = parts.train(learnt_from(learnt, seed), vocab, parts.GPT2)
    texts = {name: "\n\n".join(some[:READ]) for name, some in articles().items()}
    counts = {name: len(tokenizer.encode_array(text)) for name, text in texts.items()}
    for name, text in texts.items():
        yield {
            "language": name,
            "tokens": counts[name],
            "tokens_per_byte": counts[name] / len(text.encode()),
            "tokens_per_character": counts[name] / len(text),
            "times_english": counts[name] / counts[HOME],
            "characters_per_word": len(text) / sum(1 for _ in parts.words(text, parts.GPT2)),
        }


def ratios(table: Table, learnt: str) -> dict[str, list[float]]:
    """How many times the tokens of English each other language takes, by seed."""
    names = [name for name in LANGUAGES.values() if name != HOME]
    return {
        name: values(table, "times_english", {"learnt": learnt, "language": name}) for name in names
    }


def all_dearer(learnt: str) -> Callable[[Table], Verdict]:
    """Whether the same text takes more tokens in every other language than in English."""

    def holds(table: Table) -> Verdict:
        found = ratios(table, learnt)
        least = min(found, key=lambda name: min(found[name]))
        most = max(found, key=lambda name: max(found[name]))
        said = (
            f"times the tokens of English: {min(found[least]):.2f} ({least}) "
            f"to {max(found[most]):.2f} ({most})"
        )
        return exactly(min(found[least]) > 1, said, effect=min(found[least]))

    return holds


def narrower(table: Table) -> Verdict:
    """Whether the dearest language is less dear where all were learnt from, in each seed."""
    dearest = {
        learnt: [max(some) for some in zip(*ratios(table, learnt).values(), strict=True)]
        for learnt in (ENGLISH, ALL)
    }
    pairs = list(zip(dearest[ENGLISH], dearest[ALL], strict=True))
    if not pairs:
        raise Undecidable("nothing was measured")
    said = "; ".join(
        f"learnt from {name}: {min(some):.2f} to {max(some):.2f}" for name, some in dearest.items()
    )
    said = f"the dearest language takes so many times the tokens of English: {said}"
    return exactly(all(fair < unfair for unfair, fair in pairs), said, effect=max(dearest[ALL]))


def cut_short(table: Table) -> Verdict:
    """Whether what is cut is shorter in each script with signs for vowels than in any alphabet."""
    arm = {"learnt": NONE}
    short = {
        name: max(values(table, "characters_per_word", {**arm, "language": name}))
        for name in ("Hindi", "Tamil", "Thai")
    }
    long = {
        name: min(values(table, "characters_per_word", {**arm, "language": name}))
        for name in ("English", "Russian", "Greek", "Georgian")
    }
    said = ", ".join(f"{name} {size:.1f}" for name, size in (short | long).items())
    holds = max(short.values()) < min(long.values())
    return exactly(holds, f"characters a word: {said}", effect=max(short.values()))


def claim(says: str, source: str, holds: Callable[[Table], Verdict]) -> Claim:
    """A claim on languages."""
    regime = (
        f"the first {READ} paragraphs of the declaration of human rights in {len(LANGUAGES)} "
        f"languages; {VOCAB} tokens, GPT-2's pattern"
    )
    return Claim(says, source, "tokens_by_language", holds=decided(holds), regime=regime)


EXPERIMENTS = (
    Experiment(
        "tokens_by_language",
        tokens_by_language,
        grid={"learnt": LEARNT, "vocab": (VOCAB,)},
        quick={"vocab": (1024,), "seeds": 2},
        data=(ARTICLES, PLAYS),
    ),
)
FIGURES = (
    Figure(
        "article_by_language",
        "tokens_by_language",
        title="One text, many prices: the languages that were not learnt from pay the most",
        x="language",
        y="times_english",
        color="learnt",
        mark="bar",
        alt="How many times the tokens of the English text each language takes, for bytes, for a "
        "vocabulary of English plays and for one learnt from all these languages.",
    ),
    Figure(
        "tokens_by_language",
        "tokens_by_language",
        title="Of a script that was not learnt from, each byte is a token",
        x="language",
        y="tokens_per_byte",
        color="learnt",
        mark="bar",
        alt="Tokens a byte of the same text in each language: one for bytes; fewer for languages "
        "that the vocabulary was learnt from.",
    ),
)
CLAIMS = (
    claim(
        "The same text costs more tokens in every other language, if English was learnt from",
        "001-08",
        all_dearer(ENGLISH),
    ),
    claim(
        "A vocabulary that learnt from all languages alike makes the dearest one less dear",
        "002-03",
        narrower,
    ),
    claim(
        "Where vowels are signs on letters, GPT-2's pattern cuts words into pieces",
        "004-11",
        cut_short,
    ),
)
