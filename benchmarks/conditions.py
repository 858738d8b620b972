"""Where something was timed: what one has to know to compare figures with those of elsewhere."""

from __future__ import annotations

import os
import time

import torch

from cutaway.kit.manifest import environment

UNITS = {"avx512_bf16": "AVX512-BF16", "amx_tile": "AMX", "amx_bf16": "AMX-BF16", "bf16": "bf16"}


def conditions() -> str:
    """The machine, in a line, and how busy it was with other things."""
    here = environment()
    known = f"{here['cpu']} ({here['capability']}, units for bfloat16: {units()})"
    load = f"others' load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{known}, {torch.get_num_threads()} threads; torch {torch.__version__}; {load}"


def units() -> str:
    """The matrix units of this processor, as the system names them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return "not known"
    flags = set(text.partition("flags")[2].partition("\n")[0].split())
    return ", ".join(name for flag, name in UNITS.items() if flag in flags) or "none"


def now() -> float:
    """A moment: of this process where it has one thread, of the world where it has several."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()
