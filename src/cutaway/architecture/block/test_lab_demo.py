"""The demo shows what the lesson computes, clean and under every break that it offers.

Its model is small enough to stand in the demo's own file, a letter for each weight. `taught` is
how it was made; `written` puts it into letters, and `read` takes it out again.
"""

import math
import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cutaway.kit.exams import prepared
from cutaway.kit.fit import generator
from cutaway.kit.labs import place
from cutaway.kit.watch import watch
from cutaway.kit.worlds import CLEAN
from cutaway.site.golden import hold

LETTERS = "abcdefghijklmnopqrstuvwxyz "
WIDTH, HEADS, HIDDEN, DEPTH, CONTEXT = 12, 2, 24, 2, 16
STEPS, ROUNDED, SIZE, RATE = 3000, 1000, 64, 0.01
LEVELS, FINEST, FINER = 64, -12, 4  # a weight's letters; a step is 2 ** (FINEST + letter / FINER)
PARTS = {"heads": "heads", "mlp": "MLP"}
TOLERANCE = 1e-9


def ids(text):
    """The letters of a text by number: what is no letter is a space."""
    found = [LETTERS.find(letter.lower()) for letter in text] or [-1]
    return torch.tensor(found) % len(LETTERS)


def made(world):
    """A model of a world whose blocks are small."""
    norms, still = world.norms, world.positions.Still()

    def block():
        heads = world.heads.Heads(WIDTH, HEADS, HEADS, WIDTH // HEADS, False, still)
        mlp = world.block.MLP(WIDTH, HIDDEN, True, norms.gelu_tanh)
        return world.block.Block(
            norms.LayerNorm(WIDTH, 1e-5), heads, norms.LayerNorm(WIDTH, 1e-5), mlp
        )

    table = world.embeddings.Embedding(len(LETTERS), WIDTH)
    places = world.positions.Learned(CONTEXT, WIDTH)
    blocks, last = [block() for _ in range(DEPTH)], norms.LayerNorm(WIDTH, 1e-5)
    return world.gpt.GPT(table, places, blocks, last, nn.Linear(WIDTH, len(LETTERS)))


# How the model was made


def side(name):
    """One side of Shakespeare in these letters, runs of spaces as one."""
    corpus = prepared("shakespeare")
    text = corpus.tokenization.decode(getattr(corpus, name).tolist())
    return ids(re.sub("[^a-z]+", " ", text.lower()))


def windows(row, starts):
    """Rows of text from some places on."""
    return row[starts[:, None] + torch.arange(CONTEXT + 1)]


def loss(model, rows):
    """The mean surprise at the next letter."""
    return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


def step_of(weight):
    """The letter of the step at which rounding a matrix loses least."""
    steps = 2 ** (FINEST + torch.arange(LEVELS) / FINER)
    far = [(rounded(weight, step) - weight).square().sum() for step in steps]
    return int(torch.stack(far).argmin())


def rounded(weight, step):
    """Weights as whole numbers of steps, as far as there are letters for them."""
    return (weight / step).round().clamp(-LEVELS // 2, LEVELS // 2 - 1) * step


def taught(seed=0):
    """A model taught a text, the last of the steps with its weights rounded in use."""
    model, train = made(CLEAN), side("train")
    for name, weight in model.named_parameters():
        if weight.dim() > 1:
            nn.init.normal_(weight, std=weight.shape[1] ** -0.5, generator=generator(seed, name))
    model.head.bias.data.zero_()
    for block in model.blocks:
        block.mlp.widen.bias.data.zero_(), block.mlp.narrow.bias.data.zero_()
    weights, draws = list(model.parameters()), generator(seed, "rows")
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / STEPS)) / 2
        starts = torch.randint(len(train) - CONTEXT, (SIZE,), generator=draws)
        exact = [weight.detach().clone() for weight in weights]
        if step >= STEPS - ROUNDED:
            if step == STEPS - ROUNDED:
                steps = [2 ** (FINEST + step_of(weight) / FINER) for weight in exact]
            for weight, size in zip(weights, steps, strict=True):
                weight.data = rounded(weight.data, size)
        optimizer.zero_grad()
        loss(model, windows(train, starts)).backward()
        for weight, one in zip(weights, exact, strict=True):
            weight.data = one
        optimizer.step()
    for weight, size in zip(weights, steps, strict=True):
        weight.data = rounded(weight.data, size)
    return model, steps


