"""Peers that train the same GPT: one as it is usually written, and the one of transformers.

Both have GPT-2's names, so that one list of weights serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Step = Callable[[Tensor], float]
WHERE = {
    "before": "ln_1",
    "heads.output": "attn.c_proj",
    "between": "ln_2",
    "mlp.widen": "mlp.c_fc",
    "mlp.narrow": "mlp.c_proj",
}


class Attention(nn.Module):
    """Causal attention by torch's own kernel."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (
            one.view(B, T, self.heads, -1).transpose(1, 2) for one in self.c_attn(x).split(C, 2)
        )
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = self.c_proj(found.transpose(1, 2).reshape(B, T, C))
        return x


class Block(nn.Module):
    """Attention and an MLP, each after a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)}
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        wide = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        x = x + self.mlp["c_proj"](wide)
        return x


class Usual(nn.Module):
    """A GPT as it is usually written in torch."""

    def __init__(self, vocab: int, context: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        scores: Tensor = F.linear(self.ln_f(x), self.wte.weight)
        return scores


class Hugging(nn.Module):
    """GPT-2 of transformers, as one calls it for its scores."""

    def __init__(self, vocab: int, context: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        from transformers import GPT2Config, GPT2LMHeadModel

        sizes: Any = {"vocab_size": vocab, "n_positions": context, "n_embd": width}
        more: Any = {"n_layer": depth, "n_head": heads, "use_cache": False}
        off: Any = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        config = GPT2Config(**sizes, **more, **off, bos_token_id=0, eos_token_id=0)
        config._attn_implementation = "sdpa"
        self.whole = GPT2LMHeadModel(config)

    def forward(self, ids: Tensor) -> Tensor:
        scores: Tensor = self.whole(ids).logits
        return scores


def given(model: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """A peer with the weights of one of our models of GPT-2's style."""
    inner: Any = model.whole.transformer if isinstance(model, Hugging) else model
    lying = isinstance(model, Hugging)  # its matrices are kept transposed
    named = {"wte.weight": weights["tokens.weight"], "wpe.weight": weights["positions.weight"]}
    for kind in ("weight", "bias"):
        named[f"ln_f.{kind}"] = weights[f"last.{kind}"]
        for at in range(len(inner.h)):
            mine = {name: weights[f"blocks.{at}.{name}.{kind}"] for name in WHERE}
            three = [weights[f"blocks.{at}.heads.{q}.{kind}"] for q in ("query", "key", "value")]
            mine["heads.all"] = torch.cat(three)
            for name, one in mine.items():
                place = f"h.{at}.{WHERE.get(name, 'attn.c_attn')}.{kind}"
                named[place] = one.T if lying and one.dim() > 1 else one
    inner.load_state_dict({name: one.detach().clone() for name, one in named.items()})
    return model


def optimizer(model: nn.Module, decay: float, betas: tuple[float, float]) -> Any:
    """torch's fused AdamW, with decay for matrices and not for tables."""
    tables = ("wte.weight", "wpe.weight")
    every = [(not name.endswith(tables) and p.dim() > 1, p) for name, p in model.named_parameters()]
    groups = [
        {"params": [p for is_one, p in every if is_one], "weight_decay": decay},
        {"params": [p for is_one, p in every if not is_one], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=betas, fused=True)


def stepping(model: nn.Module, half: bool, compiled: bool, rate: Callable[[int], float]) -> Step:
    """A step of a peer on some rows, in single precision or with products in bfloat16."""
    adamw = optimizer(model, 0.1, (0.9, 0.95))
    call: Any = torch.compile(model) if compiled else model
    done = 0

    def step(rows: Tensor) -> float:
        nonlocal done
        for group in adamw.param_groups:
            group["lr"] = rate(done)
        done += 1
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            scores = call(rows[:, :-1])
            loss: Any = F.cross_entropy(scores.flatten(0, 1).float(), rows[:, 1:].flatten())
        adamw.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        return float(loss.item())

    return step
