"""A tokenizer: a text as ids and back, for any text, with special tokens where they are allowed.

    special   a token that no text can contain by accident, such as <|endoftext|>: it is in no word,
              takes part in no join, and means something to the model rather than to the reader

A text from a stranger may contain the characters of a special token. So none is taken for one
unless it is allowed; one that is refused is an error; what is neither is text like any other.

What it lacks: normalisation. Two texts that look alike but have other bytes have other ids.
"""

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .splitting import expression, words
from .tokens import Vocabulary, decode, encode_word

ALL = "all"


def utf8(text: str) -> bytes:
    """The bytes of a text, or an error that says where it is none."""
    try:
        return text.encode()
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
        for special, id in self.specials.items():
            if not 0 <= id < 2**32 or self.vocabulary.tokens[id:id + 1] not in ((), (b"",)):
                raise ValueError(f"The special token {special!r:.60} cannot have the id {id}.")
            if not utf8(special):
                raise ValueError("A special token is an empty text.")
        if len(self.named) < len(self.specials):
            raise ValueError("Two special tokens have the same id.")

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
        allowed = set(self.specials if allowed == ALL else allowed)
        refused = self.specials.keys() - allowed if refused == ALL else set(refused)
        if refused and (found := either(refused).search(text)):
            raise ValueError(f"The text contains the special token {found[0]!r}, at position "
                             f"{found.start()}: allow it, or do not refuse it, and it is text.")
        if strange := allowed - set(self.specials):
            raise ValueError(f"{min(strange)!r} is no special token here.")
        return either(allowed).split(text) if allowed else [text]

    def encode(self, text: str, allowed: Collection[str] | str = (),
               refused: Collection[str] | str = ALL) -> list[int]:
        """The ids of a text, by the code that is there to be read."""
        utf8(text)
        ids: list[int] = []
        for at, piece in enumerate(self.pieces(text, allowed, refused)):
            ids += [self.specials[piece]] if at % 2 else self.ordinary(piece)
        return ids

    def encode_array(self, text: str, allowed: Collection[str] | str = (),
                     refused: Collection[str] | str = ALL) -> np.ndarray:
        """The same ids as an array, by the compiled code where numba is installed."""
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
            warnings.warn("Without numba this is slow: pip install 'cutaway[fast]'", stacklevel=4)
            return lambda data: np.array(self.ordinary(data.decode()), np.uint32)
        return Encoder(self.vocabulary, self.pattern).encode

    def token(self, id: int) -> bytes:
        """The bytes of one id; those of a special token are its name."""
        if id in self.named:
            return self.named[id].encode()
        if not 0 <= id < len(self.vocabulary.tokens) or not self.vocabulary.tokens[id]:
            raise ValueError(f"No token has the id {id}.")
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
