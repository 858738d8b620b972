"""WordPiece: join the pieces that are met together more often than apart; write the longest first.

Byte pair encoding counts pairs. WordPiece divides the count by those of the two pieces (Schuster
and Nakajima, 2012), so that `q` and `u` join before `e` and `s`. BERT writes a word in its longest
piece first, whatever training joined, and a piece that does not begin a word is marked with ##.

    piece     some characters; ## before them if they go on with a word

What it lacks: an answer to what it never saw. A word with an unknown character is [UNK], all of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import pairwise

MARK, UNKNOWN = "##", "[UNK]"


def begun(word: str) -> list[str]:
    """A word as pieces of one character."""
    return [character if not at else MARK + character for at, character in enumerate(word)]


def joined(pieces: list[str], left: str, right: str) -> list[str]:
    """The pieces of a word with each such pair, from the left, made one."""
    done: list[str] = []
    for piece in pieces:
        if done and (done[-1], piece) == (left, right):
            done[-1] = left + right.removeprefix(MARK)
        else:
            done.append(piece)
    return done


def best_pair(words: Mapping[str, int], split: Mapping[str, list[str]]) -> tuple[str, str] | None:
    """The pair that occurs most for how often its pieces do; of equals the first by alphabet."""
    singles: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for word, times in words.items():
        for piece in split[word]:
            singles[piece] += times
        for pair in pairwise(split[word]):
            pairs[pair] += times
    often = [pair for pair, times in pairs.items() if times > 1]
    ratio = {(left, right): pairs[left, right] / (singles[left] * singles[right])
             for left, right in often}
    return min(often, key=lambda pair: (-ratio[pair], pair), default=None)


def train(words: Mapping[str, int], vocab: int) -> list[str]:
    """The pieces of words that occur so many times, [UNK] first, then characters, then joined."""
    split = {word: begun(word) for word in words}
    pieces = [UNKNOWN, *sorted({piece for some in split.values() for piece in some})]
    while len(pieces) < vocab and (pair := best_pair(words, split)):
        new = pair[0] + pair[1].removeprefix(MARK)
        if new not in pieces:
            pieces.append(new)
        split = {word: joined(some, *pair) for word, some in split.items()}
    return pieces


def encode_word(word: str, pieces: Collection[str]) -> list[str]:
    """The pieces of a word, at each place the longest that is known."""
    found: list[str] = []
    start = 0
    while start < len(word):
        mark = MARK if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in pieces), None)
        if end is None:
            return [UNKNOWN]
        found.append(mark + word[start:end])
        start = end
    return found
