"""What is said of tokenizers that are wrong, and how the runs decide it."""

from __future__ import annotations

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, lowers, raises, unchanged
from cutaway.kit.words import Claim

from .lab_bits_claims import CONTEXT, HIDDEN, LEFT, MARGIN, WIDTH, Arm
from .lab_exact_judging import above

VOCAB, TEXT, RATE, STEPS = 400, 100_000, 0.02, 240
USE, BOTH = "use", "training and use"
WHERE = (USE, BOTH)
BITS = "bits_per_byte"


def arm(fault: str | None, where: str = USE) -> Arm:
    """The rows of one fault in one place."""
    return {"fault": fault, "where": where}


def learnt(table: Table) -> None:
    """Nothing, if the model without a fault has learnt more than how often each byte occurs."""
    for where in WHERE:
        least = min(values(table, "chance", arm(None, where)))
        above_chance(table, BITS, arm(None, where), least, LEFT)


def costs(fault: str, where: str = USE) -> Holds:
    """Whether a fault costs bits, against no fault."""
    return lambda table: raises(table, BITS, arm(fault, where), arm(None, where), MARGIN, learnt)


def saves(fault: str, where: str) -> Holds:
    """Whether a model needs fewer bits with a fault than without."""
    return lambda table: lowers(table, BITS, arm(fault, where), arm(None, where), MARGIN, learnt)


def costs_nothing(fault: str, where: str) -> Holds:
    """Whether a model needs as many bits with a fault as without."""
    return lambda table: unchanged(table, BITS, arm(fault, where), arm(None, where), MARGIN, learnt)


def worse_than_chance(fault: str) -> Holds:
    """Whether a fault in use alone costs more than the frequencies of bytes do."""

    def holds(table: Table) -> Verdict:
        learnt(table)
        return above(arm(fault), BITS, "chance", MARGIN)(table)

    return holds


def all_of(*each: Holds) -> Holds:
    """Whether all of it holds."""
    return lambda table: every(*(holds(table) for holds in each))


def seen(leak: str) -> Holds:
    """Whether held-out text needs fewer bits where something has learnt from it."""

    def learnt_at_all(table: Table) -> None:
        least = min(values(table, "chance", {"leak": "nothing"}))
        above_chance(table, BITS, {"leak": "nothing"}, least, LEFT)

    return lambda table: lowers(
        table, BITS, {"leak": leak}, {"leak": "nothing"}, MARGIN, learnt_at_all
    )


REGIME = (
    f"speeches of Shakespeare's plays, each a text that ends; {VOCAB} tokens learnt from "
    f"{TEXT // 1000} kB; embeddings of {WIDTH}, a GRU of {HIDDEN}, windows of {CONTEXT} "
    f"characters, {STEPS} steps of AdamW at {RATE}, the rate that is best without a fault"
)
LETTERS = f"{REGIME}; the letters written in Cyrillic"


def claim(says: str, source: str, holds: Holds, experiment: str = "bits_by_fault") -> Claim:
    """A claim on a fault."""
    regime = LETTERS if experiment.endswith("abroad") else REGIME
    return Claim(says, source, experiment, holds=decided(holds), regime=regime)


CLAIMS = (
    claim(
        "Ids that are off by one in use make a model worse than the frequencies of bytes",
        "001-08",
        worse_than_chance("off_by_one"),
    ),
    claim(
        "Pairs that are joined from left to right in use, and were not in training, cost bits",
        "001-08",
        costs("first_join"),
        "bits_by_slight_fault",
    ),
    claim(
        "Pairs that are joined from left to right in training and use alike cost a model nothing",
        "001-08",
        costs_nothing("first_join", BOTH),
        "bits_by_slight_fault",
    ),
    claim(
        "A text that is not cut into words in use, and was in training, costs bits",
        "004-11",
        costs("no_cuts"),
    ),
    claim(
        "A space that goes with the word before it costs bits in use, and none if trained so",
        "004-11",
        all_of(costs("space_behind"), costs_nothing("space_behind", BOTH)),
        "bits_by_slight_fault",
    ),
    claim(
        "Texts that end twice in use, and once in training, cost bits",
        "001-08",
        costs("double_end"),
    ),
    claim(
        "A model of texts whose capitals were made small in training and use needs fewer bits",
        "001-08",
        saves("lowercase", BOTH),
        "bits_by_slight_fault",
    ),
    claim(
        "Where most letters are one unknown token, a model needs fewer bits than where they are "
        "themselves",
        "003-03",
        saves("unknown_flood", BOTH),
        "bits_by_fault_abroad",
    ),
    claim(
        "A vocabulary that was learnt from the held-out text, too, makes it look easier",
        "001-04",
        seen("vocabulary"),
        "bits_by_leak",
    ),
    claim(
        "A model that was trained on the held-out text, too, makes it look easier",
        "001-04",
        seen("model"),
        "bits_by_leak",
    ),
)
