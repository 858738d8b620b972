"""Every task against all its rows: small ones are listed whole, by programs of their own.

A definition below is a naive program that writes one row and calls `choose` wherever it throws a
die. `every` runs it once for each way the dice can fall, so the probability of each row is known,
and with it each entropy and each best guess.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from scipy.stats import chisquare

from cutaway.data.tasks import (
    TASKS,
    Addition,
    Copy,
    Counting,
    Dyck,
    Grammar,
    Induction,
    MarkovSource,
    Needle,
    Recall,
    Task,
)

Choose = Callable[[Sequence[float]], int]
Row = tuple[int, ...]
Joint = dict[Row, float]


class Dice:
    """Dice that fall as a script says, then on their first side; what else they could have done."""

    def __init__(self, script: Row) -> None:
        """Nothing has fallen yet."""
        self.script, self.chance = script, 1.0
        self.fallen: list[int] = []
        self.others: list[Row] = []

    def __call__(self, chances: Sequence[float]) -> int:
        """The side on which a die falls."""
        at = len(self.fallen)
        if at >= len(self.script):
            self.others += [(*self.fallen, side) for side in range(1, len(chances))]
        self.fallen.append(self.script[at] if at < len(self.script) else 0)
        self.chance *= chances[self.fallen[-1]] / sum(chances)
        return self.fallen[-1]


def every(program: Callable[[Choose], Sequence[int]]) -> Joint:
    """Each row that a program can write, with its probability."""
    found: defaultdict[Row, float] = defaultdict(float)
    waiting: list[Row] = [()]
    while waiting:
        dice = Dice(waiting.pop())
        found[tuple(program(dice))] += dice.chance
        waiting += dice.others
    return {row: chance for row, chance in found.items() if chance}


def one_of(choose: Choose, items: Sequence[int]) -> int:
    """One of some equally likely items."""
    return items[choose([1] * len(items))]


def markov(choose: Choose) -> list[int]:
    """Three states; the stationary distribution worked out by hand."""
    row = [choose([2, 3, 4])]
    while len(row) < 4:
        row.append(choose(CHAIN[row[-1]]))
    return row


CHAIN = [[0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3], [0.25, 0.25, 0.5]]


def induction(choose: Choose) -> list[int]:
    """Three symbols, repeat 0.7."""
    row = [choose([1, 1, 1])]
    while len(row) < 6:
        earlier = [at for at in range(len(row) - 1) if row[at] == row[-1]]
        again = earlier and choose([0.3, 0.7])
        row.append(row[earlier[-1] + 1] if again else choose([1, 1, 1]))
    return row


SENTENCES = """
s = 0.5 a s v b | 0.25 c v | 0.25 b
v = 0.75 d | 0.25 a s
"""


def sentences(choose: Choose) -> list[int]:
    """Streams of 7 words of SENTENCES; words are 0 a, 1 b, 2 c, 3 d."""
    words = "abcd"  # the rules first name a, b, c, d in this order

    def write(symbol: str) -> str:
        if symbol == "s":
            return ["a" + "svb", "c" + "v", "b"][choose([2, 1, 1])]
        return ["d", "a" + "s"][choose([3, 1])]

    waiting, row = "s", ""
    while len(row) < 7:
        head, waiting = waiting[0], waiting[1:]
        if head.islower() and head in "sv":
            waiting = write(head) + waiting
        else:
            row += head
        waiting = waiting or "s"
    return [words.index(word) for word in row]


def addition(digits: int, reverse: bool) -> Joint:
    """All sums, by text."""
    found = Joint()
    for a, b in product(range(10**digits), repeat=2):
        total = f"{a + b:0{digits + 1}}"
        text = f"{a:0{digits}}+{b:0{digits}}={total[::-1] if reverse else total}"
        found[tuple("0123456789+=".index(one) for one in text)] = 100.0**-digits
    return found


def copy(reverse: bool) -> Callable[[Choose], list[int]]:
    """Words of three letters out of three."""

    def program(choose: Choose) -> list[int]:
        word = [choose([1] * 3) for _ in range(3)]
        return [*word, 3, *(reversed(word) if reverse else word)]

    return program


def recall(joined: bool) -> Callable[[Choose], list[int]]:
    """Keys 0 to 2, values 3 and 4; two pairs of them, asked once or twice."""

    def program(choose: Choose) -> list[int]:
        row, said = [], dict[int, int]()
        for _ in range(2):
            key = one_of(choose, [key for key in range(3) if key not in said])
            said[key] = one_of(choose, [3, 4])
            row += [5 + 2 * key + said[key] - 3] if joined else [key, said[key]]
        for _ in range(1 if joined else 2):
            key = one_of(choose, list(said))
            row += [key, said.pop(key)]
        return row

    return program


def needle(choose: Choose) -> list[int]:
    """Filler 0 to 2, keys 3 and 4, values 5 and 6; two of filler and a needle between them."""
    hay, key, value = [choose([1] * 3), choose([1] * 3)], 3 + choose([1, 1]), 5 + choose([1, 1])
    depth = choose([1, 1, 1])
    return [*hay[:depth], key, value, *hay[depth:], key, value]


def dyck(kinds: int, pairs: int) -> Joint:
    """All strings of brackets that vanish when neighbours which match are struck out."""

    brackets = "([)]" if kinds == 2 else "()"

    def vanishes(row: Row) -> bool:
        text = "".join(brackets[one] for one in row)
        for _ in range(pairs):
            text = text.replace("()", "").replace("[]", "")
        return not text

    words = [row for row in product(range(2 * kinds), repeat=2 * pairs) if vanishes(row)]
    return dict.fromkeys(words, 1 / len(words))


def counting(choose: Choose) -> list[int]:
    """Four letters out of three, and one to count."""
    word, asked = [choose([1] * 3) for _ in range(4)], choose([1] * 3)
    return [*word, asked, 3 + word.count(asked)]


CERTAIN: Joint = {(0, 0, 0, 0): 1 / 4, (0, 1, 0, 1): 1 / 8, (0, 1, 1, 1): 1 / 8}
CERTAIN |= {tuple(1 - token for token in row): chance for row, chance in CERTAIN.items()}

CASES: dict[str, tuple[Task, Joint, Sequence[int]]] = {
    "markov": (MarkovSource(CHAIN, 4), every(markov), [1, 2, 3]),
    "induction": (Induction(3, 6, 0.7), every(induction), [1, 2, 3, 4, 5]),
    "induction, certain": (Induction(2, 4, 1), CERTAIN, [1, 2, 3]),
    "grammar": (Grammar(SENTENCES, 7), every(sentences), [1, 2, 3, 4, 5, 6]),
    "addition": (Addition(2), addition(2, False), [6, 7, 8]),
    "addition, one digit": (Addition(1), addition(1, False), [4, 5]),
    "addition, reversed": (Addition(2, reverse=True), addition(2, True), [6, 7, 8]),
    "copy": (Copy(3, 3), every(copy(False)), [4, 5, 6]),
    "reversal": (Copy(3, 3, reverse=True), every(copy(True)), [4, 5, 6]),
    "recall": (Recall(3, 2, 2, 2), every(recall(False)), [5, 7]),
    "recall, joined": (Recall(3, 2, 2, 1, joined=True), every(recall(True)), [3]),
    "needle": (Needle(3, 2, 2, 2), every(needle), [5]),
    "dyck, one kind": (Dyck(1, 5), dyck(1, 5), range(1, 10)),
    "dyck, two kinds": (Dyck(2, 3), dyck(2, 3), range(1, 6)),
    "counting": (Counting(3, 4), every(counting), [5]),
}
cases = pytest.mark.parametrize("case", CASES)
named = pytest.mark.parametrize("name", TASKS)


def known(joint: Joint) -> dict[Row, np.ndarray]:
    """After each beginning of a row: the chances of the token that follows."""
    vocab = 1 + max(max(row) for row in joint)
    after: defaultdict[Row, np.ndarray] = defaultdict(lambda: np.zeros(vocab))
    for row, chance in joint.items():
        for at, token in enumerate(row):
            after[row[:at]][token] += chance
    return dict(after)


def nats(chances: np.ndarray) -> float:
    """The entropy of chances that need not add up to 1."""
    shares = [one / chances.sum() for one in chances.tolist() if one]
    return -math.fsum(share * math.log(share) for share in shares)


@cases
def test_the_definition_is_a_distribution_over_rows_of_the_task(case: str) -> None:
    task, joint, _ = CASES[case]
    assert math.fsum(joint.values()) == pytest.approx(1, abs=1e-12)
    assert {len(row) for row in joint} == {task.length}
    assert {token for row in joint for token in row} == set(range(task.vocab))


@cases
def test_every_token_has_its_exact_entropy_and_best_guess(case: str) -> None:
    task, joint, scored = CASES[case]
    drawn, after = task.draw(0, 0, 200), known(joint)
    for row, marks, entropies, bests in zip(
        drawn.tokens.tolist(), drawn.scored, drawn.nats, drawn.best, strict=True
    ):
        chances = [after[tuple(row[:at])] for at in range(task.length)]
        assert np.flatnonzero(marks).tolist() == list(scored)
        assert entropies == pytest.approx([nats(one) for one in chances], abs=1e-12)
        assert bests == pytest.approx([one.max() / one.sum() for one in chances], abs=1e-12)


@cases
def test_every_position_has_its_exact_means(case: str) -> None:
    task, joint, scored = CASES[case]
    entropies, bests = np.zeros((2, task.length))
    blind = np.zeros((task.length, task.vocab))
    for start, chances in known(joint).items():
        entropies[len(start)] += chances.sum() * nats(chances)
        bests[len(start)] += chances.max()
        blind[len(start)] += chances
    exact, at = task.exact, list(scored)
    assert exact.nats == pytest.approx(entropies, abs=1e-12)
    assert exact.best == pytest.approx(bests, abs=1e-12)
    assert exact.blind == pytest.approx(blind.max(1), abs=1e-12)
    assert exact.entropy == pytest.approx(entropies[at].mean(), abs=1e-12)
    assert exact.accuracy == pytest.approx(bests[at].mean(), abs=1e-12)
    assert exact.chance == pytest.approx(blind.max(1)[at].mean(), abs=1e-12)


@cases
def test_rows_come_as_often_as_they_should(case: str) -> None:
    task, joint, _ = CASES[case]
    count, place = 100_000, task.vocab ** np.arange(task.length)  # a row as one number
    numbers, times = np.unique(task.draw(3, 1, count).tokens @ place, return_counts=True)
    drawn = dict(zip(numbers.tolist(), times.tolist(), strict=True))
    due = {int(np.array(row) @ place): chance * count for row, chance in joint.items()}
    assert set(drawn) <= set(due)
    often = [number for number in due if due[number] >= 5]
    seen, expected = [drawn.get(one, 0) for one in often], [due[one] for one in often]
    if len(often) < len(due):
        seen, expected = [*seen, count - sum(seen)], [*expected, count - sum(expected)]
    assert chisquare(seen, expected).pvalue > 1e-3


@named
def test_a_draw_is_a_pure_function_of_seed_and_step(name: str) -> None:
    task = TASKS[name]
    first, again = task.draw(1, 2, 8), task.draw(1, 2, 8)
    for one, other in zip(vars(first).values(), vars(again).values(), strict=True):
        assert np.array_equal(one, other)
    rows = [task.draw(seed, step, 8).tokens for seed, step in [(1, 2), (2, 1), (1, 20), (12, 0)]]
    assert len({one.tobytes() for one in rows}) == len(rows)


@named
def test_the_default_task_keeps_what_it_promises(name: str) -> None:
    task = TASKS[name]
    drawn, exact = task.draw(0, 0, 4000), task.exact
    for one in vars(drawn).values():
        assert one.shape == (4000, task.length) and one.flags.c_contiguous and one.flags.writeable
    assert [one.dtype.name for one in vars(drawn).values()] == [
        "int64",
        "bool",
        "float64",
        "float64",
    ]
    assert drawn.tokens.min() >= 0 and drawn.tokens.max() < task.vocab
    assert (drawn.scored == exact.scored).all() and exact.scored.any() and not exact.scored[0]
    for found, mean in ((drawn.nats, exact.nats), (drawn.best, exact.best)):
        error = found.std(0) / math.sqrt(len(found))
        assert (np.abs(found.mean(0) - mean) <= 5 * error + 1e-12).all()
    shares = np.stack([(drawn.tokens == token).mean(0) for token in range(task.vocab)])
    assert np.abs(shares.max(0) - exact.blind).max() < 0.04


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MarkovSource.random(8), MarkovSource.random(8, seed=1)),
        (Grammar(), Grammar(length=63)),
        (Addition(), Addition(reverse=True)),
        (Copy(), Copy(reverse=True)),
        (Recall(), Recall(queries=3)),
        (Induction(), Induction(repeat=0.74)),
        (Dyck(), Dyck(pairs=17)),
        (Needle(), Needle(keys=5)),
        (Counting(), Counting(size=13)),
    ],
    ids=lambda task: type(task).__name__,
)
def test_another_parameter_is_another_stream(one: Task, other: Task) -> None:
    assert not np.array_equal(one.draw(0, 0, 64).tokens[:, 0], other.draw(0, 0, 64).tokens[:, 0])


def test_equal_tasks_draw_equal_rows() -> None:
    assert Induction(repeat=1) == Induction(repeat=1.0)
    one, other = (Induction(repeat=share).draw(0, 0, 8) for share in (1, 1.0))
    assert np.array_equal(one.tokens, other.tokens)
    as_lists, as_array = MarkovSource(CHAIN), MarkovSource(np.array(CHAIN).tolist())
    assert as_lists == as_array and hash(as_lists) == hash(as_array)
