"""The demo scores heads as the lesson does, clean and under every break that it offers.

Four planted heads look at a text: each shares its weight evenly among the places it is made for.
"""

import math

import torch

from cutaway.site.golden import hold

TEXTS = (
    "abracadabra abra",
    "aaaa",
    "abcabcabc",
    "mississippi",
    "hello there",
    "ab",
    "xyz",
    "a b a",
)


def wanted(kind, ids, t, s):
    """Whether a head of a kind looks from one place at another, which is not after it."""
    if kind == "itself":
        return s == t
    if kind == "before":
        return s == t - 1
    if kind == "same":
        return s < t and ids[s] == ids[t]
    return 0 < s <= t and ids[s - 1] == ids[t]


def planted(ids):
    """Where the four planted heads look, (1, H, T, T)."""
    T, kinds = len(ids), ("itself", "before", "same", "after")
    looks = torch.zeros(1, len(kinds), T, T, dtype=torch.float64)
    for head, kind in enumerate(kinds):
        for t in range(T):
            places = [s for s in range(t + 1) if wanted(kind, ids, t, s)] or [t]
            looks[0, head, t, places] = 1 / len(places)
    return looks


def numbers(world, state):
    """What the lesson of a world scores the planted heads on a text."""
    ids = [sorted(state["text"]).index(letter) for letter in state["text"]]
    looks = planted(ids)
    assert torch.allclose(looks.sum(-1), torch.ones(1)[0].double())
    found = {
        "before": world.heads.previous(looks),
        "after": world.heads.induction(looks, torch.tensor([ids])),
    }
    return {name: one.tolist() for name, one in found.items()}


def test_the_demo_scores_heads_as_the_lesson_does_in_every_world_that_it_offers(tmp_path):
    hold("heads", [{"text": text} for text in TEXTS], numbers, 1e-9, tmp_path)


def test_planted_heads_score_what_they_must():
    from cutaway.kit.worlds import CLEAN

    for text in TEXTS:
        found = numbers(CLEAN, {"text": text})
        assert found["before"][:2] == [0, 1]
        if len(set(text)) == len(text):
            assert math.isnan(found["after"][3])
        else:
            assert found["after"][3] == 1
