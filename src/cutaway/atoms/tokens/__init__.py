"""Byte pair encoding: a text as a row of tokens, and back."""

from .huggingface import from_huggingface, to_huggingface
from .ranks import from_tiktoken, to_tiktoken
from .rows import Rows
from .saving import from_json, load, save, to_json
from .splitting import CL100K, GPT2, WHOLE, words
from .tokenizer import Tokenizer
from .tokens import Pair, Vocabulary, decode, encode_word
from .training import between_words, read, train

__all__ = [
    "CL100K",
    "GPT2",
    "WHOLE",
    "Pair",
    "Rows",
    "Tokenizer",
    "Vocabulary",
    "between_words",
    "decode",
    "encode_word",
    "from_huggingface",
    "from_json",
    "from_tiktoken",
    "load",
    "read",
    "save",
    "to_huggingface",
    "to_json",
    "to_tiktoken",
    "train",
    "words",
]
