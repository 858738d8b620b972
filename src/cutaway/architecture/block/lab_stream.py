"""The residual stream: what it is worth by depth, what it carries back, what is read off it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.worlds import World

DEPTHS, DEEP = (1, 2, 4), 8
STARTS = {"fan_in": "fan-in", "small": "0.02"}  # by their names in those of experiments
RATES = {"fan_in": (0.0003, 0.001, 0.003, 0.01, 0.03), "small": (0.001, 0.003, 0.01, 0.03)}
RECALL = (0.0003, 0.001, 0.003, 0.01, 0.03)  # the rates for a task of looking up
STEPS, ASKED, LONG, RATE = 120, 150, 300, 0.01
READ = 4  # blocks whose stream is read
LINE, LETTERS = 34, 10  # the held-out line whose stream is read letter by letter: "weary sun "
SIGNS = {" ": "␣", "\n": "↵"}  # for letters that cannot be seen
ARMS = (None, "no_stream")


def levels(task: str) -> dict[str, float]:
    """What a loss is read against: `chance`, and on a text what pairs of characters allow."""
    from . import lab_model as models

    if task != "text":
        return {"chance": models.chance(task)}
    text = models.Text(context=models.CONTEXT)
    return {"chance": text.rung("unigram"), "bigram": text.rung("bigram")}


def loss_by_depth(
    world: World, *, seed: int, task: str, start: str, rate: float, steps: int
) -> Iterator[Row]:
    """Where training ends, by depth: `nats_4` and the share that is `right_4` for four blocks."""
    from cutaway.kit.teaching import accuracy, nats

    from . import lab_model as models

    exam = models.exam_of(task)
    row: dict[str, Any] = {name: models.short(one) for name, one in levels(task).items()}
    row["diverged"] = 0
    for depth in DEPTHS:
        model = models.built(world, exam, seed, depth=depth, start=start)
        models.learn(model, exam, seed, steps=steps, rate=rate)
        row[f"nats_{depth}"] = models.short(nats(model, exam.held_out()))
        row[f"right_{depth}"] = models.short(accuracy(model, exam.held_out()))
        row["diverged"] += row[f"nats_{depth}"] is None
    yield row


def gradient_by_block(world: World, *, seed: int, depth: int, start: str) -> Iterator[Row]:
    """The size of the gradient in the stream after each block before training, the last one's 1.

    `block` 0 is the stream before the first block; `decades` is the power of ten.
    """
    import torch

    from cutaway.kit.teaching import surprise

    from . import lab_model as models

    exam = models.exam_of("text")
    model = models.built(world, exam, seed, depth=depth, start=start)
    seen: list[Any] = []
    taps = [model.positions, *model.blocks]
    kept = [tap.register_forward_hook(lambda *args: seen.append(args[-1])) for tap in taps]
    loss = surprise(model, exam.rows(seed, 0))
    for one in kept:
        one.remove()
    sizes = torch.stack([one.norm() for one in torch.autograd.grad(loss, seen)])
    ratios = (sizes / sizes[-1]).log10().tolist()
    for block, decades in enumerate(ratios):
        yield {"block": block, "decades": models.short(decades)}


def streams(model: Any, tokens: Any) -> Iterator[tuple[str, Any, Any]]:
    """The stream before each part of each block, and what the part finds; then the stream left."""
    import torch

    caught: dict[Any, Any] = {}

    def enters(module: nn.Module, given: tuple[Any, ...]) -> None:
        caught[module, "in"] = given[0]

    def leaves(module: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        caught[module, "out"] = out

    kept = []
    for block in model.blocks:
        kept += [one.register_forward_pre_hook(enters) for one in (block.before, block.between)]
        kept += [one.register_forward_hook(leaves) for one in (block, block.heads, block.mlp)]
    with torch.no_grad():
        model(tokens)
    for one in kept:
        one.remove()
    for at, block in enumerate(model.blocks, 1):
        yield f"{at} heads", caught[block.before, "in"], caught[block.heads, "out"]
        yield f"{at} MLP", caught[block.between, "in"], caught[block.mlp, "out"]
    yield "end", caught[model.blocks[-1], "out"], None


def stream_by_part(world: World, *, seed: int, depth: int, steps: int) -> Iterator[Row]:
    """What a trained model's last norm and head read off the stream before each part, and after.

    `part` is what comes next; `share` the size of what it adds, of the stream's; `along` its cosine
    with the stream; `size` the size of the stream.
    """
    from torch.nn import functional as F

    from . import lab_model as models

    exam: Any = models.exam_of("text")
    model = models.built(world, exam, seed, depth=depth)
    models.learn(model, exam, seed, steps=steps, rate=RATE)
    rows = exam.held_out().tokens[::4]
    for order, (part, x, found) in enumerate(streams(model, rows[:, :-1])):
        scores = model.head(model.last(x))
        row = {
            "order": order,
            "nats": F.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten()).item(),
            "size": x.square().mean(-1).sqrt().mean().item(),
        }
        if found is not None:
            row["share"] = (found.norm(dim=-1) / x.norm(dim=-1)).mean().item()
            row["along"] = F.cosine_similarity(found, x, dim=-1).mean().item()
        short = {name: models.short(value) for name, value in row.items()}
        yield {"part": part, **short, "order": order, "chance": models.short(exam.rung("unigram"))}


def lens_by_letter(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """What the stream answers at each letter before each part, on one held-out line.

    `odds` are those of the right next letter; `answer` is the likeliest, and `sure` how likely it
    is; `added` is the size of what the part adds to a stream of size `size`.
    """
    from cutaway.kit.exams import prepared

    from . import lab_model as models

    exam: Any = models.exam_of("text")
    model = models.built(world, exam, seed, depth=READ)
    models.learn(model, exam, seed, steps=steps, rate=RATE)
    line = exam.held_out().tokens[LINE : LINE + 1, : LETTERS + 1]
    text = prepared("shakespeare").tokenization.decode(line[0])
    names = [f"{at} {SIGNS.get(letter, letter)}" for at, letter in enumerate(text, 1)]
    for part, x, found in streams(model, line[:, :-1]):
        odds = model.head(model.last(x)).softmax(-1)[0]
        sizes = x[0].square().mean(-1).sqrt().tolist()
        added = [None] * LETTERS if found is None else found[0].square().mean(-1).sqrt().tolist()
        for at, (name, chances) in enumerate(zip(names, odds)):
            sure, answer = chances.max(-1)
            letter = prepared("shakespeare").tokenization.decode([answer.item()])
            yield {
                "letter": name,
                "before": part,
                "odds": rounded(chances[line[0, at + 1]].item()),
                "answer": SIGNS.get(letter, letter),
                "sure": rounded(sure.item()),
                "size": rounded(sizes[at]),
                "added": rounded(added[at]),
            }


def rounded(value: float | None) -> float | None:
    """Three digits of a number, if it is one."""
    return None if value is None else float(f"{value:.3g}")


SHAKESPEARE = ("shakespeare",)


def by_depth(name: str, task: str, start: str, rates: tuple[float, ...], steps: int) -> Experiment:
    """With a stream and without, at several depths."""
    common = {"task": (task,), "start": (start,), "steps": (steps,)}
    return Experiment(
        name,
        loss_by_depth,
        grid={"fault": ARMS, "rate": rates, **common},
        quick={"rate": (0.003,), "steps": (10,), "seeds": 1},
        data=SHAKESPEARE,
    )


EXPERIMENTS = (
    *(
        by_depth(f"loss_by_depth_from_{name}", "text", start, RATES[name], STEPS)
        for name, start in STARTS.items()
    ),
    by_depth("recall_by_depth", "recall", STARTS["fan_in"], RECALL, ASKED),
    *(
        Experiment(
            f"gradient_by_block_from_{name}",
            gradient_by_block,
            grid={"fault": ARMS, "depth": (DEEP,), "start": (start,)},
            quick={"seeds": 2},
            data=SHAKESPEARE,
        )
        for name, start in STARTS.items()
    ),
    Experiment(
        "stream_by_part",
        stream_by_part,
        grid={"depth": (READ,), "steps": (LONG,)},
        quick={"steps": (30,), "seeds": 2},
        data=SHAKESPEARE,
    ),
    Experiment(
        "lens_by_letter",
        lens_by_letter,
        grid={"steps": (LONG,)},
        seeds=1,
        quick={"steps": (30,)},
        data=SHAKESPEARE,
    ),
)


def figure(name: str, experiment: str, x: str, y: str, title: str, alt: str, **how: str) -> Figure:
    """A figure: its finding, and what one sees."""
    return Figure(name, experiment, title=title, x=x, y=y, alt=alt, **how)


FIGURES = (
    *(
        figure(
            f"rate_at_depth_{depth}_from_{name}",
            f"loss_by_depth_from_{name}",
            "rate",
            f"nats_{depth}",
            title,
            f"Losses of models of depth {depth} by rate: one line with the stream and one without "
            "it, which lies above, or on the other where the rate is too low.",
            log="x",
        )
        for depth, name, title in (
            (1, "fan_in", "One block loses little without the residual path, at any rate"),
            (4, "fan_in", "In four blocks no rate makes up for the residual path"),
            (1, "small", "From a small start even one block needs the residual path"),
            (4, "small", "From a small start four blocks without it learn frequencies, no more"),
        )
    ),
    *(
        figure(
            f"right_at_depth_{depth}",
            "recall_by_depth",
            "rate",
            f"right_{depth}",
            title,
            f"Share of right answers in a task of looking up, by rate, of models of depth {depth}: "
            "one line with the stream and one without it.",
            log="x",
        )
        for depth, title in (
            (1, "One block looks things up as well without the residual path"),
            (4, "Four blocks without it do not learn to look up, at any rate"),
        )
    ),
    *(
        figure(
            f"decades_by_block_from_{name}",
            f"gradient_by_block_from_{name}",
            "block",
            "decades",
            title,
            "The gradient in the stream by block, in powers of ten of the last one's: two lines, "
            "neither of which is far below zero at the first block.",
        )
        for name, title in (
            (
                "fan_in",
                "Before training the gradient does not vanish, with a stream or without it",
            ),
            (
                "small",
                "From a small start it does not vanish either, with a stream or without",
            ),
        )
    ),
    figure(
        "lens_by_part",
        "stream_by_part",
        "part",
        "nats",
        "Read off the stream early, the next letter is guessed worse: each part brings it nearer",
        "The loss of what the last norm and head read off the stream before each part: falling "
        "from the table to the end.",
        color="depth",
    ),
    figure(
        "share_by_part",
        "stream_by_part",
        "part",
        "share",
        "The first two parts make the stream; the later ones add less than what is there",
        "The size of what each part adds, as a share of the stream it adds to: one bar a part.",
        color="depth",
        mark="bar",
    ),
    figure(
        "lens_by_letter",
        "lens_by_letter",
        "letter",
        "before",
        "The residual stream of one line: where along the parts each next letter becomes likely",
        "A matrix, letters of a line by the parts of four blocks: how likely the right next letter "
        "is, read off the stream before each part. Most columns darken towards the end.",
        color="odds",
        mark="heat",
    ),
    figure(
        "added_by_letter",
        "lens_by_letter",
        "letter",
        "before",
        "The same line: how much each part adds to the stream of each letter",
        "A matrix, letters of a line by the parts of four blocks: the size of what the part adds "
        "to the stream of that letter. Nothing is added after the last.",
        color="added",
        mark="heat",
    ),
)
