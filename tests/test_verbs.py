"""What the verbs do, beyond talking."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from houses import ROOT, House
from tiny import COMPONENT

from cutaway.kit.labs import labs, load, place


def test_a_break_says_what_it_changed_which_tests_failed_and_what_it_costs(recorded: House) -> None:
    data = recorded("break", "tiny", "negative", "--json").data
    assert "-    y = 0.0\n+    y = -2 * x  # BROKEN" in data["diff"]
    assert data["changed"] == {"double": 14.0, "triple": 14.0}
    name = "test_a_number_and_its_double_differ_by_the_number"
    assert data["failed"].keys() == {name} and data["killed_by"] == name
    (effect,) = data["effects"]
    assert data["measured"] == "recorded"
    assert effect["interval"][0] < effect["effect"] < effect["interval"][1]
    assert abs(effect["effect"] - 2.03) < 1e-6
    assert recorded("break", "tiny.negative", "--json").data == data
    words = recorded("break", "tiny", "negative").out
    for part in (data["diff"].splitlines()[3], "double", "by up to 14", name, effect["says"]):
        assert part in words


def test_two_faults_are_broken_together(recorded: House) -> None:
    data = recorded("break", "tiny", "negative+no_more", "--json").data
    assert data["diff"].count("# BROKEN") == 2
    assert data["measured"] == "quick" and len(data["failed"]) == 2


def test_any_line_can_be_broken(recorded: House) -> None:
    lines = COMPONENT.splitlines()
    number = lines.index("    y = y + x") + 1
    ended = recorded("break", "tiny", "--line", number)
    assert ended.code == 0
    assert f"line {number} deleted" in ended.out and "error: +1" in ended.out
    assert "test_a_number_and_its_double_differ_by_the_number" in ended.out


def test_what_can_be_broken_is_listed_with_its_line_numbers(house: House) -> None:
    out = house("break", "tiny").out
    assert "negative" in out and "The double is always nothing" in out
    for number, line in enumerate(COMPONENT.splitlines(), 1):
        assert f"{number:4}  {line}".rstrip() in out


def test_every_file_of_a_lab_is_listed(house: House) -> None:
    (house.lab() / "more.py").write_text('"""More."""\n\nMORE = 1\n')
    ended = house("break", "tiny")
    assert ended.code == 0 and "   3  MORE = 1" in ended.out and "y = 0.0" in ended.out
    assert "tiny.py" in ended.out.splitlines() and "more.py" in ended.out.splitlines()
    only = house("break", "tiny", "--file", "more.py").out
    assert "MORE = 1" in only and "y = 0.0" not in only


def editor(folder: Path, code: str) -> dict[str, str]:
    """An editor that does something to the file and closes."""
    script = folder / "an editor.py"
    script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{code}\n")
    return {"EDITOR": shlex.join([sys.executable, str(script)])}


def test_an_edit_is_run_as_it_was_saved(recorded: House, tmp_path: Path) -> None:
    code = "path.write_text(path.read_text().replace('y = 0.0', 'y = 0.5'))"
    data = recorded("break", "tiny", "--edit", "--json", **editor(tmp_path, code)).data
    assert "+    y = 0.5" in data["diff"] and data["changed"]["double"] == 0.5


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit(3)", "exit code 3"),
        ("pass", "Nothing was changed"),
        ("path.write_text('def f(:')", "line 1, is not Python"),
        ("path.write_bytes(bytes([255]))", "is not Python"),
        ("path.unlink()", "cannot be read"),
    ],
)
def test_an_editor_that_goes_wrong_is_named(
    house: House, tmp_path: Path, code: str, said: str
) -> None:
    ended = house("break", "tiny", "--edit", **editor(tmp_path, code))
    assert (ended.code, ended.out) == (2, "") and said in ended.err


@pytest.mark.parametrize("words", ["/no/such/editor", "'unclosed"])
def test_an_editor_that_cannot_start_is_named(house: House, words: str) -> None:
    ended = house("break", "tiny", "--edit", EDITOR=words)
    assert ended.code == 2 and "cannot be started" in ended.err


def test_an_edit_that_is_not_python_is_kept(house: House, tmp_path: Path) -> None:
    broken = editor(tmp_path, "path.write_text('my precious work (')")
    step = house("break", "tiny", "--edit", **broken).err.splitlines()[-1]
    kept = Path(step.rstrip("`.").split()[-1])
    assert kept.read_text() == "my precious work ("


@pytest.mark.parametrize(
    ("code", "said", "passed"),
    [
        ("import os\nos._exit(5)\n", "exit code 5", 0),
        ("import nothing_there\n", "nothing_there", 0),
        ("raise SystemExit\n", "SystemExit", 0),
    ],
)
def test_a_file_that_cannot_even_be_imported_is_named_and_bounded(
    house: House, code: str, said: str, passed: int
) -> None:
    (house.desk / "mine.py").write_text(code + COMPONENT)
    ended = house("try", "tiny", "mine.py")
    assert ended.code == 1
    assert f"{passed} of 3 tests pass" in ended.out and said in ended.out
    assert "not measured" in ended.out


def test_a_right_file_of_ones_own_passes_and_a_wrong_one_is_told(house: House) -> None:
    mine = house.desk / "mine.py"
    mine.write_text("def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n")
    ended = house("try", "tiny", mine)
    assert ended.code == 0 and "3 of 3 tests pass" in ended.out
    assert "error: no change at all, in any of 3 seeds" in ended.out
    mine.write_text(mine.read_text().replace("3 * x", "4 * x"))
    data = house("try", "tiny", mine, "--json").data
    assert (data["passed"], data["tests"]) == (2, 3)
    assert data["failed"].keys() == {"test_the_triple_is_the_double_and_one_more"}


def test_a_stub_has_every_name_and_no_body_and_fails(house: House) -> None:
    assert house("try", "tiny", "--stub").code == 0
    text = (house.desk / "tiny.py").read_text()
    assert text.count("NotImplementedError") == 2 and "y = " not in text
    ended = house("try", "tiny", "tiny.py")
    assert ended.code == 1 and "NotImplementedError" in ended.out


def alone(folder: Path, code: str) -> str:
    """What some code prints where no cutaway is to be found."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    guard = "import sys; sys.modules['cutaway'] = None\n"
    command = [sys.executable, "-c", guard + code]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_ejected_component_runs_alone_under_its_licence(here: House, tmp_path: Path) -> None:
    assert here("eject", "bigram", "--to", tmp_path / "taken").code == 0
    (path,) = (tmp_path / "taken").iterdir()
    assert "MIT licence" in path.read_text().splitlines()[0]
    code = "import bigram, torch; print(tuple(bigram.Bigram(5)(torch.zeros(2, 3).long()).shape))"
    assert alone(path.parent, code) == "(2, 3, 5)"


