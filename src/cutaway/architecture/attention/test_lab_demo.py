"""The demo shows what the lesson computes, clean and under every break that it offers.

Its four tokens become a `SelfAttention` whose first head holds their queries, keys and values.
"""

import math
import random

import torch

from cutaway.kit.watch import watch
from cutaway.site.golden import hold

T, REACH = 4, 3
PARTS = ("q", "k", "v")
BUMP = torch.tensor([0.5, -0.3], dtype=torch.float64)
PROBES = {"all": "qkv", "value": "v", "key": "k", "query": "q"}

# A score is at most 204 (18 x sqrt(128), unscaled), where the last digit of float32 is 1.5e-5: its
# exponential is known to a few such digits, and so is the difference of two outputs of that size.
TOLERANCE = 1e-4


def states():
    """The arrows that the demo starts with, extreme ones, equal ones, none, and random ones."""
    chance = random.Random(0)
    rows = [
        ([-0.5, -1.3, -0.4, 1.2, 2, -0.8, 0.7, 0.9], [1.9, 0.6, -1.4, 1.6, 1.2, -1.8, -1.9, -0.7]),
        ([3, 3, -3, -3, 3, -3, -3, 3], [3, 3, -3, -3, 3, -3, 3, 3]),
        ([-3, -3, -3, -3, -3, -3, -3, -3], [3, 3, 3, 3, 3, 3, 3, 3]),
        ([0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]),
    ]
    tenths = [chance.randint(-10 * REACH, 10 * REACH) / 10 for _ in range(4 * 16)]
    rows += [(tenths[at : at + 8], tenths[at + 8 : at + 16]) for at in range(0, 64, 16)]
    widths = [2, 256, 4, 16, 2, 8, 64, 128]
    values = [[2, 8, -4, 5], [9, -9, 9, -9], [1, 2, 3, 4], [0, 0, 0, 7]]
    values += [[chance.randint(-9, 9) for _ in range(T)] for _ in range(4)]
    named = zip(rows, widths, values)
    return [{"queries": q, "keys": k, "width": D, "values": v} for (q, k), D, v in named]


def parts_of(state):
    """Queries, keys and values of the tokens, and of one token in place of each, by what moved.

    Two of D numbers are drawn: what the others add is as large as a factor of sqrt(D / 2).
    """
    shown = zip(PARTS, ("queries", "keys", "values"))
    still = {
        part: torch.tensor(state[name], dtype=torch.float64).view(T, -1) for part, name in shown
    }
    other = {"q": still["q"] + BUMP, "k": still["k"] + BUMP, "v": still["v"] + 1}
    kinds = [still, *({**still, **{p: other[p] for p in moved}} for moved in PROBES.values())]
    q, k, v = (torch.cat([kind[part] for kind in kinds]) for part in PARTS)
    return q * math.sqrt(state["width"] / 2), k, v


def layer(world, state, dtype):
    """A layer whose first head holds the state: a token is the unit vector of its number."""
    D, known = state["width"], T * (1 + len(PROBES))
    heads = math.ceil(known / D)
    made = world.attention.SelfAttention(D * heads, heads).to(dtype).requires_grad_(False)
    made.output = torch.nn.Identity()
    for linear, part in zip((made.query, made.key, made.value), parts_of(state)):
        linear.weight.zero_()
        linear.weight[: part.shape[1], :known] = part.T
    return made.requires_grad_()


def rows(width):
    """The four tokens, and then the same with one of them moved, by what moves and by token."""
    plain = torch.arange(T)
    moved = [
        torch.where(plain == j, plain + T * kind, plain)
        for kind in range(1, 1 + len(PROBES))
        for j in range(T)
    ]
    return torch.eye(width)[torch.stack([plain, *moved])]


def ran(world, state, dtype):
    """The first head's outputs, the scores before the mask and at the end, weights and values."""
    made = layer(world, state, dtype)
    with watch(world.attention.attend, "v", "scores", "weights") as seen:
        out = made(rows(made.query.in_features).to(dtype))[..., 0]
    unfilled = {fault.name for fault in world.faults} & {"no_mask", "late_mask"}
    before, after = seen["scores"][-1 if unfilled else -2], seen["scores"][-1]
    return out, before, after[0, 0], seen["weights"][-1], seen["v"][0][0, 0, :, 0]


def slope(weights, scores, t):
    """The norm of the softmax's Jacobian in row t."""
    if not weights.requires_grad:
        return 0.0
    row = weights[0, 0, t]
    moves = [torch.autograd.grad(one, scores, retain_graph=True)[0][0, 0, t] for one in row]
    return torch.stack(moves).norm().item()


def entropy(row):
    """The entropy of some weights, if they are weights."""
    return sum(-w * math.log(w) for w in row if w) if all(w >= 0 for w in row) else math.nan


def numbers(world, state):
    """What the lesson of a world makes of a state, in the demo's words."""
    out, _, scores, weights, v = ran(world, state, torch.float32)
    _, before, _, exact, _ = ran(world, state, torch.float64)
    moved = out[1:].double() - out[0].double()
    same = (out[1:] == out[0]) | (out[1:].isnan() & out[0].isnan())
    moved = moved.abs().masked_fill(same, 0).view(len(PROBES), T, T)
    shares = weights[0, 0].tolist()
    return {
        "v": v.tolist(),
        "scores": scores.tolist(),
        "weights": shares,
        "out": out[0].tolist(),
        "sums": [sum(row) for row in shares],
        "entropies": [entropy(row) for row in shares],
        "slopes": [slope(exact, before, t) for t in range(T)],
        **dict(zip(PROBES, moved.tolist())),
    }


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("attention", states(), numbers, TOLERANCE, tmp_path)
