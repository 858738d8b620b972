"""Training against a GPT as it is usually written, the same compiled, and transformers' GPT-2.

    python benchmarks/training.py [--threads N] [--rounds N] [--shape NAME] [--only WORD]
    python benchmarks/training.py --where [--shape NAME]
    python benchmarks/training.py --to-loss | --search [--row WORDS]

All begin with the same weights, read the same batches by the same rule of learning, and take turns
in one process; a loss that is off by more than 0.01 nats after as many tokens voids a row. Only the
ratios are worth carrying elsewhere. One thread is timed by the CPU time of the process, which
others on its core lengthen little; several by the clock, which they lengthen much. `--where` says
which share of the fastest product of matrices is reached, and draws what else a step consists of.
`--to-loss` times runs to a loss, each with what `--search` found to be best for it.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import torch
import training_peers as peers
import training_to_loss
from conditions import conditions, now
from torch import Tensor

from cutaway.data.batches import batch
from cutaway.data.opening import corpus
from cutaway.data.prepared import Prepared, prepare
from cutaway.verbs.training import compiling
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.settings import Settings
from cutaway.verbs.training.vocabulary import chosen

COMMON = Settings(style="gpt2", schedule="constant", warm=20, rate=1e-3, steps=10**6)
SHAPES = {
    "small": replace(COMMON, width=128, depth=4, heads=4, groups=4, context=64, batch=32),
    "narrow": replace(COMMON, width=128, depth=4, heads=4, groups=4, context=256, batch=8),
    "short": replace(COMMON, width=384, depth=6, heads=6, groups=6, context=64, batch=32),
    "large": replace(COMMON, width=384, depth=6, heads=6, groups=6, context=256, batch=8),
}
OFF = 0.01  # nats that two losses after the same tokens may differ by
STEPS = 3  # of each in a round
KINDS = (
    ("products", r"aten::(mm|addmm)$"),
    ("attention's products", r"aten::(bmm|baddbmm)$"),
    (
        "optimizer and clipping",
        r"aten::(lerp_|addcdiv_|addcmul_|sqrt|mul_|linalg_vector_norm|div)$",
    ),
    ("copies and casts", r"aten::(copy_|_to_copy|clone|cat|fill_)$"),
    ("softmax, compiled", r"softmax|amax"),
    ("norms, compiled", r"mean|rsqrt"),
    ("bend, compiled", r"tanh|silu|sigmoid|erf"),
    ("loss, compiled", r"nll|log"),
    ("other compiled", r"cpp_fused|graph_|CompiledFxGraph"),
)


def shakespeare() -> Prepared:
    """The text, made ready."""
    return prepare("shakespeare", chosen("characters", corpus("shakespeare")))


def ours(settings: Settings, text: Prepared) -> Callable[[Tensor], float]:
    """A step of `cutaway train`, which reads the same rows by itself."""
    states = Training(settings, text).states(0)
    return lambda rows: float(next(states).loss)


def arms(settings: Settings, text: Prepared, half: bool) -> dict[str, Callable[[Tensor], float]]:
    """A step of each, all from the same weights."""
    one = replace(settings, precision="bf16" if half else "single")
    first = Training(replace(one, compile="no"), text)
    weights = first.model.state_dict()
    sizes = text.tokenization.vocab, one.context, one.width, one.depth, one.heads

    def peer(kind: Any, compiled: bool) -> Callable[[Tensor], float]:
        return peers.stepping(peers.given(kind(*sizes), weights), half, compiled, first.rate)

    found = {
        "cutaway": ours(replace(one, compile="yes"), text),
        "cutaway, as written": ours(replace(one, compile="no"), text),
        "usual": peer(peers.Usual, False),
        "usual, compiled": peer(peers.Usual, True),
        "transformers": peer(peers.Hugging, False),
    }
    if not half and compiling._exact():
        found["usual, compiled, by oneDNN"] = by_other(peer(peers.Usual, True))
    return found


def by_other(step: Callable[[Tensor], float]) -> Callable[[Tensor], float]:
    """The same step with single-precision products by the other library."""

    def other(rows: Tensor) -> float:
        with compiling.products():
            return step(rows)

    return other


def compared(name: str, text: Prepared, half: bool, rounds: int) -> None:
    """Print tokens a second of each, and how many times as fast ours is."""
    settings = SHAPES[name]
    steps = arms(settings, text, half)
    taken: dict[str, list[float]] = {arm: [] for arm in steps}
    losses: dict[str, float] = {}
    begun: dict[str, float] = {}  # by the clock: compiling is done by other processes
    for round_ in range(rounds + 1):
        for arm, step in steps.items():
            start, clock = now(), time.perf_counter()
            for at in range(round_ * STEPS, (round_ + 1) * STEPS):
                losses[arm] = step(torch.from_numpy(rows_of(settings, text, at)))
            taken[arm].append(now() - start)
            begun.setdefault(arm, time.perf_counter() - clock)
    print(f"\n{name}: width {settings.width}, depth {settings.depth}, length {settings.context},")
    print(f"  {'products in bfloat16' if half else 'single precision'}, {rounds} rounds of {STEPS}")
    tokens = settings.batch * settings.context * STEPS
    for arm, times in taken.items():
        rest = times[1:]
        ratios = [other / mine for other, mine in zip(rest, taken["cutaway"][1:], strict=True)]
        off = losses[arm] - losses["cutaway"]
        said = f"{tokens / median(rest):9,.0f} tokens/s  cutaway is {median(ratios):.2f}x"
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        equal = "" if abs(off) <= OFF else f"  VOID: its loss is off by {off:+.3f}"
        print(f"  {arm:28}{said} {spread}  loss {losses[arm]:.4f}{equal}", end="")
        print(f"  begun in {begun[arm]:.0f} s", flush=True)


def rows_of(settings: Settings, text: Prepared, step: int) -> Any:
    """The rows that a step reads."""
    one = settings
    return batch(text.train, one.seed, step, size=one.batch, context=one.context)


def peak(half: bool) -> float:
    """The operations a second of the fastest product of large matrices, by either library."""
    kind = torch.bfloat16 if half else torch.float32
    left, right = (torch.randn(2048, 2048).to(kind) for _ in range(2))

    def best() -> float:
        times = []
        for _ in range(8):
            start = now()
            left @ right
            times.append(now() - start)
        return float(2 * 2048**3 / min(times))

    with compiling.products():
        other = best()
    return max(best(), other)


def operations(settings: Settings, model: Any) -> float:
    """The operations of a step's products, forward and back; of attention only what is seen."""
    one = settings
    numbers = sum(p.numel() for p in model.parameters() if p.dim() > 1)
    numbers -= one.context * one.width  # positions are looked up; the tied table is the head, too
    tokens = one.batch * one.context
    seen = 2 * one.width * one.context / 2 * one.depth  # scores and values, half of them hidden
    return float(6 * tokens * (numbers + seen))


