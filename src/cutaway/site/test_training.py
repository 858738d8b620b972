"""The page of a run shows what telemetry says, and takes no text for markup."""

from __future__ import annotations

import math
import re
from typing import Any

from .training import POINTS, page, thinned

CONFIG = {"settings": {"width": 32, "text": "<b>plays</b>"}, "environment": {"cpu": "an abacus"}}
RUNGS = {"uniform": 4.0, "bigram": 2.5, "trigram": 2.0}


def seen(steps: int = 20) -> list[dict[str, Any]]:
    """The lines of a run whose loss halves."""
    found: list[dict[str, Any]] = [{"kind": "judged", "step": -1, "loss": 4.0}]
    for step in range(steps):
        loss = 4.0 / (1 + step / steps)
        found.append({"kind": "step", "step": step, "loss": loss, "norm": 0.5, "limit": 1.0})
    part = {"gradient": 0.25, "entropy": [1.0, 3.0]}
    found.append({"kind": "layers", "step": steps - 1, "parts": {"blocks.0.heads": part}})
    return [*found, {"kind": "judged", "step": steps - 1, "loss": 2.25}]


def test_the_page_says_what_was_asked_lost_and_written() -> None:
    text = page("mine", CONFIG, seen(), {20: "To be", 10: "Tu bo"}, RUNGS)
    assert "After 20 steps a held-out token costs 2.250 nats." in text
    assert "an abacus" in text and text.index("To be") < text.index("Tu bo")
    assert text.count("<svg") == 2 and "held out" in text
    assert re.search(r"blocks\.0\.heads</th><td>0\.25</td>.*<td>2</td>", text)


def test_the_run_stands_on_the_ladder_where_its_loss_does() -> None:
    text = page("mine", CONFIG, seen(), {}, RUNGS)
    names = re.findall(r'<th scope="?row"?>([\w ]+)</th><td>\d\.\d{3}', text)
    assert names == ["uniform", "bigram", "this run", "trigram"]


def test_no_text_is_taken_for_markup() -> None:
    evil = "<script>alert(1)</script>"
    text = page(evil, {"settings": {evil: evil}}, seen(), {1: evil}, {evil: 3.0})
    assert "<script>alert" not in text and text.count("&lt;script&gt;") >= 5


def test_a_run_that_left_the_numbers_or_did_nothing_has_a_page() -> None:
    lost = [{**one, "loss": math.nan, "norm": math.inf} for one in seen() if one["kind"] == "step"]
    assert "There is nothing to draw yet." in page("mine", CONFIG, lost, {}, {})
    assert "Nothing was learnt yet." in page("mine", {}, [], {}, {})


def test_a_long_curve_is_drawn_by_its_means() -> None:
    points = [(float(x), 1.0 if x % 2 else 3.0) for x in range(10 * POINTS)]
    drawn = list(thinned(points))
    assert len(drawn) == POINTS and {y for _, y in drawn} == {2.0}
    assert list(thinned([(1.0, math.nan), (2.0, 5.0)])) == [(2.0, 5.0)]
