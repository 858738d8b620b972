"""Whole books of a planted lab, each built by a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cutaway.kit.conftest import Scratch

from .conftest import HEADER, PAGE, taken
from .publishing import MARK

pytest.importorskip("sphinx")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BUILD = """
import json, sys, time
from pathlib import Path
from cutaway.errors import CutawayError
from cutaway.site.book import building, extension

if "stop" in sys.argv:
    def stopped(*words):
        raise KeyboardInterrupt
    extension.Formulas.block = stopped
try:
    built = building.build(Path(sys.argv[1]))
    said = [built.pages, list(built.stale)]
except CutawayError as error:
    said = [type(error).__name__, error.what, error.next_step]
except KeyboardInterrupt:
    said = ["stopped"]
print(json.dumps([said, time.time()]), flush=True)
"""
SOON = 30  # seconds in which a process ends that has nothing more to do, on a busy machine
OTHER = """
from cutaway.kit.words import Lab


def observe(world):
    return {}


lab = Lab("other", 2, "Nothing is measured here.", observe, after=("tiny",))
"""
LOUD = f"""{HEADER}# Other

Text, and a kernel that complains when it ends.

```{{code-cell}} ipython3
import atexit, os
atexit.register(os.write, 2, b"closed: sockets") and None
```
"""
MISTAKES = f"""{PAGE}
A [bad link](nowhere.md) and a [bad anchor](#no-such-part).

```{{nonsense}} x
```

```{{drawing}} value_of_al
```

```{{drawing}} value_of_all
Some text inside.
```

{{number}}`value_by_fault valu width=8` and {{number}}`value_by_fault value`.

{{norole}}`x` and {{term}}`nothing`.

```{{code-cell}} ipython3
1 / 0
```

```{{listing}} tinny.py
```

$\\href{{javascript:alert(1)}}{{x}}$ and $\\frac{{1}}{{$
"""
# What is said of each mistake, by the text of the line that it is in.
SAYS = {
    "A [bad link]": ["nowhere.md", "no-such-part"],
    "```{nonsense} x": ["Unknown directive type: 'nonsense'"],
    "```{drawing} value_of_al\n": ["no figure 'value_of_al'. Did you mean value_of_all?"],
    "```{drawing} value_of_all": ["Nothing may stand inside of it: 'Some text inside.'"],
    "{number}`value_by_fault valu ": ["no column 'valu'", "several values of width: 8, 64"],
    "{norole}`x`": ["Unknown interpreted text role", "term not in glossary: 'nothing'"],
    "1 / 0": ["the cell `1 / 0` failed: ZeroDivisionError: division by zero"],
    "```{listing} tinny.py": ["no component 'tinny.py'. Did you mean tiny.py?"],
    "$\\href": ["not trusted", "cannot be read: Unexpected end of input"],
}


@dataclass(frozen=True)
class Shop:
    """A copy of the package with the planted lab and another, in which books are built."""

    package: Path

    def build(self, out: Path, home: str, *words: str) -> list[Any]:
        """How a build ended, by a process that must end by itself soon after."""
        root = self.package.parents[1]
        outer = {key: value for key, value in os.environ.items() if "CUTAWAY" not in key}
        ours = {"PYTHONPATH": str(root / "src"), "CUTAWAY_HOME": str(root / home)}
        ended = subprocess.run(
            [sys.executable, "-c", BUILD, str(out), *words],
            env={**outer, **ours},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stderr
        said, when = json.loads(ended.stdout.splitlines()[-1])
        assert time.time() - when < SOON and not ended.stderr, ended.stderr
        return list(said)

    def page(self, text: str) -> Path:
        """The page of the planted lab, which says something else now."""
        path = self.package / "atoms" / "tiny" / "page.md"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def shop(house: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop of this file's own."""
    root = tmp_path_factory.mktemp("shop")
    shutil.copytree(house.root / "src", root / "src")
    package = root / "src" / "cutaway"
    with taken(package, root / "home"):
        pass
    other = package / "atoms" / "other"
    files = {"__init__.py": "", "lab.py": OTHER, "demo.js": '"use strict";\n'}
    other.mkdir()
    for name, text in {**files, "page.md": LOUD}.items():
        (other / name).write_text(text, encoding="utf-8")
    return Shop(package)


def inside(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_book_is_the_same_whatever_was_built_before_and_mistakes_are_named(
    shop: Shop, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert shop.build(out, "one")[1] == []
    (log,) = shop.package.parents[1].glob("one/**/kernel.log")
    assert "closed: sockets" in log.read_text(encoding="utf-8")
    first = inside(out)
    assert {"labs/tiny.html", "labs/other.html", "_static/demo-other.js"} <= set(first)

    page = shop.page(MISTAKES)
    assert shop.build(out, "one", "stop") == ["stopped"]
    kind, what, step = shop.build(out, "one")  # though all was read before it was stopped
    assert (kind, step) == ("CheckFailed", "Mend them, build again")
    lines = list(enumerate(MISTAKES.splitlines(), 1))[PAGE.count("\n") :]
    for start, says in SAYS.items():
        line = next(at for at, text in lines if f"{text}\n".startswith(start))
        for word in says:
            named = f"{re.escape(f'{page}:{line}')}: .*{re.escape(word)}"
            assert re.search(f"^{named}", what, re.MULTILINE), word
    assert len(what.splitlines()) == 1 + sum(map(len, SAYS.values()))
    assert inside(out) == first

    shop.page(PAGE)
    shutil.rmtree(shop.package / "atoms" / "other")
    assert shop.build(out, "one")[1] == []
    shop.page(f"{PAGE}\nOne more: {{term}}`double`.\n")
    shop.build(out, "one")
    shop.build(tmp_path / "cold", "two")
    assert inside(out) == inside(tmp_path / "cold")
    gone = {"labs/other.html", "_static/demo-other.js"}
    assert not gone & set(inside(out)) and not any("reports" in name for name in inside(out))

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    shop.build(out, "one")
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    judge(inside(out), str(tmp_path), str(shop.package))


def judge(book: dict[str, bytes], *private: str) -> None:
    """What must be true of the pages of a book."""
    page = book["labs/tiny.html"].decode()
    assert "six times seven is 42" in page and ">10</span>" in page
    assert 'data-follows=\'{"once":"9"}\'' in page
    assert page.count("<math ") >= 2 and "mtable" in page and "katex.min" not in page
    assert 'id="figure-tiny-value_of_all"' in page and "Every break" in page
    assert "Numbers can be &lt;doubled&gt; and clipped." in page
    assert "Doubling makes &lt;b&gt;every&lt;/b&gt; number_here larger" in page
    for text in book.values():
        assert not [word for word in private if word.encode() in text]
    links = [
        (name, link)
        for name, text in book.items()
        if name.endswith(".html")
        for link in re.findall(r'(?:href|src)="([^"#?]+)', text.decode())
    ]
    assert len(links) > 50
    for name, link in links:
        where = re.match(r"[a-z]+:", link)
        if where:
            assert where[0] in ("https:", "http:", "data:", "mailto:"), (name, link)
            continue
        path = os.path.normpath(Path(name).parent / link)
        assert path in book or f"{path}/index.html" in book or path == ".", (name, link)
    assert MARK in book
