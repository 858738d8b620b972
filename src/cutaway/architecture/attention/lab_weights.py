"""Where trained attention looks: the weights of two models, read from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.fit import fit
from cutaway.kit.watch import watch
from cutaway.kit.words import Experiment, Figure, Row

from .lab_leaks import DEPTH, HEADS, RATE, SHAKESPEARE, SIZE, STEPS, WIDTH
from .lab_recall import PAIRS, exam_of, trained

if TYPE_CHECKING:
    import torch

    from cutaway.kit.worlds import World

BACK = 16  # tokens that one looks back
LETTERS = 20  # of one line
SIGNS = {" ": "␣", "\n": "↵"}  # for letters that cannot be seen
SEEN = (*(f"pair {number}" for number in range(1, PAIRS + 1)), "key")


def weights_by_pair(world: World, *, seed: int) -> Iterator[Row]:
    """Where the key that is asked for looks, by the place at which its pair stands."""
    import torch

    model, exam = trained(world, seed, lambda *_: None), exam_of(seed)
    with torch.no_grad(), watch(world.attention.attend, "weights") as found:
        model(exam.rows)
    asked = found["weights"][0][:, 0, -2, : len(SEEN)]
    for place in range(PAIRS):
        mean = asked[exam.right == place].mean(0)
        for name, weight in zip(SEEN, mean.tolist()):
            yield {"right": f"pair {place + 1}", "seen": name, "weight": weight}


def weights_by_distance(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """How far back each head of a small language model looks, on held-out text."""
    import torch

    from .lab_model import held_out

    net = _on_text(world, seed, steps)
    with torch.no_grad(), watch(world.attention.attend, "weights") as found:
        net(held_out()[:, :-1])
    mean = found["weights"][0].mean(0)
    for distance in range(BACK):
        back = mean.diagonal(-distance, -2, -1)[:, BACK - distance :].mean(-1)
        for head, weight in enumerate(back.tolist(), 1):
            yield {"head": f"head {head}", "distance": distance, "weight": weight}


def weights_by_letter(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """What each letter of a held-out line looks at, in the head that looks most at one place."""
    import torch

    from .lab_model import held_out, shakespeare

    line, net = held_out()[:1, :LETTERS], _on_text(world, seed, steps)
    with torch.no_grad(), watch(world.attention.attend, "weights") as found:
        net(line)
    heads = found["weights"][0][0]
    sharpest = heads[heads.amax(-1).mean(-1).argmax()]
    letters = shakespeare().tokenization.decode(line[0])
    names = [f"{at} {SIGNS.get(letter, letter)}" for at, letter in enumerate(letters, 1)]
    for asking, row in zip(names, sharpest.tolist()):
        for seen, weight in zip(names, row):
            yield {"asking": asking, "seen": seen, "weight": float(f"{weight:.3g}")}


def _on_text(world: World, seed: int, steps: int) -> torch.nn.Module:
    """A small language model, trained on the characters of a text."""
    from .lab_model import loss_of, model, shakespeare, text_batches

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=WIDTH, heads=HEADS, depth=DEPTH, vocab=vocab)
    fit(net, text_batches(seed, size=SIZE), loss_of, steps=steps, rate=RATE)
    return net


EXPERIMENTS = (
    Experiment("weights_by_pair", weights_by_pair, grid={}),
    Experiment(
        "weights_by_letter",
        weights_by_letter,
        grid={"steps": (STEPS,)},
        seeds=1,
        quick={"steps": (60,)},
        data=SHAKESPEARE,
    ),
    Experiment(
        "weights_by_distance",
        weights_by_distance,
        grid={"steps": (STEPS,)},
        seeds=1,
        quick={"steps": (60,)},
        data=SHAKESPEARE,
    ),
)
FIGURES = (
    Figure(
        "weights_by_pair",
        "weights_by_pair",
        title="The key that is asked for looks at its own pair, wherever that stands",
        x="seen",
        y="right",
        color="weight",
        mark="heat",
        alt="A matrix, the place of the right pair by the place seen: dark on the diagonal.",
    ),
    Figure(
        "weights_by_letter",
        "weights_by_letter",
        title="The weights of one trained head on a line that it never saw: no letter looks ahead",
        x="seen",
        y="asking",
        color="weight",
        mark="heat",
        alt="A matrix of letters by letters of one line: empty above the diagonal; the darkest "
        "places stand on it, or next to it.",
    ),
    Figure(
        "weights_by_distance",
        "weights_by_distance",
        title="Nobody told the heads how far to look: all look one back most, one above all",
        x="distance",
        y="head",
        color="weight",
        mark="heat",
        alt="A matrix, heads by how many characters back: every row is darkest at a distance of "
        "one, and one row far more than the others.",
    ),
)
CLAIMS = ()
