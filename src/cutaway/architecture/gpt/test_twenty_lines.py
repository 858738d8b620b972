"""The class of twenty lines from the book that promises it runs verbatim, and is our GPT-2."""

# ruff: noqa: RUF059

import inspect

import torch
from torch import nn

from ...atoms.positions import Still
from ..block import MLP
from ..block import Block as Plain
from ..heads import Heads
from ..norms import LayerNorm, gelu_tanh
from .gpt import Config
from .styles import gpt2


class Block(Plain):
    """A block of a width and a number of heads, as the class below asks for."""

    def __init__(self, n_embd, n_head):
        heads = Heads(n_embd, n_head, n_head, n_embd // n_head, True, Still())
        mlp = MLP(n_embd, 4 * n_embd, True, gelu_tanh)
        super().__init__(LayerNorm(n_embd, 1e-5), heads, LayerNorm(n_embd, 1e-5), mlp)


# Word for word, layout and all: what stands between the two marks is not ours.
# fmt: off
class GPT(nn.Module):
    def __init__(self, vocab, n_embd, n_head, n_layer, block_size):
        super().__init__()
        self.tok_emb = nn.Embedding(vocab, n_embd)
        self.pos_emb = nn.Embedding(block_size, n_embd)
        self.blocks  = nn.Sequential(*[Block(n_embd, n_head) for _ in range(n_layer)])
        self.ln_f    = nn.LayerNorm(n_embd)
        self.head    = nn.Linear(n_embd, vocab, bias=False)

    def forward(self, idx):
        B, T = idx.shape
        pos  = torch.arange(T, device=idx.device)
        x    = self.tok_emb(idx) + self.pos_emb(pos)
        x    = self.blocks(x)
        x    = self.ln_f(x)
        return self.head(x)
# fmt: on


NAMES = {"tok_emb": "tokens", "pos_emb": "positions", "ln_f": "last", "head": "tokens"}
C = Config(vocab=29, context=13, width=12, depth=4, heads=3, groups=3, size=4, hidden=48)


def ours_and_theirs(seed=0):
    """Our model and the class, in float64, with the same random weights: its head is our table."""
    stream = torch.Generator().manual_seed(seed)
    model, theirs = gpt2(C).double(), GPT(C.vocab, C.width, C.heads, C.depth, C.context).double()
    for parameter in model.state_dict().values():
        parameter.normal_(0.5, 0.4, generator=stream)
    names = {name: name for name in theirs.state_dict()}
    for old, new in NAMES.items():
        names |= {name: name.replace(old, new) for name in names if name.startswith(old)}
    theirs.load_state_dict({name: model.state_dict()[names[name]] for name in names})
    return model, theirs


def test_the_class_of_twenty_lines_runs():
    assert len(inspect.getsource(GPT).splitlines()) <= 20
    model = GPT(29, 12, 3, 4, 13)
    assert model(torch.randint(29, (2, 13))).shape == (2, 13, 29)


def test_with_the_same_weights_it_scores_as_our_gpt2():
    for seed in range(3):
        model, theirs = ours_and_theirs(seed)
        ids = torch.randint(C.vocab, (2, C.context), generator=torch.Generator().manual_seed(seed))
        torch.testing.assert_close(model(ids), theirs(ids), rtol=1e-11, atol=1e-11)
