"""What a demo must be: short, registered under its lab's name, and unable to fetch or to inject."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from cutaway.kit.labs import load, place

from .report import Entry, report

ROOMS = Path(str(files("cutaway")))
LABS = sorted(one.parent.name for one in ROOMS.glob("*/*/demo.js"))
LARGEST = 16_000
SVG = "http://www.w3.org/2000/svg"
NETWORK = r"//\w|\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import|importScripts)\b"
NETWORK += r"|\b(Worker|SharedWorker|Image|src|href)\s*[(=:]|\burl\("
MARKUP = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
)
RUN = r"\beval\b|\bFunction\s*\(|set(Timeout|Interval)\(\s*[\"'`]|[\"'`\s]on[a-z]+\s*[:=]\s*[\"'`]"
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


def test_the_labs_with_a_demo_are_found() -> None:
    assert {"attention", "bigram"} <= set(LABS)


def test_a_report_serves_the_shared_code_once_and_before_the_demos() -> None:
    text = report([Entry(load(lab), {}) for lab in LABS], "t")
    assert text.count(shared()) == 1
    places = [text.index(shared()), *(text.index(scripts()[lab]) for lab in LABS)]
    assert places == sorted(places)
    assert text.index("</main>") < places[0]
