"""The demo shows what the lesson computes, clean and under every break that it offers.

Its tokens are bytes, here as characters up to U+00FF. A broken vocabulary is learnt in the broken
world, or in the clean one if the break is in use only (`where`). Each training is watched once, to
its end: the demo lets the reader step through it.
"""

import random

from cutaway.kit.watch import watch
from cutaway.kit.worlds import CLEAN
from cutaway.site.golden import hold

END, MOST, TOP, FIRST = "<|end|>", 400, 6, 4
PATTERNS = ("gpt2", "cl100k", "whole")
SPECIALS = ALLOWED, REFUSED, TEXT = "allowed", "refused", "text"
WHERE = "training and use", "use only"
TOLERANCE = 0  # whole numbers and texts

WOOD = "How much wood would a woodchuck chuck\nif a woodchuck could chuck wood?\n"
CODE = "for n in range(2000):\n    if n > 1000:\n        chuck(n)\n    chuck(1234567)"
SIGNS = "un café, le cafe\u0301, deux cafés \U0001f469\u200d\U0001f33e\U0001f469\u200d\U0001f33e"
QUOTES = "IT'S O'REILLY'S, WE'LL SEE o'reilly's 'RE 're, SHE'D'VEX it'\u017f"
SPACES = "a  b\u00a0!c\x85!d\ufeff!e \u3000f\r\n\r\n g\t\t\n\nh \x1c i\u2028 j\rk!\r\n\x7f \n  "
ROWS = "aaaaaaa aaa aaaa xyxyx xyxy banana \u00e9\u00e9\u00e9\u00e9 \u00e9\u00e9\u00e9"
SCRIPTS = "Привет, мир! 日本語の日本 नमस्ते ١٢٣٤ x² ½ Ⅻ Σίσυφος İstanbul"
ENDS = f"\U0001f469{END} a{END}b <|end| {END}{END}"
HALF = "\U0001f469 half \ud83d and"
# Parts of these change places to what would be half a character, and one beyond the last.
EDGES = "\ud7a0\ud7a0\ud7a0 \U00100400\U00100400\U00100400"


def states():
    """Texts of every kind at several steps, and noise from a few characters that join."""
    chance = random.Random(0)
    noise = ["".join(chance.choices("ab \n1é'", k=chance.randint(20, 90))) for _ in range(3)]
    rows = [
        (WOOD, "Would O'REILLY's woodchuck chuck 12345 logs?", 12),
        (WOOD + CODE, f"could\n    chuck wood  > 1000{END}x", 400),
        (CODE, WOOD + "'LLAMA" + CODE, 14),
        (SIGNS, SIGNS.swapcase() + " \U0001f469\u200d\U0001f692", 9),
        (SIGNS * 2, SIGNS[::-1] + "\U0001f33e", 400),
        (QUOTES, QUOTES[::-1] + QUOTES + ENDS, 5),
        (SPACES * 2, SPACES + "\u00c3", 8),
        (ROWS, ROWS[::-1] + ENDS, 6),
        (ROWS + ENDS, ENDS, 400),
        (SCRIPTS, f"O'REILLY {SCRIPTS.upper()} भाषा", 20),
        (EDGES, EDGES[::-1], 2),
        ("", ENDS, 3),
        (HALF, "", 0),
        ("a", HALF, 1),
        *((text, text[::-1] + END + "é", chance.randint(0, 40)) for text in noise),
    ]
    return [
        {
            "text": text,
            "other": other,
            "joins": joins,
            "pattern": pattern,
            "special": SPECIALS[(at + turn) % 3],
            "where": WHERE[(at // 3 + turn) % 2],
            "lost": (0, 1, 3, 0)[(at + 2 * turn) % 4],
        }
        for at, (text, other, joins) in enumerate(rows)
        for turn, pattern in enumerate(PATTERNS)
    ]


def shown(data):
    """Some bytes as the demo keeps them."""
    return data.decode("latin-1")


def training(world, text, pattern):
    """The words of a text, and what each step of training saw: counts, pair, and tokens left."""
    parts = world.tokens
    words = parts.training.counted([text], pattern)
    with watch(parts.tokens.train, "counts", "pair", "split") as seen:
        parts.tokens.train(words, 256 + MOST + 1)
    sizes = [
        sum(times * len(split[word]) for word, times in words.items()) for split in seen["split"]
    ]
    return words, list(zip(seen["counts"], seen["pair"], sizes))[: MOST + 1]


def used(tokenizer, words_of, encode_word, text, state):
    """The words and ids of a text and what comes back, or why it is refused."""
    allowed = "all" if state["special"] == ALLOWED else ()
    refused = () if state["special"] == TEXT else "all"
    try:
        ids = tokenizer.encode(text, allowed, refused)
    except ValueError as error:
        return {"error": str(error)}
    found = []
    for at, piece in enumerate(tokenizer.pieces(text, allowed, refused)):
        if at % 2:
            found.append([None, [tokenizer.specials[piece]]])
        else:
            found += [[word, encode_word(word)] for word in words_of(piece)]
    assert [id for _, some in found for id in some] == ids
    return {"found": found, "back": tokenizer.decode(ids[: max(0, len(ids) - state["lost"])])}


def ordinary_words(tokenizer, piece):
    """The words that a tokenizer makes of a text without special tokens."""
    with watch(tokenizer.ordinary, "word") as seen:
        tokenizer.ordinary(piece)
    return seen["word"]


def numbers(world, state):
    """What the lesson of a world makes of two texts, in the demo's words."""
    parts, learning = world.tokens, CLEAN if state["where"] == WHERE[1] else world
    try:
        words, steps = training(learning, state["text"], state["pattern"])
    except ValueError as error:
        return {"error": str(error)}
    made = min(state["joins"], len(steps) - 1)
    vocabulary = learning.tokens.tokens.train(words, 256 + made)
    tokenizer = parts.Tokenizer(vocabulary, state["pattern"], {END: 256 + made})
    assert len(vocabulary.tokens) == 256 + made

    def words_of(piece):
        return ordinary_words(tokenizer, piece) if piece else []

    def encode_word(word):
        return parts.encode_word(word.encode(), vocabulary)

    met = any(fault.name == "ties_by_chance" for fault in learning.faults)

    def most(counts, number):
        ranked = sorted(counts, key=lambda pair: (-counts[pair], () if met else pair))
        return [[*pair, counts[pair]] for pair in ranked[:number]]

    counts = steps[made][0]
    return {
        "made": made,
        "tokens": list(map(shown, vocabulary.tokens)),
        "ties": sum(times == max(counts.values()) for times in counts.values()),
        "sizes": [size for *_, size in steps],
        "joined": [[*pair, counts[pair]] for counts, pair, _ in steps[:-1]],
        "pairs": most(counts, TOP),
        "first": most(steps[0][0], FIRST),
        "text": used(tokenizer, words_of, encode_word, state["text"], state),
        "other": used(tokenizer, words_of, encode_word, state["other"], state),
    }


def test_the_demo_computes_what_the_lesson_computes_in_every_world_that_it_offers(tmp_path):
    hold("tokens", states(), numbers, TOLERANCE, tmp_path)
