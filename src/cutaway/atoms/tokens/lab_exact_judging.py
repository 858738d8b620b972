"""How the runs decide what is said of merges, of what comes back, and of other domains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, lowers, raises, unchanged
from cutaway.kit.words import Claim, Scalar

from .lab_corpora import BOTH

PATTERNS = ("gpt2", "cl100k", "whole")
KINDS = (
    *("any character", "beyond 16 bits", "control", "emoji"),
    *("white space", "special", "one character", "half"),
)
HALF, VOCAB, JOINS = KINDS[-1], 1024, 128
MOST = (16, 64, 256, 1024)
INDENTS = (1, 4, 8, 12, 16)
MARGIN = 0.02  # tokens a byte
SHARE = 0.05  # of a vocabulary

Arm = Mapping[str, Scalar]


def beside(table: Table, arm: Arm, column: str, other: str | float) -> Table:
    """Two arms, `found` and `level`: a column of some rows, and another one or a number."""
    found = values(table, column, arm)
    level = values(table, other, arm) if isinstance(other, str) else [other] * len(found)
    both = {"found": found, "level": level}
    return Table.of(
        {"arm": name, "seed": seed, "value": value}
        for name, column_of in both.items()
        for seed, value in enumerate(column_of)
    )


def above(arm: Arm, column: str, other: str | float, margin: float) -> Holds:
    """Whether a column lies above another one, or above a number."""
    return lambda table: raises(
        beside(table, arm, column, other), "value", {"arm": "found"}, {"arm": "level"}, margin
    )


def share_of_joins(table: Table, column: str, arm: Arm) -> list[float]:
    """Of all joins of each seed the share that a column counts."""
    counts, joins = values(table, column, arm), values(table, "joins", arm)
    if min(joins) < 1:
        raise Undecidable("some vocabulary has no join")
    return [count / of for count, of in zip(counts, joins, strict=True)]


def same_names(names: str) -> Holds:
    """Whether all joins are the same under other names of the bytes."""

    def holds(table: Table) -> Verdict:
        found = share_of_joins(table, "same", {"names": names})
        least, most = min(found), max(found)
        because = f"of the joins the first {least:.2f} to {most:.2f} are the same, by seed"
        return exactly(least == 1, because, effect=least)

    return holds


def same_but_for_ties(table: Table) -> Verdict:
    """Whether joins differ only from the first tie on, and are of a most frequent pair then too."""
    arm = {"names": "any order"}
    least = min(share_of_joins(table, "greedy", arm))
    pairs = zip(values(table, "same", arm), values(table, "tie", arm), strict=True)
    early = sum(same < tie for same, tie in pairs)
    because = (
        f"of the joins {least:.2f} at least are of a most frequent pair; in {early} of the runs "
        "one differs before the first tie"
    )
    return exactly(least == 1 and early == 0, because, effect=least)


def unmoved(pattern: str, unit: str) -> Holds:
    """Whether all joins are the same after shuffling, where shuffled letters change them."""

    def holds(table: Table) -> Verdict:
        control = share_of_joins(table, "same", {"pattern": pattern, "unit": "letters"})
        if max(control) == 1:
            raise Undecidable("not even shuffled letters change the joins of some seed")
        found = share_of_joins(table, "same", {"pattern": pattern, "unit": unit})
        kept = values(table, "kept", {"pattern": pattern, "unit": unit})
        because = (
            f"the first {min(found):.2f} of the joins are the same at least, and "
            f"{min(kept):.2f} of the tokens at least are in both vocabularies"
        )
        return exactly(min(found) == 1, because, effect=min(found))

    return holds


def comes_back(vocabulary: str) -> Holds:
    """Whether every text of every kind comes back, halves of characters aside."""

    def holds(table: Table) -> Verdict:
        arms = {kind: {"kind": kind, "vocabulary": vocabulary} for kind in KINDS if kind != HALF}
        least = {kind: min(values(table, "returned", arm)) for kind, arm in arms.items()}
        lost = [f"{kind} {share:.2f}" for kind, share in least.items() if share < 1]
        because = f"the least share that comes back: {', '.join(lost) or 'all, of every kind'}"
        return exactly(not lost, because, effect=min(least.values()))

    return holds


def refused(table: Table) -> Verdict:
    """Whether all texts with half a character are refused, and no others."""
    arms = {kind: {"kind": kind, "vocabulary": "bytes"} for kind in KINDS}
    halves = min(values(table, "refused", arms.pop(HALF)))
    others = max(max(values(table, "refused", arm)) for arm in arms.values())
    because = f"refused: {halves:.2f} of these texts at least, and {others:.2f} of others at most"
    return exactly(halves == 1 and others == 0, because, effect=halves)


def bytes_come_back(table: Table) -> Verdict:
    """Whether all rows of bytes come back, most of which are no UTF-8."""
    back, text = values(table, "returned", {}), values(table, "utf8", {})
    if max(text) > 0.5:
        raise Undecidable("most of these bytes are UTF-8")
    because = f"{min(back):.2f} of the rows come back at least; {max(text):.2f} at most are UTF-8"
    return exactly(min(back) == 1, because, effect=min(back))


def untorn(table: Table) -> Verdict:
    """Whether no cut between two ids falls inside a character, whatever the kind of text."""
    arms = {kind: {"kind": kind, "vocabulary": "bytes"} for kind in KINDS if kind != HALF}
    most = {kind: max(values(table, "torn", arm)) for kind, arm in arms.items()}
    worst = max(most, key=lambda kind: most[kind])
    because = f"of {worst}, {most[worst]:.2f} of the cuts at most fall inside a character"
    return exactly(most[worst] == 0, because, effect=most[worst])


def vocabulary(pattern: str, trained: str, read: str) -> Arm:
    """The rows of one pattern and training text, about one text that is read."""
    return {"pattern": pattern, "trained": trained, "read": read}


def learnt(pattern: str, home: str) -> Callable[[Table], None]:
    """A guard: the vocabulary writes its own domain in far fewer tokens than bytes."""
    arm = vocabulary(pattern, home, home)
    return lambda table: above_chance(table, "tokens_per_byte", arm, 1.0, 0.2)


def away(home: str, other: str) -> Holds:
    """Whether a text needs more tokens in the vocabulary of another domain, at each pattern."""
    return lambda table: every(
        *(
            raises(
                table,
                "tokens_per_byte",
                vocabulary(pattern, other, home),
                vocabulary(pattern, home, home),
                MARGIN,
                learnt(pattern, home),
            )
            for pattern in PATTERNS
        )
    )


def as_good_at_home(home: str) -> Holds:
    """Whether a vocabulary of both domains writes one as one of its own does."""
    arms = (vocabulary("gpt2", trained, home) for trained in (BOTH, home))
    both, own = arms
    guard = learnt("gpt2", home)
    return lambda table: unchanged(table, "tokens_per_byte", both, own, MARGIN, guard)


def shorter_without_cuts(home: str) -> Holds:
    """Whether a text needs fewer tokens where the vocabulary was learnt without cuts."""
    whole, gpt2 = (vocabulary(pattern, home, home) for pattern in ("whole", "gpt2"))
    guard = learnt("gpt2", home)
    return lambda table: lowers(table, "tokens_per_byte", whole, gpt2, MARGIN, guard)


def mixed_without_cuts(home: str) -> Holds:
    """Whether more tokens have letters and something else without cuts."""
    whole, gpt2 = (vocabulary(pattern, home, home) for pattern in ("whole", "gpt2"))
    return lambda table: raises(table, "mixed", whole, gpt2, SHARE, learnt("gpt2", home))


def a_token_a_space(trained: str) -> Holds:
    """Whether each space beyond the fourth costs a token, with GPT-2's pattern."""

    def holds(table: Table) -> Verdict:
        arm = {"pattern": "gpt2", "trained": trained}
        few, many = (values(table, "tokens", {**arm, "spaces": n}) for n in (4, 16))
        costs = [(b - a) / 12 for a, b in zip(few, many, strict=True)]
        because = f"a space more costs {min(costs):.2f} to {max(costs):.2f} tokens, by seed"
        return exactly(min(costs) == 1 == max(costs), because, effect=max(costs))

    return holds


def claim(says: str, source: str, experiment: str, holds: Holds, regime: str) -> Claim:
    """A claim whose verdict is undecided where its table says too little."""
    return Claim(says, source, experiment, holds=decided(holds), regime=regime)
