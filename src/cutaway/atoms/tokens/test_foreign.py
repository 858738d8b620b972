"""The files of tiktoken and Hugging Face, one property a test; it also runs on broken copies."""

import base64
import json

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("tokenizers")

import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import END, tiktokens
from .huggingface import BYTES, LETTERS, STEPS, from_huggingface, to_huggingface
from .ranks import from_tiktoken, to_tiktoken
from .splitting import CL100K, GPT2, WHOLE
from .test_saving import ALPHABET, SPECIALS, tokenizer
from .test_splitting import EVERY, texts
from .test_tokens import drawn
from .tokenizer import Tokenizer
from .tokens import Vocabulary, train

__all__ = ["tokenizer"]

# tiktoken's ranks


def line(token, rank):
    return base64.b64encode(token) + b" %d\n" % rank


RANKS = b"".join(line(token, id) for id, token in enumerate(ALPHABET))


def test_ranks_come_back_with_the_same_joins(tokenizer):
    again = from_tiktoken(to_tiktoken(tokenizer), tokenizer.pattern, SPECIALS)
    assert again == tokenizer


def test_the_bytes_have_each_a_letter_that_shows():
    assert sorted(BYTES.values()) == list(range(256)) and len(LETTERS) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in BYTES)
    assert LETTERS[ord(" ")] == "Ġ" and LETTERS[ord("\n")] == "Ċ" and LETTERS[ord("a")] == "a"


@pytest.mark.parametrize(
    ("ranks", "says"),
    [
        (b"", "no token for the byte"),
        (b"hello world and more\n", "Line 1 is not"),
        (RANKS + b"!!!! 256\n", "Line 257 is not"),
        (RANKS + b"YWI= x\n", "Line 257 is not"),
        (RANKS + b"YWI= " + b"9" * 5000, "Line 257 is not"),
        (RANKS + b"\xff\xff 256\n", "Line 257 is not"),
        (RANKS + line(b"ab", -1), "not among the first"),
        (RANKS + line(b"ab", 10**12), "not among the first"),
        (RANKS + line(b"ab", 5), "Two tokens have the id 5"),
        (RANKS + line(b"ab", 256) + line(b"ab", 257), "Line 258 has the token"),
        (RANKS + line(b"abcd", 256), "No two tokens before it make the token 256"),
        (RANKS + line(b"abc", 256) + line(b"ab", 257), "No two tokens before it"),
        (RANKS + line(b"a" * 20_000, 256), "too long"),
        (RANKS * 40_000, "too large"),
    ],
    ids=range(14),
)
def test_ranks_that_are_none_are_refused(ranks, says):
    with pytest.raises(ValueError, match=says):
        from_tiktoken(ranks, GPT2, {})


def test_empty_lines_of_ranks_are_left_out_as_tiktoken_leaves_them_out():
    spaced = RANKS.replace(b"\n", b"\n\n", 9) + line(b"ab", 256) + b"\n\n"
    assert from_tiktoken(spaced, GPT2, {}) == from_tiktoken(RANKS + line(b"ab", 256), GPT2, {})
    with pytest.raises(ValueError, match="Line 268 has the token"):
        from_tiktoken(spaced.removesuffix(b"\n") + line(b"ab", 257), GPT2, {})


def test_a_vocabulary_that_as_ranks_would_give_other_ids_is_not_written():
    vocabulary = Vocabulary((*ALPHABET, b"ab"), {})
    with pytest.raises(ValueError, match="other ids"):
        to_tiktoken(Tokenizer(vocabulary, GPT2, {}))


def test_a_token_of_ranks_has_the_pair_that_training_gave_it():
    for seed in range(20):
        vocabulary = train(drawn(seed, b"ab", 60, 20), 330)
        ranks = b"".join(line(token, id) for id, token in enumerate(vocabulary.tokens))
        assert from_tiktoken(ranks, GPT2, {}).vocabulary == vocabulary


