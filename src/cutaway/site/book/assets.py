"""The scripts and styles of the book, by name: its own, the report's pieces, the labs' demos."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from cutaway.kit.labs import place
from cutaway.site.sheets import asset

from .shelf import Volume


def assets(volumes: Sequence[Volume]) -> dict[str, bytes]:
    """Each file by its name, in whose order the pages load them: what demos share comes first."""
    own = files("cutaway.site.book").joinpath("static")
    found = {one.name: one.read_text(encoding="utf-8") for one in own.iterdir()}
    found["a-pieces.css"] = f".cutaway {{\n{asset('pieces.css')}}}\n"
    found["a-demo.js"] = asset("demo.js")
    for one in volumes:
        demo = place(one.lab.name).folder / "demo.js"
        if demo.is_file():
            found[f"demo-{one.lab.name}.js"] = demo.read_text(encoding="utf-8")
    return {name: text.encode() for name, text in sorted(found.items())}
