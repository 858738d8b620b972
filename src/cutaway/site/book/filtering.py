"""A form that filters the entries of a page by words and by choices; gallery.js brings it to life.

An entry carries `data-entry` and a `data-` attribute for each choice; what can be found in it
stands in elements with `data-sought`. Without JavaScript the form stays hidden and all is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutaway.site.markup import Html, joined, tag


def controls(
    what: str, example: str, choices: Mapping[str, Sequence[str]], chips: Sequence[str] = ()
) -> Html:
    """The form, and what stands there when nothing is found; `what` names the entries."""
    said = f"Find {what} by words, in any order"
    query = tag("input", type="search", name="q", placeholder=example, autocomplete="off")
    fields = [_choice(name, values) for name, values in choices.items()]
    buttons = [
        tag("button", one, type="button", data_say=one, aria_pressed="false") for one in chips
    ]
    group = tag("div", *buttons, class_="chips", role="group", aria_label="Signs to look for")
    form = tag(
        "form",
        tag("div", tag("label", tag("span", said), query), *fields, class_="fields"),
        group if chips else None,
        tag("p", class_="count", role="status"),
        class_="filter",
        role="search",
        aria_label=f"Filter the {what}",
        data_filter=what,
        hidden=True,
    )
    return joined(form, _nothing(what))


def _choice(name: str, values: Sequence[str]) -> Html:
    """A choice among some values, or all of them."""
    options = [tag("option", "all", value=""), *[tag("option", one, value=one) for one in values]]
    return tag("label", tag("span", name.capitalize()), tag("select", *options, name=name))


def _nothing(what: str) -> Html:
    """What stands there when nothing is found."""
    tip = "Try fewer words, or other ones: “loss”, “high”, “mask”."
    clear = tag("button", f"Show all {what}", type="button", data_clear=True)
    return tag(
        "div", tag("p", f"None of the {what} fits. {tip}"), clear, class_="none", hidden=True
    )