@pytest.mark.oracle
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.text("ab c", max_size=60))
def test_ranks_give_tiktoken_the_same_ids(seed, text):
    tokenizer = Tokenizer(train(drawn(seed, b"ab c", 20, 12), 300), WHOLE, {})
    assert tokenizer.encode(text) == tiktokens(tokenizer).encode_ordinary(text)


@pytest.mark.oracle
def test_the_ranks_of_gpt4_come_back_line_for_line(cl100k):
    theirs = tiktokens(cl100k)._mergeable_ranks
    assert to_tiktoken(cl100k) == b"".join(line(token, id) for token, id in theirs.items())


# Hugging Face's tokenizer.json


@pytest.mark.oracle
@settings(max_examples=200, deadline=None)
@given(texts)
def test_the_tokenizers_library_gives_the_same_ids(tokenizer, some):
    theirs = tokenizers.Tokenizer.from_str(to_huggingface(tokenizer))
    text = END.join(["".join(some), "the dog’s", "x\n\n  ", "".join(some)])
    assert theirs.encode(text).ids == tokenizer.encode(text, allowed="all")
    assert theirs.decode(theirs.encode("the dog’s é").ids) == "the dog’s é"


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["gpt2", "cl100k"])
def test_the_tokenizers_library_gives_the_ids_of_real_vocabularies(name, request):
    tokenizer = request.getfixturevalue(name)
    text = " ".join(EVERY[::499]) + "It's 12345 dogs,  isn't\n\n IT'S?" + END
    theirs = tokenizers.Tokenizer.from_str(to_huggingface(tokenizer))
    assert theirs.encode(text).ids == tokenizer.encode(text, allowed="all")


@pytest.mark.oracle
def test_what_the_tokenizers_library_trained_and_saved_is_read():
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320,
        show_progress=False,
        special_tokens=[END],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    )
    theirs.train_from_iterator(["the dog's bone, the dogs' bones, a café"] * 3, trainer)
    ours = from_huggingface(theirs.to_str())
    text = f"the bones of the café's dogs{END}日本 x"
    assert ours.specials == {END: 0} and ours.pattern == GPT2
    assert ours.encode(text, allowed="all") == theirs.encode(text).ids


def test_several_merges_a_token_are_read_as_the_one_that_is_used():
    tokens = (*ALPHABET, b"aa", b"aaa")
    several = Vocabulary(tokens, {(97, 97): 256, (97, 256): 257, (256, 97): 257})
    body = json.loads(to_huggingface(Tokenizer(several, GPT2, {})))
    assert body["model"]["merges"] == ["a a", "aa a"]
    body["model"]["merges"].append("a aa")
    again = from_huggingface(json.dumps(body))
    assert again.vocabulary.joins == {(97, 97): 256, (256, 97): 257}


def edited(**parts):
    """The tokenizer.json of `ab`, `bc` and a special token, with some parts of it changed."""
    joins = {(97, 98): 256, (98, 99): 257}
    tokenizer = Tokenizer(Vocabulary((*ALPHABET, b"ab", b"bc"), joins), GPT2, {END: 300})
    body = json.loads(to_huggingface(tokenizer))
    body["model"] |= {name: value for name, value in parts.items() if name in MODEL}
    return json.dumps(body | {name: value for name, value in parts.items() if name not in MODEL})


