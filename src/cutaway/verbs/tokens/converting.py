"""`tokens convert`: a vocabulary in another format; and how one is written in any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.data.yours.filing import shown
from cutaway.errors import Refused, UsageError
from cutaway.verbs.talk import say

from .files import free, written
from .vocabularies import NAMES, Format, PatternName, is_text, of_file, tokens

Formats = Annotated[
    Format | None, Parameter(name="--format", help="The format, if the name does not say it.")
]


def convert(
    source: Annotated[Path, Parameter(help="A vocabulary's file.")],
    target: Annotated[Path, Parameter(help="The file to write.")],
    *,
    kind: Formats = None,
    pattern: PatternName = None,
    special: Annotated[
        tuple[str, ...],
        Parameter(name="--special", help="For ranks: NAME=ID of a special token.", negative=""),
    ] = (),
) -> int:
    """Convert a vocabulary between cutaway's own format, tokenizer.json and tiktoken's ranks.

    The new file gives the same ids. What would not is refused.

    ```
    cutaway tokens convert notes.json tokenizer.json
    cutaway tokens convert tokenizer.json notes.tiktoken
    cutaway tokens convert a.tiktoken a.json --pattern gpt2 --special '<end>=999'
    ```
    """
    to = format_for(free(target), kind)
    specials = dict(map(_named, special))
    tokenizer = of_file(source, pattern, specials)
    if specials.items() - tokenizer.specials.items():
        raise UsageError(f"{shown(source)} has its own special tokens.", "Leave out --special.")
    if pattern and pattern != tokenizer.pattern:
        what = f"{shown(source)} is made for words cut by {tokenizer.pattern}."
        raise UsageError(what, "Leave out --pattern.")
    write(tokenizer, target, to)
    say(f"Wrote {shown(target)}: {tokenizer.vocab:,} tokens, cut by {tokenizer.pattern}")
    return 0


def _named(text: str) -> tuple[str, int]:
    """A special token and its id, from NAME=ID."""
    name, _, id = text.rpartition("=")
    if not name or not id.isascii() or not id.isdigit() or len(id) > 10:
        raise UsageError(f"{text!r} is not NAME=ID.", "Write '<|endoftext|>=50256'.")
    is_text(name)
    return name, int(id)


def format_for(path: Path, asked: Format | None) -> Format:
    """The format that a new file is to have."""
    if asked:
        return asked
    if path.name.endswith("tokenizer.json"):
        return "huggingface"
    if path.suffix in (".json", ".tiktoken"):
        return "cutaway" if path.suffix == ".json" else "tiktoken"
    raise UsageError(
        f"The name {shown(path.name)} does not say in which format to write.",
        "End it in .json for cutaway's own, in tokenizer.json or in .tiktoken.",
    )


def write(tokenizer: Any, path: Path, kind: Format) -> None:
    """Write a vocabulary in a format, whole or not at all; say what the format has no place for."""
    made = {
        "cutaway": tokens().to_json,
        "huggingface": tokens().to_huggingface,
        "tiktoken": tokens().to_tiktoken,
    }
    try:
        data = made[kind](tokenizer)
    except ValueError as error:
        what = f"This vocabulary cannot be written as {NAMES[kind]}. {error}"
        raise Refused(what, "Choose another format.") from error
    with written(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)
    if kind == "tiktoken":
        special = (f"{name}={id}" for name, id in tokenizer.specials.items())
        left = ", ".join([f"the pattern {tokenizer.pattern}", *special])
        say(f"Ranks have no place for {left}: keep note of it.", "yellow")
