"""`tokens encode` and `decode`: what goes into a file comes out of it, or is refused."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from houses import Ended, House
from stand_ins import until
from test_stopping import FULL_DISK

from cutaway.atoms import tokens
from cutaway.verbs.tokens import streams
from cutaway.verbs.tokens.ids import ids_in, mark_of

Call = Callable[..., Ended]
END = "<|endoftext|>"
TEXTS = {
    "empty": b"",
    "marked": b"\xef\xbb\xbfa text\r\n",
    "zeros": bytes(99),
    "blank": b" \n\n  \t\r\n",
    "wide": "日本語 naïve 👩🏽‍🚀\n".encode() * 9,
    "special": f"the{END}the dog {END}{END}<|endof".encode(),
    "unbroken": b"ab" * 400,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("kind", ["npy", "txt"])
def test_a_text_comes_back_to_the_byte(
    call: Call, mine: Any, text: bytes, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "it").write_bytes(text)
    for vocabulary, dtype in (("bytes", np.uint8), ("mine.json", np.uint16)):
        out = tmp_path / f"{dtype.__name__}.{kind}"
        more = ("--allow", END, "--as-text", "-v", vocabulary)
        words = more if vocabulary == "mine.json" else more[3:]
        assert call("tokens", "encode", "it", *words, "--out", out).code == 0
        ids = np.load(out) if kind == "npy" else np.array(out.read_text().split(), np.uint32)
        assert kind == "txt" or (ids.dtype == dtype and ids.ndim == 1)
        expected = mine.encode(text.decode(), {END}, ()) if vocabulary != "bytes" else list(text)
        assert ids.tolist() == expected
        again = out.with_suffix(".back")
        assert call("tokens", "decode", out, "-v", vocabulary, "--out", again).code == 0
        assert again.read_bytes() == text
    assert not list(tmp_path.glob(".*"))


def test_ids_and_texts_go_through_pipes(here: House) -> None:
    text = "naïve 日本\x1b\r\n".encode()
    program = [sys.executable, "-m", "cutaway", "tokens"]
    env = here.environment()
    for more in ([], ["-v", "bytes"]):
        ids = subprocess.run(
            [*program, "encode", *more], env=env, input=text, stdout=subprocess.PIPE, check=True
        ).stdout
        assert all(line.isdigit() for line in ids.splitlines())
        back = subprocess.run(
            [*program, "decode", *more], env=env, input=ids, stdout=subprocess.PIPE, check=True
        ).stdout
        assert back == text


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("data", "place"), [(b"ab\xff", 2), ("日本".encode()[:5], 3), (b"a\xed\xa0\x80", 1)]
)
def test_the_place_of_what_is_not_utf8_is_named(
    data: bytes, place: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.setattr(streams, "BLOCK", block)
    (tmp_path / "it.txt").write_bytes(b"good " * 9 + data)
    ended = call("tokens", "encode", "it.txt", "-v", "bytes", "--out", "it.npy")
    wrong = f"byte {45 + place} (0x{data[place]:02x}) begins no character."
    assert ended.code == 4 and f"it.txt is not UTF-8: {wrong}" in ended.err
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["it.txt"]


def test_a_special_token_that_is_not_allowed_is_named_with_its_place(
    call: Call, mine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 50)
    (tmp_path / "it.txt").write_text("é dog " * 50 + END)
    ended = call("tokens", "encode", "it.txt", "-v", "mine.json", "--out", "it.npy")
    assert ended.code == 2 and "'<|end', at character 300." in ended.err
    assert not list(tmp_path.glob("*.npy")) + list(tmp_path.glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_no_half_file(here: House, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "cutaway", "tokens", "encode", "-v", "bytes"]
    out = here.desk / "signal"
    out.mkdir(exist_ok=True)
    with subprocess.Popen(
        [*command, "--out", str(out / "it.npy")],
        env=here.environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stderr
        until(lambda: bool(list(out.iterdir())))
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == 128 + number and "Stopped." in said and "Traceback" not in said
    assert not list(out.iterdir())


@pytest.mark.parametrize("words", [["encode", "it.txt", "--out", "x.npy"], ["convert", "v.json"]])
def test_a_full_disk_leaves_nothing_behind(here: House, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "sitecustomize.py").write_text(FULL_DISK)
    (here.desk / "it.txt").write_text("some text")
    tokens.save(tokens.train(["ab ab"], 257, "gpt2"), here.desk / "v.json")
    before = set(here.desk.iterdir())
    more = ["x.tiktoken"] if words[0] == "convert" else ["-v", "bytes"]
    full = {"PATH_FIRST": str(tmp_path), "TINY_DISK": "ENOSPC"}
    ended = here("tokens", *words, *more, **full)
    assert (ended.code, ended.out) == (3, "") and "the disk is full" in ended.err
    assert set(here.desk.iterdir()) == before


def _arrays() -> dict[str, bytes]:
    """Files that begin as an array of numpy's does, and are no row of ids."""
    import io

    def saved(array: Any) -> bytes:
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    good = saved(np.array([72, 105], np.uint8))
    return {
        "floats": saved(np.zeros(3)),
        "table": saved(np.zeros((2, 2), np.uint8)),
        "number": saved(np.array(5)),
        "truths": saved(np.array([True])),
        "negative": saved(np.array([72, -1])),
        "short": good[:-1],
        "head": good[:20],
        "huge": good.replace(b"(2,)", b"(9999999999999,)"),
        "large head": b"\x93NUMPY\x02\x00" + (2**20).to_bytes(4, "little") + b" " * 2**20,
        "long head": b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b"x" * 99,
        "code": good.replace(b"(2,)", b"exit(9)"),
        "object": good.replace(b"|u1", b"|O1"),
    }


