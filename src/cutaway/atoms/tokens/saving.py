"""A tokenizer in one file that a person can read, the same tokenizer when it comes back.

The file is JSON. Row n of its tokens is the token n: its bytes, each written as the character of
that number, and the two ids that join to it. The digest is SHA-256 of all the rest. A file from a
stranger is believed only as far as it was checked, in time and memory that its size bounds.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .tokenizer import Tokenizer
from .tokens import Pair, Vocabulary

FORMAT = "cutaway tokenizer 1"
MOST_BYTES = 2**25           # of a file; the largest vocabularies in use take a third of it
MOST_LISTS = 2**21           # lists and objects in it, each of which takes more memory than text
WORDS = {dict: "object", list: "list", str: "text", int: "whole number", bool: "truth"}


def parsed(data: bytes) -> dict[str, Any]:
    """The JSON object in some bytes of a stranger."""
    if len(data) > MOST_BYTES or data.count(b"[") + data.count(b"{") > MOST_LISTS:
        raise ValueError(f"The file is too large for a vocabulary: {len(data):,} bytes.")
    try:
        found = json.loads(data.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The file is not JSON in UTF-8: {error}.") from None
    if not isinstance(found, dict):
        raise ValueError("The file is JSON, but no object.")
    return found


def within(text: str) -> str:
    """What is to be a file, if it is not larger than one that is read again."""
    if len(text.encode()) > MOST_BYTES or text.count("[") + text.count("{") > MOST_LISTS:
        raise ValueError(f"The vocabulary is too large for a file: of {len(text):,} characters it "
                         "could not be read again. Train one of fewer, or of shorter tokens.")
    return text


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which no name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def sound(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary, if every byte has an id, no token two, and each join makes what it says."""
    tokens, ids = vocabulary.tokens, vocabulary.ids
    for byte in range(256):
        if bytes([byte]) not in ids:
            raise ValueError(f"The vocabulary has no token for the byte 0x{byte:02X}.")
    for id, token in enumerate(tokens):
        if token and ids[token] != id:
            raise ValueError(f"The tokens {id} and {ids[token]} have the same bytes.")
    for (left, right), id in vocabulary.joins.items():
        if not (0 <= left < len(tokens) and 0 <= right < len(tokens) and 0 <= id < len(tokens)):
            raise ValueError(f"{left!r:.40} and {right!r:.40} join to {id}, or one is not there.")
        parts = tokens[left], tokens[right]
        if not all(parts) or b"".join(parts) != tokens[id]:
            raise ValueError(f"The tokens {left} and {right} do not join to the token {id}.")
    return vocabulary


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of everything in the file but the digest, whatever the white space."""
    rest = {name: value for name, value in body.items() if name != "digest"}
    plain = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(plain.encode()).hexdigest()


def to_json(tokenizer: Tokenizer) -> str:
    """The tokenizer as readable JSON, a token a line."""
    vocabulary = tokenizer.vocabulary
    rows: list[list[str | Pair]] = [[token.decode("latin-1")] for token in vocabulary.tokens]
    for pair, id in vocabulary.joins.items():
        rows[id].append(pair)
    body = {"format": FORMAT, "pattern": tokenizer.pattern, "specials": dict(tokenizer.specials)}
    body |= {"digest": digest({**body, "tokens": rows})}
    head = "".join(f"{json.dumps(name)}: {json.dumps(value)},\n" for name, value in body.items())
    return within("{\n" + head + '"tokens": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n")


def from_json(text: str | bytes) -> Tokenizer:
    """The tokenizer that `to_json` wrote."""
    body = parsed(text.encode() if isinstance(text, str) else text)
    if body.get("format") != FORMAT:
        raise ValueError(f"The file is no {FORMAT!r}: its format is {body.get('format')!r:.40}.")
    if body.get("digest") != digest(body):
        raise ValueError("The file is damaged: its digest is not that of its contents.")
    rows = part(body, "tokens", list)
    if not all(map(is_row, rows)):
        raise ValueError("The file's tokens are not rows of a text and pairs of ids.")
    tokens = tuple(row[0].encode("latin-1") for row in rows)
    pairs = [(left, right, id) for id, row in enumerate(rows) for left, right in row[1:]]
    joins = {(left, right): id for left, right, id in pairs}
    if len(joins) < len(pairs):
        raise ValueError("Two tokens are joined from the same pair.")
    vocabulary = sound(Vocabulary(tokens, joins))
    return Tokenizer(vocabulary, part(body, "pattern", str), ids_of(body, "specials"))


def is_row(row: Any) -> bool:
    """Whether a row of the file is a token's bytes as text, and pairs of ids."""
    return (type(row) is list and len(row) > 0
            and type(row[0]) is str and max(row[0], default="") < "\u0100"
            and all(type(pair) is list and list(map(type, pair)) == [int, int] for pair in row[1:]))


def part(body: Mapping[str, Any], name: str, kind: type) -> Any:
    """A part of a file, if it is of the kind that it should be."""
    found = body.get(name) if isinstance(body, dict) else None
    if type(found) is not kind:
        raise ValueError(f"The file has no {name!r:.40}, or one that is no {WORDS[kind]}.")
    return found


def ids_of(body: Mapping[str, Any], name: str) -> dict[str, int]:
    """A part of a file that gives ids to names."""
    return {word: part(body[name], word, int) for word in part(body, name, dict)}


def save(tokenizer: Tokenizer, path: str | Path) -> None:
    """Nothing; afterwards the file is there whole, or is what it was before."""
    path, text = Path(path), to_json(tokenizer)
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with half.open("x", encoding="ascii", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def load(path: str | Path) -> Tokenizer:
    """The tokenizer in a file; of one that is too large no more is read than shows it."""
    with open(path, "rb") as file:
        return from_json(file.read(MOST_BYTES + 1))
