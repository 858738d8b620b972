"""Heads have no names: what changes their order is undone by an order of the matrices.

So a layer that cuts, shares or merges in an order of its own learns as well as any, from scratch.
These are proofs about the layer; they name no fault.
"""

import pytest
import torch

from ...atoms.positions import Still
from ..attention import attend
from .heads import Heads

B, T, C, H, G, D = 2, 7, 13, 6, 3, 4


def past(t, s):
    return s <= t


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@torch.no_grad()
def layer(heads=H, groups=G, size=D):
    model = Heads(C, heads, groups, size, False, Still()).double()
    for seed, weight in enumerate(model.parameters()):
        weight.copy_(normal(*weight.shape, seed=seed) / 2)
    return model


def close(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def permuted(model, order):
    """The same layer with its heads, and their groups, in another order."""
    other = layer(model.heads, model.groups, model.output.in_features // model.heads)
    blocks = {"query": model.heads, "key": model.groups, "value": model.groups}
    with torch.no_grad():
        for name, count in blocks.items():
            rows = getattr(model, name).weight.unflatten(0, (count, -1))
            per = model.heads // count
            groups = [head // per for head in order][::per]
            getattr(other, name).weight.copy_(rows[groups].flatten(0, 1))
        columns = model.output.weight.unflatten(1, (model.heads, -1))
        other.output.weight.copy_(columns[:, order].flatten(1))
    return other


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("groups", "order"), [(6, [5, 2, 0, 1, 4, 3]), (3, [4, 5, 0, 1, 2, 3]), (1, [2, 0, 1, 5, 4, 3])]
)
def test_heads_have_no_names(groups, order):
    """In another order, with their groups and columns, they find the same."""
    model, x = layer(groups=groups), normal(B, T, C)
    close(permuted(model, order)(x), model(x))


class Ordered(Heads):
    """The layer with one of the faults of order."""

    def forward(self, x, mask=past, first=0):
        q, k, v = self.query(x), self.key(x), self.value(x)
        q = q.view(B, T, H, D).transpose(1, 2)
        k, v = (one.view(B, T, G, D).transpose(1, 2) for one in (k, v))
        if self.fault == "split_by_number":
            q = self.query(x).view(B, T, D, H).permute(0, 3, 1, 2)
        if self.fault == "other_values":
            v = v.flip(1)
        if self.fault == "tiled_groups":
            k, v = (one.repeat(1, H // G, 1, 1) for one in (k, v))
        else:
            k, v = (one.repeat_interleave(H // G, 1) for one in (k, v))
        x = attend(q, k, v, mask)
        x = x.flip(1) if self.fault == "merged_backwards" else x
        return self.output(x.transpose(1, 2).reshape(B, T, H * D))


def renamed(fault, state):
    """A state of the clean layer, with the rows or columns where the broken layer looks for them.

    Rows and columns are drawn alike, so that this is as likely a start as the one that it renames.
    """
    state = {name: one.clone() for name, one in state.items()}
    heads = torch.arange(H)
    if fault == "split_by_number":
        state["query.weight"] = (
            state["query.weight"].view(H, D, C).transpose(0, 1).reshape(H * D, C)
        )
    if fault == "other_values":
        state["value.weight"] = state["value.weight"].view(G, D, C).flip(0).reshape(G * D, C)
    if fault == "tiled_groups":  # the heads of a group stand apart
        heads = heads.view(G, H // G).mT.flatten()
        state["query.weight"] = state["query.weight"].view(H, D, C)[heads].reshape(H * D, C)
    if fault == "merged_backwards":
        heads = heads.flip(0)
    if fault in ("tiled_groups", "merged_backwards"):
        state["output.weight"] = state["output.weight"].view(C, H, D)[:, heads].reshape(C, H * D)
    return state


@pytest.mark.oracle
@pytest.mark.parametrize(
    "fault", ["split_by_number", "other_values", "tiled_groups", "merged_backwards"]
)
def test_an_order_of_its_own_is_training_the_renamed_matrices(fault):
    """The proof that four faults are inert: what they exchange is drawn alike.

    Start the broken layer from the renamed matrices: it has the clean one's loss, and its slopes
    and matrices, renamed, after every step of AdamW.
    """
    clean, broken = layer(), Ordered(C, H, G, D, False, Still()).double()
    broken.fault = fault
    broken.load_state_dict(renamed(fault, clean.state_dict()))
    x, target = normal(B, T, C), normal(B, T, C, seed=1)
    models = [clean, broken]
    optimizers = [torch.optim.AdamW(one.parameters(), 0.05, weight_decay=0.1) for one in models]
    for _ in range(5):
        losses = [(model(x) - target).square().mean() for model in models]
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        close(*losses)
        for name, one in renamed(fault, clean.state_dict()).items():
            close(broken.state_dict()[name], one)
    assert not torch.equal(clean.query.weight, layer().query.weight)
