"""The demo shows what the lesson computes, clean and under every break that it offers.

One token passes both norms as the first of two; twelve layers are MLPs around a norm, untrained.
"""

import functools
import math
import random

import torch

from cutaway.kit.watch import watch
from cutaway.site.golden import hold

C, F, T, DEPTH, EPSILON, LEAST, MOST = 16, 64, 8, 12, 1e-5, -12, 12
NEXT, OTHER = [0.4, -1.2, 2, 0.3], [-2, 1, 0, 3]
NORMS, BENDS = ("LayerNorm", "RMSNorm", None), ("gelu", "gelu_tanh", "silu", "relu")
LINE = [(n - 24) / 6 for n in range(49)]

# Both sides count in double precision: what differs is the order of sums, over twelve layers.
TOLERANCE = 1e-7


def states():
    """Tokens of several sizes, equal ones and zeros; all norms, places, bends and widths."""
    chance = random.Random(0)
    tokens = [
        ([2.4, -0.6, 1.5, 0.3], 0, 0, 1),
        ([1, 1, 1, 1], 0, 0, 1.5),
        ([0, 0, 0, 0], 0, 0, 1),
        ([4, -4, 0.1, 0], 5, -12, 0),
        ([-4, 2, 2, 1], -5, 6, 3),
    ]
    for _ in range(4):
        numbers = [chance.randint(-40, 40) / 10 for _ in range(4)]
        gain = chance.randint(0, 30) / 10
        tokens.append((numbers, chance.randint(-10, 10) / 2, chance.randint(-12, 6), gain))
    stacks = [(0, 0, 0), (1, 0, 1), (2, 0, 2), (0, 1, 3), (1, 1, 0), (0, 0, 1), (1, 0, 2)]
    stacks += [(2, 0, 3), (1, 1, 3)]
    return [
        {"x": x, "shift": shift, "times": times, "gain": gain}
        | {"norm": norm, "place": place, "bend": bend, "spread": at % 5 - 2, "draw": 1 + at % 2}
        for at, ((x, shift, times, gain), (norm, place, bend)) in enumerate(zip(tokens, stacks))
    ]


@functools.cache
def drawn(seed):
    """The first numbers of a stack: each of six even draws by xorshift."""
    x = (seed * 2654435761 ^ 0x9E3779B9) & 0xFFFFFFFF or 1

    def even():
        nonlocal x
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        return x / 2**32

    def table(*shape):
        found = [
            math.sqrt(2) * (sum(even() for _ in range(6)) - 3) for _ in range(math.prod(shape))
        ]
        return torch.tensor(found, dtype=torch.float64).view(shape)

    return table(T, C), [(table(F, C), table(C, F)) for _ in range(DEPTH)]


def made(parts, name, width):
    """A norm of a world's parts, as it begins, in double precision."""
    if name is None:
        return torch.nn.Identity()
    return getattr(parts, name)(width, EPSILON).double().requires_grad_(False)


def token(parts, name, state):
    """What a norm makes of a token: every x, the answer, and how far it moves."""
    norm = made(parts, name, 4)
    norm.weight[0] = state["gain"]
    mine = [2.0 ** state["times"] * (x + state["shift"]) for x in state["x"]]

    def answer(row, other=NEXT):
        return norm(torch.tensor([[row, other]], dtype=torch.float64))[0, 0]

    with watch(type(norm).forward, "x") as seen:
        out = answer(mine)

    def far(other):
        return (other - out).abs().max().item()

    return {
        "steps": [x[0, 0].tolist() for x in seen["x"][1:]],
        "out": out.tolist(),
        "doubled": far(answer([2 * x for x in mine])),
        "shifted": far(answer([x + 1 for x in mine])),
        "heard": far(answer(mine, OTHER)),
    }


def size(x):
    """The root of the mean square."""
    return x.square().mean().sqrt().item()


def stack(parts, block, state):
    """What flows through twelve layers of the block's own MLP, by layer."""
    stream, layers = drawn(state["draw"])
    norm = made(parts, NORMS[state["norm"]], C)
    bend, wide = getattr(parts, BENDS[state["bend"]]), 2.0 ** state["spread"]
    found = []
    for widen, narrow in layers:
        mlp = block.MLP(C, F, False, bend).double().requires_grad_(False)
        mlp.widen.weight.copy_(widen * wide / math.sqrt(C))
        mlp.narrow.weight.copy_(narrow * wide / math.sqrt(F))
        read = (stream if state["place"] else norm(stream[None])[0])[None]
        hidden, stream = mlp.widen(read)[0], stream + mlp(read)[0]
        stream = norm(stream[None])[0] if state["place"] else stream
        powers = hidden[hidden.isfinite()].abs().clamp(min=1e-30).log2().floor()
        bins = powers.clamp(LEAST, MOST).long() - LEAST
        shares = torch.bincount(bins, minlength=MOST - LEAST + 1) / hidden.numel()
        silent = (hidden <= 0).all(0).double().mean().item()
        found.append(
            {
                "stream": size(stream),
                "hidden": size(hidden),
                "silent": silent,
                "shares": shares.tolist(),
            }
        )
    return found


def numbers(world, state):
    """What the lesson of a world makes of a state, in the demo's words."""
    parts, line = world.norms, torch.tensor(LINE, dtype=torch.float64)
    return {
        "LayerNorm": token(parts, "LayerNorm", state),
        "RMSNorm": token(parts, "RMSNorm", state),
        "curves": [getattr(parts, name)(line).tolist() for name in BENDS],
        "stack": stack(parts, world.block, state),
    }


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("norms", states(), numbers, TOLERANCE, tmp_path)
