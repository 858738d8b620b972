"""Data is printed letter by letter as it is, and who reads no further is no mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from houses import House

from cutaway.verbs import talk

COLOURS = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "20"}
LONG = "a\tline that is longer than the terminal: 日本 [bold]x[/bold] :smile:  "


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, COLOURS, COLOURS | {"NO_COLOR": "1"}])
@pytest.mark.parametrize("text", [LONG, "two\n\tlines", ""])
def test_a_line_without_a_style_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    env: dict[str, str],
) -> None:
    for name in (*COLOURS, "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    talk.show(text)
    assert capsys.readouterr().out == f"{text}\n"
    talk.show(text, "red")
    coloured = env == COLOURS and text
    assert capsys.readouterr().out == (f"\x1b[31m{text}\x1b[0m\n" if coloured else f"{text}\n")


def test_what_could_repaint_a_terminal_is_still_named(capsys: pytest.CaptureFixture[str]) -> None:
    talk.show("a\x1b[2Jb")
    assert capsys.readouterr().out == "a\\x1b[2Jb\n"


def test_numbers_that_json_lacks_are_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    talk.show_json({"some": [float("nan"), float("inf"), -float("inf"), 0.1, "NaN", 2**70]})
    out = capsys.readouterr().out
    assert json.loads(out)["some"] == ["nan", "inf", "-inf", 0.1, "NaN", 2**70]


@pytest.mark.parametrize("env", [{}, COLOURS])
def test_a_reader_of_samples_that_leaves_early_is_no_mistake(
    here: House, train: Any, env: dict[str, str]
) -> None:
    run = train()
    words = ["sample", run, "--count", 50, "--length", 50]
    with here.start(*words, **env) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 0 and "Traceback" not in err


def test_a_sample_keeps_its_tabs(call: Any, tmp_path: Path) -> None:
    text = tmp_path / "table.txt"
    text.write_text("".join(f"{number}\ta\tb\n" for number in range(500)))
    small = "--width 16 --depth 1 --heads 2 --context 8 --batch 2 --steps 2 --threads 1"
    asked = ["--out", tmp_path, "--name", "run", *small.split()]
    assert call("train", text, *asked).code == 0
    assert call("sample", tmp_path / "run", "--prompt", "a\tb").out.startswith("a\tb")
