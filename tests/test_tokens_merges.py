"""`tokens merges`: the joins under the microscope are those of training; and what is said."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from houses import Ended, House

from cutaway.atoms import tokens

Call = Callable[..., Ended]


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "whole"])
def test_the_joins_are_those_of_training_and_end_where_it_ends(call: Call, pattern: str) -> None:
    for seed in range(6):
        letters = random.Random(seed).choices("aab é\n", k=60)
        text = "".join(letters)
        words = Counter(word.encode() for word in tokens.words(text, pattern))
        learnt = tokens.tokens.train(words, 9999)
        Path("it.txt").write_bytes(text.encode())
        words_ = ("tokens", "merges", "--file=it.txt", "--pattern", pattern)
        data = call(*words_, "--steps", 9999, "--json").data
        pairs = {(one["left"], one["right"]): one["id"] for one in data["joins"]}
        assert pairs == learnt.joins
        assert [one["bytes"] for one in data["joins"]] == [t.hex() for t in learnt.tokens[256:]]
        lengths = [len(tokens.encode_word(word, learnt)) * n for word, n in words.items()]
        assert data["after"] == sum(lengths) and data["before"] == len(text.encode())
        assert [one["tokens"] for one in data["joins"]][-1:] == [data["after"]]
        assert data["training_stops_after"] in (None, len(learnt.joins))
        for one in data["joins"]:
            assert [other["count"] for other in one["next"][: one["tied"]]] == [one["count"]] * min(
                one["tied"], 4
            )
            assert all(other["count"] < one["count"] for other in one["next"][one["tied"] :])


def test_one_is_one(call: Call) -> None:
    one = call("tokens", "show", "a", "-v", "bytes").out.splitlines()[-1]
    assert one == "1 character, 1 byte, 1 word, 1 token, 1.000 tokens a byte"
    assert call("tokens", "merges", "a").out == "0 joins made 1 token of 1 byte\n"


@pytest.mark.parametrize("verb", ["show", "compare", "merges"])
def test_the_name_of_a_file_is_a_text_and_a_line_says_so(call: Call, verb: str) -> None:
    Path("it.txt").write_text("not this")
    more = ["-v", "bytes"] if verb != "merges" else []
    ended = call("tokens", verb, "it.txt", *more)
    assert ended.code == 0 and ended.err.endswith("To read the file: --file it.txt\n")
    assert call("tokens", verb, "it", *more).err == ""


def test_where_training_stops_a_warning_stands_and_beyond_it_goes_on(call: Call) -> None:
    words = ("tokens", "merges", "abab cd", "--steps", 99)
    stopped = call(*words)
    assert stopped.out.count("Training stops here: no pair occurs twice.") == 1
    assert "id 256, 2 times" in stopped.out and "once" not in stopped.out.partition("Training")[0]
    assert stopped.out.endswith("1 join made 5 tokens of 7 bytes\n")
    beyond = call(*words, "--beyond")
    before, after = beyond.out.split("Training stops here")
    assert "once" not in before and after.count(", once") == 3
    assert beyond.out.endswith("4 joins made 2 tokens of 7 bytes\n")
    data = call(*words, "--beyond", "--json").data
    assert data["training_stops_after"] == 1
    assert [one["count"] for one in data["joins"]] == [2, 1, 1, 1]
    assert "Training stops" not in call(*words[:3], "--steps", 1).out


def test_a_tie_is_told_with_how_it_was_decided(call: Call) -> None:
    out = call("tokens", "merges", "ba,ab.ba;ab", "--steps", 1).out
    assert out.splitlines()[:2] == [
        "  1  a + b -> ab  id 256, 2 times",
        "     another pair is as frequent: the ids 97 and 98 are the lowest",
    ]


@pytest.mark.parametrize(
    ("keys", "joins", "code"), [(b"  q", 3, 0), (b" r", 4, 0), (b"\x04", 1, 0), (b" \x03", 2, 130)]
)
def test_a_key_is_a_join(here: House, keys: bytes, joins: int, code: int) -> None:
    reading, writing = os.openpty()
    command = [
        sys.executable,
        "-m",
        "cutaway",
        "tokens",
        "merges",
        "--keys",
        "she sells sea shells",
    ]
    process = subprocess.Popen(
        command,
        cwd=here.desk,
        env=here.environment(TERM="xterm", COLUMNS="70"),
        stdin=writing,
        stdout=writing,
        stderr=writing,
        start_new_session=True,
        preexec_fn=_own_terminal,
    )
    os.close(writing)
    said = b""
    left = [bytes([key]) for key in keys]
    while part := _read(reading):
        said += part
        if left and said.count(b"  tokens") + said.count(b" tokens\r\n") > len(keys) - len(left):
            time.sleep(0.1)  # until it listens
            os.write(reading, left.pop(0))
    os.close(reading)
    assert process.wait() == code
    assert len(re.findall(rb"id \d+, ", said)) == joins


def _own_terminal() -> None:
    """Take standard input for the terminal of this process: then Ctrl-C is a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(handle: int) -> bytes:
    """What a terminal shows next; nothing when its program has ended."""
    try:
        return os.read(handle, 1 << 16)
    except OSError:
        return b""
