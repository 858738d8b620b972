"""Unigram: begin with every likely piece, and drop those that the text can best do without.

Byte pair encoding grows a vocabulary from below and never looks back. This prunes one from above
(Kudo, 2018): a word's probability is that of all the ways to put it together, each the product of
its pieces' probabilities; these are fitted to the words, and the pieces that add least are dropped.

    piece    some bytes that may stand side by side with others to make a word
    score    the logarithm of a piece's probability; a word is written in the pieces of highest sum

What it lacks: speed, and the sampling of ways to write a word that it was invented for.
"""

import math
from collections import Counter
from collections.abc import Mapping

Scores = dict[bytes, float]

LONGEST = 12                 # bytes of a piece
KEPT = 0.75                  # of the pieces in each round of dropping
ROUNDS = 2                   # of fitting between two droppings


def seeds(words: Mapping[bytes, int], most: int) -> Scores:
    """The 256 bytes and the pieces that cover most of the words, by how often they occur."""
    counts: Counter[bytes] = Counter({bytes([byte]): 1 for byte in range(256)})
    for word, times in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + LONGEST, len(word)) + 1):
                counts[word[start:end]] += times
    often = [piece for piece, times in counts.items() if times > 1 and len(piece) > 1]
    often = sorted(often, key=lambda piece: (-counts[piece] * len(piece), piece))[:most]
    pieces = [piece for piece in counts if len(piece) == 1] + often
    return normal({piece: counts[piece] for piece in pieces})


def normal(counts: Mapping[bytes, float]) -> Scores:
    """Scores from counts; a byte that was never needed keeps a little."""
    some = {piece: max(count, 1e-3) for piece, count in counts.items()}
    total = sum(some.values())
    return {piece: math.log(count / total) for piece, count in some.items()}


def ends(word: bytes, start: int, scores: Scores) -> list[int]:
    """Where the pieces end that begin at a place of a word."""
    furthest = min(start + LONGEST, len(word))
    return [end for end in range(start + 1, furthest + 1) if word[start:end] in scores]


def encode_word(word: bytes, scores: Scores) -> list[bytes]:
    """The pieces of highest sum that make a word: the best way to each place, and then back."""
    best = [(0.0, 0)] + [(-math.inf, 0)] * len(word)
    for start in range(len(word)):
        for end in ends(word, start, scores):
            score = best[start][0] + scores[word[start:end]]
            best[end] = max(best[end], (score, start))
    pieces, end = [], len(word)
    while end:
        start = best[end][1]
        pieces.append(word[start:end])
        end = start
    return pieces[::-1]


def add(a: float, b: float) -> float:
    """The logarithm of the sum of what two numbers are logarithms of."""
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def expected(word: bytes, scores: Scores) -> dict[bytes, float]:
    """How often each piece stands in a word, over all ways to make it, each as likely as it is."""
    before = [0.0] + [-math.inf] * len(word)      # of all ways to a place
    after = [-math.inf] * len(word) + [0.0]       # of all ways on from it
    for start in range(len(word)):
        for end in ends(word, start, scores):
            before[end] = add(before[end], before[start] + scores[word[start:end]])
    for start in reversed(range(len(word))):
        for end in ends(word, start, scores):
            after[start] = add(after[start], after[end] + scores[word[start:end]])
    counts: Counter[bytes] = Counter()
    for start in range(len(word)):
        for end in ends(word, start, scores):
            score = before[start] + scores[word[start:end]] + after[end]
            counts[word[start:end]] += math.exp(score - before[-1])
    return counts


def fitted(words: Mapping[bytes, int], scores: Scores) -> Scores:
    """The scores after one step of expectation and maximisation."""
    counts = dict.fromkeys(scores, 0.0)
    for word, times in words.items():
        for piece, count in expected(word, scores).items():
            counts[piece] += times * count
    return normal(counts)


def losses(words: Mapping[bytes, int], scores: Scores) -> dict[bytes, float]:
    """What the words' best scores would lose with each piece that is longer than a byte."""
    counts: Counter[bytes] = Counter()
    for word, times in words.items():
        for piece in encode_word(word, scores):
            counts[piece] += times
    lost = {}
    for piece in scores:
        if len(piece) > 1:
            others = {part: scores[part] for part in parts(piece, scores) if part != piece}
            instead = sum(others[part] for part in encode_word(piece, others))
            lost[piece] = counts[piece] * (scores[piece] - instead)
    return lost


def parts(piece: bytes, scores: Scores) -> list[bytes]:
    """The pieces that occur in a piece."""
    return [piece[start:end] for start in range(len(piece)) for end in ends(piece, start, scores)]


def train(words: Mapping[bytes, int], vocab: int) -> Scores:
    """The scores of the pieces of a vocabulary, fitted to words that occur so many times."""
    if vocab < 256:
        raise ValueError(f"A vocabulary has 256 bytes: {vocab} is too few.")
    scores = seeds(words, 8 * vocab)
    while len(scores) > vocab:
        for _ in range(ROUNDS):
            scores = fitted(words, scores)
        lost = losses(words, scores)
        room = max(vocab, int(KEPT * len(scores))) - (len(scores) - len(lost))
        best = set(sorted(lost, key=lambda piece: (-lost[piece], piece))[:room])
        scores = {piece: scores[piece] for piece in scores if len(piece) == 1 or piece in best}
    return fitted(words, scores)
