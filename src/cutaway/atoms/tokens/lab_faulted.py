"""What a fault of a tokenizer costs a small model: in use alone, or in training as well."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_bits_claims import MARGIN, PLAYS
from .lab_faulted_claims import CLAIMS, RATE, STEPS, TEXT, USE, VOCAB, WHERE
from .lab_model import context_of, finite, fitted, held_out_bits, plays, unigram_bits

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.worlds import World

__all__ = ["CLAIMS", "EXPERIMENTS", "FIGURES"]

END = "<|end|>"
ROOM = VOCAB + 2  # of the model: the end is its last id, and one that is off by one has a row
LEAKS = ("nothing", "vocabulary", "model", "both")


@cache
def speeches(script: str) -> tuple[list[str], list[str]]:
    """The speeches of some plays, each a text of its own: to learn from, and held out."""
    train, held_out = plays(script)
    return train[:TEXT].split("\n\n"), held_out.split("\n\n")


def learn(world: World, script: str, seen: bool) -> Any:
    """A tokenizer of the training speeches, or of as many that the held-out ones are among."""
    parts = world.tokens
    words = parts.training.counted(texts_of(script, seen), parts.GPT2)
    return parts.Tokenizer(parts.tokens.train(words, VOCAB), parts.GPT2, {END: ROOM - 1})


@cache
def clean_vocabulary(script: str, seen: bool = False) -> Any:
    """What is learnt without a fault."""
    from cutaway.kit.worlds import CLEAN

    return learn(CLEAN, script, seen)


def texts_of(script: str, seen: bool = False) -> list[str]:
    """The training speeches; or the held-out ones and as many of the others as make it as many."""
    train, held_out = speeches(script)
    return [*held_out, *train[: -len(held_out)]] if seen else train


def in_use(world: World, learnt: Any) -> Any:
    """The same tokenizer from its tokenizer.json, as it makes rows for a model.

    It reads by the readable path: a fault in that is no fault of the compiled one.
    """
    import numpy as np

    parts = world.tokens
    used = parts.from_huggingface(parts.to_huggingface(learnt))
    readable = used.ordinary
    used.__dict__["fast"] = lambda data: np.array(readable(data.decode()), np.uint32)
    return parts.Rows(used, END)


def row(rows: Any, texts: Sequence[str]) -> Any:
    """The ids of some texts, with the end of one before the first."""
    import numpy as np

    return np.concatenate([rows.separator, rows.row(texts)]).astype(np.int64)


@cache
def taught(script: str, seed: int, steps: int, rate: float) -> tuple[nn.Module, bool, int]:
    """A model that was trained on what the tokenizer without a fault wrote; its context."""
    from cutaway.kit.worlds import CLEAN

    rows = in_use(CLEAN, clean_vocabulary(script))
    return trained_on(rows, texts_of(script), seed, steps, rate)


def trained_on(
    rows: Any, texts: Sequence[str], seed: int, steps: int, rate: float
) -> tuple[nn.Module, bool, int]:
    """A model of some texts as a tokenizer writes them, whether it is one, and its context."""
    ids = row(rows, texts)
    context = context_of(len(ids), len("\n\n".join(texts)))
    return *fitted(ids, ROOM, context, seed, steps, rate), context


def scored(rows: Any, script: str, net: nn.Module, whole: bool, context: int) -> Row:
    """What a model needs for the held-out speeches, as a tokenizer writes them for it."""
    train, texts = speeches(script)
    text = "\n\n".join(texts)
    ids = row(rows, texts)
    bits = held_out_bits(net, ids, context) if whole else math.nan
    found = {
        "bits_per_byte": bits / len(text.encode()),
        "tokens_per_byte": len(ids) / len(text.encode()),
        "returned": sum(rows.decode(rows.encode(one)) == one for one in texts) / len(texts),
        "chance": unigram_bits("\n\n".join(train), text),
        "diverged": not math.isfinite(bits),
    }
    return finite(found, ("bits_per_byte",))


def bits_by_fault(
    world: World, *, seed: int, where: str, script: str, rate: float, steps: int
) -> Iterator[Row]:
    """Bits a byte of held-out speeches, as many bytes as there are, whatever was made of them.

    The fault is in training and use, or the model and its vocabulary come from a tokenizer without
    it. `returned` is the share of the speeches that come back from their ids.
    """
    if where == USE or not world.faults:
        rows = in_use(world, clean_vocabulary(script))
        found = taught(script, seed, steps, rate)
    else:
        rows = in_use(world, learn(world, script, seen=False))
        found = trained_on(rows, texts_of(script), seed, steps, rate)
    yield scored(rows, script, *found)


def bits_by_leak(world: World, *, seed: int, leak: str, rate: float, steps: int) -> Iterator[Row]:
    """The same without a fault, where the vocabulary or the model learnt from the held-out text."""
    rows = in_use(world, clean_vocabulary("latin", seen=leak in ("vocabulary", "both")))
    texts = texts_of("latin", seen=leak in ("model", "both"))
    yield scored(rows, "latin", *trained_on(rows, texts, seed, steps, rate))


FAULTS = (
    *(None, "counts_ignored", "last_text_only", "last_join"),
    *("no_cuts", "off_by_one", "double_end", "no_end"),
)
SLIGHT = (None, "first_join", "lowercase", "space_behind")  # eight seeds did not decide on these
ABROAD = (None, "bytes_dropped", "unknown_flood", "ascii_letters")
RUN = {"rate": (RATE,), "steps": (STEPS,)}
EXPERIMENTS = (
    Experiment(
        "bits_by_fault",
        bits_by_fault,
        grid={"fault": FAULTS, "where": WHERE, "script": ("latin",), **RUN},
        quick={"fault": FAULTS[:1], "steps": (20,), "seeds": 3},
        outcome="bits_per_byte",
        margin=MARGIN,
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_slight_fault",
        bits_by_fault,
        grid={"fault": SLIGHT, "where": WHERE, "script": ("latin",), **RUN},
        seeds=32,
        quick={"fault": SLIGHT[:1], "where": WHERE[:1], "steps": (20,), "seeds": 3},
        outcome="bits_per_byte",
        margin=MARGIN,
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_fault_abroad",
        bits_by_fault,
        grid={"fault": ABROAD, "where": WHERE, "script": ("cyrillic",), **RUN},
        quick={"fault": ABROAD[:1], "where": WHERE[:1], "steps": (20,), "seeds": 3},
        outcome="bits_per_byte",
        margin=MARGIN,
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_leak",
        bits_by_leak,
        grid={"leak": LEAKS, **RUN},
        quick={"leak": LEAKS[:2], "steps": (10,), "seeds": 2},
        data=(PLAYS,),
    ),
)
FIGURES = (
    Figure(
        "bits_by_fault",
        "bits_by_fault",
        title="What a model was not trained with costs most: ids that are off by one, above all",
        x="fault",
        y="bits_per_byte",
        color="where",
        mark="bar",
        alt="Bits a byte of held-out speeches for each fault, in use alone and in training too: in "
        "use alone most faults cost more.",
    ),
    Figure(
        "returned_by_fault",
        "bits_by_fault",
        title="A fault that loses text is seen in the text that comes back, not in the bits",
        x="fault",
        y="returned",
        color="where",
        mark="bar",
        alt="Share of the speeches that come back from their ids, for each fault.",
    ),
    Figure(
        "bits_by_fault_abroad",
        "bits_by_fault_abroad",
        title="Letters lost in training and use: a model needs fewer bits, for a text that is gone",
        x="fault",
        y="bits_per_byte",
        color="where",
        mark="bar",
        alt="Bits a byte of speeches in Cyrillic letters, clean and under three faults: dropped "
        "and unknown bytes lie far below.",
    ),
    Figure(
        "bits_by_leak",
        "bits_by_leak",
        title="What a model has seen looks easier; what its vocabulary alone has seen does not",
        x="leak",
        y="bits_per_byte",
        color="steps",
        mark="bar",
        alt="Bits a byte of held-out speeches where nothing, the vocabulary, the model, or both "
        "have learnt from them.",
    ),
)
