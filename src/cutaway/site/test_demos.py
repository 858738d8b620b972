"""What a demo must be: short, registered under its lab's name, true to its lab, and harmless."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import pytest

from cutaway.errors import UsageError
from cutaway.kit.faults import edited
from cutaway.kit.labs import find_fault, load, place
from cutaway.kit.worlds import World, resolved, sources

from .golden import Numbers, Offer, State, compare, computed, far, mixed, offered
from .report import Entry, report

ROOMS = Path(str(files("cutaway")))
LABS = sorted(one.parent.name for one in ROOMS.glob("*/*/demo.js"))
LARGEST = 17 * 1024
SVG = "http://www.w3.org/2000/svg"
NETWORK = r"//\w|\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import|importScripts)\b"
NETWORK += r"|\b(Worker|SharedWorker|Image|src|href)\s*[(=:]|\burl\("
MARKUP = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
)
RUN = r"\beval\b|\bFunction\s*\(|set(Timeout|Interval)\(\s*[\"'`]|[\"'`\s]on[a-z]+\s*[:=]\s*[\"'`]"
TINY = """(function () {
  const BREAKS = { no_shift: "one more", one_row: "one less" };
  Lab.register("bigram", {
    keeps: { x: Lab.number(0, 0, 9), breaks: Lab.breaks(BREAKS) },
    numbers: ({ x, breaks }) => ({
      row: [x / 3, breaks.includes("no_shift") ? 1 : 0, breaks.includes("one_row") ? -1 : 0],
      said: x > 8 ? "many" : null, odd: x > 7 ? NaN : -Infinity,
    }),
  });
})();"""
STATES = [{"x": x} for x in (1, 7, 8, 9)]
KEPT = r"localStorage|sessionStorage|indexedDB|document\.cookie"


def shared() -> str:
    """The code that all demos share."""
    return files("cutaway.site").joinpath("demo.js").read_text(encoding="utf-8")


def path(lab: str) -> Path:
    """Where a lab's demo stands."""
    return place(lab).folder / "demo.js"


def scripts() -> dict[str, str]:
    """Every script of the demos by name."""
    return {"shared": shared(), **{lab: path(lab).read_text(encoding="utf-8") for lab in LABS}}


def bare(code: str) -> str:
    """The code without its comments and without the name of SVG's elements."""
    without = re.sub(r"/\*.*?\*/|(?<=\s)//[^\n]*", "", code.replace(SVG, ""), flags=re.DOTALL)
    return re.sub(r"location\.href", "", without)


def exported() -> set[str]:
    """The names that the shared code offers to demos."""
    found = re.search(r"window\.Lab = \{([^}]*)\}", shared())
    assert found
    return {name.strip() for name in found[1].split(",")}


@pytest.mark.parametrize("name", scripts())
def test_a_demo_is_small(name: str) -> None:
    assert 0 < len(scripts()[name].encode()) < LARGEST


@pytest.mark.parametrize("name", scripts())
@pytest.mark.parametrize("never", [NETWORK, MARKUP, RUN, KEPT])
def test_a_demo_fetches_injects_evaluates_and_stores_nothing(name: str, never: str) -> None:
    assert not re.findall(never, bare(scripts()[name]))


@pytest.mark.parametrize(
    ("never", "code"),
    [
        (NETWORK, "const a = await fetch('x')"),
        (NETWORK, "const a = 'https://example.org'"),
        (NETWORK, "make('img', { src: a })"),
        (NETWORK, "style = 'background: url(x)'"),
        (MARKUP, "e.innerHTML = said"),
        (RUN, "eval(said)"),
        (RUN, "new Function(said)"),
        (RUN, "setTimeout('said', 1)"),
        (RUN, "make('p', { onclick: 'said' })"),
        (KEPT, "localStorage.a = 1"),
    ],
)
def test_what_a_demo_may_not_hold_would_be_found(never: str, code: str) -> None:
    assert re.findall(never, bare(f"/* a */\n  {code} // b\n"))


@pytest.mark.parametrize("lab", LABS)
def test_a_demo_is_one_function_registered_once_under_the_name_of_its_lab(lab: str) -> None:
    code = scripts()[lab]
    assert re.findall(r"Lab\.register\(\"(\w+)\"", code) == [lab]
    assert bare(code).strip().startswith("(function () {") and code.endswith("})();\n")
    assert "window" not in bare(code) and "document" not in bare(code)


@pytest.mark.parametrize("lab", LABS)
def test_a_demo_asks_of_the_shared_code_only_what_it_offers(lab: str) -> None:
    code = bare(scripts()[lab])
    taken = [
        name.strip() for one in re.findall(r"\{([^}]*)\} = Lab;", code) for name in one.split(",")
    ]
    assert taken and {*taken, *re.findall(r"\bLab\.(\w+)", code)} <= exported()


@pytest.mark.parametrize("lab", LABS)
def test_the_breaks_of_a_demo_are_named_once_and_all_used(lab: str) -> None:
    code = scripts()[lab]
    told = re.search(r"const BREAKS = \{\n(.*?)\n  \};", code, flags=re.DOTALL)
    assert told
    names = re.findall(r"^    (\w+):", told[1], flags=re.MULTILINE)
    assert len(names) == len(set(names)) > 0
    assert [name for name in names if f'"{name}"' not in code] == []
    assert set(names) <= {fault.name for fault in load(lab).faults}, "a break is a fault of the lab"


def test_the_labs_with_a_demo_are_found() -> None:
    assert {"attention", "bigram"} <= set(LABS)


def test_a_report_serves_the_shared_code_once_and_before_the_demos() -> None:
    text = report([Entry(load(lab), {}) for lab in LABS], "t")
    assert text.count(shared()) == 1
    places = [text.index(shared()), *(text.index(scripts()[lab]) for lab in LABS)]
    assert places == sorted(places)
    assert text.index("</main>") < places[0]


