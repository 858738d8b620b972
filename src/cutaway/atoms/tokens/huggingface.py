"""The same tokenizer as Hugging Face's tokenizer.json.

Its tokens are written in an alphabet of GPT-2's, in which each byte has a character that shows: the
space is Ġ. Its merges are joins in the order of their ids; a file with another order is refused,
and so is whatever else would give other ids.
"""

import json
from collections.abc import Mapping
from typing import Any

from .around import in_place, refuse_around, special_tokens
from .ranks import as_ranks, in_order
from .saving import ids_of, parsed, part, sound, within
from .splitting import CL100K, GPT2, WHOLE
from .tokenizer import Tokenizer
from .tokens import Pair, Vocabulary

SHOWN = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
HIDDEN = [byte for byte in range(256) if byte not in SHOWN]
LETTERS = {byte: chr(byte if byte in SHOWN else 256 + HIDDEN.index(byte)) for byte in range(256)}
BYTES = {letter: byte for byte, letter in LETTERS.items()}

CUT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
       r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(cuts: bool) -> dict[str, Any]:
    """The step that writes bytes as characters, and cuts words as GPT-2 does if it is to."""
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": cuts}


SPLIT = {"type": "Split", "pattern": {"Regex": CUT}, "behavior": "Isolated", "invert": False}
STEPS = {
    GPT2: byte_level(True),
    CL100K: {"type": "Sequence", "pretokenizers": [SPLIT, byte_level(False)]},
    WHOLE: byte_level(False),
}
PLAIN = {                    # what a model of BPE may say, and still mean what is meant here
    "type": ("BPE", None),
    "dropout": (None, 0),
    "continuing_subword_prefix": (None, ""), "end_of_word_suffix": (None, ""),
    "byte_fallback": (None, False),
}


def written(token: bytes) -> str:
    """A token in GPT-2's alphabet."""
    return "".join(LETTERS[byte] for byte in token)


def read(word: str) -> bytes:
    """The token that a word of GPT-2's alphabet stands for."""
    try:
        return bytes(BYTES[letter] for letter in word)
    except KeyError:
        raise ValueError(f"The token {word!r:.60} is not written in bytes.") from None


def to_huggingface(tokenizer: Tokenizer) -> str:
    """The tokenizer as a tokenizer.json, with one merge a token."""
    tokens, joins = tokenizer.vocabulary.tokens, tokenizer.vocabulary.joins
    if len(set(joins.values())) < len(joins):
        joins = as_ranks(tokenizer.vocabulary).joins
    order = sorted(joins, key=joins.__getitem__)
    merges = [" ".join(written(tokens[id]) for id in pair) for pair in order]
    ids = {written(token): id for id, token in enumerate(tokens) if token}
    if shared := ids.keys() & tokenizer.specials.keys():
        raise ValueError(f"In this file {min(shared)!r:.60} would be a special token and another.")
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [{"id": id, "content": name, **plain, "special": True}
             for id, name in sorted(tokenizer.named.items())]
    model = {"type": "BPE", "vocab": ids | dict(tokenizer.specials), "merges": merges}
    steps = {"normalizer": None, "pre_tokenizer": STEPS[tokenizer.pattern],
             "post_processor": None, "decoder": byte_level(True)}
    whole = {"version": "1.0", "added_tokens": added, **steps, "model": model}
    return within(json.dumps(whole, indent=1))


def merged(merges: list[Any], tokens: tuple[bytes, ...]) -> dict[Pair, int]:
    """The joins that merges mean, which must stand in the order of the ids that they make."""
    ids = Vocabulary(tokens, {}).ids
    joins: dict[Pair, int] = {}
    last = -1
    for number, merge in enumerate(merges):
        two = merge.split(" ") if type(merge) is str else merge
        if type(two) is not list or list(map(type, two)) != [str, str]:
            raise ValueError(f"The merge {number} is not two tokens.")
        left, right = map(read, two)
        if not {left, right, left + right} <= ids.keys():
            raise ValueError(f"The merge {number} is of tokens that are not in the vocabulary.")
        if ids[left + right] < last:
            raise ValueError(f"The merge {number} is not in the order of the ids that merges make.")
        joins[ids[left], ids[right]] = last = ids[left + right]
    if len(joins) < len(merges):
        raise ValueError("A merge stands twice in the file.")
    return joins


def refuse(body: Mapping[str, Any]) -> None:
    """Nothing, or an error for what in a file would give other ids than here."""
    model = part(body, "model", dict)
    for name, may in PLAIN.items():
        if model.get(name) not in may:
            raise ValueError(f"The file's {name} is {model[name]!r:.40}: it would give other ids.")
    if body.get("normalizer") is not None:
        raise ValueError("The file has a normalizer: it would give other ids.")
    refuse_around(body)


def from_huggingface(text: str | bytes) -> Tokenizer:
    """The tokenizer of a tokenizer.json."""
    body = parsed(text.encode() if isinstance(text, str) else text)
    refuse(body)
    model, ids = body["model"], ids_of(part(body, "model", dict), "vocab")
    specials = special_tokens(part(body, "added_tokens", list))
    if model.get("ignore_merges") and (twice := [name for name in specials if is_word(name, ids)]):
        raise ValueError(f"The special token {twice[0]!r:.60} is a word's token, too.")
    tokens = in_order({read(name): id for name, id in ids.items() if name not in specials})
    vocabulary = sound(Vocabulary(tokens, merged(part(model, "merges", list), tokens)))
    if len(set(vocabulary.joins.values())) < len(vocabulary.joins) or model.get("ignore_merges"):
        vocabulary = as_ranks(vocabulary)
    pattern = pattern_of(part(body, "pre_tokenizer", dict))
    return Tokenizer(vocabulary, pattern, in_place(specials, ids))


def is_word(name: str, ids: Mapping[str, int]) -> bool:
    """Whether a special token's name is that of a token of other bytes, which a word may be."""
    return name in ids and BYTES.keys() >= set(name) and read(name) != name.encode()


def steps_of(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps by which a file cuts words, with what may be left unsaid and what changes no id."""
    steps = part(given, "pretokenizers", list) if given.get("type") == "Sequence" else [given]
    if not all(type(step) is dict for step in steps):
        raise ValueError("The file's steps of cutting words are no objects.")
    return [{"use_regex": True} | step | {"trim_offsets": True} for step in steps]


def pattern_of(given: Mapping[str, Any]) -> str:
    """The pattern that a file cuts words by."""
    for pattern, steps in STEPS.items():
        if steps_of(given) == steps_of(steps):
            return pattern
    raise ValueError("The file cuts words by another pattern than those that are known here.")
