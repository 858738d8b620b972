"""Predict, then reveal: hidden until a guess, kept in this browser, forgotten on request."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page

from cutaway.kit.words import Lab
from web.conftest import page_of
from web.visits import Window

FEWEST_ASKED = 3  # questions of a quiz
READ = """(all) => all.map((e) => ({
  ...JSON.parse(e.dataset.predict), id: e.id, measured: e.querySelector("details p").textContent,
}))"""
AFTER = """(section) => {
  const found = [];
  let next = null;
  for (const e of document.querySelectorAll("article *")) {
    if (!(section.compareDocumentPosition(e) & 4) || section.contains(e)) continue;
    const asks = e.closest("section[data-predict]");
    if (asks && !found.length) { next ??= asks.id; continue; }
    if (e.matches("h1, h2, h3, h4, section[data-predict]")) break;
    if (e.matches("p:not([hidden]), figure, table, pre")) found.push(e.checkVisibility());
  }
  return { found, next };
}"""


def questions(page: Page) -> list[dict[str, Any]]:
    """The questions of a page, each with its id and its answer."""
    found: list[dict[str, Any]] = page.locator("section[data-predict]").evaluate_all(READ)
    return found


def after(page: Page, question: dict[str, Any]) -> list[bool]:
    """Whether each part from the last of several questions to what comes next can be seen."""
    found: list[bool] = page.locator(f"[id='{question['id']}']").evaluate(AFTER)["found"]
    return found


def is_last(page: Page, question: dict[str, Any]) -> bool:
    """Whether no other question follows at once."""
    return page.locator(f"[id='{question['id']}']").evaluate(AFTER)["next"] is None


def commit(page: Page, question: dict[str, Any], way: str) -> Locator:
    """The section of a question, after a guess was made."""
    section = page.locator(f"[id='{question['id']}']")
    section.locator(f"input[value='{way}']").check()
    section.locator("input[type=range]").press("ArrowRight")
    section.get_by_role("button", name="Commit").click()
    return section


def test_a_result_is_hidden_until_a_guess_and_the_guess_is_kept(
    lab: Lab, desk: Window, address: str
) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    for number, question in enumerate(questions(page)[:3], 1):
        hidden = after(page, question)
        assert hidden and not any(hidden)
        section = commit(page, question, question["way"] if number % 2 else "same")
        shown = after(page, question)
        assert all(shown) if is_last(page, question) else not any(shown)
        said = section.locator(".predict-result")
        assert question["measured"] in said.inner_text()
        assert f"of {number} guesses right" in said.inner_text()
        assert said.get_attribute("aria-live") == "polite"
        assert said.evaluate("(e) => e === document.activeElement")
        page.reload()
        assert after(page, question) == shown
        assert "You said" in section.locator(".predict-result").inner_text()
        assert section.get_by_role("button", name="Commit").count() == 0


def test_a_guess_is_forgotten_on_request(lab: Lab, desk: Window, address: str) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    for question in questions(page)[:1]:
        commit(page, question, question["way"])
        page.goto(address)
        score = page.locator("[data-calibration]")
        assert "1 of 1 guesses right" in score.inner_text()
        score.get_by_role("button", name="Forget my guesses").click()
        assert "No guesses yet" in score.inner_text()
        page.goto(address + page_of(lab))
        assert not any(after(page, question))


def test_whoever_will_not_guess_can_see_the_result(lab: Lab, desk: Window, address: str) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    for question in questions(page)[:3]:
        section = page.locator(f"[id='{question['id']}']")
        section.get_by_role("button", name="show it anyway").click()
        assert all(after(page, question)) or not is_last(page, question)
        assert "Not scored" in section.locator(".predict-result").inner_text()


def answer(page: Page, right: bool) -> None:
    """Answer the quiz, every question right or every one wrong."""
    page.get_by_role("button", name="Skip by quiz").click()
    known = {f"{one['id']}-quiz": one["way"] for one in questions(page)}
    names = page.locator("dialog fieldset").evaluate_all(
        "(all) => all.map((e) => e.elements[0].name)"
    )
    assert names
    for name in names:
        way = known[name]
        wrong = "lower" if way == "higher" else "higher"
        page.locator(f"dialog input[name='{name}'][value='{way if right else wrong}']").check()
    page.get_by_role("button", name="Check").click()


def test_the_quiz_marks_a_lab_as_done_and_only_if_it_is_passed(
    lab: Lab, desk: Window, address: str
) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    if len(questions(page)) < FEWEST_ASKED:  # luck would do
        assert page.get_by_role("button", name="Skip by quiz").count() == 0
        return
    mark = page.get_by_role("button", name="Mark as done")
    answer(page, right=False)
    assert page.locator("dialog li").count() and mark.get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Close").click()
    assert page.locator("dialog").count() == 0
    answer(page, right=True)
    assert mark.get_attribute("aria-pressed") == "true"
    page.goto(address)
    link = page.locator(f"[data-lab-link={json.dumps(lab.name)}]").first
    assert "done" in (link.text_content() or "")


def test_a_lab_can_be_marked_as_done_by_hand(lab: Lab, desk: Window, address: str) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    mark = page.get_by_role("button", name="Mark as done")
    for pressed in ("true", "false"):
        mark.click()
        assert mark.get_attribute("aria-pressed") == pressed
        page.reload()
        assert mark.get_attribute("aria-pressed") == pressed
