"""A tokenizer: a text as ids and back, for any text, with special tokens where they are allowed.

    special   a token that no text can contain by accident, such as <|endoftext|>: it is in no word,
              takes part in no join, and means something to the model rather than to the reader

A text from a stranger may contain the characters of a special token. So none is taken for one
unless it is allowed; one that is refused is an error; what is neither is text like any other.

What it lacks: normalisation. Two texts that look alike but have other bytes have other ids.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .fast_missing import without_numba
from .splitting import expression, words
from .tokens import Vocabulary, decode, encode_word

ALL = "all"


def utf8(text: str) -> bytes:
    """The bytes of a text, or an error that says where it is none."""
    try:
        return text.encode()
    except AttributeError:
        raise TypeError(f"A text is a str, and this is one of {type(text).__name__}.") from None
    except UnicodeEncodeError as error:
        half, at = ord(text[error.start]), error.start
        raise ValueError(f"The text has half a character, U+{half:04X}, at position {at}: "
                         "a surrogate, which UTF-8 cannot write.") from None


@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary, the pattern that cuts a text into words for it, and the special tokens' ids."""

    vocabulary: Vocabulary
    pattern: str
    specials: Mapping[str, int]

    def __post_init__(self) -> None:
        expression(self.pattern)
        if missing := {bytes([byte]) for byte in range(256)} - self.vocabulary.ids.keys():
            raise ValueError(f"The vocabulary has no token for the byte 0x{min(missing).hex()}.")
        for special, id in self.specials.items():
            if not 0 <= id < 2**32 or self.vocabulary.tokens[id:id + 1] not in ((), (b"",)):
                raise ValueError(f"The special token {special!r:.60} cannot have the id {id!r:.9}.")
            if not utf8(special):
                raise ValueError("A special token is an empty text.")
        if len(self.named) < len(self.specials):
            raise ValueError("Two special tokens have the same id.")

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made from: not the compiled code, which lies in this process's memory."""
        return {name: value for name, value in vars(self).items() if name != "fast"}

    @cached_property
    def named(self) -> dict[int, str]:
        """The special token of each id that is one's."""
        return {id: special for special, id in self.specials.items()}

    @property
    def vocab(self) -> int:
        """How many ids there are, counted from zero to the highest."""
        return max(len(self.vocabulary.tokens), *(id + 1 for id in self.named), 0)

    def pieces(self, text: str, allowed: Collection[str] | str = (),
               refused: Collection[str] | str = ALL) -> list[str]:
        """A text cut at the special tokens that are allowed: text, special, text, ..., text."""
        if not (self.specials or allowed) and refused == ALL:
            return [text]
        for names in (allowed, refused):
            if isinstance(names, str) and names != ALL:
                raise TypeError(f"{names!r:.60} is one text: give a set of them, or {ALL!r}.")
        allowed = set(self.specials if allowed == ALL else allowed)
        refused = self.specials.keys() - allowed if refused == ALL else set(refused)
        if refused and (found := either(refused).search(text)):
            raise ValueError(f"The text contains the special token {found[0]!r:.60}, at position "
                             f"{found.start()}: allow it, or do not refuse it, and it is text.")
        if strange := allowed - set(self.specials):
            raise ValueError(f"{min(strange)!r:.60} is no special token here.")
        return either(allowed).split(text) if allowed else [text]

    def encode(self, text: str, allowed: Collection[str] | str = (),
               refused: Collection[str] | str = ALL) -> list[int]:
        """The ids of a text, by the code that is there to be read: slow, and a word of n letters
        takes n * n steps. `encode_array(text).tolist()` is the same list at full speed."""
        utf8(text)
        ids: list[int] = []
        for at, piece in enumerate(self.pieces(text, allowed, refused)):
            ids += [self.specials[piece]] if at % 2 else self.ordinary(piece)
        return ids

    def encode_array(self, text: str, allowed: Collection[str] | str = (),
                     refused: Collection[str] | str = ALL) -> np.ndarray:
        """The same ids as an array, at full speed: by the compiled code where numba is installed,
        in which a word of n letters takes about n steps; `.tolist()` makes a list of it."""
        data, pieces = utf8(text), self.pieces(text, allowed, refused)
        if pieces == [text]:
            return self.fast(data)
        parts = [np.array([self.specials[piece]], np.uint32) if at % 2 else self.fast(utf8(piece))
                 for at, piece in enumerate(pieces)]
        return np.concatenate(parts)

    def ordinary(self, text: str) -> list[int]:
        """The ids of a text without special tokens."""
        ids: list[int] = []
        for word in words(text, self.pattern):
            ids += encode_word(word.encode(), self.vocabulary)
        return ids

    @cached_property
    def fast(self) -> Callable[[bytes], np.ndarray]:
        """What makes ids of the UTF-8 of a text without special tokens, as fast as is possible."""
        try:
            from .fast_encoding import Encoder
        except ModuleNotFoundError as error:
            if error.name != "numba":
                raise
            without_numba()
            return lambda data: np.array(self.ordinary(data.decode()), np.uint32)
        return Encoder(self.vocabulary, self.pattern).encode

    def token(self, id: int) -> bytes:
        """The bytes of one id; those of a special token are its name."""
        if id in self.named:
            return self.named[id].encode()
        if not 0 <= id < len(self.vocabulary.tokens) or not self.vocabulary.tokens[id]:
            raise ValueError(f"No token has the id {id!r:.40}.")
        return decode([id], self.vocabulary)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of some ids, side by side."""
        return b"".join(map(self.token, ids))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; what is not the whole of a character becomes U+FFFD."""
        return self.decode_bytes(ids).decode(errors="replace")


def either(specials: Iterable[str]) -> re.Pattern[str]:
    """Any of some special tokens, the longest that stands there first."""
    longest = sorted(specials, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest))})")
