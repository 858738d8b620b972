"""Three lists of parts: what GPT-2, Llama and Qwen3 are made of.

    gpt2    learned positions, LayerNorm, GELU, biases, a head tied to the table
    llama   rotary positions, RMSNorm, SwiGLU, shared keys and values, no biases, a head of its own
    qwen3   the same with a norm on queries and keys, and a tied head
"""

import math

from torch import nn

from ...atoms.embeddings import Embedding
from ...atoms.positions import Learned, Rotary, Still, Unmarked, halves, speeds
from ..block import MLP, Block, Gated
from ..heads import Heads
from ..norms import LayerNorm, RMSNorm, gelu_tanh, silu
from .gpt import GPT, Config
from .initial import Draws, anyhow, initialise
from .normed import Normed


def gpt2(c: Config, draws: Draws = anyhow) -> GPT:
    """A model like GPT-2 (Radford et al., 2019)."""
    blocks = [
        Block(LayerNorm(c.width, c.epsilon),
              Heads(c.width, c.heads, c.groups, c.size, True, Still()),
              LayerNorm(c.width, c.epsilon),
              MLP(c.width, c.hidden, True, gelu_tanh))
        for _ in range(c.depth)
    ]
    tokens, positions = Embedding(c.vocab, c.width), Learned(c.context, c.width)
    model = GPT(tokens, positions, blocks, LayerNorm(c.width, c.epsilon), tokens.scores)
    initialise(model, c.std, c.std / math.sqrt(2 * c.depth), draws)
    return model


def llama(c: Config, draws: Draws = anyhow) -> GPT:
    """A model like Llama (Touvron et al., 2023)."""
    place = Rotary(speeds(c.size, c.base), halves)
    blocks = [
        Block(RMSNorm(c.width, c.epsilon),
              Heads(c.width, c.heads, c.groups, c.size, False, place),
              RMSNorm(c.width, c.epsilon),
              Gated(c.width, c.hidden, False, silu))
        for _ in range(c.depth)
    ]
    tokens, head = Embedding(c.vocab, c.width), nn.Linear(c.width, c.vocab, bias=False)
    model = GPT(tokens, Unmarked(), blocks, RMSNorm(c.width, c.epsilon), head)
    initialise(model, c.std, c.std, draws)
    return model


def qwen3(c: Config, draws: Draws = anyhow) -> GPT:
    """A model like the small ones of Qwen3 (Yang et al., 2025)."""
    place = Rotary(speeds(c.size, c.base), halves)
    blocks = [
        Block(RMSNorm(c.width, c.epsilon),
              Heads(c.width, c.heads, c.groups, c.size, False, Normed(c.size, c.epsilon, place)),
              RMSNorm(c.width, c.epsilon),
              Gated(c.width, c.hidden, False, silu))
        for _ in range(c.depth)
    ]
    tokens = Embedding(c.vocab, c.width)
    model = GPT(tokens, Unmarked(), blocks, RMSNorm(c.width, c.epsilon), tokens.scores)
    initialise(model, c.std, c.std, draws)
    return model
