"""What a training job needs, found by running it on tensors that have a shape and no contents.

The job itself is run, two steps of it: its model, its loss, its optimizer, whatever they are. Every
storage is followed from its making to its end, and the moment is kept at which most are alive. What
was there before, such as a text, is not counted. A number that is read from a tensor without
contents is taken to be one. What a kernel takes for itself while it runs is not seen.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves

from cutaway.errors import CutawayError, Unavailable, UsageError

from .chances import put_back, random_states
from .memory import Plan
from .memory_free import named

WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
STEPS = 2  # in the second, what the first one left behind is there too


@dataclass(frozen=True)
class Job:
    """A training job that is about to begin."""

    model: nn.Module
    remembered: Callable[[], Iterable[Tensor]]  # by the optimizer, up to now
    step: Callable[[], object]


def plan(make: Callable[[], Job], steps: int = STEPS) -> Plan:
    """What a job holds at its most; it is made and run here, and nothing of it is allocated.

    Equal parts of a batch beyond the second add nothing but time: give a job with two. And one
    step is enough where the optimizer is made with all that it remembers.
    """
    states = random_states()
    tally = Tally()
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), tally:
            return _traced(make(), tally, steps)
    except CutawayError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Unavailable(
            f"What this job needs cannot be worked out without running it ({reason:.200}).",
            "Make the model or its batch smaller; if a small one fails as well, please report it.",
        ) from error
    finally:
        put_back(states)


def _traced(job: Job, tally: Tally, steps: int) -> Plan:
    """The plan of a job that was made under a tally."""
    weights = [*job.model.parameters(), *job.model.buffers()]
    if not all(isinstance(one, FakeTensor) for one in weights):
        raise UsageError("The model was there before its plan.", "Make it in the job's function.")
    kinds: dict[str, set[int]] = {"weights": set(map(tally.number, weights))}
    kinds["gradients"], kinds["optimizer"] = set(), set()

    def gradient(weight: Tensor) -> None:
        assert weight.grad is not None
        kinds["gradients"].add(tally.number(weight.grad))

    for weight in job.model.parameters():
        if weight.requires_grad:
            weight.register_post_accumulate_grad_hook(gradient)  # type: ignore[no-untyped-call]
    for _ in range(steps):
        job.step()
        kinds["optimizer"].update(map(tally.number, job.remembered()))
    return tally.plan(kinds)


class Tally(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the storages that are alive, and keeps those of the moment when they were most."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers: dict[int, tuple[weakref.ref[Any], int]] = {}  # by address, of the living
        self.living: dict[int, int] = {}  # bytes, by number
        self.most: dict[int, int] = {}
        self.bytes = self.most_bytes = self.made = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            return _read(args[0])
        result = func(*args, **(kwargs or {}))
        if func is not torch.ops.prim.device.default:
            old = func.is_view and any(map(_is_real, tree_leaves((args, kwargs))))
            counts = not old or func is torch.ops.aten.lift_fresh.default
            for one in tree_leaves(result):
                if isinstance(one, FakeTensor):
                    self.number(one, counts)
        return result

    def number(self, tensor: Tensor, counts: bool = True) -> int:
        """The number of a tensor's storage, which is counted if it is new; views share one."""
        storage = tensor.untyped_storage()
        place = id(storage)
        if place not in self.numbers:
            self.made += 1
            ref = weakref.ref(storage, lambda _, place=place: self.end(place))  # type: ignore[misc]
            self.numbers[place] = ref, self.made
            self.living[self.made] = storage.nbytes() if counts else 0
            self.bytes += self.living[self.made]
            if self.bytes > self.most_bytes:
                self.most, self.most_bytes = dict(self.living), self.bytes
        return self.numbers[place][1]

    def end(self, place: int) -> None:
        """Take a storage off that is no more."""
        _, number = self.numbers.pop(place)
        self.bytes -= self.living.pop(number)

    def plan(self, kinds: dict[str, set[int]]) -> Plan:
        """What was alive at the worst moment, by kind; each storage counts for the first it is."""
        rest = dict(self.most)
        sums = {
            kind: sum(rest.pop(number) for number in numbers & rest.keys())
            for kind, numbers in kinds.items()
        }
        return Plan(**sums, activations=sum(rest.values()))


def _is_real(one: Any) -> bool:
    """Whether something is a tensor with contents, which was there before."""
    return isinstance(one, Tensor) and not isinstance(one, FakeTensor)


def _read(tensor: Tensor) -> Any:
    """The number in a tensor, or one where there are no contents."""
    known = tensor.constant if isinstance(tensor, FakeTensor) else tensor
    if known is not None:
        with _disable_current_modes():
            return known.item()
    if tensor.dtype == torch.bool:
        return True
    return 1 if tensor.dtype in WHOLE else 1.0


def peak(make: Callable[[], Job], steps: int = STEPS) -> int:
    """What a job really took at its most, in bytes, beyond what this process had before it.

    It is true of a process that has done nothing else but, perhaps, run a tiny job to load code.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the highest level so far is forgotten
    before = _level("VmRSS:")
    job = make()
    for _ in range(steps):
        job.step()
    return _level("VmHWM:") - before


def _level(name: str) -> int:
    """The memory of this process, now or at its highest; elsewhere than on Linux, its highest."""
    kilobytes = named(Path("/proc/self/status"), name)
    if kilobytes is not None:
        return kilobytes * 1024
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024
