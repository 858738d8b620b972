"""The demo trains as the loop does: slopes, clip, steps and losses, clean and under every break.

Its text and its first weights are drawn as it draws them; all that follows is the lesson's.
"""

import functools
import math
import re
from contextlib import nullcontext
from itertools import islice

import pytest
import torch
from torch import nn

from cutaway.kit.worlds import CLEAN
from cutaway.site.golden import hold

from .batches import order

LETTERS = "abcdefghijklmnopqrstuvwxyz ."
CONTEXT, HEADS, SIZE, PART, STEPS, WARM, LEAST = 32, 4, 8, 2, 400, 20, 0.1
TOP, LIMIT, SHARE, DECAY, BETAS, EPSILON = 0.01, 1.0, 0.1, 0.1, (0.9, 0.98), 1e-8
PLANNED, FEW, LATER = (0, 19, 20, 200, 500), 3, 99  # steps; in the last an epoch is not the first
WAYS = {
    "S": "A Vs B. |C V B. ",
    "A": "O|O R B",
    "B": "O|M",
    "C": "M|M R B",
    "O": "D N|D J N",
    "M": "E Ns|E J Ns",
    "D": "a|one|this",
    "E": "two|many|some",
    "J": "old|red|small|quick",
    "N": "cat|dog|king|bird|frog|judge",
    "R": "near|under|behind",
    "V": "see|love|hear|paint|follow",
}

# Both sides count in double precision: what differs is the order of sums.
TOLERANCE = 1e-8


def states():
    """The usual rate, a very high and a very low one; every gradient is clipped at first."""
    wanted = [(0, 48, 2000, 5), (6, 32, 4000, 5), (-5, 32, 2000, 8)]
    keys = ("rate", "width", "letters", "seed")
    return [dict(zip(keys, one, strict=True)) for one in wanted]


class Drawn:
    """Numbers as the demo draws them, by xorshift."""

    def __init__(self, seed):
        self.x = (seed * 2654435761 ^ 0x9E3779B9) & 0xFFFFFFFF or 1

    def even(self):
        """One of them between 0 and 1."""
        self.x ^= self.x << 13 & 0xFFFFFFFF
        self.x ^= self.x >> 17
        self.x ^= self.x << 5 & 0xFFFFFFFF
        return self.x / 2**32

    def permutation(self, count):
        """An order of so many."""
        keys = [self.even() for _ in range(count)]
        return torch.tensor(sorted(range(count), key=keys.__getitem__)).numpy()


@functools.cache
def text(seed, length):
    """Sentences by their ids, and how many nats of chance a letter of them holds."""
    drawn, chance, told = Drawn(seed), 0.0, ""

    def way(match):
        nonlocal chance
        ways = WAYS[match[0]].split("|")
        chance += math.log(len(ways))
        return re.sub("[A-Z]", way, ways[int(drawn.even() * len(ways))])

    while len(told) < length:
        told += re.sub("[A-Z]", way, "S")
    ids = torch.tensor([LETTERS.index(letter) for letter in told[:length]])
    return ids, chance / len(told)


@functools.cache
def weights(seed, width):
    """The numbers that a model begins with, one after the other."""
    drawn, found = Drawn(-seed), []
    for name, one in model(CLEAN, width).named_parameters():
        tables = name in ("tokens.weight", "positions.weight")
        if one.dim() < 2:
            found.append(torch.ones(one.numel(), dtype=torch.float64))
            continue
        std = 0.3 if tables else 0.07 if name == "head.weight" else one.shape[-1] ** -0.5
        wide = std * math.sqrt(12)
        numbers = [wide * (drawn.even() - 0.5) for _ in range(one.numel())]
        found.append(torch.tensor(numbers, dtype=torch.float64))
    return found


def model(world, width):
    """The demo's model of a world's parts: one block, and norms without a mean."""
    norms, still = world.norms, world.positions.Still()
    block = world.block.Block(
        norms.RMSNorm(width, 1e-5),
        world.heads.Heads(width, HEADS, HEADS, width // HEADS, False, still),
        norms.RMSNorm(width, 1e-5),
        world.block.MLP(width, 4 * width, False, norms.relu),
    )
    tokens = world.embeddings.Embedding(len(LETTERS), width)
    places, head = world.positions.Learned(CONTEXT, width), nn.Linear(width, len(LETTERS), False)
    return world.gpt.GPT(tokens, places, [block], norms.RMSNorm(width, 1e-5), head).double()


def begun(world, state):
    """A model of a world with the first weights of a state."""
    found = model(world, state["width"])
    for one, drawn in zip(found.parameters(), weights(state["seed"], state["width"]), strict=True):
        one.data = drawn.view_as(one).clone()
    return found


def recipe(world, learnt, state):
    """What the demo follows, of a world's parts."""
    parts = world.loop

    def batches(step):
        return parts.parts(parts.windows(learnt, state["seed"], step, SIZE, CONTEXT), PART)

    def rate(step):
        return TOP * 2 ** state["rate"] * parts.cosine(step, WARM, STEPS, LEAST)

    loss = parts.mixed(parts.surprise, "cpu")  # in which products keep all their digits here
    return parts.Recipe(batches, parts.asked, loss, rate, LIMIT)


def sketched(values):
    """Tensors by one number each, in which every one of theirs counts."""
    return [
        (one.flatten() * torch.arange(one.numel(), dtype=one.dtype).cos()).sum().item()
        for one in values
    ]


def numbers(world, state):
    """The first steps of a run in a world, in the demo's words."""
    parts, (ids, chance) = world.loop, text(state["seed"], state["letters"])
    learnt, unseen = parts.apart(ids, SHARE)
    mine, followed = begun(world, state), recipe(world, learnt, state)
    optimizer = parts.with_adamw(mine, DECAY, BETAS, EPSILON)
    parts.windows.__globals__["order"].cache_clear()  # of orders that were drawn otherwise
    first = [
        {"loss": one.loss, "gradient": one.norm, "rate": one.rate}
        for one in islice(parts.train(mine, optimizer, followed, 0), FEW)
    ]
    count = (len(unseen) - 1) // CONTEXT
    judged = parts.parts(parts.windows(unseen, state["seed"], 0, count, CONTEXT), PART)
    return {
        "plan": [followed.rate(step) for step in PLANNED],
        "read": parts.windows(learnt, state["seed"], LATER, SIZE, CONTEXT)[0].tolist(),
        "first": first,
        "weights": sketched(one.detach() for one in mine.parameters()),
        "slopes": sketched(one.grad for one in mine.parameters()),
        "judged": parts.nats(mine, judged),
        "chance": chance,
    }


@pytest.fixture
def drawn(monkeypatch):
    """Orders as the demo draws them, and products that keep all their digits."""

    def generator(seeds):
        seed, epoch = seeds
        return Drawn(10000 * (epoch + 1) + seed)

    monkeypatch.setattr("numpy.random.default_rng", generator)
    monkeypatch.setattr("torch.autocast", lambda *_: nullcontext())
    yield
    order.cache_clear()


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(drawn, tmp_path):
    hold("loop", states(), numbers, TOLERANCE, tmp_path)
