"""`tokens encode` and `tokens decode`: a text as ids in a file, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from cutaway.data.yours.filing import shown
from cutaway.errors import Refused, UsageError
from cutaway.verbs.talk import say, show, stages

from .ending import gently
from .files import free, there, written
from .ids import ids_in, lines, write_ids
from .streams import name_of, pieces
from .tiles import many
from .vocabularies import PLAYS, PatternName, VocabularyName, opened, quick

LARGE = 2**24  # bytes of a file whose reading takes long enough to be shown
File = Annotated[Path | None, Parameter(help="A file; without it, standard input.")]
Allowed = Annotated[
    tuple[str, ...],
    Parameter(
        name="--allow", help="A special token that the text may contain, or all.", negative=""
    ),
]
AsText = Annotated[
    bool,
    Parameter(help="Read the names of special tokens as text like any other.", negative=""),
]


def encode(
    file: File = None,
    *,
    vocabulary: VocabularyName = PLAYS,
    pattern: PatternName = None,
    out: Annotated[Path | None, Parameter(help="Where to: ids.npy or ids.txt.")] = None,
    allow: Allowed = (),
    as_text: AsText = False,
) -> int:
    """Encode a text: its ids as an array of numpy's, as text, or on standard output.

    The file may be larger than memory, if it has words; with the pattern whole, it is one word of
    at most 16 MB. Ids take 1, 2 or 4 bytes each, as few as hold the vocabulary. A special token in
    the text is refused unless you allow it.

    ```
    cutaway tokens encode notes.txt --out notes.npy
    cutaway tokens encode a.txt -v mine.json --allow '<|endoftext|>' --out a.npy
    cat notes.txt | cutaway tokens encode -v bytes
    ```
    """
    if out and free(out).suffix not in (".npy", ".txt"):
        raise UsageError(f"{shown(out)} is neither .npy nor .txt.", "End its name in one of them.")
    there(file)
    tokenizer = opened(vocabulary, pattern)
    names = allowed(tokenizer, allow)
    quick(tokenizer)
    with gently(), _watched(f"Encoding {name_of(file)}", file) as told:
        found = _ids(tokenizer, file, names, as_text, told)
        if out is None:
            for ids in found:
                sys.stdout.write(lines(ids))
            return 0
        count = write_ids(out, found, tokenizer)
    say(f"Wrote {many(count, 'id')} to {shown(out)}")
    return 0


def allowed(tokenizer: Any, names: Iterable[str]) -> set[str]:
    """The special tokens that a text may contain."""
    names = {*tokenizer.specials} if "all" in names else {*names}
    if strange := names - {*tokenizer.specials}:
        known = ", ".join(tokenizer.specials) or "none"
        what = f"{min(strange)!r} is no special token of this vocabulary."
        raise UsageError(what, f"It has: {known}.")
    return names


def _ids(
    tokenizer: Any, file: Path | None, names: set[str], as_text: bool, told: Callable[[int], None]
) -> Iterator[np.ndarray]:
    """The ids of a file, some at a time."""
    place = 0
    for piece in pieces(file, tokenizer.pattern, names if as_text else {*tokenizer.specials}, told):
        if not as_text:
            accept(tokenizer, piece, names, name_of(file), place)
        yield tokenizer.encode_array(piece, allowed=names, refused=())
        place += len(piece)


def accept(tokenizer: Any, text: str, names: set[str], of: str, place: int = 0) -> None:
    """Nothing, or an error that says where a special token stands that is not allowed."""
    found = [(text.find(name), name) for name in {*tokenizer.specials} - names]
    if hits := [hit for hit in found if hit[0] >= 0]:
        at, name = min(hits)
        raise UsageError(
            f"{of} contains the special token {name!r}, at character {place + at:,}.",
            f"--allow '{name}' makes it one token, --as-text reads it as text.",
        )


def decode(
    file: File = None,
    *,
    vocabulary: VocabularyName = PLAYS,
    out: Annotated[Path | None, Parameter(help="The file to write.")] = None,
) -> int:
    """Decode ids into the very bytes that they stand for.

    Ids are an array of numpy's, or numbers with blanks between them. It takes the vocabulary that
    encoded them: an array of `cutaway tokens encode` knows it by a digest and another is refused,
    but numbers, and arrays from elsewhere, become nonsense in another without a word.

    ```
    cutaway tokens decode notes.npy --out again.txt
    echo 72 105 | cutaway tokens decode -v bytes
    ```
    """
    if out:
        free(out)
    there(file)
    tokenizer = opened(vocabulary)
    with gently(), _watched(f"Decoding {name_of(file)}", file):
        found = _bytes(tokenizer, file)
        if out:
            with written(out) as target:
                target.writelines(found)
            say(f"Wrote {shown(out)}")
        elif sys.stdout.isatty():
            show(b"".join(found).decode(errors="replace"))
        else:
            sys.stdout.buffer.writelines(found)
    return 0


def _bytes(tokenizer: Any, file: Path | None) -> Iterator[bytes]:
    """The bytes of the ids in a file, some at a time."""
    known = {id: token for id, token in enumerate(tokenizer.vocabulary.tokens) if token}
    known |= {id: name.encode() for name, id in tokenizer.specials.items()}
    before = 0
    for ids in ids_in(file, tokenizer):
        numbers = ids.tolist()
        try:
            yield b"".join([known[id] for id in numbers])
        except KeyError as error:
            at = before + numbers.index(error.args[0])
            what = f"{name_of(file)}: its id {at:,} (from 0) is {error}, which no token has."
            raise Refused(what, "Decode with the vocabulary that encoded it.") from None
        before += len(numbers)


@contextmanager
def _watched(what: str, file: Path | None) -> Iterator[Callable[[int], None]]:
    """A bar while a large file is read; what it is told is how many bytes were."""
    total = file.stat().st_size if file and file.is_file() else 0
    bar: AbstractContextManager[Any] = stages(what) if total > LARGE else nullcontext()
    with bar as said:
        yield lambda done: said("", done, total) if said else None
