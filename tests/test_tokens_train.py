"""`tokens train`: what is learnt, what is said of it, and how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from houses import Ended, House
from stand_ins import until
from test_stopping import FULL_DISK

from cutaway.atoms import tokens
from cutaway.data.opening import corpus
from cutaway.data.overlap.splitting import cached_split
from cutaway.verbs.tokens.tiles import label

Call = Callable[..., Ended]
END = "<|endoftext|>"
WHOLE = ("--pattern", "whole")
TEXT = "the dog's bone, the dogs' bones: naïve 日本語 日本 12345\r\n\n" * 40


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    """Two files, `one.txt` and `two.txt`, and their texts."""
    found = [TEXT, "abab " * 99 + "é" * 50]
    for name, text in zip(("one.txt", "two.txt"), found, strict=True):
        (tmp_path / name).write_bytes(text.encode())
    return found


@pytest.mark.parametrize(
    ("pattern", "processes"), [("gpt2", 1), ("cl100k", 1), ("whole", 1), ("gpt2", 2)]
)
def test_what_is_learnt_is_what_the_lab_learns(
    call: Call, texts: list[str], tmp_path: Path, pattern: str, processes: int
) -> None:
    more = ("--pattern", pattern, "--processes", processes, "--special", END)
    words = ("train", "one.txt", "two.txt", "--vocab", 300, "--out", "new/it.json", *more)
    data = call("tokens", *words, "--json").data
    expected = tokens.train(texts, 300, pattern, (END,))
    assert (tmp_path / "new" / "it.json").read_text() == tokens.to_json(expected)
    assert data["joins"] == len(expected.vocabulary.joins) and data["vocab"] == expected.vocab
    assert data["bytes"] == sum(len(text.encode()) for text in texts)
    assert data["stopped_early"] == (expected.vocab < 300) and data["out"] == "new/it.json"


def test_a_special_token_parts_the_texts_and_is_not_learnt_from(call: Call, tmp_path: Path) -> None:
    (tmp_path / "it.txt").write_text(f"the dog{END}" * 50)
    words = ("train", "it.txt", "--vocab", 300, "--special", END, "--pattern", "whole")
    assert call("tokens", *words, "--out", "it.json").code == 0
    learnt = tokens.load(tmp_path / "it.json").vocabulary.tokens[256:]
    assert b"the dog" in learnt and not any(b"<" in token or b"gt" in token for token in learnt)


def test_a_corpus_is_learnt_from_by_its_training_side(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "it.json"
    ended = call("tokens", "train", "--corpus", "shakespeare", "--vocab", 280, "--out", out)
    assert ended.code == 0 and ended.out.startswith("24 joins learnt from 1.1 MB in ")
    side = [one.text for one in cached_split(corpus("shakespeare")).train]
    assert out.read_text() == tokens.to_json(tokens.train(side, 280, "gpt2"))


def test_it_says_what_it_learnt_and_when_it_ended_early(call: Call, texts: list[str]) -> None:
    ended = call("tokens", "train", "one.txt", "--vocab", 9000, "--out", "it.json", *WHOLE)
    first, *rows = ended.out.splitlines()
    learnt = tokens.load("it.json").vocabulary.tokens[256:]
    assert first.startswith(f"{len(learnt)} joins learnt from {len(TEXT.encode()) / 1000:.1f} kB")
    longest = max(learnt, key=len)
    assert len(longest) > 40
    assert [row.split()[0] for row in rows] == ["first", "longest"]
    assert rows[0].split()[1] == learnt[0].decode().replace(" ", "␣")
    assert rows[1].split()[1] == f"{label(longest[:40])}…"
    assert "It ended early: no pair occurs twice, so there are not 9,000 tokens." in ended.err
    assert "-v it.json`" in ended.err
    enough = call("tokens", "train", "one.txt", "--vocab", 260, "--out", "more.json")
    assert "early" not in enough.err


@pytest.mark.parametrize("name", ["tokenizer.json", "my-tokenizer.json", "it.tiktoken", "it.json"])
def test_the_name_says_the_format(call: Call, texts: list[str], name: str) -> None:
    assert call("tokens", "train", "one.txt", "--vocab", 280, "--out", name).code == 0
    learnt = tokens.train([TEXT], 280, "gpt2")
    expected = {
        "it.json": tokens.to_json(learnt).encode(),
        "it.tiktoken": tokens.to_tiktoken(learnt),
    }.get(name, tokens.to_huggingface(learnt).encode())
    assert Path(name).read_bytes() == expected


def test_a_text_that_is_not_utf8_is_refused_with_its_place(call: Call, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "late.txt").write_bytes(b"good " * 999_999 + b"caf\xe9")
    for more in ((), ("--processes", 2)):
        words = ("train", "good.txt", "late.txt", "--vocab", 300, "--out", "it.json", *more)
        ended = call("tokens", *words)
        assert (ended.code, ended.out) == (4, "")
        assert "late.txt is not UTF-8: byte 4,999,998 (0xe9)" in ended.err
    assert sorted(path.name for path in tmp_path.glob("[!h]*")) == ["good.txt", "late.txt"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["empty.txt", "empty.txt", "--out", "it.json"], 2, "There is nothing to learn from"),
        (["<|x|>.txt", "--special", "<|x|>", "--out", "it.json"], 2, "nothing to learn from"),
        (["one.txt", "--out", "x" * 5000 + ".json"], 2, "is a longer path than the system takes."),
        (["x" * 5000, "--out", "it.json"], 2, "is a longer path than the system takes."),
        (["one.txt", "--vocab", "300"], 2, "--out requires"),
        (["one.txt", "--vocab", "255", "--out", "it.json"], 2, "255 is not possible."),
        (["one.txt", "--vocab", "9999999", "--out", "it.json"], 2, "9,999,999 is not possible."),
        (["one.txt", "--vocab", "256", "--special", "a", "--out", "it.json"], 2, "1 special"),
        (["one.txt", "--vocab", "300", "--special", "", "--out", "it.json"], 2, "empty"),
        (["one.txt", "--vocab", "300", "--special", "\udce9", "--out", "it.json"], 2, "UTF-8"),
        (["one.txt", "--vocab", "300", "--out", "there.json"], 2, "there.json exists already."),
        (["one.txt", "--vocab", "300", "--out", "link.json"], 2, "link.json exists already."),
        (["one.txt", "--vocab", "300", "--out", "it.yaml"], 2, "does not say in which format"),
        (["one.txt", "--vocab", "300", "--out", "one.txt/it.json"], 3, "one.txt is no folder"),
        (["one.txt", "--vocab", "300", "--out", "it.json", "--processes", "0"], 2, "0 processes"),
        (["nothing.txt", "--vocab", "300", "--out", "it.json"], 2, "There is no file nothing.txt."),
        ([".", "--vocab", "300", "--out", "it.json"], 4, "is a folder"),
        (["pipe", "--vocab", "300", "--out", "it.json"], 4, "is a pipe"),
        (["--corpus", "nope", "--vocab", "300", "--out", "it.json"], 2, "There is no corpus"),
        (["one.txt", "--vocab", "300", "--out", "it.json", "--pattern", "gpt5"], 2, '"cl100k"'),
    ],
)
def test_a_mistake_is_a_sentence_and_a_next_step(
    call: Call, texts: list[str], tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "there.json").write_text("mine")
    (tmp_path / "link.json").symlink_to("nowhere")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "<|x|>.txt").write_text("<|x|>" * 9)
    os.mkfifo(tmp_path / "pipe")
    before = {path.name for path in tmp_path.iterdir()}
    ended = call("tokens", "train", *words)
    assert (ended.code, ended.out) == (code, "") and said in ended.err
    assert 1 <= ended.err.replace("Learning ...\n", "").count("\n") <= 2
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == before
    assert (tmp_path / "there.json").read_text() == "mine"


def test_standard_input_is_learnt_from(here: House, tmp_path: Path) -> None:
    (tmp_path / "it.txt").write_text(TEXT)
    program = [sys.executable, "-m", "cutaway", "tokens", "train", "--vocab", "300", "--out"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def learn(data: bytes, *more: str) -> subprocess.CompletedProcess[bytes]:
        env = here.environment(TMPDIR=str(scratch))
        command = [*program, "it.json", *more]
        done = subprocess.run(
            command, env=env, cwd=tmp_path, input=data, capture_output=True, check=False
        )
        assert not list(scratch.iterdir())
        return done

    for data, code, said in (
        (b"", 2, b"There is nothing to learn from"),
        (b"caf\xe9", 4, b"standard input is not UTF-8: byte 3 (0xe9)"),
        (b"a" * (2**24 + 2**22), 4, b"standard input has 16,777,216 characters and no place"),
        (TEXT.encode(), 0, b"Wrote it.json"),
    ):
        done = learn(data)
        assert done.returncode == code and said in done.stderr, done.stderr
        assert (tmp_path / "it.json").exists() == (code == 0)
    assert (tmp_path / "it.json").read_text() == tokens.to_json(tokens.train([TEXT], 300, "gpt2"))


def test_at_a_terminal_standard_input_is_not_waited_for(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    ended = call("tokens", "train", "--out", "it.json")
    assert ended.code == 2 and "There is no text to learn from." in ended.err


def test_a_text_without_a_place_to_cut_is_one_error(call: Call, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"a" * (2**24 + 2**22))
    for verb, more in (("train", []), ("encode", ["-v", "bytes"])):
        for kind, said in (("gpt2", "16,777,216 characters"), ("whole", "more than 16,777,216")):
            words = (verb, "long.txt", "--pattern", kind, *more)
            ended = call("tokens", *words, "--out", f"it.{'json' if verb == 'train' else 'npy'}")
            assert (ended.code, ended.out) == (4, "") and f"long.txt has {said}" in ended.err
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"long.txt"}


@pytest.mark.slow
def test_what_is_too_large_to_be_saved_is_said_in_words_of_training(
    call: Call, tmp_path: Path
) -> None:
    for number in range(4):  # tokens of 2, 4, ... bytes, four times
        data = bytes([number]) * 2**22  # each six characters in the file
        (tmp_path / f"{number}.txt").write_bytes(data)
    names = [f"{number}.txt" for number in range(4)]
    ended = call("tokens", "train", *names, "--vocab", 400, "--out", "it.json")
    assert (ended.code, ended.out) == (2, "") and ended.err.count("\n") == 3
    assert "What was learnt is too large to be saved: its longest token has 2,097,152" in ended.err
    assert not list(tmp_path.glob("*.json"))


def test_a_full_disk_leaves_nothing_behind(here: House, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FULL_DISK)
    (here.desk / "full.txt").write_text(TEXT)
    full = {"PATH_FIRST": str(tmp_path), "TINY_DISK": "ENOSPC"}
    ended = here("tokens", "train", "full.txt", "--vocab", 260, "--out", "full.json", **full)
    assert (ended.code, ended.out) == (3, "") and "the disk is full" in ended.err
    assert "goes on where it stopped" not in ended.err
    assert [path.name for path in here.desk.glob("*full*")] == ["full.txt"]


def test_without_numba_the_vocabulary_is_the_same(here: House, tmp_path: Path) -> None:
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('none', name='numba')\n")
    (here.desk / "slow.txt").write_text(TEXT)
    for name, first in (("fast.json", ""), ("slow.json", str(tmp_path))):
        words = ("train", "slow.txt", "--vocab", 300, "--out", name)
        ended = here("tokens", *words, PATH_FIRST=first)
        assert ended.code == 0
        assert ended.err.count("pip install 'cutaway[fast]'") == (name == "slow.json")
        assert "Warning" not in ended.err
    assert (here.desk / "slow.json").read_bytes() == (here.desk / "fast.json").read_bytes()


SLOW = """\
import sys

