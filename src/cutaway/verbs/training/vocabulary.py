"""The tokens of a run: chosen by a name when it begins, and kept with it from then on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.data.corpora import Corpus
from cutaway.data.prepared import tokenized
from cutaway.data.tokenization import Bytes, Characters, Ids, Tokenization
from cutaway.data.yours.filing import shown
from cutaway.errors import Refused, UsageError
from cutaway.verbs.tokens.files import exists
from cutaway.verbs.tokens.vocabularies import BYTES, PLAYS, opened, tokens

END, CHARACTERS = "<|endoftext|>", "characters"


@dataclass(frozen=True)
class Learnt:
    """A vocabulary that has no token to end a text with: an empty line stands between two."""

    tokenizer: Any
    name: str = "learnt"

    @property
    def vocab(self) -> int:
        """How many tokens there are."""
        return int(self.tokenizer.vocab)

    @property
    def digest(self) -> str:
        """What tells it from every other."""
        return hashlib.sha256(tokens().to_json(self.tokenizer).encode()).hexdigest()

    @property
    def separator(self) -> Ids:
        """An empty line."""
        return self.encode("\n\n")

    def encode(self, text: str) -> Ids:
        """The tokens of a text."""
        found: Ids = self.tokenizer.encode_array(text, refused=())
        return found

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of some tokens."""
        return str(self.tokenizer.decode(map(int, ids)))


def chosen(name: str, corpus: Corpus) -> Tokenization:
    """The tokenization of a name: of characters, of bytes, or by a vocabulary that was learnt."""
    if name in (CHARACTERS, BYTES):
        return tokenized(corpus, name)
    if name != PLAYS and ("\0" in name or not exists(Path(name))):
        words = f"Say {CHARACTERS}, {BYTES}, {PLAYS}, or the name of a file"
        step = f"{words}; `cutaway tokens train` makes one."
        raise UsageError(f"There is no vocabulary {shown(Path(name))}.", step)
    return learnt(opened(name), END)


def learnt(tokenizer: Any, end: str | None) -> Tokenization:
    """A vocabulary with the special token that ends a text, if it has one."""
    if not tokenizer.specials:
        return Learnt(tokenizer)
    end = end if end in tokenizer.specials else min(tokenizer.specials)
    found: Tokenization = tokens().Rows(tokenizer, end)
    return found


def kept(how: Any) -> dict[str, Any]:
    """A tokenization as plain data."""
    rests: dict[str, Any] = {"name": how.name, "vocab": how.vocab, "digest": how.digest}
    if isinstance(how, Characters):
        return {**rests, "alphabet": how.alphabet}
    if isinstance(how, Bytes):
        return rests
    return {**rests, "file": tokens().to_json(how.tokenizer), "end": getattr(how, "end", None)}


def of_kept(data: Mapping[str, Any]) -> Tokenization:
    """The tokenization that was kept, which is the same one or none."""
    how: Any = Bytes()
    try:
        if "alphabet" in data:
            how = Characters(data["alphabet"])
            if [*how.alphabet] != sorted({"\n", *how.alphabet}):
                raise ValueError("its alphabet is none")
        elif "file" in data:
            how = learnt(tokens().from_json(data["file"].encode()), data["end"])
        if how.digest != data["digest"] or how.vocab != data["vocab"]:
            raise ValueError("it is another one than it says")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Refused(f"The run's tokens cannot be used: {error}.", "Begin a new run.") from error
    found: Tokenization = how
    return found
