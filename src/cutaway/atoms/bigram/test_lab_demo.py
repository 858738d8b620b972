"""The demo shows what the lesson computes, clean and under every break that it offers.

The demo counts where a model would be trained: its table is the logarithm of how often each pair
came. Here the lesson itself says which cell of the table a pair falls into: the gradient's.
"""

import random
import re
from collections import Counter
from unittest import mock

import numpy as np
import torch

from cutaway.site.golden import hold

MOST, SOFT, LENGTH = 12, 0.01, 60
RAIN = "the rain in the plain stays mainly in the plain, and then the train to the north stands"

# Float32 keeps 6e-8 of a number, and a dozen of them are summed in another order.
TOLERANCE = 3e-6


def states():
    """Texts of several kinds, scores on both sides of 88, and noise from the demo's own range."""
    chance = random.Random(0)
    noise = ["".join(chance.choices("abc de\n", k=chance.randint(3, 200))) for _ in range(4)]
    texts = [
        (RAIN, 0),
        (RAIN.upper(), 100),
        ("abababababac", 88),
        ("aaa", 120),
        ("  \t\n a  b\u00a0a", 95),
        ("Zürich 😀 zürich 😀😀, naïve ‚ÄÖÜ‘ and 한국어 and more than twelve", 7),
        ("<script>alert(1)</script> ](javascript:1) <script>", 110),
        *((text, chance.randint(0, 120)) for text in noise),
        ("ab" * 500 + "ba" * 500, 3),
    ]
    return [
        {"text": text, "score": score, "seed": 1 + 700 * at, "token": at}
        for at, (text, score) in enumerate(texts)
    ]


def read(text):
    """The names of a text's tokens, the most frequent first, and the tokens."""
    characters = re.sub(r"\s+", " ", text.lower())
    ranked = sorted(
        Counter(characters).items(), key=lambda one: (-one[1], one[0].encode("utf-16-be"))
    )
    names = [name for name, _ in ranked]
    names = names if len(names) <= MOST else [*names[: MOST - 1], "other"]
    ids = [names.index(c) if c in names else len(names) - 1 for c in characters]
    return names, torch.tensor([ids])


def counted(model, inputs, targets):
    """How often each cell of the model's table is asked for the score of a pair."""
    scores = model(inputs).gather(-1, targets[..., None]).sum()
    (counts,) = torch.autograd.grad(scores, model.table)
    return counts.double().numpy()


def draws(seed):
    """A stand-in for torch.multinomial that draws as the demo does, by xorshift32."""
    x = (seed * 2654435761 ^ 0x9E3779B9) & 0xFFFFFFFF or 1

    def multinomial(odds, number, *, generator):
        nonlocal x
        if not abs(odds.double().sum() - 1) < 0.01:
            raise ArithmeticError("the odds are no shares of one")
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        passed = odds.double().cumsum(-1)[0] > x / 2**32
        return (passed.int() if passed.any() else odds[0]).argmax()[None, None]

    return multinomial


def spoken(world, model, start, seed):
    """The first token and those that the model says after it, or None if its odds are no odds."""
    with mock.patch.object(torch, "multinomial", draws(seed)):
        try:
            said = world.bigram.sample(model, start, LENGTH - 1, torch.Generator())
        except ArithmeticError:
            return None
    return said[0].tolist()


def numbers(world, state):
    """What the lesson of a world makes of a text, in the demo's words."""
    parts = world.bigram
    names, tokens = read(state["text"])
    before, after = tokens[:, :-1], tokens[:, 1:]
    inputs, targets = parts.shift(tokens)
    model = parts.Bigram(len(names))
    counts = counted(model, inputs, targets) + SOFT
    odds = np.log(counts / counts.sum(-1, keepdims=True)) + state["score"]
    real = np.zeros_like(counts)
    np.add.at(real, (before[0].numpy(), after[0].numpy()), 1)
    shares = real / real.sum(-1, keepdims=True).clip(min=1)
    with torch.no_grad():
        model.table.copy_(torch.from_numpy(odds))
        return {
            "names": names,
            "real": real.tolist(),
            "logs": parts.log_softmax(model.table[None])[0].tolist(),
            "entropy": -(real * np.log(shares.clip(min=1e-300))).sum() / before.numel(),
            "token": state["token"] if state["token"] < len(names) else 0,
            "reported": parts.cross_entropy(model(inputs), targets).item(),
            "truth": parts.cross_entropy(model(before), after).item(),
            "said": spoken(world, model, tokens[:, :1], state["seed"]),
        }


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("bigram", states(), numbers, TOLERANCE, tmp_path)
