"""Large public files by their canonical address, in shards: resumable, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutaway.errors import UsageError

from ..corpora import Told
from ..sources import Remote
from .answers import Line
from .ledger import Ledger
from .ranges import Ranges
from .rowgroups import RowGroups


def fetch(
    remote: Remote,
    folder: Path,
    shards: int,
    told: Told | None = None,
    line: Line = Line(),  # noqa: B008 (frozen)
) -> None:
    """Make the first shards present in a folder; those that are there already are not fetched.

    It may be interrupted at any moment, and goes on where it stopped.
    """
    ledger = Ledger.at(folder, remote)
    missing = [number for number in range(shards) if ledger.shard(folder, number) is None]
    if not missing:
        return
    ranges = Ranges(remote.address, line, ledger.identity)
    sizes, read = (_rows if remote.kind == "parquet" else _bytes)(remote, ranges)
    if shards > len(sizes):
        what = f"{remote.address} has {len(sizes)} shards, not {shards}."
        raise UsageError(what, f"Ask for {len(sizes)} or fewer.")
    done, total = 0, sum(sizes[number] for number in missing)
    for number in missing:
        before, most = done - ranges.got, done + sizes[number]
        ranges.told = _bounded(told, before, most, total)
        data = read(number)
        known = replace(Ledger.at(folder, remote), identity=ledger.identity or ranges.identity)
        known.keep(folder, number, data)
        done = most
        if told:
            told(done, total)


def _bounded(told: Told | None, before: int, most: int, total: int) -> Callable[[int], None] | None:
    """How the progress within a shard is told: bytes sent twice move nothing beyond its end."""
    return (lambda got: told(min(before + got, most), total)) if told else None


def _bytes(remote: Remote, ranges: Ranges) -> tuple[list[int], Callable[[int], bytes]]:
    """The sizes of the shards of a text, and how one is read."""
    size, shard = ranges.identity.size, remote.shard
    sizes = [min(shard, size - start) for start in range(0, size, shard)]
    return sizes, lambda number: ranges.read(number * shard, (number + 1) * shard)


def lines(texts: list[str]) -> bytes:
    """Texts as lines of JSON: whatever stands in them, none ends before its own end."""
    return "".join(f"{json.dumps(text, ensure_ascii=False)}\n" for text in texts).encode()


def _rows(remote: Remote, ranges: Ranges) -> tuple[list[int], Callable[[int], bytes]]:
    """What the row groups of a Parquet file take in it, and how one is read."""
    groups = RowGroups(remote, ranges)
    sizes = [groups.packed(number) for number in range(groups.count)]
    return sizes, lambda number: lines(groups.texts(number))
