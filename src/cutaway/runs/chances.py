"""Random states as plain data: where each generator stands, to the last bit, and back again.

The three that everyone shares are always among them; those of a run's own are given by name:
`random_states(dropout=generator)` and `put_back(states, dropout=generator)`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch

from cutaway.errors import Refused, UsageError

Generator = torch.Generator | np.random.Generator | np.random.RandomState | random.Random
BITS = ("MT19937", "PCG64", "PCG64DXSM")  # of numpy, whose states can be checked
MOST = {"pos": 624, "has_gauss": 1, "has_uint32": 1}  # further on numpy would read what is not its
MOST_WORD = 2**128 - 1


def random_states(**own: Generator) -> dict[str, Any]:
    """Where torch, numpy, Python and the generators given by name stand, as plain data."""
    return {name: _state(source) for name, source in _sources(own).items()}


def put_back(states: Mapping[str, Any], **own: Generator) -> None:
    """Set every generator to where it stood; states of other generators are refused."""
    sources = _sources(own)
    again = "It was saved with other generators or other versions: use those, or begin anew."
    if states.keys() != sources.keys():
        names = ", ".join(sorted(str(name)[:40] for name in states))
        raise Refused(f"These are the random states of other generators: {names:.400}.", again)
    for name, source in sources.items():
        if not _alike(states[name], _state(source)):
            raise Refused(f"This is no random state for {name!r}.", again)
    for name, source in sources.items():
        try:
            _set(source, states[name])
        except (ValueError, TypeError, LookupError, OverflowError, RuntimeError) as error:
            raise Refused(f"This is no random state for {name!r}: {error}.", again) from error
        if _state(source) != states[name]:
            raise Refused(f"This random state for {name!r} cannot be set.", again)


def _sources(own: Mapping[str, Generator]) -> dict[str, Generator | ModuleType]:
    """All generators by name."""
    shared: dict[str, Any] = {"torch": torch.default_generator, "numpy": np.random}
    shared["python"] = random
    if taken := own.keys() & shared.keys():
        raise UsageError(f"The name {min(taken)!r} is taken.", "Give the generator another one.")
    return {**shared, **own}


def _state(source: Generator | ModuleType) -> Any:
    """Where one generator stands."""
    if isinstance(source, torch.Generator):
        return source.get_state().numpy().tobytes().hex()
    if isinstance(source, np.random.Generator):
        return _plain(source.bit_generator.state)
    if source is np.random or isinstance(source, np.random.RandomState):
        return _plain(source.get_state(legacy=False))
    version, words, second = source.getstate()
    return [version, list(words), second]


def _plain(state: Any) -> Any:
    """A state of numpy without anything of numpy in it."""
    if isinstance(state, Mapping):
        bits = state.get("bit_generator", BITS[0])
        if bits not in BITS:
            raise UsageError(f"Generators of kind {bits} are not kept.", f"Use {BITS[1]}.")
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state


def _set(source: Generator | ModuleType, state: Any) -> None:
    """Set one generator to where it stood."""
    if isinstance(source, torch.Generator):
        source.set_state(torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8))
    elif isinstance(source, np.random.Generator):
        source.bit_generator.state = state
    elif source is np.random or isinstance(source, np.random.RandomState):
        source.set_state(state)
    else:
        version, words, second = state
        source.setstate((version, tuple(words), second))


def _alike(state: Any, now: Any, name: str = "") -> bool:
    """Whether a state has the form of one that the generator could have, word for word."""
    if isinstance(now, dict):
        same = isinstance(state, dict) and state.keys() == now.keys()
        return same and all(_alike(state[key], now[key], key) for key in now)
    if isinstance(now, list):
        same = isinstance(state, list) and len(state) == len(now)
        return same and all(_alike(one, other) for one, other in zip(state, now, strict=True))
    if type(now) is int:
        most = MOST.get(name, MOST_WORD)
        return type(state) is int and 0 <= state <= most
    if name == "bit_generator" or type(now) is str:
        return type(state) is str and len(state) == len(now)
    return state is None or type(state) is float  # half of a pair of normal numbers
