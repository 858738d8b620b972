"""The bigram lab: what is measured, broken and claimed of the smallest language model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.statistics import Undecidable
from cutaway.kit.verdicts import above_chance, exactly, lowers, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Fault, Figure, Lab, Row

from .lab_source import RATE, SHAPE, STEPS, VOCAB, trained

if TYPE_CHECKING:
    from cutaway.kit.statistics import Verdict
    from cutaway.kit.tables import Table
    from cutaway.kit.worlds import World

BATCH = " x ".join(map(str, SHAPE))
REGIME = f"a Markov source of {VOCAB} tokens, {STEPS} steps of AdamW at {RATE}, batches of {BATCH}"
SCORES = (0, 20, 40, 60, 80, 90, 100, 120)


def loss_by_fault(world: World, *, seeds: Sequence[int]) -> Iterator[Row]:
    """What a model reports, what it has really learnt, and how it speaks, all above the entropy.

    `excess` is exact: the surprise of the model at the true source, less the source's entropy.
    `untrained` is the excess of a model that has learnt nothing.
    """
    import torch

    for one in trained(world, seeds):
        with torch.no_grad():
            expected = one.model(torch.arange(VOCAB)[None])[0].double().log_softmax(-1)
        start = torch.zeros(64, 1, dtype=torch.long)
        said = world.bigram.sample(one.model, start, 64, generator(one.seed, "speech"))
        surprise = -one.chain[said[:, :-1], said[:, 1:]].log().mean().item()
        yield {
            "seed": one.seed,
            "reported": sum(one.losses[-50:]) / 50 - one.floor,
            "excess": -(one.share[:, None] * one.chain * expected).sum().item() - one.floor,
            "spoken": surprise - one.floor,
            "untrained": math.log(VOCAB) - one.floor,
        }


def loss_by_step(world: World, *, seeds: Sequence[int]) -> Iterator[Row]:
    """The reported loss while training, each step the mean over ten."""
    for one in trained(world, seeds):
        for step in range(0, len(one.losses), 10):
            reported = sum(one.losses[step : step + 10]) / 10
            yield {"seed": one.seed, "step": step + 10, "reported": reported - one.floor}


def error_by_score(world: World, *, seed: int, score: float) -> Iterator[Row]:
    """The largest error of log_softmax in float32 against float64, unless it has no answer."""
    import torch

    scores = torch.randn(256, 1, VOCAB, generator=generator(seed, "scores")) + score
    found = world.bigram.log_softmax(scores).double()
    error = (found - scores.double().log_softmax(-1)).abs().max().item()
    finite = bool(found.isfinite().all())
    yield {"diverged": not finite, "error": error if finite else None}


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    parts = world.bigram
    model = seeded(parts.Bigram(5), 0)
    tokens = torch.randint(5, (3, 8), generator=generator(0, "tokens"))
    inputs, targets = parts.shift(tokens)
    loss = parts.cross_entropy(model(inputs), targets)
    loss.backward()
    rows = torch.tensor([[[1.0, 2.0, 3.0], [0.0, 200.0, 100.0]]])
    return {
        "batch": torch.cat([inputs, targets], 1),
        "scores": model(tokens),
        "log-probabilities": parts.log_softmax(rows),
        "loss": loss,
        "gradient": model.table.grad,
        "samples": parts.sample(model, tokens[:, :1], 20, generator(0, "samples")),
    }


FAULTS = (
    Fault(
        "no_max",
        "bigram.py",
        old="scores = scores - largest                         # (B, T, V)",
        new="# BROKEN: the largest score is not subtracted",
        says="Scores beyond 88 overflow in float32; below that, nothing happens",
        symptom="No visible symptom until some score is very large: then the loss is infinite",
        resembles="Large inputs overflowed a log-softmax (tenstorrent/tt-metal PR 10001)",
        inert="A number taken from all scores of a row cancels; training stays far below 88",
    ),
    Fault(
        "wrong_axis",
        "bigram.py",
        old="total = scores.exp().sum(-1, keepdim=True)        # (B, T, 1)",
        new="total = scores.exp().sum(-2, keepdim=True)        # BROKEN: summed over the positions",
        says="The scores compete with other positions instead of other tokens",
        symptom="The loss stays above that of blind guessing, and generated text is noise",
        resembles="PointNet took its log-softmax over the batch (fxia22/pointnet.pytorch issue 27)",
    ),
    Fault(
        "no_total",
        "bigram.py",
        old="scores = scores - total.log()                     # (B, T, V)",
        new="# BROKEN: the scores are not normalised",
        says="The scores are taken for log-probabilities as they are",
        symptom="Loss too low, almost zero, though little is learnt and generated text is poor",
        resembles="PyTorch's example of NLLLoss gave negative losses (pytorch/pytorch PR 12703)",
    ),
    Fault(
        "no_shift",
        "bigram.py",
        old="targets = tokens[:, 1:]                           # (B, T)",
        new="targets = tokens[:, :-1]                          # BROKEN: each predicts itself",
        says="Each token predicts itself, which it can see",
        symptom="Loss too low: almost zero in no time, and generated text repeats one token",
        resembles="MBartForCausalLM learnt to copy inputs (huggingface/transformers issue 27517)",
    ),
    Fault(
        "backwards",
        "bigram.py",
        old="return inputs, targets",
        new="return targets, inputs                            # BROKEN: predicts the past",
        says="Each token predicts the one before it",
        symptom="The loss is as expected, and generated text is bad: pairs stand in reverse order",
        resembles="Skip-gram predicts the centre from its context: harmless there, where either "
        "pair occurs (chainer/chainer issue 4308)",
    ),
    Fault(
        "summed",
        "bigram.py",
        old="loss = -hits.mean()                               # ()",
        new="loss = -hits.sum()                                # BROKEN: summed, not averaged",
        says="The loss grows with the length of the text",
        symptom="Loss far too large, and larger for longer texts; under AdamW as much is learnt",
        resembles="Gemma 3's loss grew with accumulation (huggingface/transformers issue 37197)",
    ),
    Fault(
        "one_row",
        "bigram.py",
        old="scores = self.table[tokens]                   # (B, T, V)",
        new="scores = self.table[tokens * 0]               # BROKEN: all read the first row",
        says="The model does not see which token it reads",
        symptom="Flat at unigram: the loss stops at what the frequencies of the tokens give",
        resembles="An attention was found to hand on zeros alone (INK-USC/RE-Net issue 6)",
    ),
    Fault(
        "columns",
        "bigram.py",
        old="scores = self.table[tokens]                   # (B, T, V)",
        new="scores = self.table.T[tokens]                 # BROKEN: reads columns for rows",
        says="The table is read the wrong way round",
        symptom="No visible symptom when trained from scratch; the trained table is a transpose",
        resembles="Square weights were not transposed: garbage (vllm-project/vllm issue 44110)",
        inert="The table is square and drawn alike everywhere: its transpose is trained",
    ),
    Fault(
        "likeliest",
        "bigram.py",
        old="drawn = torch.multinomial(odds, 1, generator=generator)",
        new="drawn = odds.argmax(-1, keepdim=True)  # BROKEN: always the likeliest",
        says="Nothing is drawn: the likeliest successor always comes",
        symptom="The loss is as expected, and generated text is a loop, the same for every seed",
        resembles="Text was greedy at any temperature (huggingface/transformers issue 2696)",
    ),
    Fault(
        "stuck",
        "bigram.py",
        old="last = tokens[:, -1:]",
        new="last = tokens[:, :1]  # BROKEN: reads the first token again and again",
        says="Every token is drawn as the successor of the first",
        symptom="The loss is as expected, and generated text is noise: no token fits the last one",
        resembles="Tokens were read off and never given back (keras-team/keras-hub issue 1588)",
    ),
)

ARMS = (None, *(fault.name for fault in FAULTS))
CLEAN = {"fault": None}


def learnt(table: Table) -> None:
    """Nothing, if the clean model has learnt its source; else no break can be judged."""
    chance = min(table.where(fault=None).column("untrained"))
    above_chance(table, "excess", CLEAN, chance, 0.2)


def overflow(table: Table) -> Verdict:
    """Whether only the version without the subtraction fails, and only beyond 88."""
    if None in table.column("diverged"):
        raise Undecidable("some scores were not measured")
    rows = table.where(fault="no_max").dicts()
    least = min((row["score"] for row in rows if row["diverged"]), default=math.inf)
    clean = not any(table.where(fault=None).column("diverged"))
    return exactly(clean and 88 < least < 100, f"the least score without an answer is {least:g}")


lab = Lab(
    name="bigram",
    number=1,
    lesson="The smallest language model is a table, and how well it can do is known beforehand.",
    observe=observe,
    faults=FAULTS,
    experiments=(
        Experiment(
            "loss_by_fault",
            loss_by_fault,
            grid={"fault": ARMS},
            quick={"seeds": 3},
            together=True,
            outcome="excess",
            margin=0.02,
        ),
        Experiment(
            "loss_by_step",
            loss_by_step,
            grid={"fault": (None, "no_shift", "backwards", "one_row", "columns")},
            quick={"fault": (None, "no_shift", "one_row"), "seeds": 3},
            together=True,
        ),
        Experiment(
            "error_by_score",
            error_by_score,
            grid={"fault": (None, "no_max"), "score": SCORES},
            seeds=1,
        ),
    ),
    figures=(
        Figure(
            "excess_by_fault",
            "loss_by_fault",
            title="What each broken line costs, in nats above the entropy of the source",
            x="fault",
            y="excess",
            mark="bar",
            alt="One bar for each fault: how far the trained model is from its source, in nats.",
        ),
        Figure(
            "reported_by_step",
            "loss_by_step",
            title="A loss below the entropy of the source is a leak; above it, context is lost",
            x="step",
            y="reported",
            alt="Training curves, zero at the entropy: no_shift falls below, one_row stays above.",
        ),
        Figure(
            "error_by_score",
            "error_by_score",
            title="Without the subtraction of the largest score, large scores have no answer",
            x="score",
            y="error",
            mark="point",
            alt="Error of log_softmax by the size of scores; no_max has no points for the largest.",
        ),
    ),
    claims=(
        Claim(
            "The subtraction of the largest score can be deleted without any effect on training",
            source="004-16",
            experiment="loss_by_fault",
            holds=lambda t: unchanged(t, "excess", {"fault": "no_max"}, CLEAN, 0.02, learnt),
            regime=REGIME,
        ),
        Claim(
            "Without that subtraction float32 has no answer for scores beyond 88; with it, always",
            source="000-21",
            experiment="error_by_score",
            holds=overflow,
            regime=f"scores of 0 to {max(SCORES)} plus normal noise, float32, rows of {VOCAB}",
        ),
        Claim(
            "A model that may see its target reports a loss below the entropy of the source",
            source="004-20",
            experiment="loss_by_fault",
            holds=lambda t: lowers(t, "reported", {"fault": "no_shift"}, CLEAN, 0.02, learnt),
            regime=REGIME,
        ),
        Claim(
            "The reported loss shows that a model learns to predict backwards",
            source="004-20",
            experiment="loss_by_fault",
            holds=lambda t: raises(t, "reported", {"fault": "backwards"}, CLEAN, 0.02, learnt),
            regime=REGIME,
        ),
        Claim(
            "A model that does not see which token it reads stays above the entropy of the source",
            source="004-20",
            experiment="loss_by_fault",
            holds=lambda t: raises(t, "reported", {"fault": "one_row"}, CLEAN, 0.02, learnt),
            regime=REGIME,
        ),
        Claim(
            "Under AdamW it makes no difference whether the loss is averaged or summed",
            source="000-19",
            experiment="loss_by_fault",
            holds=lambda t: unchanged(t, "excess", {"fault": "summed"}, CLEAN, 0.02, learnt),
            regime=REGIME,
        ),
    ),
)
