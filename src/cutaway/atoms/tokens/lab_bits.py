"""What a vocabulary is worth to a model: bits a byte of held-out text, and letters it can count."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import fit
from cutaway.kit.words import Experiment, Figure, Row

from .lab_bits_claims import (
    CLAIMS,
    CONTEXT,
    HIDDEN,
    LETTER_RATES,
    LETTER_STEPS,
    LETTERS,
    PLAYS,
    PROGRAMS,
    RATES,
    SIZE,
    STEPS,
    VOCABS,
    WIDTH,
)
from .lab_exact_judging import PATTERNS
from .lab_model import (
    SCRIPTS,
    context_of,
    finite,
    fitted,
    held_out_bits,
    model,
    multiplications,
    plays,
    unigram_bits,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

__all__ = ["CLAIMS", "EXPERIMENTS", "FIGURES"]

LETTER, MOST, FEWEST, LONGEST = "e", 2, 3, 12  # that is counted, up to MOST; letters in a word
WORDS = 128  # in a batch of those whose letters are counted


@cache
def tokenizer(world: World, learnt: str, vocab: int, pattern: str = "gpt2") -> Any:
    """The tokenizer of a corpus's training documents, or of the plays in other letters."""
    from cutaway.data.prepared import prepare

    if learnt in SCRIPTS:
        texts = [plays(learnt)[0]]
    else:
        texts = [one.text for one in prepare(learnt, "bytes").split.train]
    return world.tokens.train(texts, vocab, pattern)


def measured(cut: Any, script: str, *, seed: int, equal: str, rate: float, steps: int) -> Row:
    """What a model needs that has seen the plays as a tokenizer writes them."""
    train, text = (cut.encode_array(one, refused=()).astype("int64") for one in plays(script))
    (_, held_out), size = plays(script), len(plays(script)[1].encode())
    context = context_of(len(train), len(plays(script)[0]))
    work = multiplications(cut.vocab) * context / (multiplications(256) * CONTEXT)
    done = round(steps / work) if equal == "work" else steps
    net, finite_loss = fitted(train, cut.vocab, context, seed, done, rate)
    bits = held_out_bits(net, text, context) if finite_loss else math.nan
    rest = size - len(cut.decode_bytes(text[:1].tolist()))
    found = {
        "bits_per_byte": bits / rest,
        "bits_per_token": bits / (len(text) - 1),
        "bits_per_character": bits / rest * size / len(held_out),
        "tokens_per_byte": len(text) / size,
        "bytes_seen": round(done * SIZE * context * len(plays(script)[0].encode()) / len(train)),
        "work_per_step": work,
        "embeddings": (WIDTH + HIDDEN) * cut.vocab / sum(p.numel() for p in net.parameters()),
        "chance": unigram_bits(*plays(script)),
        "diverged": not math.isfinite(bits),
    }
    return finite(found, ("bits_per_byte", "bits_per_token", "bits_per_character"))


def bits_by_vocab(
    world: World, *, seed: int, vocab: int, trained: str, equal: str, rate: float, steps: int
) -> Iterator[Row]:
    """Bits a byte of held-out plays, of a small model that has seen plays in so many tokens.

    Its windows have the same number of characters at every vocabulary, and so has all that it has
    seen; or where `equal` is work, it was trained for as many multiplications as the model of
    bytes. A text is scored as it is encoded; its other ways to be written in tokens are not added,
    so that the bits are no fewer than the model's own. `chance` is the frequencies of bytes.
    """
    cut = tokenizer(world, trained, vocab)
    yield measured(cut, "latin", seed=seed, equal=equal, rate=rate, steps=steps)


def bits_by_pattern(
    world: World, *, seed: int, vocab: int, pattern: str, rate: float, steps: int
) -> Iterator[Row]:
    """The same, by how the text was cut into words before pairs were counted, or not at all."""
    cut = tokenizer(world, PLAYS, vocab, pattern)
    yield measured(cut, "latin", seed=seed, equal="bytes", rate=rate, steps=steps)


