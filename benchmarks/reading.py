"""Reading batches from a mapped shard, against the speed at which this machine copies memory.

    python benchmarks/reading.py

A batch is made of int64, so its bytes are counted as they are handed over, and a copy's as they are
written. The two are interleaved, and only their ratio is worth carrying elsewhere. The shard lies
in the system's own memory when it is read: what a disk adds to the first epoch is the disk's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch

from cutaway.data.batches import batch
from cutaway.data.shards import read_tokens, write_tokens
from cutaway.data.tokenization import Bytes, Tokenization

MIB = 2**20
SHARD = 256 * MIB
SHAPES = ((32, 1024), (64, 256))
REPEATS, STEPS = 9, 200


@dataclass(frozen=True)
class Large(Bytes):
    """A stand-in for a tokenization whose tokens take two bytes; nothing is encoded with it."""

    name: str = "large"
    vocab: int = 50_257


def seconds(work: Callable[[], object]) -> float:
    """The time that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shard(path: Path, how: Tokenization) -> np.ndarray:
    """A mapped shard of random tokens, having said what it took to write and to open."""
    draw, pieces = np.random.default_rng(0), SHARD // MIB
    width = 1 if how.vocab <= 256 else 2
    random = (draw.integers(0, how.vocab, MIB // width, np.uint16) for _ in range(pieces))
    wrote = seconds(partial(write_tokens, path, random, how))
    opened = seconds(partial(read_tokens, path, how))
    tokens = read_tokens(path, how)
    print(f"{tokens.nbytes // MIB} MiB of {tokens.dtype}: ", end="")
    print(f"written in {wrote:.1f} s, opened and checked in {opened:.2f} s")
    return tokens


def read(tokens: np.ndarray, first: int, size: int, context: int) -> None:
    """Some batches, one after the other."""
    for step in range(first, first + STEPS):
        batch(tokens, 0, step, size=size, context=context)


def trained(rows: np.ndarray) -> float:
    """The seconds of one forward and backward of a model hardly worth training."""
    model = torch.nn.Sequential(
        torch.nn.Embedding(256, 64),
        torch.nn.Linear(64, 64),
        torch.nn.GELU(),
        torch.nn.Linear(64, 256),
    )

    def step() -> None:
        pairs = torch.from_numpy(rows)
        logits = model(pairs[:, :-1]).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, pairs[:, 1:].flatten())
        torch.autograd.backward(loss)

    return median(seconds(step) for _ in range(5))


def report(tokens: np.ndarray, size: int, context: int) -> None:
    """Print what reading takes at one shape of batch."""
    source = np.ones(SHARD // 8, np.int64)
    target = source.copy()
    began = seconds(lambda: batch(tokens, 0, 0, size=size, context=context))
    batches, copies = [], []
    for repeat in range(REPEATS):
        batches.append(seconds(partial(read, tokens, repeat * STEPS, size, context)) / STEPS)
        copies.append(seconds(partial(np.copyto, target, source)) / source.nbytes)
    each, byte = median(batches), median(copies)
    made = size * (context + 1) * 8
    print(f"  {size} x {context}: {each * 1e6:.0f} us a batch, ", end="")
    print(f"{size * context / each / 1e6:.0f} M tokens/s, an epoch begins in {began * 1e3:.0f} ms")
    print(f"    {made / each / 1e9:.1f} GB/s, copying {1 / byte / 1e9:.1f} GB/s, ", end="")
    print(f"ratio {made * byte / each:.2f}", end="")
    if tokens.itemsize == 1:
        step = trained(batch(tokens, 0, 0, size=size, context=context))
        print(f"; {each / step:.2%} of the {step * 1e3:.0f} ms step of a tiny model", end="")
    print()


def main() -> None:
    """Print, for shards of one and of two bytes a token, how fast batches of them are read."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for how in (Bytes(), Large()):
            tokens = shard(Path(folder) / f"{how.name}.tokens", how)
            for size, context in SHAPES:
                report(tokens, size, context)


if __name__ == "__main__":
    main()
