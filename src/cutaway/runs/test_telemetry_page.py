"""The page about telemetry says what the table says: every field, and none that is not there."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from . import schema
from .probes import EVERY, ROWS
from .schema import CHECKS, KINDS, PART, SCHEMA, VERSION
from .telemetry import lines

PAGE = (Path(__file__).parent / "TELEMETRY.md").read_text(encoding="utf-8")
PLACES = {"## On every line": "*", "### A part of `layers`": PART}
EXAMPLES = re.findall(r"```json\n(.*)\n```", PAGE)


def parts() -> dict[str, str]:
    """What stands below each heading, by the kind of line or part that it is about."""
    found = re.findall(r"(?ms)^(##+ .*?)$(.*?)(?=^##|\Z)", PAGE)
    return {PLACES.get(head, head[4:-1]): text for head, text in found}


def table(kind: str) -> list[str]:
    """What a kind of line can hold, as rows of a table."""
    return [
        f"| `{one.name}` | {one.kind}{'' if one.needed else ', or absent'} | {one.unit} | "
        f"{one.meaning} |"
        for one in SCHEMA
        if one.line == kind
    ]


def test_every_kind_of_line_has_a_place_and_nothing_else_has_one() -> None:
    assert set(parts()) == {"*", PART, *KINDS}


@pytest.mark.parametrize("kind", ["*", PART, *KINDS])
def test_a_kind_has_the_fields_that_the_table_has(kind: str) -> None:
    rows = [line for line in parts()[kind].splitlines() if line.startswith("|")]
    assert rows[:2] == ["| field | value | unit | meaning |", "|---|---|---|---|"]
    assert rows[2:] == table(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_such_a_line(kind: str) -> None:
    (example,) = re.findall(r"```json\n(.*)\n```", parts()[kind])
    assert schema.parsed(example.encode("ascii"))["kind"] == kind


def test_every_value_is_explained_and_what_is_said_of_versions_and_steps_is_true() -> None:
    explained = re.findall(r"(?m)^\| (\w+) \| an?y? .*\|$", PAGE.split("\n## ")[0])
    assert set(explained) == {*CHECKS, "plain"}
    assert f"version {VERSION} of the table" in PAGE
    assert f"Each {EVERY}th step" in PAGE and ROWS == 2 and "first two rows" in PAGE


def test_the_lines_that_read_a_run_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "telemetry.jsonl"
    order = sorted(EXAMPLES, key=lambda raw: schema.parsed(raw.encode())["step"])
    run.write_text("".join(f"{line}\n" for line in order), encoding="ascii")
    assert [line["kind"] for line in lines(run)][:2] == ["run", "judged"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "read.py").write_text(re.findall(r"(?s)```python\n(.*?)```", PAGE)[0])
    assert runpy.run_path("read.py")["losses"] == {0: 3.000760078430176}