def bits_by_script(
    world: World, *, seed: int, script: str, learnt: str, vocab: int, rate: float, steps: int
) -> Iterator[Row]:
    """The same, of plays in letters of one, two and three bytes that are otherwise the same.

    The vocabulary was `learnt` from the plays in these letters, or in those of ASCII, or from
    nothing: then it is the bytes.
    """
    source = "latin" if learnt == "latin" else script
    cut = tokenizer(world, source, 256 if learnt == "nothing" else vocab)
    yield measured(cut, script, seed=seed, equal="bytes", rate=rate, steps=steps)


def words(seed: int) -> tuple[list[str], list[str]]:
    """The words of the plays in small letters, without repeats: some to learn from, some to ask."""
    found = {word.strip(".,;:!?'-").lower() for word in plays()[0].split()}
    fit_ = sorted(w for w in found if w.isascii() and w.isalpha() and FEWEST <= len(w) <= LONGEST)
    random.Random(f"{seed}/words").shuffle(fit_)
    cut = len(fit_) // 5
    return fit_[cut:], fit_[:cut]


def spelled(cut: Any, some: list[str], vocab: int) -> tuple[Tensor, Tensor, Tensor]:
    """Words as rows of tokens, filled up with the id `vocab`; where each ends, and its count."""
    import torch

    rows = [cut.encode(f" {word}") for word in some]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [vocab] * (longest - len(row)) for row in rows])
    counts = torch.tensor([min(word.count(LETTER), MOST) for word in some])
    return ids, torch.tensor([len(row) - 1 for row in rows]), counts


def letters_by_vocab(
    world: World, *, seed: int, vocab: int, rate: float, steps: int
) -> Iterator[Row]:
    """How often a model counts a letter rightly, in words that it has seen and in words it has not.

    It answers none, one, or more. `chance` is the share of the commonest answer, and `single` that
    of the words asked that are one token; of these, too, what is right and what is chance.
    """
    import torch
    from torch.nn import functional as F

    cut, sides = tokenizer(world, PLAYS, vocab), words(seed)
    (ids, ends, counts), asked = (spelled(cut, side, vocab) for side in sides)
    net: Any = model(vocab + 1, MOST + 1, seed)

    def answers(ids: Tensor, ends: Tensor) -> Tensor:
        states, _ = net["body"](net["embedding"](ids))
        scores: Tensor = net["head"](states[torch.arange(len(ids)), ends])
        return scores

    def some(step: int) -> Tensor:
        return torch.tensor(random.Random(f"{seed}/{step}").sample(range(len(ids)), WORDS))

    def loss(_: nn.Module, rows: Tensor) -> Tensor:
        return F.cross_entropy(answers(ids[rows], ends[rows]), counts[rows])

    fit(net, some, loss, steps=steps, rate=rate)
    with torch.no_grad():
        seen = (answers(ids, ends).argmax(-1) == counts).double()
        unseen = (answers(*asked[:2]).argmax(-1) == asked[2]).double()
    single = asked[1] == 0
    yield {
        "seen": seen.mean().item(),
        "unseen": unseen.mean().item(),
        "chance": commonest(asked[2]),
        "tokens_per_word": (asked[1] + 1).double().mean().item(),
        "single": single.double().mean().item(),
        "single_right": unseen[single].mean().item() if single.any() else None,
        "single_chance": commonest(asked[2][single]) if single.any() else None,
    }


def commonest(counts: Tensor) -> float:
    """The share of the answer that is right most often."""
    return (counts.bincount() / len(counts)).max().item()


