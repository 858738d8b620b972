"""Optimizers: what a weight makes of its gradient, and what it remembers of those before.

Plain descent takes the gradient for the way. Momentum adds up many. AdamW divides a mean of many by
their usual size, number by number, so that no weight moves by much more than the rate.

A rate is set from outside, before each step. What is remembered has names and is nothing but
tensors: a checkpoint keeps `state` and hands it to `load`. The arithmetic is that of torch, in its
order, to the last bit.

What they lack: a view of a matrix as one thing (muon.py).
"""

from collections.abc import Mapping

import torch
from torch import Tensor


class Optimizer:
    """Weights by their names, and what is remembered of each; the rule is for others to say."""

    remembers: tuple[str, ...] = ()

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.weights, self.decay, self.rate = dict(weights), decay, 0.0
        self.state = {f"{kind}/{name}": torch.zeros_like(weight)
                      for kind in self.remembers for name, weight in weights.items()}

    def clear(self) -> None:
        """Forget the gradients of the last step; else those of the next are added to them."""
        for weight in self.weights.values():
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight that has a gradient."""
        for name, weight in self.weights.items():
            if weight.grad is not None:
                self.move(name, weight, weight.grad)

    def move(self, name: str, weight: Tensor, gradient: Tensor) -> None:
        """Move one weight."""
        raise NotImplementedError

    def memory(self, name: str) -> list[Tensor]:
        """What is remembered of one weight."""
        return [self.state[f"{kind}/{name}"] for kind in self.remembers]

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on with what another has remembered, or raise an error and change nothing."""
        if state.keys() != self.state.keys():
            odd = ", ".join(sorted(state.keys() ^ self.state.keys())[:3])
            raise ValueError(f"This is not what these weights remember: {odd} ...")
        for name, own in self.state.items():
            if (own.shape, own.dtype) != (state[name].shape, state[name].dtype):
                raise ValueError(f"{name} has another shape or type than what is to be loaded.")
        for name, own in self.state.items():
            own.copy_(state[name])


class SGD(Optimizer):
    """A step down the slope; decay is one more slope, toward zero."""

    def move(self, name: str, weight: Tensor, gradient: Tensor) -> None:
        gradient = gradient.add(weight, alpha=self.decay)
        weight.add_(gradient, alpha=-self.rate)


class Momentum(Optimizer):
    """A step along all gradients so far, each counting less the older it is."""

    remembers = ("velocity",)

    def __init__(self, weights: Mapping[str, Tensor], decay: float, momentum: float) -> None:
        super().__init__(weights, decay)
        self.momentum = momentum

    def move(self, name: str, weight: Tensor, gradient: Tensor) -> None:
        [velocity] = self.memory(name)
        gradient = gradient.add(weight, alpha=self.decay)
        velocity.mul_(self.momentum)
        velocity.add_(gradient)
        weight.add_(velocity, alpha=-self.rate)


class AdamW(Optimizer):
    """The mean of gradients over their usual size; decay is no gradient and is not divided."""

    remembers = ("mean", "power")

    def __init__(self, weights: Mapping[str, Tensor], decay: float,
                 betas: tuple[float, float], epsilon: float) -> None:
        super().__init__(weights, decay)
        self.betas, self.epsilon = betas, epsilon
        for name in self.weights:
            self.state[f"steps/{name}"] = torch.zeros((), dtype=torch.int64)

    def move(self, name: str, weight: Tensor, gradient: Tensor) -> None:
        mean, power = self.memory(name)
        steps = self.state[f"steps/{name}"]
        steps.add_(1)
        weight.mul_(1 - self.rate * self.decay)
        mean.lerp_(gradient, 1 - self.betas[0])
        power.mul_(self.betas[1])
        power.addcmul_(gradient, gradient, value=1 - self.betas[1])
        # Both began at zero and are too small at first, by a share that is known.
        rate, size = self.rate, power.sqrt()
        rate = rate / (1 - self.betas[0] ** int(steps))
        size = size / (1 - self.betas[1] ** int(steps)) ** 0.5
        size = size + self.epsilon
        weight.addcdiv_(mean, size, value=-rate)


class Together(Optimizer):
    """Several optimizers as one, each of weights of its own and at its own multiple of the rate."""

    def __init__(self, *members: tuple[Optimizer, float]) -> None:
        self.members = members
        self.weights = {name: one for each, _ in members for name, one in each.weights.items()}
        self.state = {name: one for each, _ in members for name, one in each.state.items()}
        self.rate = 0.0
        moved = [id(one) for each, _ in members for one in each.weights.values()]
        if not len(moved) == len({*moved}) == len(self.weights):
            raise ValueError("Two optimizers would move one weight, or two weights have one name.")

    @property
    def rate(self) -> float:
        """What each member's rate is a multiple of."""
        return self.main

    @rate.setter
    def rate(self, rate: float) -> None:
        self.main = rate
        for one, times in self.members:
            one.rate = rate * times

    def step(self) -> None:
        for one, _ in self.members:
            one.step()
