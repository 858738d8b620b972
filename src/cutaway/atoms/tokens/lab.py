"""The tokens lab: how a text becomes a row of numbers, and what goes wrong on the way."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Lab

from . import lab_bits, lab_exact, lab_faulted, lab_languages
from .lab_faults import FAULTS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

END = "<|end|>"
WORDS = {
    word.encode(): times
    for word, times in {
        "the": 9, " the": 8, " dog": 7, "dogs": 7, " Dog": 3, "é": 6, "cafe\u0301": 2, "123": 4,
        "1234": 4, "   ": 5, "aaa": 5, "xyxy": 4, "banana": 3, "\r\n": 3, "once": 1,
    }.items()
}  # fmt: skip
TEXT = (
    "the dogs,  the Dog's\r\n    café cafe\u0301 O'REILLY 1234567 aaa aaaa\x1c\x1cxyxyx banana "
    "Привет 日本 🐕\n"
)
STRANGE = "half \ud83d and \ud83d\udc15"


def tried(function: Callable[..., Any], *given: Any) -> str:
    """What a function gives, or the error that it ends with, as text."""
    try:
        return repr(function(*given))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    return dict(pair for look in (vocabularies, texts, files, variants) for pair in look(world))


def vocabularies(world: World) -> Iterator[tuple[str, Any]]:
    """What is learnt from some words, whatever their order, and what is read of texts before."""
    parts = world.tokens
    for name, words in {"": WORDS, " backwards": dict(reversed(WORDS.items()))}.items():
        yield f"tokens{name}", repr(parts.tokens.train(words, 300).tokens)
    texts = ["the dog's bone", "a dog"]
    yield "counts", repr(sorted(parts.training.counted(texts, parts.GPT2).items()))
    yield "batches", repr(list(parts.training.batches(texts)))
    yield "cut", parts.training.last_cut("the dog barks lou")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(TEXT.encode())
        yield "read", "".join(parts.read(path))


def texts(world: World) -> Iterator[tuple[str, Any]]:
    """The words and ids of a text and what comes back, with special tokens and without."""
    import numpy as np

    parts = world.tokens
    vocabulary = parts.tokens.train(WORDS, 300)
    specials = {END: 70_000, f"{END}>": 70_001}
    for pattern in (parts.GPT2, parts.CL100K, parts.WHOLE):
        tokenizer = parts.Tokenizer(vocabulary, pattern, specials)
        ids = tokenizer.encode(TEXT)
        yield f"words of {pattern}", "|".join(parts.words(TEXT, pattern))
        yield f"ids of {pattern}", np.array(ids)
        yield f"text of {pattern}", tokenizer.decode(ids)
        yield f"part of {pattern}", tokenizer.decode(ids[:-2])
    turned = parts.Vocabulary(tuple(bytes([byte]) for byte in reversed(range(256))), {})
    yield "ids of turned bytes", np.array(parts.encode_word(TEXT.encode(), turned))
    text = f"a{END}>b"
    for allowed in ("all", ()):
        for refused in ("all", ()):
            found = tried(tokenizer.encode, text, allowed, refused)
            yield f"ids, allowed {allowed or 'none'}, refused {refused or 'none'}", found
    yield "ids of half a character", tried(tokenizer.encode, STRANGE)
    readable = tokenizer.ordinary  # the compiled code is another path, and takes long to compile
    tokenizer.__dict__["fast"] = lambda data: np.array(readable(data.decode()), np.uint32)
    yield "array", tokenizer.encode_array(text, "all")
    yield "row", parts.Rows(tokenizer, END).row(["a dog", f"no {END}"])


def files(world: World) -> Iterator[tuple[str, Any]]:
    """What is written, what is read again, and what is refused."""
    parts = world.tokens
    tokenizer = parts.Tokenizer(parts.tokens.train(WORDS, 280), parts.GPT2, {END: 400})
    kept, theirs = parts.to_json(tokenizer), parts.to_huggingface(tokenizer)
    yield "file", kept
    yield "tokenizer.json", theirs
    yield "ranks", tried(parts.to_tiktoken, tokenizer)
    late = b"".join(base64.b64encode(bytes([255 - id])) + b" %d\n" % (id + 1) for id in range(256))
    yield "read from ranks", tried(parts.from_tiktoken, late, parts.GPT2, {})
    yield "read from a tokenizer.json", tried(parts.from_huggingface, theirs)
    composing = json.dumps(json.loads(theirs) | {"normalizer": {"type": "NFC"}})
    yield "read from one that composes", tried(parts.from_huggingface, composing)
    yield "read from a damaged file", tried(parts.from_json, kept.replace('"the"', '"teh"'))
    body = json.loads(kept)
    body["tokens"][-1][0] += "?"
    lies = json.dumps(body | {"digest": parts.saving.digest(body)})
    yield "read from a file that lies", tried(parts.from_json, lies)


def variants(world: World) -> Iterator[tuple[str, Any]]:
    """How the two other kinds of vocabulary write a word."""
    unigram = world.module("atoms.tokens.unigram")
    scores = unigram.train(WORDS, 270)
    yield "unigram", repr([unigram.encode_word(word, scores) for word in WORDS])
    wordpiece = world.module("atoms.tokens.wordpiece")
    pieces = wordpiece.train({"dog": 5, "dogs": 4, "the": 9}, 30)
    yield "wordpiece", " ".join(wordpiece.encode_word("dogsdog", pieces))


PARTS = (lab_exact, lab_languages, lab_bits, lab_faulted)

lab = Lab(
    name="tokens",
    number=4,
    lesson="A text is cut into the pieces that a vocabulary learnt, and whatever is cut otherwise "
    "than in training is another text to the model.",
    observe=observe,
    after=("bigram",),
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=tuple(one for part in PARTS for one in part.CLAIMS),
)