if "cutaway.verbs.tokens.learning" in sys.orig_argv:
    import time
    from cutaway.verbs.tokens import streams

    def slowly(path, told=None):
        for number in range(2000):
            yield "some words " * 400_000
            open(f"read-{number}", "w").close()
            time.sleep(0.2)

    streams.characters = slowly
"""


STOPPED = {signal.SIGINT: (130, "\nStopped.\n"), signal.SIGTERM: (143, "Stopped.\n")}


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_every_process_and_leaves_no_half_file(
    here: House, tmp_path: Path, number: signal.Signals
) -> None:
    house = House(here.root, tmp_path)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(SLOW)
    (tmp_path / "it.txt").write_text("text")
    words = ("train", "it.txt", "--vocab", 300, "--processes", 2, "--out", "it.json")
    with house.start("tokens", *words, PATH_FIRST=str(tmp_path / "first")) as process:
        until(lambda: len(_family(process.pid)) >= 4 and (tmp_path / "read-3").exists())
        family = _family(process.pid)
        os.killpg(process.pid, number)  # as a terminal does: to all that listen to it
        out, err = process.communicate(timeout=20)
    code, said = STOPPED.get(number, (-number, ""))
    assert (process.returncode, out, err) == (code, "", f"Learning ...\n{said}")
    until(lambda: not any(_lives(one) for one in family))
    assert not list(tmp_path.glob("*.json")) + list(tmp_path.glob(".*"))


def _family(pid: int) -> list[Any]:
    """A process's children and theirs."""
    return list(psutil.Process(pid).children(recursive=True))


def _lives(process: Any) -> bool:
    """Whether a process is still there, and no mere entry in a table."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_process_that_is_ended_from_outside_is_one_sentence(here: House, tmp_path: Path) -> None:
    house = House(here.root, tmp_path)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(SLOW)
    (tmp_path / "it.txt").write_text("text")
    words = ("train", "it.txt", "--vocab", 300, "--out", "it.json")
    with house.start("tokens", *words, PATH_FIRST=str(tmp_path / "first")) as process:
        until(lambda: (tmp_path / "read-1").exists())
        for one in _family(process.pid):
            one.kill()
        out, err = process.communicate(timeout=20)
    assert process.returncode == 3 and out == ""
    assert "was ended from outside (SIGKILL)" in err and "Traceback" not in err
    assert not (tmp_path / "it.json").exists()


def test_a_bar_is_drawn_for_a_terminal_only(call: Call, texts: list[str]) -> None:
    ended = call("tokens", "train", "one.txt", "--vocab", 260, "--out", "it.json")
    assert ended.err.splitlines()[0] == "Learning ..." and "\x1b" not in ended.err + ended.out
