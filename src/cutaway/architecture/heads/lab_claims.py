"""What is said of heads, and how each sentence is decided."""

from __future__ import annotations

from cutaway.kit.judging import Holds, decided
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import lowers, raises, unchanged
from cutaway.kit.words import Claim

from .lab_broken import BY_FAULT, GROUPS, LENGTHS
from .lab_count import BY_HEADS
from .lab_grid import OTHER
from .lab_judging import (
    CLEAN,
    MARGIN,
    adds_up,
    apart,
    compared,
    counted,
    matter,
    more_heads,
    nameless,
    of_exam,
    rise_together,
)
from .lab_roles import AFTER, ALL, BEFORE, OTHERS, SUM
from .lab_small import DEPTH, HEADS, MODEL, RATE, STEPS, WIDTH

TASKS = {
    "text": "characters of Shakespeare in windows of 32",
    "induction": "rows of 24 tokens, each of 8, that repeat what followed the last time",
    "dyck": "brackets of two kinds, 32 in a row",
}
TRAINED = {
    exam: f"{MODEL}; {words}; {STEPS[exam]} steps at {RATE[exam]}" for exam, words in TASKS.items()
}
AIM = 0.05  # of the weight
CUT = f"{HEADS} heads of {WIDTH // HEADS} in each of {DEPTH} layers"


def by_count(exam: str) -> Claim:
    """One head against eight."""
    return Claim(
        f"Eight heads are better than one ({exam})",
        source="003-15",
        experiment=BY_HEADS[exam],
        holds=more_heads(exam, 8, 1),
        regime=f"{MODEL}; {TASKS[exam]}; {STEPS[exam]} steps; heads of 4 against one of 32, equal "
        f"parameters; each at its own rate, tuned on seeds {TUNING}, judged on others; "
        f"of interest from {MARGIN} nats",
    )


def by_removal(exam: str, says: str, holds: Holds) -> Claim:
    """What is lost with a head."""
    return Claim(
        f"{says} ({exam})",
        source="001-21",
        experiment="cost_by_head",
        holds=holds,
        regime=f"{TRAINED[exam]}; {CUT}; a head is removed from the trained model, which is not "
        f"trained again; it counts from {MARGIN} nats on, where that is surely above 0",
    )


def by_overlap(exam: str, says: str, against: str) -> Claim:
    """What heads have in common."""
    return Claim(
        f"{says} ({exam})",
        source="000-17",
        experiment="overlap_by_pair",
        holds=apart(exam, against),
        regime=f"{TRAINED[exam]}; {CUT}; the weight that two heads of a layer have in common, "
        "on average; of interest from 0.05",
    )


def by_role(says: str, role: str, against: str = OTHERS, source: str = "000-17") -> Claim:
    """What is lost with the best head of a kind."""
    return Claim(
        says,
        source=source,
        experiment="cost_by_role",
        holds=compared(raises, "cost", {"head": role}, {"head": against}),
        regime=f"{TRAINED['induction']}; {CUT}; heads chosen by their score, not by their cost; "
        f"of interest from {MARGIN} nats",
    )


def by_fault(exam: str, says: str, holds: Holds) -> Claim:
    """What a fault costs."""
    return Claim(
        f"{says} ({exam})",
        source="001-20",
        experiment=BY_FAULT[exam],
        holds=of_exam(exam, holds),
        regime=f"{TRAINED[exam]}; {CUT}, in {GROUPS} groups; deployed: given only the past, at "
        f"lengths {LENGTHS}; of interest from {MARGIN} nats",
    )


def leaks(fault: str) -> Holds:
    """Whether a model is worse deployed than it looks on whole rows."""
    return compared(raises, "leak", {"fault": fault}, CLEAN)


def costs(fault: str) -> Holds:
    """Whether the loss is higher."""
    return compared(raises, "nats", {"fault": fault}, CLEAN)


def improves(fault: str) -> Holds:
    """Whether the loss on whole rows is lower."""
    return compared(lowers, "nats", {"fault": fault}, CLEAN)


BOTH = ("text", "induction")
CLAIMS = (
    *(by_count(exam) for exam in TASKS),
    *(
        by_removal(
            exam, "Specialisation: at least half of the heads cost something alone", matter(exam)
        )
        for exam in BOTH
    ),
    *(
        by_removal(
            exam,
            "Not redundancy: single costs add up to half or more of what all heads cost together",
            adds_up(exam),
        )
        for exam in BOTH
    ),
    *(
        by_overlap(
            exam,
            "Heads can learn different relational patterns: more apart than heads of two models",
            "of two models",
        )
        for exam in BOTH
    ),
    *(by_overlap(exam, "Training takes heads apart", "before training") for exam in BOTH),
    Claim(
        "A head that looks at what came after rises with the model's accuracy",
        source="000-17",
        experiment="scores_by_step",
        holds=decided(rise_together),
        regime=f"{TRAINED['induction']}; {CUT}; rank correlation over the steps of each seed of "
        "accuracy and the highest score of any head; of interest beyond 0.8",
    ),
    by_role("The best head that looks at what came after costs more than another", AFTER),
    by_role("The best head that looks at the token before costs more than another", BEFORE),
    by_role(
        "Redundancy: heads that look at what came after stand in for each other", ALL, SUM, "001-21"
    ),
    Claim(
        "Without the head before it that looks at the token before, the head that looks at what "
        "came after loses its aim",
        source="000-17",
        experiment="scores_without",
        holds=compared(lowers, "score", {"gone": BEFORE}, {"gone": OTHER}, AIM),
        regime=f"{TRAINED['induction']}; {CUT}; heads chosen by their scores on other rows, of the "
        f"first layer and of the second; against another head of the first; of interest from {AIM}",
    ),
    Claim(
        "What is kept of a token shrinks as the groups do, and exactly so",
        source="002-12",
        experiment="loss_by_groups",
        holds=decided(counted),
        regime=f"{DEPTH} layers of {HEADS} heads of {WIDTH // HEADS}, four bytes a number",
    ),
    *(
        Claim(
            f"One group for four heads costs next to nothing ({exam})",
            source="002-12",
            experiment="loss_by_groups",
            holds=of_exam(exam, compared(unchanged, "nats", {"groups": 1}, {"groups": 4})),
            regime=f"{TRAINED[exam]}; {CUT}; parameters not made up for; within {MARGIN} nats",
        )
        for exam in BOTH
    ),
    by_fault("text", "Heads cut by a view look better than they are", leaks("viewed_in")),
    by_fault("text", "Views on both sides look better than they are", leaks("viewed_both")),
    by_fault("text", "Heads cut by a view seem to improve the loss", improves("viewed_in")),
    *(
        by_fault(exam, "One head that all others repeat is worse than four", costs("one_head"))
        for exam in BOTH
    ),
    *(
        by_fault(exam, "Heads that do not learn where to look are worse", costs("detached"))
        for exam in BOTH
    ),
    by_fault(
        "induction",
        "Where heads hear only heads, what repeats is not learnt",
        costs("across_heads"),
    ),
    Claim(
        "Heads have no names: four orders of their own cost nothing from scratch",
        source="001-18",
        experiment="loss_by_order",
        holds=decided(nameless),
        regime=f"{TRAINED['text']}, three quarters of the steps; {CUT}, in {GROUPS} groups; each "
        f"within {MARGIN} nats",
    ),
)
