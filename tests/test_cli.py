"""The program's surface: help, documents, streams, colours and codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from houses import ROOT, Ended, House

from cutaway.cli import VERBS, app, called

Call = Callable[..., Ended]
NAMES = [name for verbs in VERBS.values() for name in verbs]
SURFACE = Path(__file__).with_name("surface.txt")
HEAD = """\
# Every verb with its arguments, their types and defaults: what scripts may rely on.
# Renew it with CUTAWAY_RENEW=1 pytest tests/test_cli.py, and say in the CHANGELOG what changed.
"""
every_verb = pytest.mark.parametrize("verb", NAMES)


def examples(verb: str) -> list[str]:
    """The lines of a verb's block of examples."""
    doc = called(verb).default_command.__doc__ or ""
    return [line.strip() for line in doc.partition("```")[2].partition("```")[0].split("\n")[1:-1]]


@every_verb
def test_help_is_a_sentence_and_examples(call: Call, verb: str) -> None:
    ended = call(*verb.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    first = (called(verb).default_command.__doc__ or "").splitlines()[0]
    assert re.fullmatch(r"[A-Z].{15,}[.:]", first), first
    said = " ".join(ended.out.split())
    assert not re.search(r"default: (False|None|\(\)|\"\"|\])", said)
    assert first[:60] in said
    assert examples(verb)
    for line in examples(verb):
        assert " ".join(line.split()) in said


@every_verb
def test_the_examples_in_help_are_calls_of_the_verb(verb: str) -> None:
    for line in examples(verb):
        words = [word for word in shlex.split(line) if not re.match("[A-Z]+=", word)]
        if words[0] == "cutaway":
            app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert any(f"cutaway {verb}" in line for line in examples(verb))


@every_verb
def test_a_verb_is_in_the_readme_and_in_the_overview(call: Call, verb: str) -> None:
    assert f"cutaway {verb}" in (ROOT / "README.md").read_text(encoding="utf-8")
    *room, word = verb.split()
    assert re.search(rf"^│ {word} +[A-Z]", call(*room, "--help").out, re.MULTILINE)


def test_the_readme_names_no_verb_and_no_option_that_there_is_not() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    spoken = re.findall(r"(?:^|`|\./)cutaway (\w[\w-]*)(?: (\w+))?", text, re.MULTILINE)
    rooms = {verb.split()[0] for verb in NAMES if " " in verb}
    known = {*NAMES, "test", "VERB"}
    assert {" ".join(one) if one[0] in rooms else one[0] for one in spoken} <= known
    options = {word for verb in NAMES for one in arguments(verb) for word in one.split()}
    flags = set(re.findall(r"(?<=[`\s])--[a-z][\w-]*", text))
    assert flags <= options | {"--help", "--install-completion"}


def arguments(verb: str) -> Iterator[str]:
    """A line for each argument of a verb: its names, type and default."""
    for one in called(verb).assemble_argument_collection():
        kind = one.hint.__name__ if one.hint in (bool, int, str) else str(one.hint)
        some = one.field_info.default is not one.field_info.empty
        default = "required" if one.required else repr(one.field_info.default) if some else "none"
        place = "positional" if one.index is not None else "option"
        yield f"    {' '.join(one.names)}  {place}  {kind}  {default}"


def test_the_surface_is_as_it_was() -> None:
    lines = [line for verb in NAMES for line in (verb, *arguments(verb))]
    now = HEAD + "\n".join(lines) + "\n"
    if os.environ.get("CUTAWAY_RENEW"):
        SURFACE.write_text(now, encoding="utf-8")
    assert now == SURFACE.read_text(encoding="utf-8")


def test_the_module_is_the_program(here: House) -> None:
    code = "import sys; from cutaway.cli import main; sys.exit(main())"
    for words in (["list"], ["list", "--jsn"]):
        by_name = subprocess.run(
            [sys.executable, "-c", code, *words],
            env=here.environment(),
            cwd=here.desk,
            capture_output=True,
            text=True,
            check=False,
        )
        as_module = here(*words)
        assert (by_name.returncode, by_name.stdout) == (as_module.code, as_module.out)
        assert by_name.stderr == as_module.err


def test_the_list_is_as_scripts_expect_it(call: Call) -> None:
    data = call("list", "--json").data
    assert data.keys() == {"schema_version", "labs", "broken"}
    for lab in data["labs"]:
        words = {"name", "number", "wing", "lesson", "draft", "fresh", "claims", "faults"}
        assert words <= lab.keys()
        assert isinstance(lab["number"], int) and isinstance(lab["fresh"], bool)
        for claim in lab["claims"]:
            assert claim.keys() == {"source", "says", "verdict", "effect", "interval", "regime"}
            assert claim["verdict"] in ("supported", "refuted", "conditional", "undecided")
            assert claim["interval"] is None or len(claim["interval"]) == 2
        for fault in lab["faults"]:
            known = {"name", "file", "says", "inert", "observable", "killed_by"}
            assert fault.keys() == known
            assert fault["file"].endswith(".py") and isinstance(fault["observable"], dict)


def test_info_is_data_and_words(call: Call) -> None:
    data = call("info", "--json").data
    assert {"cutaway", "python", "torch", "capability", "runs", "cache", "missing"} <= data.keys()
    assert data["torch"] in call("info").out


def test_listings_have_no_blanks_at_the_end_and_one_line_a_lab(call: Call) -> None:
    out = call("list").out
    assert out.count("\n") == 1 + len(call("list", "--json").data["labs"])
    assert not [line for line in out.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("words", [["--help"], ["list"], ["diff", "bigram.no_shift"], ["run", "x"]])
def test_what_is_no_terminal_gets_no_colours(
    call: Call, words: list[str], env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ended = call(*words)
    assert "\x1b" not in ended.out + ended.err


def test_colours_come_to_a_terminal_unless_it_says_no(here: House) -> None:
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "100"}
    assert "\x1b[3" in here("diff", "bigram.no_shift", **forced).out
    assert "\x1b[3" not in here("diff", "bigram.no_shift", **forced, NO_COLOR="1").out


def test_a_reader_that_leaves_early_is_no_mistake(here: House) -> None:
    with here.start("list", "--json", PYTHONUNBUFFERED="1") as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_without_room_is_the_machines_fault(here: House) -> None:
    command = [sys.executable, "-m", "cutaway", "list", "--json"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, env=here.environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 3
    assert "No space left" in ended.stderr and "Traceback" not in ended.stderr


def test_words_that_ascii_lacks_do_not_stop_the_program(here: House) -> None:
    for words in (["--help"], ["list"], ["diff", "bigram.no_shift"]):
        assert here(*words, PYTHONIOENCODING="ascii").code == 0


def test_the_debug_flag_shows_where_an_error_arose(here: House) -> None:
    command = [sys.executable, "-m", "cutaway", "diff", "nothing", "--debug"]
    ended = subprocess.run(command, env=here.environment(), capture_output=True, text=True)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr and "labs.py" in ended.stderr


def test_the_completion_of_a_shell_can_be_installed(here: House, tmp_path: Path) -> None:
    ended = here("--install-completion", "--shell", "bash", HOME=str(tmp_path))
    assert ended.code == 0
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert any("check-lab" in text for text in written)


def test_the_version_is_the_packages(call: Call) -> None:
    import cutaway

    assert call("--version").out.strip() == cutaway.__version__


def test_json_is_ascii_and_one_object(call: Call) -> None:
    out = call("list", "--json").out
    assert out.isascii() and isinstance(json.loads(out), dict)
