"""A run made fast: its loss is compiled, where a compiler works and the run is long enough."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import Unavailable
from cutaway.runs.memory import size
from cutaway.runs.memory_free import free_memory
from cutaway.runs.recording import Stepped
from cutaway.verbs.talk import say

from .attending import Attend
from .settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

Loss = Callable[["nn.Module", Any], "Tensor"]
LONG = 1e13  # operations of a run for which half a minute of compiling is soon made up
HELPER = 200e6  # bytes that each process takes which compiles a part
MOST = 32  # such processes at once
SMALL = "#include <Python.h>\n#include <omp.h>\nint most() { return omp_get_max_threads(); }\n"
BESIDE = 1 + 2**-12  # single precision knows it from one, bfloat16 does not


def decided(asked: Settings) -> Settings:
    """The same run, compiled or not: what was left open is settled, and said."""
    if asked.compile == "no" or (asked.compile == "auto" and operations(asked) < LONG):
        return replace(asked, compile="no")
    why = missing() or (cramped() if asked.compile == "auto" else None)
    if why is None:
        return replace(asked, compile="yes")
    if asked.compile == "auto":
        say(f"{why}: the run is not compiled, which only takes longer.", "yellow")
        return replace(asked, compile="no")
    raise Unavailable(
        f"This run is to be compiled, and {why[0].lower()}{why[1:]}.",
        "Install a C++ compiler and Python's headers; or begin a run with --compile no.",
    )


def operations(one: Settings) -> float:
    """About how many operations the products of a run are."""
    numbers = 12 * one.depth * one.width**2
    return 6.0 * numbers * one.batch * one.context * one.steps


@cache
def missing() -> str | None:
    """Why nothing can be compiled here, if so; what will be needed is tried."""
    name = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "small.cpp"
        source.write_text(SMALL, encoding="ascii")
        headers = sysconfig.get_paths()["include"]
        command = [name, "-fopenmp", "-fPIC", "-shared", f"-I{headers}", str(source)]
        try:
            done = subprocess.run(
                [*command, "-o", str(source.with_suffix(".so"))],
                capture_output=True,
                timeout=60,
            )
        except FileNotFoundError:
            return f"There is no C++ compiler {name!r}"
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"The C++ compiler {name!r} does not run ({type(error).__name__})"
    return None if done.returncode == 0 else f"The C++ compiler {name!r} does not work"


def cramped() -> str | None:
    """Why there is no room to compile, if so: a process for each core helps with it."""
    free, takes = free_memory(), int(HELPER * min(os.cpu_count() or 1, MOST))
    if free is None or takes <= free / 2:
        return None
    return f"Compiling takes about {size(takes)}, and {size(free)} are free"


def compiled(loss: Loss) -> Loss:
    """The same loss, compiled; but a model that is being looked at is run as it is written."""
    import torch

    quick = torch.compile(loss, dynamic=False)

    def either(model: nn.Module, part: Any) -> Tensor:
        return loss(model, part) if watched(model) else quick(model, part)

    return either


def attend_by(model: nn.Module, attend: Attend) -> None:
    """Have every layer of heads attend in another way."""
    layers: Any = model.modules()
    for one in layers:
        if hasattr(one, "attend"):
            one.attend = attend


def stepped(states: Iterator[Stepped]) -> Iterator[Stepped]:
    """The states of a run, each step with fast products, and nothing else."""
    while True:
        with products():
            state = next(states, None)
        if state is None:
            return
        yield state


def watched(model: nn.Module) -> bool:
    """Whether some layer tells somebody what passes through it."""
    return any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())


@contextmanager
def products() -> Iterator[None]:
    """Single precision by the library that is faster at it here, where it is as exact.

    torch takes oneDNN for it only if it may round to bfloat16. Where the processor has no unit for
    that, oneDNN does not round, and that is tried first.
    """
    library = _library()
    before = library.fp32_precision
    library.fp32_precision = "bf16" if _exact() else before
    try:
        yield
    finally:
        library.fp32_precision = before


def _library() -> Any:
    """What torch knows of oneDNN's products."""
    import torch

    every: Any = torch.backends.mkldnn
    return every.matmul


@cache
def _exact() -> bool:
    """Whether products keep all of single precision where they may round."""
    import torch

    library = _library()
    before = library.fp32_precision
    ones = torch.eye(256)
    library.fp32_precision = "bf16"
    try:
        several = [torch.full((rows, 256), BESIDE) for rows in (16, 256, 2048)]
        return all(torch.equal(one @ ones, one) for one in several)
    finally:
        library.fp32_precision = before
