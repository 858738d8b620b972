"""The page of a run shows what telemetry says, and takes no text for markup."""

from __future__ import annotations

import html
import math
import re
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("matplotlib")

from cutaway.kit.drawing.conftest import line
from cutaway.kit.drawing.series import PALETTE

from .training import page
from .training_curves import BAND, POINTS, Others, thinned

CONFIG = {"settings": {"width": 32, "text": "<b>plays</b>"}, "environment": {"cpu": "an abacus"}}
RUNGS = {"uniform": 4.0, "bigram": 2.5, "trigram": 2.0}


def seen(steps: int = 20) -> list[dict[str, Any]]:
    """The lines of a run whose loss halves."""
    found: list[dict[str, Any]] = [{"kind": "judged", "step": -1, "loss": 4.0}]
    for step in range(steps):
        found += [{"kind": "judged", "step": step - 1, "loss": 3.0}] if step in (5, 10) else []
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


SAID = "The held-out loss is that of 8 runs that come with <cutaway>."
OTHERS = Others({0: (3.5, 4.5), 10: (2.5, 3.5), 20: (2.0, 2.125)}, SAID)


def figures(text: str) -> dict[str, str]:
    """The drawings of a page, by their names."""
    drawn = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    return {found[1]: one for one in drawn if (found := re.search(r'id="(\w+)-title"', one))}


def test_a_run_is_drawn_in_the_band_of_healthy_ones_and_then_from_near() -> None:
    alone, beside = (page("mine", CONFIG, seen(), {}, RUNGS, one) for one in (Others(), OTHERS))
    assert figures(alone).keys() == {"losses", "gradients"}
    assert "healthy" not in alone and figures(beside).keys() == {"losses", "near", "gradients"}
    for name in ("losses", "near"):
        drawn = figures(beside)[name]
        (said,) = re.findall(r'<desc id="\w+-desc">(.*?)</desc>', drawn)
        assert "band" in said and html.escape(SAID) in said
        assert f">{BAND}</text>" in drawn and ">held out</text>" in drawn
    assert beside.count(html.escape(SAID)) == 3 and SAID not in beside
    assert figures(beside)["gradients"] == figures(alone)["gradients"]
    assert all(PALETTE[0] in one for one in figures(alone).values())


def test_from_near_the_held_out_loss_is_told_less_the_middle_of_the_band() -> None:
    near = figures(page("mine", CONFIG, seen(), {}, {}, OTHERS))["near"]
    rows = parsed_lines(near)
    assert rows["held out"][0][1] == pytest.approx(rows[BAND][0][1], abs=0.2)  # 4.0 in 3.5 to 4.5
    assert rows["held out"][1][1] < rows[BAND][1][1] - 20  # 2.25 where 2.125 is the most


def parsed_lines(svg: str) -> dict[str, list[tuple[float, float]]]:
    """Where the lines of a drawing begin and end."""
    found = {}
    for name in ("held out", BAND):
        corners = line(svg, quote(name, safe=""))
        found[name] = [corners[0], corners[-1]]
    return found


def test_the_figures_of_one_run_speak_of_no_mean_and_of_no_interval() -> None:
    drawn = figures(page("mine", CONFIG, seen(), {}, RUNGS, OTHERS))
    assert not any(word in one for one in drawn.values() for word in ("interval", "mean of", "row"))


def test_a_run_on_its_way_is_drawn_beside_what_is_to_come() -> None:
    drawn = figures(page("mine", CONFIG, seen()[:-1], {}, {}, OTHERS))
    ends = parsed_lines(drawn["losses"])
    assert ends[BAND][1][0] > ends[BAND][0][0] == pytest.approx(ends["held out"][0][0])


def test_without_a_curve_a_band_is_nothing_to_draw() -> None:
    text = page("mine", CONFIG, [], {}, {}, Others(OTHERS.limits))
    assert figures(text) == {} and "There is nothing to draw yet." in text


def test_a_long_curve_is_drawn_by_its_means() -> None:
    points = [(float(x), 1.0 if x % 2 else 3.0) for x in range(10 * POINTS)]
    drawn = list(thinned(points))
    assert len(drawn) == POINTS and {y for _, y in drawn} == {2.0}
    assert list(thinned([(1.0, math.nan), (2.0, 5.0)])) == [(2.0, 5.0)]
