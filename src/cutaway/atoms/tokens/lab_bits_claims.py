"""What the runs say of vocabularies: bits a byte, at equal bytes and at equal work, and letters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from cutaway.kit.judging import Holds, at_every, decided, every
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, lowers, raises, unchanged
from cutaway.kit.words import Claim, Scalar

from .lab_corpora import PLAYS, PROGRAMS
from .lab_exact_judging import beside

VOCABS = (256, 288, 384, 512, 1024, 2048, 4096)
CONTEXT, WIDTH, HIDDEN, SIZE, STEPS = 64, 32, 64, 32, 240
RATES, CHOOSING = (0.01, 0.02, 0.04), 2  # how many seeds choose a vocabulary's rate
LETTERS, LETTER_STEPS, LETTER_RATES = (256, 512, 1024, 2048, 4096), 400, (0.005, 0.01)
MARGIN = 0.03  # bits a byte: 0.02 nats
LEFT = 0.5  # bits a byte that a model of bytes must be from chance
RIGHT = 0.02  # of the words
NEAR = 0.05  # of the words that are one token, which are fewer

Arm = Mapping[str, Scalar]


def tuned(table: Table) -> Table:
    """The rows of each vocabulary at its own best rate, which the first seeds choose and leave."""
    kept: list[tuple[Scalar, ...]] = []
    seeds = sorted(table.values("seed")) if len(table) else []
    for vocab in table.values("vocab") if len(table) else []:
        rows = table.where(vocab=vocab)
        sums: Counter[float] = Counter()
        for row in rows.dicts():
            if row["seed"] in seeds[:CHOOSING]:
                sums[row["rate"]] += row["bits_per_byte"] or math.nan
        if not all(map(math.isfinite, sums.values())):
            raise Undecidable(f"a run of {vocab} tokens that chooses its rate came to nothing")
        best = rows.where(rate=min(sums, key=lambda rate: (sums[rate], rate)))
        judging = zip(best.rows, best.column("seed"), strict=True)
        kept += [row for row, seed in judging if seed in seeds[CHOOSING:]]
    return Table(table.columns, tuple(kept), table.failed)


def at_own_rates(decide: Holds) -> Holds:
    """What is decided where each vocabulary has its own best rate; the rates are named."""

    def holds(table: Table) -> Verdict:
        rows = tuned(table)
        found = decide(rows)
        rates = {row["vocab"]: row["rate"] for row in rows.dicts()}
        said = ", ".join(f"{vocab}: {rate:g}" for vocab, rate in rates.items())
        return replace(found, because=f"{found.because} (rates: {said})")

    return decided(holds)


def learnt(table: Table) -> None:
    """Nothing, if the model of bytes has learnt more than how often each byte occurs."""
    arm = {"vocab": 256, "trained": PLAYS}
    chance = min(values(table, "chance", arm))
    above_chance(table, "bits_per_byte", arm, chance, LEFT)


def arm_of(vocab: int, trained: str = PLAYS) -> Arm:
    """The rows of one vocabulary."""
    return {"vocab": vocab, "trained": trained}


def worse(one: Arm, other: Arm, column: str = "bits_per_byte") -> Holds:
    """Whether a model needs more bits with one vocabulary than with the other."""
    return lambda table: raises(table, column, one, other, MARGIN, learnt)


def turns_at(vocab: int) -> Holds:
    """Whether both the smallest and the largest vocabulary need more bits than one between them."""
    least, most = VOCABS[0], VOCABS[-1]
    return lambda table: every(
        worse(arm_of(least), arm_of(vocab))(table), worse(arm_of(most), arm_of(vocab))(table)
    )


def rises_while_it_falls(vocab: int) -> Holds:
    """Whether bits a token rise from bytes to a vocabulary, and bits a byte fall."""
    return lambda table: every(
        raises(table, "bits_per_token", arm_of(vocab), arm_of(256), MARGIN, learnt),
        lowers(table, "bits_per_byte", arm_of(vocab), arm_of(256), MARGIN, learnt),
    )


def fewer_tokens(table: Table) -> Verdict:
    """Whether each larger vocabulary writes the held-out text in fewer tokens."""
    each = {vocab: values(table, "tokens_per_byte", arm_of(vocab)) for vocab in VOCABS}
    if max(each[VOCABS[0]]) != 1:
        raise Undecidable("a byte is not a token where the vocabulary is the bytes")
    pairs = [(max(each[b]), min(each[a])) for a, b in pairwise(VOCABS)]
    said = ", ".join(f"{vocab}: {max(found):.3f}" for vocab, found in each.items())
    falls = all(more < less for more, less in pairs)
    return exactly(falls, f"tokens a byte: {said}", effect=max(each[VOCABS[-1]]))


def saved_by(pattern: str, vocabs: Sequence[int]) -> Holds:
    """Whether at each size a model needs fewer bits with a pattern than without cuts."""

    def learnt_whole(table: Table) -> None:
        for vocab in vocabs:
            arm = {"vocab": vocab, "pattern": "whole"}
            least = min(values(table, "chance", arm))
            above_chance(table, "bits_per_byte", arm, least, LEFT)

    def at(vocab: int, table: Table) -> Verdict:
        arms = ({"vocab": vocab, "pattern": one} for one in (pattern, "whole"))
        return lowers(table, "bits_per_byte", *arms, MARGIN, learnt_whole)

    return lambda table: every(*(at(vocab, table) for vocab in vocabs))


def written(script: str, learnt: str = "here") -> Arm:
    """The rows of one alphabet, with a vocabulary learnt in it, in another, or from nothing."""
    return {"script": script, "learnt": learnt}


def reads(table: Table) -> None:
    """Nothing, if the model of bytes has learnt of Latin letters more than how frequent each is."""
    arm = written("latin", "nothing")
    above_chance(table, "bits_per_byte", arm, min(values(table, "chance", arm)), LEFT)


def dearer(one: Arm, other: Arm) -> Holds:
    """Whether a character costs more bits in one arm than in another."""
    return lambda table: raises(table, "bits_per_character", one, other, MARGIN, reads)


def as_dear(one: Arm, other: Arm) -> Holds:
    """Whether a character costs as many bits in both arms."""
    return lambda table: unchanged(table, "bits_per_character", one, other, MARGIN, reads)


def counts_at_all(table: Table) -> None:
    """Nothing, if the model of bytes counts letters far better than chance."""
    arm = {"vocab": 256}
    above_chance(table, "unseen", arm, max(values(table, "chance", arm)), 0.1, better="higher")


def counts_worse(vocab: int) -> Holds:
    """Whether letters of new words are counted worse than by a model of bytes."""
    return lambda table: lowers(
        table, "unseen", {"vocab": vocab}, {"vocab": 256}, RIGHT, counts_at_all
    )


def blind_to_letters(vocab: int) -> Holds:
    """Whether new words that are one token are counted as well as by chance."""

    def holds(table: Table) -> Verdict:
        counts_at_all(table)
        both = beside(table, {"vocab": vocab}, "single_right", "single_chance")
        return unchanged(both, "value", {"arm": "found"}, {"arm": "level"}, NEAR)

    return holds


SMALL = (
    f"Shakespeare's plays; embeddings of {WIDTH}, a GRU of {HIDDEN}, windows of {CONTEXT} "
    f"characters in batches of {SIZE}, AdamW"
)
LEARNT = "vocabularies learnt from all of the training text"
MODEL = (
    f"{SMALL}, each vocabulary at its own best of the rates {RATES}, which two seeds chose and the "
    f"others judge; {LEARNT} with GPT-2's pattern"
)
ALIKE = f"{SMALL} at {RATES[1]} for all, {STEPS} steps; {LEARNT}"
BYTES = f"{MODEL}; {STEPS} steps, which see the same number of bytes at each vocabulary"
WORK = f"{MODEL}; as many steps as make the multiplications of {STEPS} steps of bytes"
COUNTED = (
    "letters e (none, one, more) in words of Shakespeare's plays of 3 to 12 letters, a fifth of "
    f"them held out; embeddings of {WIDTH}, a GRU of {HIDDEN}, {LETTER_STEPS} steps of AdamW at "
    f"each of the rates {LETTER_RATES}"
)


def on_bits(says: str, source: str, holds: Holds, experiment: str = "bits_by_vocab") -> Claim:
    """A claim on bits, judged where each vocabulary has its own best rate."""
    regime = WORK if experiment == "bits_by_work" else BYTES
    return Claim(says, source, experiment, holds=at_own_rates(holds), regime=regime)


def on_letters(says: str, source: str, holds: Holds) -> Claim:
    """A claim on letters, judged at each rate."""
    return Claim(says, source, "letters_by_vocab", holds=at_every("rate", holds), regime=COUNTED)


CLAIMS = (
    on_bits(
        "A larger vocabulary writes the same text in fewer tokens, at each of these sizes",
        "000-13",
        fewer_tokens,
    ),
    on_bits(
        "Tokenization silently decides what a model can learn: bytes cost it more bits than 512 "
        "tokens do",
        "001-08",
        worse(arm_of(256), arm_of(512)),
    ),
    on_bits(
        "The loss a token rises with the vocabulary while the same model's bits a byte fall",
        "000-13",
        rises_while_it_falls(2048),
    ),
    on_bits(
        "Tokenization is a trade-off: at equal bytes the largest vocabulary is worse than one of "
        "a quarter of its size, and so are the bytes",
        "000-13",
        turns_at(1024),
    ),
    on_bits(
        "At equal work the largest vocabulary is worse than one of a quarter of its size, and so "
        "are the bytes",
        "000-13",
        turns_at(1024),
        "bits_by_work",
    ),
    on_bits(
        "At equal work, too, bytes cost a model more bits than 512 tokens do",
        "001-08",
        worse(arm_of(256), arm_of(512)),
        "bits_by_work",
    ),
    Claim(
        "A vocabulary that was learnt from programs costs a model of plays bits",
        "001-08",
        "bits_by_origin",
        holds=decided(worse(arm_of(1024, PROGRAMS), arm_of(1024))),
        regime=ALIKE,
    ),
    Claim(
        "A model of plays does better with bytes than with a vocabulary learnt from programs",
        "001-08",
        "bits_by_origin",
        holds=decided(worse(arm_of(1024, PROGRAMS), arm_of(256))),
        regime=ALIKE,
    ),
    Claim(
        "Cutting a text into words as GPT-2 does saves a model bits, at each size",
        "004-11",
        "bits_by_pattern",
        holds=decided(saved_by("gpt2", (512, 2048))),
        regime=ALIKE,
    ),
    Claim(
        "To a model of bytes the same plays cost more in letters of three bytes",
        "001-08",
        "bits_by_script",
        holds=decided(dearer(written("georgian", "nothing"), written("latin", "nothing"))),
        regime=ALIKE,
    ),
    Claim(
        "With 1024 tokens learnt from them, plays in letters of three bytes cost what they cost in "
        "Latin ones",
        "001-08",
        "bits_by_script",
        holds=decided(as_dear(written("georgian"), written("latin"))),
        regime=ALIKE,
    ),
    Claim(
        "With 1024 tokens learnt from Latin letters, plays in letters of three bytes cost more",
        "001-08",
        "bits_by_script",
        holds=decided(dearer(written("georgian", "latin"), written("georgian"))),
        regime=ALIKE,
    ),
    on_letters(
        "Tokens hide letters: with 4096 a model counts those of new words worse than with bytes",
        "001-08",
        counts_worse(4096),
    ),
    on_letters(
        "With 512 tokens, too, a model counts the letters of new words worse than with bytes",
        "001-08",
        counts_worse(512),
    ),
    on_letters(
        "Of a new word that is one token a model knows no letters: it counts them as chance does",
        "001-08",
        blind_to_letters(4096),
    ),
)
