"""Where the numbers of a published model are, and where its work is: counted, nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

NAMES = ("vocab", "context", "width", "depth", "heads", "groups", "size", "hidden")
PUBLISHED = {  # a style, and its sizes as they were published
    "GPT-2 small": ("gpt2", (50257, 1024, 768, 12, 12, 12, 64, 3072)),
    "Llama 2 7B": ("llama", (32000, 4096, 4096, 32, 32, 32, 128, 11008)),
    "Qwen3 0.6B": ("qwen3", (151936, 40960, 1024, 28, 16, 8, 128, 3072)),
}
PARTS = ("table", "positions", "heads", "comparing", "MLP", "norms", "head")
LENGTHS = (256, 1024, 4096, 16384, 65536)
OF = {"tokens": "table", "positions": "positions", "head": "head", "mlp": "MLP"}
READ = 1024


def part_of(name: str) -> str:
    """The part that a parameter belongs to, by its name in the state."""
    word = name.split(".")[2 if name.startswith("blocks.") else 0]
    inner = "place" in name or word in ("before", "between", "last")
    return "norms" if inner else OF.get(word, "heads")


def work(world: World, c: Any, tokens: int, in_mlp: int) -> dict[str, int]:
    """The operations of a token in a text of some tokens, by part: what one more of it costs."""

    def costs(length: int = tokens, matrices: int = in_mlp, vocab: int = c.vocab) -> int:
        return int(world.gpt.operations(replace(c, vocab=vocab), length, matrices)) // length

    spent = {
        "comparing": (costs(length=2) - costs(length=1)) * tokens,
        "MLP": (costs() - costs(matrices=in_mlp - 1)) * in_mlp,
        "head": (costs(vocab=c.vocab + 1) - costs()) * c.vocab,
    }
    return {"heads": costs() - sum(spent.values()), **spent}


def published(world: World, name: str) -> tuple[str, Any, int]:
    """The style of a published model, its config, and how many matrices its MLP has."""
    style, sizes = PUBLISHED[name]
    return style, world.gpt.Config(**dict(zip(NAMES, sizes, strict=True))), 2 + (style != "gpt2")


def size_by_part(world: World, *, seed: int, model: str) -> Iterator[Row]:
    """What each part of a published model has and costs, and what is counted for the whole."""
    import torch

    style, c, in_mlp = published(world, model)
    with torch.device("meta"):  # shapes, and no memory
        made = getattr(world.gpt, style)(c)
    has = dict.fromkeys(PARTS, 0)
    for name, parameter in made.named_parameters():
        has[part_of(name)] += parameter.numel()
    spent = work(world, c, READ, in_mlp)
    counted = getattr(world.gpt, f"{style}_parameters")(c)
    for part in PARTS:
        yield {
            "part": part,
            "parameters": has[part],
            "share": has[part] / sum(has.values()),
            "operations": spent.get(part, 0),
            "share_of_work": spent.get(part, 0) / sum(spent.values()),
            "whole": sum(has.values()),
            "counted": counted,
        }


def comparing_by_length(world: World, *, seed: int, model: str, tokens: int) -> Iterator[Row]:
    """The share of the work that comparing tokens is, in a text of some length."""
    _, c, in_mlp = published(world, model)
    spent = work(world, c, tokens, in_mlp)
    yield {"comparing": spent["comparing"] / sum(spent.values())}


def right(table: Table) -> Verdict:
    """Whether every count by hand is that of the model that was made."""
    if not len(table):
        raise Undecidable("nothing was counted")
    found = {row["model"]: (row["whole"], row["counted"]) for row in table.dicts()}
    if any(None in pair for pair in found.values()):
        raise Undecidable("a model was not counted")
    far = max(abs(whole - counted) for whole, counted in found.values())
    said = ", ".join(f"{name} {counted:,}" for name, (_, counted) in found.items())
    return exactly(far == 0, f"counted: {said}; the furthest is {far:,} away", far)


EXPERIMENTS = (
    Experiment("size_by_part", size_by_part, grid={"model": tuple(PUBLISHED)}, seeds=1),
    Experiment(
        "comparing_by_length",
        comparing_by_length,
        grid={"model": tuple(PUBLISHED), "tokens": LENGTHS},
        seeds=1,
    ),
)

FIGURES = (
    Figure(
        "size_by_part",
        "size_by_part",
        title="Most of a large model is in its MLPs; of a small one, much is in the table",
        x="part",
        y="share",
        color="model",
        mark="bar",
        alt="Share of the parameters in each part, three bars each: GPT-2, Llama 2 and Qwen3.",
    ),
    Figure(
        "work_by_part",
        "size_by_part",
        title="The table is free to read and the head is not: it is paid for at every token",
        x="part",
        y="share_of_work",
        color="model",
        mark="bar",
        alt=(
            f"Share of the operations of a token in each part, in a text of {READ} tokens, three "
            "bars each: GPT-2, Llama 2 and Qwen3."
        ),
    ),
    Figure(
        "comparing_by_length",
        "comparing_by_length",
        title="To compare tokens is little of the work in short texts and most of it in long ones",
        x="tokens",
        y="comparing",
        color="model",
        mark="bar",
        alt="Share of the work that comparing is, by the length of the text, a bar for each model.",
    ),
)

CLAIMS = (
    Claim(
        "A model has as many numbers as are counted by hand from its sizes",
        source="003-18",
        experiment="size_by_part",
        holds=decided(right),
        regime="three published models, made without memory; to the last number",
    ),
)