@pytest.mark.parametrize("lab", LABS)
def test_a_demo_is_held_to_golden_cases_beside_it(lab: str) -> None:
    beside = place(lab).folder / "test_lab_demo.py"
    assert beside.is_file(), f"{lab} has a demo: let {beside.name} hold it to golden cases"
    assert f'hold("{lab}"' in beside.read_text(encoding="utf-8")


@pytest.mark.parametrize("lab", LABS)
def test_a_demo_allows_two_breaks_at_once_just_where_the_lesson_can_have_both(
    lab: str, tmp_path: Path
) -> None:
    offer, texts, both = offered(path(lab), tmp_path), sources(), set()
    for pair in combinations(offer.breaks, 2):
        with suppress(UsageError):
            edited(texts, [resolved(find_fault(f"{lab}.{name}")) for name in pair])
            both.add(frozenset(pair))
    assert offer.pairs == both


def tiny_numbers(world: World, state: State) -> Numbers:
    """What the tiny demo must say, of faults that the world really holds."""
    names, x = {fault.name for fault in world.faults}, state["x"]
    row = [x / 3, float("no_shift" in names), -float("one_row" in names)]
    odd = float("nan") if x > 7 else -float("inf")
    return {"row": row, "said": "many" if x > 8 else None, "odd": odd}


def held(
    code: str, folder: Path, states: Sequence[State] = STATES, tolerance: float = 1e-9
) -> None:
    """Nothing, if the tiny demo as it is written here computes what it must."""
    (folder / "demo.js").write_text(code, encoding="utf-8")
    offer = offered(folder / "demo.js", folder)
    cases = computed("bigram", offer, states, tiny_numbers, tolerance)
    compare(folder / "demo.js", cases, tolerance, folder)


def test_a_true_demo_is_held(tmp_path: Path) -> None:
    held(TINY, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("x / 3", "x / 3 + 1e-8", "clean, state 1.row.0: the demo says 0.3333"),
        ("? 1 : 0", "? 1.0001 : 0", "no_shift, state 1.row.1: the demo says 1.0001"),
        ("? 1 : 0", "? 0 : 0", "no_shift, state 1.row.1: the demo says 0, the component 1"),
        ('breaks.includes("one_row")', "breaks[0] === 'one_row'", "no_shift + one_row, state 1"),
        ("NaN", "0", "state 3.odd: the demo says 0, the component NaN"),
        ("-Infinity", "Infinity", "the demo says Infinity, the component -Infinity"),
        ("-Infinity", "null", "the demo says null, the component -Infinity"),
        (": null, odd", ': "", odd', "state 1.said: the demo says , the component null"),
        ('"many"', '"few"', "the demo says few, the component many"),
        (", odd:", ", even:", "what there is differs"),
        ("? -1 : 0]", "? -1 : 0, 0]", "row: what there is differs"),
        ("0, 9)", "0, 8)", "state 4: no control of the demo gives this x"),
        ("({ x, breaks }) =>", "({ x, breaks }) => document.title &&", "document is not defined"),
        ("no_shift:", "no_shifts:", "no fault of the lab. Did you mean no_shift?"),
    ],
)
def test_a_demo_that_is_wrong_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TINY
    with pytest.raises(AssertionError) as error:
        held(TINY.replace(old, new), tmp_path)
    assert said in str(error.value)


def test_three_cases_must_show_each_break(tmp_path: Path) -> None:
    said = "no_shift of the demo of bigram has 2 golden cases at which it shows; it needs 3"
    with pytest.raises(AssertionError, match=said):
        held(TINY, tmp_path, states=STATES[:2])
    with pytest.raises(AssertionError, match="has 0 golden cases at which it shows"):
        held(TINY, tmp_path, tolerance=1)


def test_combinations_hold_every_break_are_few_varied_and_allowed() -> None:
    names = "abcdefgh"
    pairs = frozenset(map(frozenset, combinations(names, 2))) - {frozenset("ab")}
    found = mixed(Offer(tuple(names), pairs))
    assert {name for some in found for name in some} == {*names}
    assert len(found) == len({*found}) <= len(names) and {len(some) for some in found} == {2, 3}
    assert not [some for some in found if {"a", "b"} <= {*some}]
    few = frozenset(map(frozenset, ("ab", "bc")))
    assert {*mixed(Offer(tuple("abc"), few))} == {("a", "b"), ("b", "c")}
    assert mixed(Offer(("a", "b"), frozenset())) == [] == mixed(Offer((), frozenset()))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (1.0, 1.05, False),
        (1.0, 1.2, True),
        (100, 109, False),
        (float("nan"), float("nan"), False),
        (float("nan"), 1.0, True),
        (float("inf"), -float("inf"), True),
        ([1, [2]], [1, (2,)], False),
        ([1, 2], [1], True),
        ({"a": 1}, {"a": 2}, True),
        ({"a": 1}, {"b": 1}, True),
        (None, 0, True),
        ("a", "a", False),
    ],
)
def test_values_are_far_apart_where_anything_in_them_is(
    one: object, other: object, differ: bool
) -> None:
    assert far(one, other, 0.1) is differ


def test_what_demos_share_does_what_its_own_tests_say() -> None:
    node = shutil.which("node") or pytest.skip("node is not installed")
    tests = ROOMS.parents[1] / "tests" / "js" / "demos.test.mjs"
    command = [node, "--test", "--test-reporter=tap", str(tests)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in re.findall(r'^test\("(.*?)"', tests.read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^ *ok \d+ - {re.escape(name)}$", ended.stdout, re.MULTILINE)
