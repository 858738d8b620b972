"""Where to look in any model: its layers, their parts, and those of them that attend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

LISTS = (nn.ModuleList, nn.ModuleDict, nn.Sequential)


def places(model: nn.Module, above: str = "") -> dict[str, nn.Module]:
    """The layers of a model and their parts, by name."""
    found: dict[str, nn.Module] = {}
    for name, child in model.named_children():
        if isinstance(child, LISTS):
            for number, layer in child.named_children():
                at = f"{above}{name}.{number}"
                found[at] = layer
                found |= {f"{at}.{part}": module for part, module in layer.named_children()}
        elif any(isinstance(one, LISTS) for one in child.modules()):
            found |= places(child, f"{above}{name}.")
        else:
            found[above + name] = child
    return found


def owned(weights: Iterable[str], found: Iterable[str]) -> dict[str, list[str]]:
    """The names of the weights in each place; a weight that is in none is a place of its own."""
    weights = list(weights)
    places = {at: [name for name in weights if name.startswith(f"{at}.")] for at in found}
    homes = {name for names in places.values() for name in names}
    return places | {name: [name] for name in weights if name not in homes}


def last_matrix(module: nn.Module) -> nn.Module | None:
    """The last of the matrices that a part is made of, if there are several."""
    matrices = [one for one in module.children() if getattr(one, "weight", None) is not None]
    matrices = [one for one in matrices if isinstance(one.weight, Tensor) and one.weight.dim() == 2]
    return matrices[-1] if len(matrices) > 1 else None


def asks(module: Any) -> bool:
    """Whether a part has all that it takes to ask it for its attention."""
    layers = [getattr(module, name, None) for name in ("query", "key")]
    whole = isinstance(getattr(module, "heads", None), int)
    return whole and all(isinstance(one, nn.Module) for one in layers) and hasattr(module, "attend")


def attention(module: Any, q: Tensor, k: Tensor, given: dict[str, Any]) -> Tensor:
    """The weights of a part's heads, rows by heads by queries by keys."""
    with torch.random.fork_rng(devices=[q.device] if q.is_cuda else []):
        groups = getattr(module, "groups", module.heads)
        q = q.view(*q.shape[:2], module.heads, -1).transpose(1, 2)
        k = k.view(*k.shape[:2], groups, -1).transpose(1, 2)
        if hasattr(module, "place"):
            q, k = module.place(q, k, given.get("first", 0))
        rows, tokens = k.shape[0], k.shape[2]
        identity = torch.eye(tokens, dtype=q.dtype, device=q.device)
        identity = identity.expand(rows, groups, tokens, tokens)
        weights: Tensor = module.attend(q, k, identity, given["mask"])
        return weights.float()
