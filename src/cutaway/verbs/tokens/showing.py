"""`tokens show` and `tokens compare`: what becomes of a text, to look at."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.verbs.show import Json
from cutaway.verbs.talk import say, show, show_json

from .encoding import Allowed, AsText, accept, allowed
from .streams import name_of, read
from .tiles import Token, many, show_tokens
from .vocabularies import PLAYS, Pattern, PatternName, VocabularyName, opened, quick, tokens

MOST = 2**24  # bytes of a text that is looked at
LONG = 300  # characters of a word, above which the compiled code is worth its start

Text = Annotated[
    str | None, Parameter(help="Some text, behind -- if it begins with a dash; or standard input.")
]
File = Annotated[Path | None, Parameter(help="A file instead.")]


def given(text: str | None, file: Path | None) -> tuple[str, str]:
    """The text to look at, and what it is called."""
    if text is not None and file is not None:
        raise UsageError("TEXT and --file exclude each other.", "Leave out one of them.")
    if text is not None:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            what = f"The text is not UTF-8 at its character {error.start:,}."
            raise UsageError(what, "Write it in UTF-8, or give a file that is.") from None
        if os.path.isfile(text):
            say(f"The text is this name. To read the file: --file {quote(text)}", "yellow")
        return text, "The text"
    if file is None and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("There is no text.", "Give some in quotes, or --file NAME, or a pipe.")
    return read(file, MOST), name_of(file)


def tokens_of(tokenizer: Any, text: str, names: set[str]) -> Iterator[Token]:
    """The tokens of a text, with the number of the word that each is in."""
    whole = replace(tokenizer, pattern=tokens().WHOLE)
    known: dict[str, list[int]] = {}
    number = 0
    for at, piece in enumerate(tokenizer.pieces(text, allowed=names, refused=())):
        if at % 2:
            yield Token(tokenizer.specials[piece], piece.encode(), None)
            continue
        for word in tokens().words(piece, tokenizer.pattern):
            if word not in known:
                known[word] = _ids(tokenizer, whole, word)
            for id in known[word]:
                yield Token(id, tokenizer.vocabulary.tokens[id], number)
            number += 1


def _ids(tokenizer: Any, whole: Any, word: str) -> list[int]:
    """The ids of a word."""
    if len(word) > LONG:
        ids: list[int] = quick(whole)(word.encode()).tolist()
        return ids
    return list(tokens().encode_word(word.encode(), tokenizer.vocabulary))


def counts(text: str, found: list[Token]) -> dict[str, Any]:
    """How large a text is, in everything that it can be counted in."""
    size = len(text.encode())
    words = len({token.word for token in found if token.word is not None})
    each = len(found) / size if size else None
    told = {"characters": len(text), "bytes": size, "words": words, "tokens": len(found)}
    return {**told, "tokens_a_byte": each}


def plain(found: list[Token]) -> list[dict[str, Any]]:
    """Tokens as plain data; their bytes in hex, their text if they are whole characters."""
    return [
        {"id": one.id, "bytes": one.bytes.hex(), "text": _text(one.bytes), "word": one.word}
        for one in found
    ]


def _text(token: bytes) -> str | None:
    """The text of some bytes, if they are one."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return None


def show_text(
    text: Text = None,
    *,
    file: File = None,
    vocabulary: VocabularyName = PLAYS,
    pattern: PatternName = None,
    in_bytes: Annotated[
        bool, Parameter(name="--bytes", help="The bytes of each token too.", negative="")
    ] = False,
    allow: Allowed = (),
    as_text: AsText = False,
    json: Json = False,
) -> int:
    """Show a text as words and tokens, with their ids beneath.

    A word begins at ║, a token inside a word at │. Blanks can be seen; a token that holds a part of
    a character is shown as bytes.

    ```
    cutaway tokens show 'To be, or not to be'
    cutaway tokens show --file notes.txt -v tokenizer.json
    cutaway tokens show '日本語' --bytes
    ```
    """
    what, called = given(text, file)
    tokenizer = opened(vocabulary, pattern)
    names = allowed(tokenizer, allow)
    if not as_text:
        accept(tokenizer, what, names, called)
    found = list(tokens_of(tokenizer, what, names))
    about = {"vocabulary": vocabulary, "pattern": tokenizer.pattern, **counts(what, found)}
    if json:
        show_json({**about, "found": plain(found)})
        return 0
    show_tokens(found, in_bytes=in_bytes)
    show(told(about))
    return 0


def told(about: dict[str, Any]) -> str:
    """The counts of a text in words."""
    each = about["tokens_a_byte"]
    said = [many(about[f"{one}s"], one) for one in ("character", "byte", "word", "token")]
    return ", ".join(said + ([f"{each:.3f} tokens a byte"] if each is not None else []))


def compare(
    text: Text = None,
    *,
    file: File = None,
    vocabulary: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--vocabulary", "-v"),
            help="As for `tokens show`, one after each -v; if there is none, bytes and plays.",
            negative="",
            show_default=False,
        ),
    ] = ("bytes", PLAYS),
    pattern: Annotated[
        Pattern | None, Parameter(help="How words are cut for files of ranks.")
    ] = None,
    json: Json = False,
) -> int:
    """Show a text under several vocabularies, one beneath the other.

    Special tokens in the text are text like any other.

    ```
    cutaway tokens compare 'To be, or not to be'
    cutaway tokens compare --file a.txt -v plays -v mine.json -v tokenizer.json
    ```
    """
    what, _ = given(text, file)
    tables = []
    for name in vocabulary:
        tokenizer = opened(name, pattern, only_ranks=True)
        found = list(tokens_of(tokenizer, what, set()))
        about = {"vocabulary": name, "vocab": tokenizer.vocab, "pattern": tokenizer.pattern}
        tables.append(({**about, **counts(what, found)}, found))
    if json:
        show_json({"vocabularies": [{**about, "found": plain(found)} for about, found in tables]})
        return 0
    first = tables[0][0]
    for about, found in tables:
        show(f"{about['vocabulary']}: {told(about)}", "bold")
        if about is not first and first["tokens"]:
            share = about["tokens"] / first["tokens"]
            show(f"{share:.2f} times as many tokens as {first['vocabulary']}", "dim")
        show_tokens(found, ids=False)
    return 0
