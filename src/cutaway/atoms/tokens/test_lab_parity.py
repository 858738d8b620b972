"""On the corpora: others' vocabularies give their ids, an own one gives others the same ids.

Two corpora are on every machine that runs these tests; the others are tried where they were got.
"""

from itertools import islice

import numpy as np
import pytest

pytest.importorskip("tokenizers")

import tokenizers

from cutaway.data import corpus
from cutaway.errors import Unavailable

from .conftest import tiktokens
from .huggingface import from_huggingface, to_huggingface
from .saving import from_json, to_json
from .splitting import CL100K, GPT2, WHOLE
from .training import train

ALWAYS = ("shakespeare", "stdlib")


def here(name):
    """Whether a corpus can be opened now."""
    try:
        return bool(corpus(name).documents)
    except Unavailable:
        return False


NAMES = [*ALWAYS, *filter(here, ("udhr", "union", "dialogues"))]
every_corpus = pytest.mark.parametrize("name", NAMES)


def some_texts(name, size):
    """Documents from all over a corpus, to about so many characters."""
    documents = corpus(name).documents
    whole = sum(len(one.text) for one in documents)
    for one in islice(documents, 0, None, max(1, whole // size)):
        yield one.text[:20_000]


@every_corpus
@pytest.mark.oracle
@pytest.mark.parametrize("real", ["gpt2", "cl100k"])
def test_the_readable_path_gives_tiktokens_ids(name, real, request):
    ours = request.getfixturevalue(real)
    theirs = tiktokens(ours)
    for text in some_texts(name, 300_000):
        assert ours.encode(text, refused=()) == theirs.encode_ordinary(text)


@every_corpus
@pytest.mark.oracle
@pytest.mark.parametrize("real", ["gpt2", "cl100k"])
def test_the_compiled_path_gives_tiktokens_ids_on_all_of_a_corpus(name, real, request):
    ours = request.getfixturevalue(real)
    theirs = tiktokens(ours)
    for one in corpus(name).documents:
        ids = ours.encode_array(one.text, refused=())
        assert np.array_equal(ids, theirs.encode_to_numpy(one.text, disallowed_special=()))


@every_corpus
@pytest.mark.oracle
@pytest.mark.parametrize("pattern", [GPT2, CL100K, WHOLE])
def test_a_vocabulary_trained_here_gives_the_tokenizers_library_and_tiktoken_the_same_ids(
    name, pattern
):
    texts = list(some_texts(name, 60_000 if pattern != WHOLE else 4_000))
    ours = train(texts, 400 if pattern != WHOLE else 280, pattern, ("<|endoftext|>",))
    theirs = tokenizers.Tokenizer.from_str(to_huggingface(ours))
    for text in texts:
        ids = ours.encode_array(text).tolist()
        assert ids == theirs.encode(text).ids == tiktokens(ours).encode_ordinary(text)
        assert ours.decode(ids) == text


@every_corpus
def test_a_vocabulary_trained_here_comes_back_from_its_files(name):
    ours = train(some_texts(name, 60_000), 400, CL100K, ("<|endoftext|>",))
    assert from_json(to_json(ours)) == ours == from_huggingface(to_huggingface(ours))


@every_corpus
def test_a_corpus_comes_back(name, cl100k):
    for text in some_texts(name, 100_000):
        assert cl100k.decode(cl100k.encode(text, refused=())) == text