def written(model, steps):
    """A model as letters: of each parameter first its step, then its weights."""
    numbers = []
    for weight, step in zip(model.parameters(), steps, strict=True):
        numbers.append(round(FINER * (math.log2(step) - FINEST)))
        numbers += (weight.detach().flatten() / step + LEVELS // 2).round().int().tolist()
    return "".join(chr(48 + number + (number > 43)) for number in numbers)


def told():
    """The letters of the demo's model, as its file holds them."""
    text = (place("block").folder / "demo.js").read_text(encoding="utf-8")
    (found,) = re.findall(r'const WEIGHTS = "(.*)";', text)
    return [ord(letter) - 48 - (ord(letter) > 91) for letter in found]


def read(model):
    """The model with the weights of the demo."""
    model, at, numbers = model.double(), 0, told()
    for weight in model.parameters():
        step = 2 ** (FINEST + numbers[at] / FINER)
        some = torch.tensor(numbers[at + 1 : at + 1 + weight.numel()]).double()
        weight.data = ((some - LEVELS // 2) * step).view_as(weight)
        at += 1 + weight.numel()
    assert at == len(numbers)
    return model.requires_grad_(False)


# What the demo must say


def states():
    """Texts of several kinds, the model's letters and others, and every token of some."""
    texts = [
        ("the weary sun ha", 15, 3),
        ("To be, or not to", 5, 0),
        ("Zürich İsta\n\n16", 12, 2),
        ("", 3, 1),
        ("q", 0, 4),
        ("aaaaaaaaaaaaaaaa", 11, 2),
        ("he", 1, 1),
    ]
    return [{"text": text, "token": token, "step": step} for text, token, step in texts]


def tapped(block, name):
    """A list that will hold a part's name, what it reads and what it finds."""
    kept = [PARTS[name]]
    part = getattr(block, name)
    part.register_forward_hook(lambda module, given, out: kept.extend((given[0], out)))
    return kept


def passed(world, model, x):
    """What each part of a block was given, read and found, and what it left; by its name."""
    faults = {fault.name for fault in world.faults}
    for block in model.blocks:
        seen = [tapped(block, name) for name in ("heads", "mlp")]
        with watch(block.forward, "x") as bound:
            block(x)
        xs = bound["x"]
        between = xs[0] if "heads_dropped" in faults else xs[1]
        order = reversed(seen) if "mlp_first" in faults else seen
        for (name, read, found), x, after in zip(order, (xs[0], between), (between, xs[-1])):
            yield name, x, read, found, after
        x = xs[-1]


def numbers(world, state):
    """What the lesson of a world makes of a text, in the demo's words."""
    model, row = read(made(world)), ids(state["text"])
    x = model.positions(model.tokens(row[None]))
    parts = list(passed(world, model, x))
    odds = [model.head(model.last(x))[0].softmax(-1) for x in (x, *(after for *_, after in parts))]
    token = min(state["token"], len(row) - 1)
    right = [one[:-1].gather(-1, row[1:, None])[:, 0] for one in odds]
    return {
        "ids": row.tolist(),
        "token": token,
        "answers": [one.argmax(-1).tolist() for one in odds],
        "sure": [one.max(-1).values.tolist() for one in odds],
        "right": [one.tolist() for one in right],
        "nats": [-one.log().mean().item() for one in right],
        "parts": [
            {"name": name, **dict(zip(("x", "read", "found", "after"), vectors(found, token)))}
            for name, *found in parts
        ],
    }


def vectors(streams, token):
    """What some streams hold of a token."""
    return [stream[0, token].tolist() for stream in streams]


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("block", states(), numbers, TOLERANCE, tmp_path)


def held_out():
    """Rows from one end of the held-out text to the other."""
    row = side("held_out")
    return windows(row, torch.linspace(0, len(row) - CONTEXT - 1, 300).long())


def pairs():
    """The held-out loss of the pairs of letters of the training text."""
    row, counts = side("train"), torch.full((27, 27), 0.01)
    counts.index_put_((row[:-1], row[1:]), torch.tensor(1.0), accumulate=True)
    logs, rows = (counts / counts.sum(-1, keepdim=True)).log(), held_out()
    return -logs[rows[:, :-1], rows[:, 1:]].mean().item()


def test_the_model_of_the_demo_knows_more_of_a_held_out_text_than_pairs_of_letters():
    assert loss(read(made(CLEAN)), held_out()).item() < pairs() - 0.2


@pytest.mark.slow
def test_the_recipe_makes_a_model_as_good_as_that_of_the_demo():
    again, expected = taught()[0], loss(read(made(CLEAN)), held_out()).item()
    assert loss(again, held_out()).item() == pytest.approx(expected, abs=0.03)