BAD_IDS = _arrays() | {
    "words": b"72 x",
    "minus": b"72 -1",
    "beyond": b"72 256",
    "far beyond": b"9" * 19,
    "very far": b"9" * 20,
    "unbroken": b"1" * 99999,
    "zip": b"PK\x03\x04\x00",
    "fraction": b"1.5",
    "other digits": "٣".encode(),
}


@pytest.mark.parametrize("data", BAD_IDS.values(), ids=BAD_IDS)
def test_what_are_no_ids_is_refused_by_name(call: Call, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ids").write_bytes(data)
    ended = call("tokens", "decode", "ids", "-v", "bytes", "--out", "it.txt")
    assert ended.code == 4 and ended.err.startswith("ids") and ended.err.count("\n") == 2
    assert "pickle" not in ended.err
    assert not list(tmp_path.glob("*.txt")) + list(tmp_path.glob(".*"))


def test_an_array_knows_the_vocabulary_that_encoded_it(call: Call, mine: Any) -> None:
    Path("it.txt").write_text("the dog's bone")
    tokens.save(tokens.train([" ".join(map(bin, range(999)))], 290, tokens.GPT2), "other.json")
    assert call("tokens", "encode", "it.txt", "-v", "mine.json", "--out", "it.npy").code == 0
    with open("it.npy", "rb") as file:
        assert np.load(file).tolist() == mine.encode("the dog's bone")
        assert np.load(file) == np.array(mark_of(mine))
        assert not file.read()
    ended = call("tokens", "decode", "it.npy", "-v", "other.json", "--out", "back.txt")
    assert ended.code == 4 and "it.npy was encoded with another vocabulary" in ended.err
    assert not Path("back.txt").exists()
    for name in ("tokenizer.json", "it.tiktoken"):
        assert call("tokens", "convert", "mine.json", name).code == 0
    for number, name in enumerate(("mine.json", "tokenizer.json")):
        back = f"{number}.txt"
        assert call("tokens", "decode", "it.npy", "-v", name, "--out", back).code == 0
        assert Path(back).read_text() == "the dog's bone"
    ranks = tokens.from_tiktoken(Path("it.tiktoken").read_bytes(), "gpt2", {})
    assert mark_of(ranks) == mark_of(mine) != mark_of(tokens.load("other.json"))
    np.save("plain.npy", np.load("it.npy"))
    assert call("tokens", "decode", "plain.npy", "-v", "other.json", "--out", "x.txt").code == 0


@pytest.mark.parametrize(
    ("error", "said", "step"),
    [
        ("ENOENT", "the system takes no new file there", "Choose another place."),
        ("EACCES", "permission denied", "Choose another folder."),
        ("ENOSPC", "the disk is full", "or choose another place."),
    ],
)
def test_why_a_file_cannot_be_written_and_what_helps(
    call: Call, mine: Any, monkeypatch: pytest.MonkeyPatch, error: str, said: str, step: str
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(getattr(errno, error), "no")

    Path("it.txt").write_text("a text")
    monkeypatch.setattr(os, "fsync", fail)
    for words in (["convert", "mine.json", "x.json"], ["encode", "it.txt", "--out", "x.npy"]):
        ended = call("tokens", *words, *(["-v", "bytes"] if "it.txt" in words else []))
        first, second = ended.err.splitlines()
        assert ended.code == 3 and said in first and second.endswith(step)
        assert ("Free some space" in second) == (error == "ENOSPC")
    assert not list(Path().glob("x.*")) + list(Path().glob(".*"))


def test_ids_of_any_width_and_order_are_read(tmp_path: Path) -> None:
    for kind in ("<u4", ">u4", "<i8", "u1", ">i2"):
        np.save(tmp_path / "it.npy", np.array([72, 105], kind))
        assert np.concatenate([*ids_in(tmp_path / "it.npy")]).tolist() == [72, 105]
    (tmp_path / "it.txt").write_text("\n 72,\t105\r\n")
    assert np.concatenate([*ids_in(tmp_path / "it.txt")]).tolist() == [72, 105]


def test_an_id_that_no_token_has_is_named_with_its_place(call: Call, tmp_path: Path) -> None:
    np.save(tmp_path / "it.npy", np.arange(300_000) // 1150)
    ended = call("tokens", "decode", "it.npy", "-v", "bytes", "--out", "it.txt")
    assert ended.code == 4 and "its id 294,400 (from 0) is 256" in ended.err


def test_ids_in_a_long_text_are_counted_from_its_beginning(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.verbs.tokens.ids.BLOCK", 10)
    for wrong, said in (("x", "'x', which is no id (word 31 of it)"), ("256", "id 30 (from 0)")):
        (tmp_path / "ids").write_text("72 105\n" * 15 + wrong)
        ended = call("tokens", "decode", "ids", "-v", "bytes", "--out", "it.txt")
        assert ended.code == 4 and said in ended.err
    (tmp_path / "ids").write_text("72 105\n" * 15)
    assert np.concatenate([*ids_in(tmp_path / "ids")]).tolist() == [72, 105] * 15


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["encode", "nothing.txt"], 2, "There is no file nothing.txt."),
        (["encode", "x" * 5000], 2, "is a longer path than the system takes."),
        (["encode", "."], 4, "is a folder"),
        (["encode", "pipe"], 4, "is a pipe"),
        (["encode", "it.txt", "--out", "there.npy"], 2, "there.npy exists already."),
        (["encode", "it.txt", "--out", "it.bin"], 2, "neither .npy nor .txt"),
        (["encode", "it.txt", "--out", "it.txt/ids.npy"], 3, "no folder that you may write to"),
        (["encode", "it.txt", "--allow", "<|x|>", "-v", "bytes"], 2, "It has: none."),
        (["decode", "nothing.npy"], 2, "There is no file nothing.npy."),
        (["decode", "it.txt", "--out", "there.npy"], 2, "exists already"),
        (["convert", "mine.json", "there.json"], 2, "there.json exists already."),
        (["convert", "mine.json", "new"], 2, "does not say in which format"),
        (["convert", "nothing.json", "new.json"], 2, "There is no vocabulary nothing.json."),
        (["convert", "v.tiktoken", "new.json"], 2, "--pattern: cl100k"),
        (["convert", "mine.json", "new.json", "--pattern", "cl100k"], 2, "cut by gpt2"),
        (["convert", "mine.json", "new.json", "--special", "a=1"], 2, "its own special tokens"),
        (["convert", "mine.json", "new.json", "--special", "a"], 2, "'a' is not NAME=ID."),
        (["convert", "mine.json"], 2, "TARGET is missing."),
        (["convert", "mine.json", "new.json", "--format", "x"], 2, "--format"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_next_step(
    call: Call, mine: Any, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "it.txt").write_text("some text")
    (tmp_path / "v.tiktoken").write_bytes(tokens.to_tiktoken(mine))
    for name in ("there.npy", "there.json"):
        (tmp_path / name).write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    ended = call("tokens", *words)
    assert (ended.code, ended.out) == (code, "") and said in ended.err
    assert 1 <= ended.err.count("\n") <= 2
    assert (tmp_path / "there.npy").read_text() == (tmp_path / "there.json").read_text() == "mine"
