"""Probes: what a model looks like from inside during a step, seen without a change to the step.

Every so many steps a model is watched through hooks that are there for this one step. They read,
draw nothing at random, and whatever goes wrong in them is a reason in `left_out`, not an error. The
names of places are those of the model: elements of its lists are layers (`blocks.3`), what those
are made of are parts (`blocks.3.heads`), and so is what stands beside a list (`tokens`).

Activations are those of the first part of a batch. Attention is seen where a part has queries and
keys, a number of heads, and a way to attend that may be asked again: with values that are the
identity, what it finds *is* its weights. So any variant shows its true weights, those of the first
few rows.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.errors import UsageError

from .places import asks, attention, last_matrix, owned, places
from .schema import Line

EVERY = 50  # steps; see the benchmark for what that costs
ROWS = 2  # of a batch, whose attention is seen
QUIET = 0.01  # of the size that one unit in ten exceeds; one that is smaller says nothing


class Probes:
    """A model that is looked at every so many steps."""

    def __init__(self, model: nn.Module, every: int = EVERY, rows: int = ROWS) -> None:
        if every < 1 or rows < 1:
            raise UsageError(f"Every {every} steps and of {rows} rows nothing can be seen.")
        self.model, self.every, self.rows = model, every, rows

    @contextmanager
    def at(self, step: int) -> Iterator[Line]:
        """What is seen of a step, there once the step was left; nothing if none is due."""
        found: Line = {}
        if step % self.every:
            yield found
            return
        look = Look(self.model, self.rows)
        with look.hooks:
            look.attach()
            yield found
        found.update(look.summary())


class Look:
    """What is seen of a model during one step."""

    def __init__(self, model: nn.Module, rows: int) -> None:
        self.places, self.rows = places(model), rows
        self.weights = dict(model.named_parameters())
        self.before: dict[str, Tensor] = {}
        self.gradients: dict[str, Tensor] = {}
        self.seen: dict[tuple[str, str], Tensor] = {}
        self.left_out: dict[str, str] = {}
        self.hooks = ExitStack()

    def attach(self) -> None:
        """Put the hooks on, and keep a copy of the weights."""
        for name, weight in self.weights.items():
            self._safely("update", lambda n=name, w=weight: self._copy(n, w))()
            if weight.requires_grad:
                see = self._safely("gradient", lambda w, n=name: self._gradient(n, w))
                put: Any = weight.register_post_accumulate_grad_hook
                self._hook(put(see))
        for name, module in self.places.items():
            see = self._safely("activations", lambda m, i, out, n=name: self._output(n, out))
            self._hook(module.register_forward_hook(see))
            if inner := last_matrix(module):
                see = self._safely("activations", lambda m, given, n=name: self._input(n, given))
                self._hook(inner.register_forward_pre_hook(see))
            if asks(module):
                self._attend(name, module)

    def _hook(self, handle: Any) -> None:
        self.hooks.callback(handle.remove)

    def _safely(self, what: str, look: Callable[..., None]) -> Callable[..., None]:
        """A hook that changes nothing, whatever happens in it."""

        def hook(*given: Any) -> None:
            try:
                with torch.no_grad():
                    look(*given)
            except Exception as error:
                self.left_out.setdefault(what, f"{type(error).__name__}: {error}"[:200])

        return hook

    def _copy(self, name: str, weight: Tensor) -> None:
        self.before[name] = weight.detach().clone()

    def _gradient(self, name: str, weight: Tensor) -> None:
        if weight.grad is not None:  # of several parts the last one sees the sum of all
            self.gradients[name] = size(weight.grad)

    def _output(self, name: str, out: Any) -> None:
        x = numbers_in(out)
        if x is not None and (name, "largest") not in self.seen:
            self.seen[name, "mean_square"] = size(x).square() / x.numel()
            self.seen[name, "largest"] = size(x, math.inf)

    def _input(self, name: str, given: Any) -> None:
        x = numbers_in(given)
        if x is not None and (name, "zeros") not in self.seen:
            units = torch.linalg.vector_norm(x.flatten(0, -2), dim=0)
            self.seen[name, "zeros"] = 1 - x.count_nonzero() / x.numel()
            quiet = QUIET * units.float().quantile(0.9)
            self.seen[name, "silent"] = (units <= quiet).float().mean()

    def _attend(self, name: str, module: Any) -> None:
        """Keep what a part asks and is asked by, and ask again once it has found its answer."""
        kept: dict[str, Tensor] = {}

        def keep(which: str) -> Callable[..., None]:
            def look(_: nn.Module, __: Any, out: Tensor) -> None:
                kept[which] = out.detach()[: self.rows].clone()

            return self._safely("attention", look)

        def look(_: nn.Module, given: Any, named: Any, __: Any) -> None:
            if (name, "entropy") in self.seen:
                return
            call = inspect.signature(module.forward).bind(*given, **named)
            call.apply_defaults()
            weights = attention(module, kept["query"], kept["key"], call.arguments)
            self.seen[name, "entropy"] = torch.special.entr(weights).sum(-1).mean((0, 2))
            self.seen[name, "first"] = weights[:, :, 1:, 0].mean((0, 2))

        for which in ("query", "key"):
            self._hook(getattr(module, which).register_forward_hook(keep(which)))
        self._hook(module.register_forward_hook(self._safely("attention", look), with_kwargs=True))

    def summary(self) -> Line:
        """What was seen, by place; a place of which nothing was seen is not in it."""
        sizes: dict[str, dict[str, Tensor]] = {
            "gradient": self.gradients,
            "weight": {},
            "update": {},
        }
        for name, before in self.before.items():
            self._safely("update", lambda n=name, b=before: self._compare(n, b, sizes))()
        parts: dict[str, Line] = {}
        for place, names in owned(self.weights, self.places).items():
            known = {what: together(of, names) for what, of in sizes.items()}
            part = {what: value for what, value in known.items() if value is not None}
            if part.get("weight"):
                part["ratio"] = part["update"] / part["weight"]
            parts[place] = part
        for (place, what), tensor in self.seen.items():
            parts.setdefault(place, {})[what] = tensor.tolist()
        if not any(what == "largest" for _, what in self.seen):
            self.left_out.setdefault("activations", "no layer was seen at work: is it compiled?")
        if not any(what == "entropy" for _, what in self.seen):
            self.left_out.setdefault("attention", "no part has query, key, heads and attend")
        found = {"parts": {place: rounded(part) for place, part in parts.items() if part}}
        return found | ({"left_out": self.left_out} if self.left_out else {})

    def _compare(self, name: str, before: Tensor, sizes: dict[str, dict[str, Tensor]]) -> None:
        sizes["weight"][name] = size(before)
        sizes["update"][name] = size(self.weights[name] - before)


def size(x: Tensor, order: float = 2) -> Tensor:
    """The length of a tensor's numbers, or the largest of them, in no less than 32 bits."""
    exact = x.dtype in (torch.float32, torch.float64)
    found = torch.linalg.vector_norm(x.detach(), order, dtype=None if exact else torch.float32)
    return torch.as_tensor(found)


def numbers_in(found: Any) -> Tensor | None:
    """The first tensor of real numbers in what a layer is given or returns, if there is one."""
    several = found if isinstance(found, list | tuple) else [found]
    real = [one for one in several if isinstance(one, Tensor) and one.is_floating_point()]
    return real[0].detach() if real and real[0].numel() else None


def together(sizes: dict[str, Tensor], names: list[str]) -> float | None:
    """The length of several tensors laid end to end, of those that have one."""
    known = [float(sizes[name]) for name in names if name in sizes]
    return math.hypot(*known) if known else None


def rounded(part: Line) -> Line:
    """A part whose numbers have six digits; more would say nothing, and fill disks."""
    lists = {name: [float(f"{x:.6g}") for x in v] for name, v in part.items() if type(v) is list}
    return {name: float(f"{x:.6g}") for name, x in part.items() if name not in lists} | lists
