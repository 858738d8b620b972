"""The positions lab: a draft. Its parts, its faults and its tests are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.words import Lab

from .lab_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    return {**_added(world.positions), **_turned(world.positions), **_scored(world.positions)}


def _added(parts: Any) -> dict[str, Any]:
    """What is added to a stream, in single and in half precision, and beyond a table."""
    import torch

    stream = generator(0, "added")
    x = torch.randn(2, 7, 8, generator=stream)
    waves, learned = parts.Sinusoidal(0.1), seeded(parts.Learned(20, 8), 0)
    return {
        "waves": parts.sinusoidal(torch.arange(7), 9),
        "a stream with waves": waves(x, first=3),
        "a coarse stream with waves": waves(x.bfloat16(), first=1000),
        "a stream with learned rows": learned(x, first=3).detach(),
        "rows beyond the table": _or_error(lambda: learned(x, first=17).detach()),
    }


def _turned(parts: Any) -> dict[str, Any]:
    """Queries and keys, turned by both pairings, near and far, and the speeds."""
    import torch

    stream = generator(0, "turned")
    q, k = (torch.randn(2, 3, 7, 8, generator=stream) for _ in range(2))
    found = {
        "speeds": parts.speeds(8),
        "interpolated speeds": parts.interpolated(parts.speeds(8), 4.0),
        "stretched speeds": parts.stretched(8, 4.0),
    }
    for pairing in ("halves", "neighbours"):
        model = parts.Rotary(parts.speeds(8), getattr(parts, pairing))
        for first in (0, 5):
            found[f"{pairing} from {first}"] = torch.stack(model(q, k, first))
        found[f"coarse {pairing}"] = torch.stack(model(q.bfloat16(), k.bfloat16(), 1000))
    return found


def _scored(parts: Any) -> dict[str, Any]:
    """What is added to scores."""
    import torch

    places = torch.arange(40)
    bucketed = seeded(parts.Bucketed(6, 8, 20), 0)
    return {
        "slopes of 6": parts.alibi(places[-3:], places, 6),
        "slopes of 8": parts.alibi(places[-3:], places, 8),
        "buckets": parts.bucket(places, 8, 20),
        "learned biases": _or_error(lambda: bucketed(places[-3:], places).detach()),
    }


def _or_error(found: Callable[[], Any]) -> Any:
    """What is found, or the kind of error that is raised."""
    try:
        return str(found().tolist())
    except (IndexError, ValueError) as error:
        return type(error).__name__


lab = Lab(
    name="positions",
    number=6,
    lesson="Order is told: added to a row, turned into a query, or taken off a score.",
    observe=observe,
    faults=FAULTS,
    after=("embeddings",),
    draft=True,
)