FIRST = json.loads(json.dumps(STEPS[CL100K]).replace(r"\\s+\\z|", ""))
MODEL = {"type", "dropout", "continuing_subword_prefix", "merges", "vocab", "byte_fallback"}
ADDED = {"id": 300, "content": END, "special": True, "lstrip": False, "rstrip": False}
ADDED |= {"single_word": False}
TRIMS = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
ALONE = [{"Sequence": {"id": "A", "type_id": 0}}]
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": END, "type_id": 0}}, *ALONE],
    "pair": [*ALONE, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {END: {"id": END, "ids": [300], "tokens": [END]}},
}
OTHERS = {
    "another model": ({"type": "Unigram"}, "type is 'Unigram'"),
    "dropout": ({"dropout": 0.1}, "dropout is 0.1"),
    "a prefix": ({"continuing_subword_prefix": "##"}, "continuing_subword_prefix"),
    "byte fallback": ({"byte_fallback": True}, "byte_fallback"),
    "a normalizer": ({"normalizer": {"type": "NFKC"}}, "normalizer"),
    "no steps": ({"pre_tokenizer": None}, "'pre_tokenizer'"),
    "other steps": ({"pre_tokenizer": {"type": "Whitespace"}}, "another pattern"),
    "cl100k's first pattern": ({"pre_tokenizer": FIRST}, "another pattern"),
    "steps of nothing": ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [3]}}, "steps"),
    "a space before the text": (
        {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}},
        "another pattern",
    ),
    "an order that is not the ids'": ({"merges": ["b c", "a b"]}, "merge 1 is not in the order"),
    "a merge twice": ({"merges": ["a b", "a b", "b c"]}, "twice"),
    "a merge to nothing": ({"merges": ["a c"]}, "merge 0 is of tokens that are not"),
    "a merge of nothing": ({"merges": ["a", "b c"]}, "merge 0 is"),
    "a merge of an empty token": ({"merges": ["a  b"]}, "merge 0 is not two"),
    "a merge of numbers": ({"merges": [[97, 98]]}, "merge 0 is not two tokens"),
    "merges in an object": ({"merges": {}}, "'merges'"),
    "a token that is no bytes": ({"vocab": {"a b": 0}}, "not written in bytes"),
    "two tokens of an id": ({"vocab": {"a": 0, "b": 0}}, "have the id 0"),
    "an id far out": ({"vocab": {"a": 10**15}}, "not among the first"),
    "no ids": ({"vocab": {"a": "b"}}, "whole number"),
    "added tokens that take spaces": ({"added_tokens": [ADDED | {"lstrip": True}]}, "added token"),
    "added tokens of text": ({"added_tokens": [ADDED | {"special": False}]}, "added token"),
    "a special token twice": ({"added_tokens": [ADDED, ADDED]}, "twice"),
    "another id for a special token": ({"added_tokens": [ADDED | {"id": 301}]}, "two ids"),
    "no added tokens": ({"added_tokens": 3}, "'added_tokens'"),
    "special tokens in two passes": (
        {"added_tokens": [ADDED, ADDED | {"id": 301, "content": "<", "normalized": True}]},
        "some are normalized",
    ),
    "an id that no place gives": (
        {"added_tokens": [ADDED, ADDED | {"id": 400, "content": "<s>"}]},
        "two ids: 400, and 259 by its place",
    ),
    "a truncation": ({"truncation": {"max_length": 5, "stride": 0}}, "truncation"),
    "a padding": ({"padding": {"strategy": {"Fixed": 9}}}, "padding"),
    "a padding to a multiple": (
        {"padding": {"strategy": "BatchLongest", "pad_to_multiple_of": 8}},
        "padding",
    ),
    "a template": ({"post_processor": TEMPLATE}, "post_processor that adds"),
    "a template among others": (
        {"post_processor": {"type": "Sequence", "processors": [TRIMS, TEMPLATE]}},
        "post_processor that adds",
    ),
    "a step that is not known": ({"post_processor": {"type": "Bert"}}, "post_processor"),
    "no step": ({"post_processor": 3}, "post_processor"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_tokenizer_json_that_would_give_other_ids_is_refused(name):
    parts, says = OTHERS[name]
    with pytest.raises(ValueError, match=says):
        from_huggingface(edited(**parts))
    assert from_huggingface(edited()).specials == {END: 300}


PADDED = {"direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}
CUT = {"direction": "Right", "strategy": "LongestFirst", "stride": 0}
SETTINGS = {
    "truncation": [None, CUT | {"max_length": 5}, CUT | {"max_length": 10**6}],
    "padding": [
        None,
        *(
            PADDED | {"strategy": strategy, "pad_to_multiple_of": multiple}
            for strategy in ("BatchLongest", {"Fixed": 12})
            for multiple in (None, 0, 1, 8)
        ),
    ],
    "post_processor": [
        None,
        TRIMS,
        TEMPLATE,
        TEMPLATE | {"single": ALONE},
        TEMPLATE | {"single": [*ALONE, *ALONE]},
        {"type": "Sequence", "processors": [TRIMS, TEMPLATE]},
        {"type": "Sequence", "processors": [TRIMS, TEMPLATE | {"single": ALONE}]},
        {"type": "RobertaProcessing", "sep": [END, 300], "cls": [END, 300]}
        | {"trim_offsets": True, "add_prefix_space": False},
    ],
    "pre_tokenizer": [*STEPS.values(), STEPS[GPT2] | {"add_prefix_space": True}],
}
NAMES = ["<s>", "<s", "s>x", "a<s>", "ab", "Ġb", "é", "a b", END]


@st.composite
def strange(draw):
    """A tokenizer.json of `ab`, `bc` and ` b`, with a few settings that real files have."""
    tokens = (*ALPHABET, b"ab", b"bc", b" b")
    joins = {(97, 98): 256, (98, 99): 257, (32, 98): 258}
    body = json.loads(to_huggingface(Tokenizer(Vocabulary(tokens, joins), GPT2, {END: 300})))
    for name in draw(st.sets(st.sampled_from([*SETTINGS]), max_size=2)):
        body[name] = draw(st.sampled_from(SETTINGS[name]))
    model = body["model"]
    model["ignore_merges"] = draw(st.booleans())
    model["byte_fallback"] = draw(st.sampled_from([False, False, False, True]))
    if draw(st.booleans()):
        model["vocab"].pop(END)
    same, normalized = draw(st.booleans()), draw(st.booleans())
    body["added_tokens"] = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
        free = max([len(model["vocab"]), *(one["id"] + 1 for one in body["added_tokens"])])
        id = model["vocab"].get(name, free + draw(st.sampled_from([0, 0, 0, 5])))
        if draw(st.sampled_from([False, False, True])):
            model["vocab"].setdefault(name, id)
        passes = {"normalized": normalized if same else draw(st.booleans())}
        body["added_tokens"].append(ADDED | passes | {"id": id, "content": name})
    return body


@pytest.mark.oracle
@settings(max_examples=500, deadline=None)
@given(strange(), st.lists(st.sampled_from([*NAMES, *"abc <>sx é", "bc"]), max_size=12))
def test_whatever_else_a_tokenizer_json_says_it_gives_the_same_ids_or_is_refused(body, some):
    try:
        ours = from_huggingface(json.dumps(body))
    except ValueError:
        return
    theirs = tokenizers.Tokenizer.from_str(json.dumps(body))
    text = "".join(some)
    assert theirs.encode(text).ids == ours.encode(text, allowed="all")


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["padding", "post_processor"])
def test_a_setting_that_changes_no_id_is_read(name):
    accepted = 0
    for setting in SETTINGS[name]:
        try:
            ours = from_huggingface(edited(**{name: setting}))
        except ValueError:
            continue
        accepted += 1
        theirs = tokenizers.Tokenizer.from_str(edited(**{name: setting}))
        assert theirs.encode(f"ab bc{END}").ids == ours.encode(f"ab bc{END}", allowed="all")
    assert accepted == 4


def test_a_special_token_that_reads_as_a_tokens_bytes_is_not_written():
    tokenizer = Tokenizer(Vocabulary(tuple(ALPHABET), {}), GPT2, {"a": 256})
    with pytest.raises(ValueError, match="'a'"):
        to_huggingface(tokenizer)
