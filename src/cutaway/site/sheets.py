"""A page of the house: one HTML file that fetches nothing and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from .markup import Html, tag


def sheet(title: str, inside: Html, motto: str, code: Sequence[Html] = ()) -> str:
    """A page of the house as one HTML document: its head, its title, what stands in it."""
    said = tag("p", motto, class_="motto")
    header = tag("header", tag("p", "cutaway", class_="house"), tag("h1", title), said)
    body = tag("body", header, inside, *[tag("script", one) for one in code])
    return f"<!doctype html>\n{tag('html', tag('head', *_head(title, code)), body, lang='en')}\n"


def _head(title: str, code: Sequence[Html]) -> list[Html]:
    """The head: nothing may be fetched, and no script may run but those whose digests it names."""
    hashes = " ".join(f"'sha256-{_sha256(one)}'" for one in code)
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {hashes}"
    return [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(asset("pieces.css") + asset("report.css"))),
    ]


def _sha256(code: str) -> str:
    """The digest of a script as a policy names it."""
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def asset(name: str) -> str:
    """A file that stands beside this one."""
    return files("cutaway.site").joinpath(name).read_text(encoding="utf-8")
