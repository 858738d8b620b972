"""The same vocabulary as tiktoken's file of ranks, which holds tokens and no joins.

In such a file any two neighbours may join that make a token. It gives the same ids as one pair a
token, where the pair is what the tokens before it make of the token's bytes: had a token joined
from another pair, those tokens would have joined its bytes in another way than they do. So each
token must have such a pair, and a file in which one has none is refused.
"""

import base64
from collections.abc import Mapping

from .saving import MOST_BYTES, sound
from .tokenizer import Tokenizer
from .tokens import Pair, Vocabulary, encode_word

MOST_IDS = 2**21
MOST_WORK = 2**28            # the sum of the squares of the tokens' lengths: seconds, not hours


def in_order(ids: Mapping[bytes, int]) -> tuple[bytes, ...]:
    """The tokens in the order of their ids, nothing where an id has none."""
    if not all(0 <= id < MOST_IDS for id in ids.values()):
        raise ValueError(f"The file has an id that is not among the first {MOST_IDS:,}.")
    tokens = [b""] * (max(ids.values(), default=-1) + 1)
    for token, id in ids.items():
        if tokens[id]:
            raise ValueError(f"Two tokens have the id {id}.")
        tokens[id] = token
    return tuple(tokens)


def joined(tokens: tuple[bytes, ...]) -> Vocabulary:
    """The vocabulary of some tokens, each joined from what those before it make of its bytes."""
    if sum(len(token) ** 2 for token in tokens) > MOST_WORK:
        raise ValueError("The tokens are too long for a vocabulary.")
    joins: dict[Pair, int] = {}
    vocabulary = sound(Vocabulary(tokens, joins))
    for id, token in enumerate(tokens):
        if len(token) > 1:
            pair = encode_word(token, vocabulary)
            if len(pair) != 2:
                raise ValueError(f"No two tokens before it make the token {id}, {token!r:.60}.")
            joins[pair[0], pair[1]] = id
    return vocabulary


def from_tiktoken(ranks: bytes, pattern: str, specials: Mapping[str, int]) -> Tokenizer:
    """The tokenizer of a file of ranks: on each line a token in base64, a space, its id."""
    if len(ranks) > MOST_BYTES:
        raise ValueError(f"The file is too large for a vocabulary: {len(ranks):,} bytes.")
    ids: dict[bytes, int] = {}
    for number, line in enumerate(ranks.splitlines(), 1):
        if not line:
            continue
        known = len(ids)
        try:
            token, rank = line.split()
            ids[base64.b64decode(token, validate=True)] = int(rank)
        except ValueError:
            raise ValueError(f"Line {number} is not a token in base64 and its rank.") from None
        if len(ids) == known:
            raise ValueError(f"Line {number} has the token of an earlier line.")
    return Tokenizer(joined(in_order(ids)), pattern, dict(specials))


def as_ranks(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary with one pair a token, if as mere ranks it would give the same ids."""
    found = joined(vocabulary.tokens)
    if not found.joins.items() <= vocabulary.joins.items():
        raise ValueError("As ranks this vocabulary would give other ids: a token has other parts.")
    return found


def to_tiktoken(tokenizer: Tokenizer) -> bytes:
    """The file of ranks; it has no place for the pattern and the special tokens."""
    tokens = as_ranks(tokenizer.vocabulary).tokens
    lines = (base64.b64encode(token) + b" %d\n" % id for id, token in enumerate(tokens) if token)
    return b"".join(lines)
