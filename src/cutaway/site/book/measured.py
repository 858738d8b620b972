"""What was measured of a break, in numbers and in the words that one would search for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import fmean

from cutaway.kit.effects import Effect, effects
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable
from cutaway.kit.tables import Table
from cutaway.kit.words import Experiment, Fault
from cutaway.site.markup import Html, joined, number, signed, tag
from cutaway.site.report import Entry

LOSSES = re.compile(r"loss|.*_loss|reported|validation|deployed|excess")
LEVELS = ("chance", "unigram", "bigram", "trigram")  # columns that hold what simpler models lose
SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "so",
        "than",
    ]
)
SMALL |= frozenset(
    [
        "that",
        "the",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "what",
        "where",
        "which",
        "while",
        "with",
    ]
)
MANY = 6  # phrases to choose from


@dataclass(frozen=True)
class Measured:
    """An effect of a break, and the experiment that measured it."""

    experiment: Experiment
    effect: Effect


def outcomes(entry: Entry, fault: Fault) -> list[Measured]:
    """The effects of a fault on the outcome of every experiment that measured it."""
    return [
        Measured(one, effect)
        for one, table in _tables(entry, fault)
        for effect in effects(one, table, fault.name)
    ]


def _tables(entry: Entry, fault: Fault) -> Iterator[tuple[Experiment, Table]]:
    """The experiments with an outcome that measured a fault, or tried to, and their tables."""
    for one in entry.lab.experiments:
        table = entry.tables.get(one.name)
        if one.outcome and table is not None:
            rows = table.column("fault") if "fault" in table.columns else []
            if fault.name in [*rows, *(failure["params"].get("fault") for failure in table.failed)]:
                yield one, table


def brief(one: Measured) -> Html:
    """An effect in a line: the column, the change, its interval, the seeds, the experiment."""
    found = one.effect.found
    where = tag("span", f" in {one.experiment.name}", class_="soft")
    if found is None:
        return joined(f"{one.effect.column}{one.effect.at}: {one.effect.because}", where)
    ends = f" ({signed(found.low)} to {signed(found.high)}, {found.n} seeds)"
    same = f": less than {number(one.effect.margin)} either way" if one.effect.equal else ""
    change = tag("strong", signed(found.mean))
    return joined(f"{one.effect.column}{one.effect.at} ", change, tag("span", ends, same), where)


def phrases(entry: Entry, fault: Fault) -> list[str]:
    """What someone would say who sees the measured effects of a fault, without doubles."""
    said: list[str] = []
    for one, table in _tables(entry, fault):
        arm = table.where(fault=fault.name)
        if "diverged" in table.columns and True in arm.column("diverged"):
            said.append("training diverges")
        columns = [name for name in table.columns if LOSSES.fullmatch(name)]
        for column in dict.fromkeys([str(one.outcome), *columns]):
            for effect in effects(replace(one, outcome=column), table, fault.name):
                said += _words(effect, table, fault.name, column == one.outcome)
    return list(dict.fromkeys(said))


def _words(effect: Effect, table: Table, fault: str, outcome: bool) -> list[str]:
    """An effect as one would say it, and the level that its column stays at."""
    if effect.found is None:
        return []
    is_loss = LOSSES.fullmatch(effect.column)
    name = f"{effect.column} loss" if is_loss and "loss" not in effect.column else effect.column
    if effect.equal:
        return [f"no effect on {name}"] if outcome else []
    sure = not effect.found.low <= 0 <= effect.found.high
    more = effect.found.mean > 0
    word = ("too high" if more else "too low") if is_loss else "higher" if more else "lower"
    said = [f"{name} {word}"] if sure else []
    levels = [one for one in LEVELS if one in table.columns and is_loss and sure]
    return said + [
        f"{name} near {level} level"
        for level in levels
        if _near(effect, table.where(**effect.point, fault=fault), level)
    ]


def _near(effect: Effect, arm: Table, level: str) -> bool:
    """Whether the mean of an arm is within the smallest effect of interest of a level."""
    try:
        found, there = values(arm, effect.column, {}), values(arm, level, {})
    except Undecidable:
        return False
    return abs(fmean(found) - fmean(there)) < effect.margin


def frequent(said: Iterable[str]) -> list[str]:
    """The phrases that are said of several breaks, the most frequent first."""
    counts = Counter(said)
    shared = [phrase for phrase in counts if counts[phrase] > 1]
    return sorted(shared, key=lambda phrase: (-counts[phrase], phrase))[:MANY]


def common(symptoms: Iterable[str]) -> list[str]:
    """The runs of two to four words that several symptoms share: long and frequent ones first."""
    counts: Counter[str] = Counter()
    for symptom in symptoms:
        clauses = [re.findall(r"[\w-]+", part) for part in re.split(r"[.,;:()]", symptom.lower())]
        counts.update({run for words in clauses for run in _runs(words)})
    kept: list[str] = []
    for run in sorted(counts, key=lambda run: (-counts[run] * run.count(" "), run)):
        if counts[run] > 1 and not any(run in other or other in run for other in kept):
            kept.append(run)
    return kept[:MANY]


def _runs(words: list[str]) -> Iterator[str]:
    """The runs of two to four words that neither begin nor end with a small one."""
    for length in (2, 3, 4):
        for at in range(len(words) - length + 1):
            run = words[at : at + length]
            if not SMALL & {run[0], run[-1]}:
                yield " ".join(run)