def test_an_ejected_component_brings_along_what_it_imports(house: House) -> None:
    other = house.lab().parent / "other"
    other.mkdir()
    (other / "__init__.py").write_text("from .other import half\n")
    component = "from ..tiny.tiny import triple\n\n\ndef half(x):\n    return triple(x) / 6\n"
    (other / "other.py").write_text(component)
    lab = (house.lab() / "lab.py").read_text().replace('name="tiny"', 'name="other"')
    (other / "lab.py").write_text(lab.replace('"tiny.py"', '"../tiny/tiny.py"'))
    assert house("eject", "other").code == 0
    assert alone(house.desk, "import other.atoms.other as o; print(o.half(4))") == "2.0"
    assert alone(house.desk, "import other.atoms.tiny as t; print(t.triple(4))") == "12.0"


def test_clean_frees_what_is_ours_and_nothing_else(recorded: House) -> None:
    foreign = [
        recorded.home / "runs" / "other" / "weights.bin",
        recorded.home / "runs" / "biology" / "cells" / "mine.json",
        recorded.home / "runs" / "tiny" / "notes.txt",
        recorded.home / "keep.txt",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    runs, cache = recorded.home / "runs" / "tiny" / "cells", recorded.home / "cache"
    said = recorded("clean", "--dry-run").out
    assert str(cache) in said and "kB" in said and any(cache.iterdir()) and runs.is_dir()
    assert recorded("clean").out == said
    assert not cache.exists() or not any(cache.iterdir())
    assert runs.is_dir()
    assert recorded("list", "--json").data["labs"][0]["fresh"]
    assert str(runs) in recorded("clean", "--runs").out
    assert not runs.exists()
    assert all(path.read_text() == "mine" for path in foreign)
    assert "nothing to free" in recorded("clean", "--runs").err


def test_a_check_in_words_and_as_data_are_one(house: House) -> None:
    data = house("check-lab", "tiny", "--json").data
    ended = house("check-lab", "tiny")
    assert ended.code == 1
    assert ended.out.splitlines() == [f"- {problem}" for problem in data["problems"]]


MINE = '''"""A table of successors, written by a reader."""
import torch
from torch import nn
from torch.nn import functional as F


def log_softmax(scores):
    return F.log_softmax(scores, -1)


def shift(tokens):
    return tokens[:, :-1], tokens[:, 1:]


def cross_entropy(scores, targets):
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())


class Bigram(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.table = nn.Parameter(torch.empty(vocab, vocab))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.normal_(self.table, std=0.02)

    def forward(self, tokens):
        return F.embedding(tokens, self.table)


@torch.no_grad()
def sample(model, tokens, steps, generator):
    for _ in range(steps):
        odds = F.softmax(model(tokens[:, -1:])[:, -1], -1)
        drawn = torch.multinomial(odds, 1, generator=generator)
        tokens = torch.cat([tokens, drawn], 1)
    return tokens
'''


@pytest.mark.slow
def test_a_readers_own_bigram_passes_every_test_and_measures_alike(here: House) -> None:
    (here.desk / "mine.py").write_text(MINE)
    data = here("try", "bigram", "mine.py", "--json").data
    assert data["passed"] == data["tests"] >= 13
    assert "no effect" in data["effects"][0]["says"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_new_lab_passes_its_checks_untouched(checkout: House) -> None:
    assert checkout("new", "demo_lab").code == 0
    ended = checkout("check-lab", "demo_lab")
    assert (ended.code, ended.out) == (0, ""), ended.out
    (lab,) = [one for one in checkout("list", "--json").data["labs"] if one["name"] == "demo_lab"]
    assert lab["draft"] and lab["number"] > 1
    assert "demo_lab (draft)" in checkout("list").out
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--rootdir", str(checkout.root), str(checkout.lab("demo_lab"))],
        env=checkout.environment(),
        cwd=checkout.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("lab", [lab.name for lab in labs()[0] if not lab.draft])
def test_a_notebook_is_valid_and_runs(
    here: House, lab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbclient
    import nbformat

    assert here("notebook", lab).code == 0
    notebook = nbformat.reads((here.desk / f"{lab}.ipynb").read_text(), as_version=4)
    nbformat.validate(notebook)
    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for path in place(lab).components:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert {line for line in lines if "# (" in line} <= set(source.splitlines())
    page = (place(lab).folder / "page.md").read_text(encoding="utf-8")
    drawn = [one for one in load(lab).figures if f"{{drawing}} {one.name}\n" in page]
    cells = [f'draw("{lab}", "{one.name}", recorded("{lab}", "{one.experiment}"))' for one in drawn]
    assert cells and set(cells) <= set(source.splitlines())
    for name, value in here.environment().items():
        monkeypatch.setenv(name, value)
    folder = {"metadata": {"path": str(here.desk)}}
    nbclient.NotebookClient(notebook, resources=folder, timeout=300).execute()
    kinds = {kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out}
    assert "data" in kinds, json.dumps(sorted(kinds))


@pytest.mark.slow
def test_the_demo_builds_breaks_measures_and_writes_a_report(here: House) -> None:
    ended = here("demo", "--out", here.desk / "demo")
    assert ended.code == 0
    assert all(word in ended.err for word in ("1. Build", "2. Break", "3. Measure", "Open "))
    assert "# BROKEN" in ended.out and "not for the record" in ended.err
    report = here.desk / "demo" / "demo" / "report.html"
    assert str(report) in ended.err and "<svg" in report.read_text()
