"""How many bytes of tensors are alive, counted as storages come and go; and ways to attend."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

FORMS = ("readable", "tiled", "tiled, plain autograd", "fused")


@contextmanager
def counted(*given: Tensor) -> Iterator[Any]:
    """A block in which every storage counts while it lives, but for those of the given tensors.

    `live` is how many bytes there are, `peak` how many there were at most. What a kernel takes and
    gives back within itself is not seen.
    """
    from torch import Tensor
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.live = self.peak = 0
            self.known = {tensor.untyped_storage()._cdata for tensor in given}

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            for one in tree_leaves(out):
                if isinstance(one, Tensor):
                    self.enter(one.untyped_storage())
            return out

        def enter(self, storage: Any) -> None:
            key, size = storage._cdata, storage.nbytes()
            if key not in self.known:
                self.known.add(key)
                self.live += size
                self.peak = max(self.peak, self.live)
                weakref.finalize(storage, self.leave, key, size)

        def leave(self, key: int, size: int) -> None:
            self.known.discard(key)
            self.live -= size

    gc.collect()
    with Ledger() as ledger:
        yield ledger


def forms(world: World) -> dict[str, Callable[..., Tensor]]:
    """Ways to attend that give the same; the third leaves the backward pass to autograd."""
    parts = world.attention

    def plainly(*inputs: Any) -> Tensor:
        nothing = SimpleNamespace(save_for_backward=lambda *saved: None)
        out: Tensor = parts.tiling.Tiled.forward(nothing, *inputs)
        return out

    return dict(zip(FORMS, (parts.attend, parts.tiled, plainly, parts.fused), strict=True))
