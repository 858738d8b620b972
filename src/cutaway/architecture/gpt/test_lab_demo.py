"""The demo counts what a model has that is made of the same parts, and what the lesson counts.

A model is made without memory; where its parts are those of a style, the style makes it.
"""

import json
import random
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from cutaway.kit.labs import load
from cutaway.site.golden import hold

from .lab_sizes import LENGTHS, PARTS, PUBLISHED, part_of, work
from .lab_sizes import NAMES as SIZES

SWITCHES = ("turned", "rms", "gate", "bare", "own", "normed")
STYLES = {"gpt2": (0, 0, 0, 0, 0, 0), "llama": (1, 1, 1, 1, 1, 0), "qwen3": (1, 1, 1, 1, 0, 1)}
DEMO = Path(__file__).with_name("demo.js").read_text(encoding="utf-8")
EXACT = 1e-12  # whole numbers far below 2**53


def state(sizes, switches, tokens=1024):
    """The state of the demo's controls."""
    return {**dict(zip(SIZES, sizes)), **dict(zip(SWITCHES, switches)), "tokens": tokens}


def states():
    """The published models, small ones of each style whose heads share, and random mixtures."""
    chance = random.Random(0)
    found = [state(sizes, STYLES[style]) for style, sizes in PUBLISHED.values()]
    for parts in STYLES.values():
        found.append(state((17, 23, 12, 3, 4, 2, 6, 19), parts, 256))
        found.append(state((31, 7, 10, 5, 6, 1, 8, 13), parts, 65536))
        found.append(state((29, 11, 14, 2, 9, 3, 4, 37), parts, 4096))
    for _ in range(4):
        groups = chance.randint(1, 5)
        sizes = (chance.randint(1, 99), chance.randint(1, 99), chance.randint(1, 50))
        sizes += (chance.randint(1, 6), groups * chance.randint(1, 4), groups)
        sizes += (2 * chance.randint(1, 9), chance.randint(1, 99))
        found.append(state(sizes, [chance.randint(0, 1) for _ in SWITCHES], chance.choice(LENGTHS)))
    return found


def style_of(state):
    """The style whose parts a state names, if there is one."""
    chosen = tuple(state[name] for name in SWITCHES)
    return next((name for name, parts in STYLES.items() if parts == chosen), None)


def made(world, c, state):
    """A model of the parts of a state."""
    if style := style_of(state):
        return getattr(world.gpt, style)(c)
    places, blocks, norms, bias = world.positions, world.block, world.norms, not state["bare"]
    turned = places.Rotary(places.speeds(c.size), places.halves) if state["turned"] else None

    def place():
        told = turned or places.Still()
        return world.gpt.Normed(c.size, c.epsilon, told) if state["normed"] else told

    norm = norms.RMSNorm if state["rms"] else norms.LayerNorm
    mlp, bend = (blocks.Gated, norms.silu) if state["gate"] else (blocks.MLP, norms.gelu_tanh)
    layers = [
        blocks.Block(
            norm(c.width, c.epsilon),
            world.heads.Heads(c.width, c.heads, c.groups, c.size, bias, place()),
            norm(c.width, c.epsilon),
            mlp(c.width, c.hidden, bias, bend),
        )
        for _ in range(c.depth)
    ]
    tokens = world.embeddings.Embedding(c.vocab, c.width)
    head = nn.Linear(c.width, c.vocab, bias=False) if state["own"] else tokens.scores
    positions = places.Unmarked() if state["turned"] else places.Learned(c.context, c.width)
    return world.gpt.GPT(tokens, positions, layers, norm(c.width, c.epsilon), head)


def numbers(world, state):
    """What the lesson of a world makes of a state, in the demo's words."""
    c, style = world.gpt.Config(**{name: state[name] for name in SIZES}), style_of(state)
    has = dict.fromkeys(PARTS, 0)
    with torch.device("meta"):
        model = made(world, c, state)
    for name, parameter in model.named_parameters():
        has[part_of(name)] += parameter.numel()
    return {
        "parameters": has,
        "operations": work(world, c, state["tokens"], 2 + state["gate"]),
        "has": sum(has.values()),
        "counted": getattr(world.gpt, f"{style}_parameters")(c) if style else None,
    }


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("gpt", states(), numbers, EXACT, tmp_path)


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_demo_begins_with_the_models_that_are_counted_on_the_page(model):
    style, sizes = PUBLISHED[model]
    assert f'"{model}": {json.dumps([sizes, STYLES[style]])}' in DEMO


def test_what_the_demo_tells_of_a_part_is_a_claim_of_the_lab():
    told = re.findall(r'^    \w+: \[".*", "(.+)"\],$', DEMO, re.MULTILINE)
    assert len(told) == 7
    for beginning in told:
        (claim,) = [one for one in load("gpt").claims if one.says.startswith(beginning)]
        assert claim.experiment == "loss_by_part"