def where(name: str, text: Prepared, half: bool) -> None:
    """Print which share of the peak is reached, and the kinds of what a step consists of."""
    from torch._inductor import config
    from torch.profiler import ProfilerActivity, profile

    settings = replace(SHAPES[name], precision="bf16" if half else "single", compile="yes")
    config.cpp.enable_kernel_profile = True
    job = Training(settings, text)
    states = job.states(0)
    for _ in range(4):
        next(states)
    times = []
    for _ in range(10):
        start = now()
        next(states)
        times.append(now() - start)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(5):
            next(states)
    fast, took = peak(half), median(times)
    reached = operations(settings, job.model) / took
    kind = "bfloat16" if half else "single precision"
    print(
        f"\n{name}, {kind}: {took * 1e3:.0f} ms a step, {reached / 1e9:.0f} of {fast / 1e9:.0f}",
        end=" ",
    )
    print(f"billion operations a second: {reached / fast:.0%} of the peak; of a step's time:")
    found: Counter[str] = Counter()
    for event in seen.key_averages():
        kinds = (kind for kind, pattern in KINDS if re.search(pattern, event.key))
        found[next(kinds, "the rest")] += event.self_cpu_time_total
    for kind, spent in found.most_common():
        share = spent / found.total()
        print(f"  {kind:26}{share:6.1%} {'█' * round(60 * share)}")


def threads() -> int:
    """As many as there are cores to use."""
    able: Any = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1


def chosen_halves(only: str) -> Iterator[bool]:
    """Which precisions are asked for."""
    yield from (half for word, half in (("single", False), ("bf16", True)) if only in ("", word))


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=threads())
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--only", choices=("single", "bf16"), default="")
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--to-loss", action="store_true")
    parser.add_argument("--search", action="store_true")
    parser.add_argument(
        "--row", default="", help="only rows of --to-loss whose name has this in it"
    )
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(conditions())
    text = shakespeare()
    if asked.to_loss:
        training_to_loss.main(text, asked.row)
    if asked.search:
        training_to_loss.search(text, asked.row)
    if asked.to_loss or asked.search:
        return
    for name in [asked.shape] if asked.shape else SHAPES:
        for half in chosen_halves(asked.only):
            if asked.where:
                where(name, text, half)
            else:
                compared(name, text, half, asked.rounds)


if __name__ == "__main__":
    main()