LEARNT = ("nothing", "here", "latin")
ONE_RATE = {"rate": RATES[1:2], "steps": (STEPS,)}
HOME = {"trained": (PLAYS,), "rate": RATES, "steps": (STEPS,)}
QUICK = {"vocab": (256, 1024), "rate": RATES[:1], "steps": (10,), "seeds": 2}
EXPERIMENTS = (
    Experiment(
        "bits_by_vocab",
        bits_by_vocab,
        grid={"vocab": VOCABS, "equal": ("bytes",), **HOME},
        quick=QUICK,
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_work",
        bits_by_vocab,
        grid={"vocab": (256, 512, 1024, 2048, 4096), "equal": ("work",), **HOME},
        seeds=12,
        quick=QUICK,
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_origin",
        bits_by_vocab,
        grid={
            "vocab": (256, 1024),
            "equal": ("bytes",),
            "trained": (PLAYS, PROGRAMS),
            **ONE_RATE,
        },
        quick={"vocab": (1024,), "steps": (10,), "seeds": 2},
        data=(PLAYS, PROGRAMS),
    ),
    Experiment(
        "bits_by_pattern",
        bits_by_pattern,
        grid={"pattern": PATTERNS, "vocab": (512, 2048), **ONE_RATE},
        quick={"pattern": PATTERNS[:2], "vocab": (512,), "steps": (10,), "seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "bits_by_script",
        bits_by_script,
        grid={"script": tuple(SCRIPTS), "learnt": LEARNT, "vocab": (1024,), **ONE_RATE},
        seeds=16,
        quick={"script": ("georgian",), "learnt": LEARNT[:2], "steps": (10,), "seeds": 2},
        data=(PLAYS,),
    ),
    Experiment(
        "letters_by_vocab",
        letters_by_vocab,
        grid={"vocab": LETTERS, "rate": LETTER_RATES, "steps": (LETTER_STEPS,)},
        quick={"vocab": (256, 4096), "rate": LETTER_RATES[1:], "steps": (40,), "seeds": 2},
        data=(PLAYS,),
    ),
)
FIGURES = (
    Figure(
        "tokens_by_vocab",
        "bits_by_vocab",
        title="The first joins save most; each doubling of the vocabulary after them saves less",
        x="vocab",
        y="tokens_per_byte",
        color="equal",
        log="x",
        alt="Tokens a byte by the size of the vocabulary: it falls steeply at first, then slowly.",
    ),
    Figure(
        "bits_by_vocab",
        "bits_by_vocab",
        title="After equally many bytes a small model is the better the more tokens it has",
        x="vocab",
        y="bits_per_byte",
        color="rate",
        log="x",
        alt="Bits a byte of held-out text by the size of the vocabulary, a curve for each rate: "
        "highest for bytes, falling with the size.",
    ),
    Figure(
        "bits_by_token",
        "bits_by_vocab",
        title="The loss a token rises all the while: it cannot compare two vocabularies",
        x="vocab",
        y="bits_per_token",
        color="rate",
        log="x",
        alt="Bits a token by the size of the vocabulary: rising from bytes to thousands of tokens.",
    ),
    Figure(
        "bits_by_work",
        "bits_by_work",
        title="At equal work the largest vocabularies gain hardly anything more",
        x="vocab",
        y="bits_per_byte",
        color="rate",
        log="x",
        alt="Bits a byte by the size of the vocabulary at equal multiplications: falling steeply "
        "at first, then level or rising.",
    ),
    Figure(
        "bits_by_origin",
        "bits_by_origin",
        title="A vocabulary from another domain costs bits, but less than having none",
        x="vocab",
        y="bits_per_byte",
        color="trained",
        mark="bar",
        alt="Bits a byte of plays with bytes, and with tokens learnt from plays or from programs: "
        "the bytes cost most, the tokens of plays least.",
    ),
    Figure(
        "bits_by_pattern",
        "bits_by_pattern",
        title="Words that are cut before pairs are counted save a model bits",
        x="vocab",
        y="bits_per_byte",
        color="pattern",
        mark="bar",
        alt="Bits a byte with GPT-2's pattern, GPT-4's and without cuts, at two sizes of the "
        "vocabulary.",
    ),
    Figure(
        "bits_by_script",
        "bits_by_script",
        title="The same plays in letters of more bytes are dearer, until their letters are tokens",
        x="script",
        y="bits_per_character",
        color="learnt",
        mark="bar",
        alt="Bits a character of the same plays in three alphabets, with bytes, with a vocabulary "
        "learnt from them, and with one learnt from Latin letters.",
    ),
    Figure(
        "letters_by_vocab",
        "letters_by_vocab",
        title="The longer the tokens, the less a model knows of the letters of a new word",
        x="vocab",
        y="unseen",
        color="rate",
        log="x",
        alt="Share of new words whose letters are counted rightly, by the size of the vocabulary: "
        "all of them with bytes, fewer with thousands of tokens.",
    ),
)
