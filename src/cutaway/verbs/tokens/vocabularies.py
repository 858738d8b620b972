"""The vocabulary that a word or a file means, and vocabularies written in a format."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Timer
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cutaway.data.catalogue import CATALOGUE, DEFAULT
from cutaway.data.yours.filing import content, shown, status
from cutaway.errors import Refused, UsageError
from cutaway.kit.labs import place
from cutaway.kit.worlds import CLEAN
from cutaway.runs.keeping import kept
from cutaway.verbs.talk import say

from .files import exists

BYTES, PLAYS = "bytes", "plays"
SIZE = 2048  # tokens that are learnt from the plays
SLOW = 2.0  # seconds, after which it is said what takes them
Pattern = Literal["gpt2", "cl100k", "whole"]
Format = Literal["cutaway", "huggingface", "tiktoken"]
TAKE = "Take another vocabulary, or make it again."
NAMES = {"cutaway": "cutaway's own", "huggingface": "tokenizer.json", "tiktoken": "tiktoken ranks"}

VocabularyName = Annotated[
    str,
    Parameter(
        name=("--vocabulary", "-v"),
        help="bytes, plays (learnt from Shakespeare, once), or a file: of `cutaway tokens train`, "
        "a tokenizer.json, or tiktoken's ranks.",
    ),
]
PatternName = Annotated[
    Pattern | None,
    Parameter(help="How a text is cut into words: for ranks, or in place of a file's own pattern."),
]


@cache
def tokens(file: str = "") -> Any:
    """The components of the tokens lab, or of one of its files."""
    return CLEAN.module(".".join(filter(None, [place("tokens").module, file])))


def opened(name: str, pattern: str | None = None, only_ranks: bool = False) -> Any:
    """The tokenizer of a word or a file; a pattern takes the place of its own, or not."""
    path = Path(name)
    if name == BYTES:
        bytes_ = tuple(bytes([byte]) for byte in range(256))
        return tokens().Tokenizer(
            tokens().Vocabulary(bytes_, {}), "gpt2" if only_ranks else pattern or "gpt2", {}
        )
    found = of_plays() if name == PLAYS else of_file(path, pattern)
    if pattern and pattern != found.pattern and not only_ranks:
        said = f"{shown(path.name)} is made for words cut by {found.pattern}, not by {pattern}"
        say(f"{said}: these are not the tokens that a model of it knows.", "yellow")
        return replace(found, pattern=pattern)
    return found


def of_plays() -> Any:
    """The tokenizer that was learnt from the training side of the default corpus."""
    sources = {path.name: path.read_text("utf-8") for path in place("tokens").components}
    rests_on = [CATALOGUE[DEFAULT].digest, SIZE, sources]
    return tokens().from_json(kept(f"tokens of the {PLAYS}", rests_on, _learnt_from_plays))


def _learnt_from_plays() -> str:
    """The tokenizer of the plays as JSON."""
    from cutaway.data.opening import corpus
    from cutaway.data.overlap.splitting import cached_split

    texts = [one.text for one in cached_split(corpus(DEFAULT)).train]
    say(f"Learning {SIZE:,} tokens from the plays ({DEFAULT}), once ...", "dim")
    with plainly("Compiling the fast trainer, once ..."):
        return str(tokens().to_json(tokens().train(texts, SIZE, tokens().GPT2)))


def of_file(path: Path, pattern: str | None = None, specials: Mapping[str, int] = {}) -> Any:
    """The tokenizer in a file, whose format is known by what stands in it."""
    if not exists(path):
        words = f"Say {BYTES}, {PLAYS}, or the name of a file; `cutaway tokens train` makes one."
        raise UsageError(f"There is no vocabulary {shown(path)}.", words)
    if path.is_dir():
        inside = path / "tokenizer.json"
        step = f"-v {shown(inside)}" if inside.is_file() else "Name the file of one."
        raise Refused(f"{shown(path)} is a folder, not a vocabulary.", step)
    most: int = tokens("saving").MOST_BYTES
    if (size := status(path).st_size) > most:
        raise Refused(f"{shown(path)} is too large for a vocabulary: {size:,} bytes.", TAKE)
    data = bytes(content(path, most))
    kind = format_of(data)
    if kind is None:
        known = ", ".join(NAMES.values())
        raise Refused(f"{shown(path)} is no vocabulary.", f"The formats that are read: {known}.")
    if kind == "tiktoken" and not pattern:
        what = f"{shown(path)} holds ranks, and they do not say how a text is cut into words."
        raise UsageError(what, "Say it with --pattern: cl100k for GPT-4's, gpt2 for GPT-2's.")
    with refused(path):
        if kind == "cutaway":
            return tokens().from_json(data)
        if kind == "huggingface":
            return tokens().from_huggingface(data)
        return tokens().from_tiktoken(data, pattern, specials)


def format_of(data: bytes) -> Format | None:
    """The format of a vocabulary, or nothing."""
    if data.lstrip()[:1] == b"{":
        return "cutaway" if b'"cutaway tokenizer' in data else "huggingface"
    first = re.match(rb"([A-Za-z0-9+/=]+) \d+\r?(\n|\Z)", data[:4096])
    try:
        return "tiktoken" if first and base64.b64decode(first[1], validate=True) else None
    except ValueError:
        return None


def is_text(name: str) -> None:
    """Nothing, or an error if a name cannot be written in UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name!r} is not UTF-8.", "Write it in UTF-8.") from None


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """What a component says of a file that it refuses, as an error that names the file."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        name, said = shown(path), str(error)
        what = said.replace("The file", name, 1) if said.startswith("The file ") else ""
        raise Refused(what or f"{name} is refused. {said}", TAKE) from error


@contextmanager
def plainly(slow: str = "") -> Iterator[None]:
    """Warnings in a line, and what takes more than two seconds, said when it does."""
    timer = Timer(SLOW, say, (slow, "dim"))
    timer.daemon = True
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: say(message, "yellow")
        if slow:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()


def quick(tokenizer: Any) -> Callable[[bytes], Any]:
    """What encodes ordinary UTF-8 as fast as is possible."""
    with plainly("Compiling the fast encoder, once ..."):
        encode: Callable[[bytes], Any] = tokenizer.fast
        encode(b"")
        return encode
