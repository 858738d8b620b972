"""What a vocabulary is worth to a model: bits a byte of held-out text, and letters it can count."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import fit, seeded
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

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

__all__ = ["CLAIMS", "EXPERIMENTS", "FIGURES"]

READ = 40_000  # bytes of held-out text
LETTER, MOST, FEWEST, LONGEST = "e", 2, 3, 12  # that is counted, up to MOST; letters in a word
WORDS = 128  # in a batch of those whose letters are counted


@cache
def plays() -> tuple[str, str]:
    """The training text, and held-out text that shares no passage with it."""
    from cutaway.data.prepared import prepare

    split = prepare(PLAYS, "bytes").split
    sides = (split.train, split.held_out)
    train, held_out = ("\n\n".join(one.text for one in side) for side in sides)
    return train, held_out[:READ]


@cache
def tokenizer(world: World, trained: str, vocab: int) -> Any:
    """The tokenizer of a corpus's training documents."""
    from cutaway.data.prepared import prepare

    texts = [one.text for one in prepare(trained, "bytes").split.train]
    return world.tokens.train(texts, vocab, world.tokens.GPT2)


def multiplications(vocab: int) -> int:
    """Of two numbers, for one token: in the recurrent layer and in the head."""
    return 3 * HIDDEN * (WIDTH + HIDDEN) + HIDDEN * vocab


def model(vocab: int, outputs: int, seed: int) -> nn.ModuleDict:
    """An embedding, a recurrent layer (GRU) and a head, not trained."""
    from torch import nn

    made = nn.ModuleDict(
        {
            "embedding": nn.Embedding(vocab, WIDTH),
            "body": nn.GRU(WIDTH, HIDDEN, batch_first=True),
            "head": nn.Linear(HIDDEN, outputs),
        }
    )
    return seeded(made, seed)


def surprise(net: nn.Module, tokens: Tensor, reduction: str = "mean") -> Tensor:
    """The surprise at each token of windows but the first, in nats, as a mean or a sum."""
    from torch.nn import functional as F

    parts: Any = net
    states, _ = parts["body"](parts["embedding"](tokens[:, :-1]))
    scores = parts["head"](states).flatten(0, 1)
    return F.cross_entropy(scores, tokens[:, 1:].flatten(), reduction=reduction)


def held_out_bits(net: nn.Module, tokens: Any, context: int) -> float:
    """The bits for all tokens of a text but the first, read in windows."""
    import torch

    from cutaway.data.batches import windows

    with torch.no_grad():
        blocks = (torch.from_numpy(block) for block in windows(tokens, context, 64))
        nats = sum(surprise(net, block, "sum").item() for block in blocks)
    return nats / math.log(2)


def unigram_bits() -> float:
    """Chance: the bits a byte of the held-out text under the frequencies of the training bytes."""
    import numpy as np

    train, text = (np.frombuffer(one.encode(), np.uint8) for one in plays())
    counts = np.bincount(train, minlength=256) + 1
    return float(-np.log2(counts[text] / counts.sum()).mean())


def bits_by_vocab(
    world: World, *, seed: int, vocab: int, trained: str, equal: str, rate: float, steps: int
) -> Iterator[Row]:
    """Bits a byte of held-out plays, of a small model that has seen plays in so many tokens.

    Its windows have the same number of bytes at every vocabulary, and so has all that it has seen;
    or where `equal` is work, it was trained for as many multiplications as the model of bytes.
    A text is scored as it is encoded; its other ways to be written in tokens are not added, so that
    the bits are no fewer than the model's own. `chance` is the frequencies of bytes.
    """
    import torch

    from cutaway.data.batches import batch

    cut = tokenizer(world, trained, vocab)
    train, text = (cut.encode_array(one, refused=()).astype("int64") for one in plays())
    share = len(train) / len(plays()[0].encode())
    context = max(1, round(CONTEXT * share))
    work = multiplications(vocab) * context / (multiplications(256) * CONTEXT)
    net = model(vocab, vocab, seed)
    losses = fit(
        net,
        lambda step: torch.from_numpy(batch(train, seed, step, size=SIZE, context=context)),
        surprise,
        steps=round(steps / work) if equal == "work" else steps,
        rate=rate,
    )
    size = len(plays()[1].encode()) - len(cut.decode_bytes(text[:1].tolist()))
    bits = held_out_bits(net, text, context) if math.isfinite(losses[-1]) else math.nan
    yield {
        "bits_per_byte": bits / size if math.isfinite(bits) else None,
        "bits_per_token": bits / (len(text) - 1) if math.isfinite(bits) else None,
        "tokens_per_byte": len(text) / len(plays()[1].encode()),
        "bytes_seen": round(len(losses) * SIZE * context / share),
        "work_per_step": work,
        "embeddings": (WIDTH + HIDDEN) * vocab / sum(p.numel() for p in net.parameters()),
        "chance": unigram_bits(),
        "diverged": not math.isfinite(bits),
    }


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


HOME = {"trained": (PLAYS,), "rate": RATES, "steps": (STEPS,)}
QUICK = {"vocab": (256, 1024), "rate": RATES[:1], "steps": (40,), "seeds": 3}
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
            "rate": RATES[1:2],
            "steps": (STEPS,),
        },
        quick={"steps": (40,), "seeds": 3},
        data=(PLAYS, PROGRAMS),
    ),
    Experiment(
        "letters_by_vocab",
        letters_by_vocab,
        grid={"vocab": LETTERS, "rate": LETTER_RATES, "steps": (LETTER_STEPS,)},
        quick={"vocab": (256, 4096), "rate": LETTER_RATES[1:], "steps": (100,), "seeds": 3},
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
        title="At equal work, each at its best rate, large vocabularies gain nothing more",
        x="vocab",
        y="bits_per_byte",
        color="rate",
        log="x",
        alt="Bits a byte by the size of the vocabulary at equal multiplications: falling steeply "
        "at first, then level or rising.",
    ),
    Figure(
        "share_of_embeddings",
        "bits_by_vocab",
        title="With the vocabulary grows the part of the model that is only rows for tokens",
        x="vocab",
        y="embeddings",
        color="equal",
        log="x",
        alt="Share of the parameters in the embedding and the head, by the size of the "
        "vocabulary: from about a half to nearly all.",
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
