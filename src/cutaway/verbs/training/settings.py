"""What a run is asked to be: everything that its losses rest on, and nothing else."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter

from cutaway.errors import UsageError

from . import options

Style = Literal["llama", "gpt2", "qwen3"]
Optimizer = Literal["adamw", "muon", "momentum", "sgd"]
Schedule = Literal["cosine", "stable", "constant"]
Precision = Literal["single", "bf16"]
Compile = Literal["auto", "yes", "no"]
WORDS = {"style": Style, "optimizer": Optimizer, "schedule": Schedule, "precision": Precision}
WORDS |= {"compile": Compile}
RATES = {"adamw": 0.003, "muon": 0.02, "momentum": 0.03, "sgd": 0.3}  # what serves each
EACH = ", ".join(f"{name} {rate}" for name, rate in RATES.items())


@dataclass(frozen=True)
class Settings:
    """What a run is: the text, the model, the way of learning."""

    text: str = "shakespeare"
    tokens: str = "characters"
    style: Style = "llama"
    width: int = 128
    depth: int = 4
    heads: int = 4
    groups: int = 4
    context: int = 64
    optimizer: Optimizer = "adamw"
    rate: float = RATES["adamw"]
    warm: int = 100
    schedule: Schedule = "cosine"
    decay: float = 0.1
    limit: float = 1.0
    batch: int = 32
    parts: int = 1
    steps: int = 2000
    precision: Precision = "single"
    compile: Compile = "auto"
    seed: int = 0


HELP = {
    "tokens": "characters, bytes, plays, or a vocabulary's file.",
    "style": "Which list of parts: llama, gpt2 or qwen3.",
    "width": "Numbers in the stream.",
    "depth": "Blocks.",
    "heads": "Heads in a block.",
    "groups": "Groups of heads that share keys and values.",
    "context": "Tokens at a time.",
    "optimizer": "adamw, muon, momentum or sgd.",
    "rate": f"The highest rate. If none is given: {EACH}.",
    "warm": "Steps in which the rate rises.",
    "schedule": "cosine falls to a tenth, stable falls in the last fifth, constant does not.",
    "decay": "How strongly matrices are pulled toward zero.",
    "limit": "How long a gradient may be; 0 is no limit.",
    "batch": "Rows in a step.",
    "parts": "Parts that a step's rows are read in: more parts, less memory, the same step.",
    "steps": "Steps in all.",
    "precision": "single, or bf16: products in bfloat16.",
    "compile": "yes, no, or auto: where it is possible and the run is long.",
    "seed": "What the weights and the order of the text are drawn by.",
}
POSITIVE = ("width", "depth", "heads", "groups", "context", "batch", "parts", "steps", "rate")
NOT_NEGATIVE = ("warm", "decay", "seed", "limit")
FEWER = 10**12  # steps than a checkpoint can be named after


def option(name: str) -> Any:
    """How an option is called and explained, with what it is if nobody says."""
    default = getattr(Settings, name)
    return Parameter(help=f"{HELP[name]} [{default}]", negative="")


@Parameter(name="*")
@dataclass(frozen=True)
class Asked:
    """The options of a run as they were given: what was not is None."""

    tokens: Annotated[str | None, option("tokens")] = None
    style: Annotated[Style | None, option("style")] = None
    width: Annotated[int | None, option("width")] = None
    depth: Annotated[int | None, option("depth")] = None
    heads: Annotated[int | None, option("heads")] = None
    groups: Annotated[int | None, option("groups")] = None
    context: Annotated[int | None, option("context")] = None
    optimizer: Annotated[Optimizer | None, option("optimizer")] = None
    rate: Annotated[float | None, option("rate")] = None
    warm: Annotated[int | None, option("warm")] = None
    schedule: Annotated[Schedule | None, option("schedule")] = None
    decay: Annotated[float | None, option("decay")] = None
    limit: Annotated[float | None, option("limit")] = None
    batch: Annotated[int | None, option("batch")] = None
    parts: Annotated[int | None, option("parts")] = None
    steps: Annotated[int | None, option("steps")] = None
    precision: Annotated[Precision | None, option("precision")] = None
    compile: Annotated[Compile | None, option("compile")] = None
    seed: Annotated[int | None, option("seed")] = None

    def given(self) -> dict[str, Any]:
        """The options that were given."""
        return {name: one for name, one in asdict(self).items() if one is not None}


def settled(text: str | None, asked: Asked, file: Path | None) -> Settings:
    """What a run is to be: by the command line, else by a file, else as it is usually."""
    chosen = {**(options.read(file, asdict(Settings())) if file else {}), **asked.given()}
    if text is not None:
        chosen["text"] = text
    if "heads" in chosen and "groups" not in chosen:
        chosen["groups"] = chosen["heads"]
    if chosen.get("optimizer") in RATES:
        chosen.setdefault("rate", RATES[chosen["optimizer"]])
    return checked(replace(Settings(), **chosen))


def checked(found: Settings) -> Settings:
    """The same, if there can be such a run."""
    step = "`cutaway train --help` says what each option is."
    if not found.text:
        raise UsageError("A run needs a text.", "Name a corpus, a file or a folder; `.` is this.")
    for name, value in asdict(found).items():
        if name in WORDS and value not in get_args(WORDS[name]):
            words = ", ".join(get_args(WORDS[name]))
            raise UsageError(f"There is no {name} {value!r}.", f"There are: {words}.")
        low = (name in POSITIVE and not value > 0) or (name in NOT_NEGATIVE and not value >= 0)
        if low or value == math.inf:
            raise UsageError(f"A run has no {name} of {value}.", step)
    for whole, part in (("width", "heads"), ("heads", "groups"), ("batch", "parts")):
        many, few = getattr(found, whole), getattr(found, part)
        if many % few:
            what = f"{many} {_what(whole)} cannot be divided among {few} {_what(part)}."
            raise UsageError(what, f"Choose --{part} such that they can: {_divisors(many)}.")
    if found.style != "gpt2" and (found.width // found.heads) % 2:
        what = f"Heads of {found.width // found.heads} numbers cannot be turned in pairs."
        raise UsageError(what, "Choose --heads such that a head has an even number.")
    if found.seed >= 2**63:
        raise UsageError(f"There is no seed {found.seed}.", "Seeds are below 2**63.")
    if found.steps >= FEWER:
        raise UsageError(f"A run has no {found.steps} steps.", f"Ask for fewer than {FEWER:,}.")
    return found


def _what(name: str) -> str:
    """What an option counts."""
    return {"width": "numbers", "batch": "rows"}.get(name, name)


def _divisors(number: int) -> str:
    """Some numbers that divide another."""
    return ", ".join(str(one) for one in range(1, min(number, 64) + 1) if number % one == 0)


def as_toml(found: Settings) -> str:
    """The options as a file that `--config` reads."""
    return options.written(asdict(found))
