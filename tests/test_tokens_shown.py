"""`tokens show` and `tokens compare`: what is seen is what the tokenizer does, and harmless."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from houses import Ended, House
from rich.cells import cell_len

from cutaway.atoms import tokens
from cutaway.errors import Unavailable
from cutaway.verbs.tokens.tiles import Token, cells, label, rows
from cutaway.verbs.tokens.vocabularies import opened

Call = Callable[..., Ended]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MAD = (
    "\x1b]0;evil\x07\x1b[2J [red]x[/red] \u202ereversed \u200f \x9b31m \u2028 \ufeff \x00 \x7f"
    " ␣⏎║│◌ e\u0301 \u0301 \U000e0041 🧑‍🚀 日本語 שלום \\x1b \r\n\t  \n\n don't IT'S 12345 <|x|>"
)
TEXTS = {
    "mad": MAD,
    "blank": "  \n \t\n\n",
    "long word": "ab" * 400,
    "one": "a",
    "wide": "日本" * 40,
    "controls": "".join(map(chr, range(256))),
}
every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary with two special tokens."""
    texts = ["the dog's bone, the dogs' bones: naïve 日本語 日本\n" * 9, "abab" * 50]
    path = tmp_path_factory.mktemp("vocabulary") / "mine.json"
    tokens.save(tokens.train(texts, 300, tokens.GPT2, ("<|x|>", "<|x|>y")), path)
    return path


@every_text
@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "whole"])
def test_the_tokens_are_those_of_the_tokenizer(
    call: Call, file: Path, text: str, pattern: str
) -> None:
    for name in (str(file), "bytes"):
        words = ("tokens", "show", f"--file={_written(text)}", "-v", name, "--pattern", pattern)
        data = call(*words, "--as-text", "--json").data
        found = data["found"]
        tokenizer = opened(name, pattern)
        assert [one["id"] for one in found] == tokenizer.encode(text, refused=())
        assert b"".join(bytes.fromhex(one["bytes"]) for one in found) == text.encode()
        shown = [one["text"].encode().hex() for one in found if one["text"] is not None]
        assert shown == [one["bytes"] for one in found if one["text"] is not None]
        cut: dict[int, bytes] = {}
        for one in found:
            cut[one["word"]] = cut.get(one["word"], b"") + bytes.fromhex(one["bytes"])
        assert list(cut) == list(range(len(cut)))
        assert list(cut.values()) == [word.encode() for word in tokens.words(text, pattern)]
        size = len(text.encode())
        assert (data["characters"], data["bytes"], data["words"]) == (len(text), size, len(cut))
        assert data["tokens_a_byte"] == data["tokens"] / size == len(found) / size


def _written(text: str) -> Path:
    """A file in the folder where one stands, with some text in it."""
    Path("it.txt").write_bytes(text.encode())
    return Path("it.txt")


@every_text
@pytest.mark.parametrize("width", [8, 20, 79, 1000])
def test_rows_hold_every_token_once_and_are_no_wider_than_the_terminal(
    file: Path, text: str, width: int
) -> None:
    from cutaway.verbs.tokens.showing import tokens_of

    found = list(tokens_of(opened(str(file)), text, set()))
    drawn = list(rows(cells(found, True, True, width - 1), width))
    assert all(sum(len(one.bar) + one.width for one in row) <= width for row in drawn)
    lines = ["".join(cell.lines[n] for row in drawn for cell in row) for n in range(3)]
    assert lines[0] == "".join(label(token.bytes) for token in found)
    assert lines[1] == "".join(str(token.id) for token in found)
    assert lines[2] == "".join(token.bytes.hex(" ") for token in found)
    bars = "".join(cell.bar for row in drawn for cell in row)
    befores = [token.word for token in found]
    begun = [one.word != before for one, before in zip(found, [-1, *befores[:-1]], strict=True)]
    assert bars == "".join("║" if one else "│" for one in begun)
    assert all(cell_len(line) <= cell.width for row in drawn for cell in row for line in cell.lines)


@pytest.mark.parametrize("verb", ["show", "compare", "merges"])
@pytest.mark.parametrize("width", [20, 100])
def test_nothing_in_a_text_is_obeyed(
    call: Call, file: Path, verb: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for text in (MAD, TEXTS["controls"]):
        more = ["-v", file] if verb != "merges" else ["--steps", 40]
        more += ["--as-text", "--bytes"] if verb == "show" else []
        ended = call("tokens", verb, f"--file={_written(text)}", *more)
        assert ended.code == 0
        strange = {one for one in ended.out if not one.isprintable()} - {"\n"}
        assert not strange
        if verb != "merges":
            assert "\\x1b" in ended.out
        if verb == "show":
            assert all(cell_len(line) <= width for line in ended.out.splitlines()[:-1])


def test_a_special_token_with_a_mad_name_is_harmless(call: Call, tmp_path: Path) -> None:
    name = "<\x1b[31m\u202e[red]>"
    tokens.save(tokens.train(["ab"], 257, "gpt2", (name,)), tmp_path / "v.json")
    it = f"--file={_written('a' + name)}"
    refused = call("tokens", "show", it, "-v", "v.json")
    assert refused.code == 2 and "at character 1." in refused.err
    assert not set("\x1b\u202e") & set(refused.err)
    allowed = call("tokens", "show", it, "-v", "v.json", "--allow", name)
    assert allowed.out.splitlines()[0] == "║a ║<\\x1b[31m\\u202e[red]>"


@pytest.mark.parametrize(
    ("token", "seen"),
    [
        (b" a", "␣a"),
        ("␣a".encode(), "\\u2423a"),
        (b"\r\n\t", "↵⏎⇥"),
        ("日".encode(), "日"),
        ("日".encode()[:2], "\\xe6\\x97"),
        (b"a\xff", "a\\xff"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        ("\u0301".encode(), "◌\u0301"),
        ("e\u0301".encode(), "e\u0301"),
        ("\u200d".encode(), "\\u200d"),
        (b"\x1b[0m", "\\x1b[0m"),
        ("║│".encode(), "\\u2551\\u2502"),
        (b"[red]", "[red]"),
    ],
)
def test_a_token_is_seen_as_what_it_is(token: bytes, seen: str) -> None:
    assert label(token) == seen


def test_a_wide_character_takes_two_columns_and_its_id_stands_beneath_it() -> None:
    three = [Token(7, "日".encode(), 0), Token(123456, b"x", 0), Token(8, b"y", 1)]
    (row,) = rows(cells(three, True, False, 79), 80)
    top, ids = (
        "".join(cell.bar + cell.line(number) for cell in row) for number in range(len(row[0].lines))
    )
    assert (top, ids) == ("║日│x     ║y", "║7 │123456║8")


def test_a_line_of_the_text_ends_a_row(call: Call) -> None:
    out = call("tokens", "show", "a b\nc\n\nd", "-v", "bytes").out
    assert out.splitlines()[::3] == ["║a ║␣ │b ║⏎", "║c ║⏎", "║⏎", "║d"] + [
        out.splitlines()[-1]
    ] * (len(out.splitlines()) % 3 == 1 and len(out.splitlines()) > 12)


def test_words_alternate_in_colour_and_the_bars_stay(here: House) -> None:
    words = ("tokens", "show", "to be 日", "-v", "bytes")
    plain = here(*words, COLUMNS="60")
    forced = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "60"}
    coloured = here(*words, **forced)
    lines = [COLOUR.sub("", line).rstrip() for line in coloured.out.splitlines()]
    assert lines == plain.out.splitlines() and "\x1b" not in plain.out
    styles = re.findall(r"\x1b\[30;(\d+)m", coloured.out)
    assert styles[:5] == ["46", "106", "43", "103", "43"]
    assert "\x1b[3" not in here(*words, **forced, NO_COLOR="1").out


def test_an_empty_text_has_no_tokens(call: Call) -> None:
    ended = call("tokens", "show", "", "-v", "bytes")
    assert ended == Ended(0, "0 characters, 0 bytes, 0 words, 0 tokens\n", "")
    data = call("tokens", "show", "", "-v", "bytes", "--json").data
    assert (data["found"], data["tokens_a_byte"]) == ([], None)
    assert call("tokens", "compare", "", "-v", "bytes", "-v", "bytes").code == 0
    assert call("tokens", "merges", "").out == "0 joins made 0 tokens of 0 bytes\n"


def test_a_special_token_is_refused_allowed_or_text(call: Call, file: Path) -> None:
    words = ("tokens", "show", "the<|x|>y<|x|>", "-v", file)
    refused = call(*words)
    assert refused.code == 2 and "the special token '<|x|>', at character 3." in refused.err
    assert "--allow '<|x|>'" in refused.err and "--as-text" in refused.err
    some = call(*words, "--allow", "<|x|>y")
    assert some.code == 2 and "'<|x|>', at character 3." in some.err
    for more in (("--allow", "all"), ("--allow", "<|x|>", "--allow", "<|x|>y")):
        found = call(*words, *more, "--json").data["found"]
        assert [(one["text"], one["word"]) for one in found][-2:] == [
            ("<|x|>y", None),
            ("<|x|>", None),
        ]
    as_text = call(*words, "--as-text", "--json").data["found"]
    assert all(one["word"] is not None for one in as_text)
    strange = call(*words, "--allow", "<|y|>")
    assert strange.code == 2 and "It has: <|x|>, <|x|>y." in strange.err


def test_vocabularies_stand_beneath_each_other_with_their_counts(call: Call, file: Path) -> None:
    words = ("tokens", "compare", "the dog's bone", "-v", "bytes", "-v", file)
    found = call(*words, "--json").data["vocabularies"]
    assert [one["vocabulary"] for one in found] == ["bytes", str(file)]
    assert [one["vocab"] for one in found] == [256, tokens.load(file).vocab]
    assert [one["tokens"] for one in found] == [14, len(tokens.load(file).encode("the dog's bone"))]
    out = call(*words).out.splitlines()
    assert out[0].startswith("bytes: 14 characters, 14 bytes, 4 words, 14 tokens, 1.000 tokens")
    assert out[1] == "║t│h│e║␣│d│o│g║'│s║␣│b│o│n│e"
    assert out[3] == f"{found[1]['tokens'] / 14:.2f} times as many tokens as bytes"
    assert re.sub("[║│]", "", out[4]) == "the␣dog's␣bone"


def test_a_pattern_takes_the_place_of_a_files_own_but_not_when_files_are_compared(
    call: Call, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "it.tiktoken").write_bytes(tokens.to_tiktoken(tokens.train(["ab ab"], 258, "gpt2")))
    assert call("tokens", "show", "a b", "-v", "it.tiktoken").code == 2
    shown = call("tokens", "show", "a b", "-v", file, "--pattern", "whole", "--json")
    assert (shown.data["pattern"], shown.data["words"]) == ("whole", 1)
    assert "cut by gpt2, not by whole" in shown.err
    words = ("-v", "bytes", "-v", file, "-v", "it.tiktoken", "--pattern", "whole", "--json")
    compared = call("tokens", "compare", "a b", *words)
    patterns = [one["pattern"] for one in compared.data["vocabularies"]]
    assert (patterns, compared.err) == (["gpt2", "gpt2", "whole"], "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "a", "--file", "b"], 2, "exclude each other"),
        (["show", "--file", "nothing.txt"], 2, "There is no file nothing.txt."),
        (["show", "--file", "."], 4, "is a folder"),
        (["show", "--file", "latin"], 4, "latin is not UTF-8: byte 3 (0xe9)"),
        (["show", "--file", "half"], 4, "half is not UTF-8: byte 1 (0xe6)"),
        (["show", "a\udce9"], 2, "not UTF-8 at its character 1"),
        (["show", "a", "-v", "play"], 2, "There is no vocabulary play."),
        (["show", "a", "-v", "latin"], 4, "latin is no vocabulary."),
        (["show", "a", "-v", "."], 4, ". is a folder, not a vocabulary."),
        (["show", "a", "-v", "model"], 4, "-v model/tokenizer.json"),
        (["show", "a", "-v", "x" * 5000], 2, "is a longer path than the system takes."),
        (["show", "--file", "x" * 5000], 2, "is a longer path than the system takes."),
        (["merges", "a", "--steps", "-3"], 2, "Give --steps 0 or more."),
        (["show", "a", "--pattern", "gpt5"], 2, '"gpt2", "cl100k"'),
        (["merges", "a", "--keys"], 2, "Keys come from a terminal."),
        (["merges", "a", "--steps", "x"], 2, "--steps"),
        (["merges", "--file", "latin"], 4, "latin is not UTF-8"),
        (["compare", "a", "-v", "bytes", "-v", "nothing"], 2, "There is no vocabulary nothing."),
        (["shw", "a"], 2, "show"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_next_step(
    call: Call, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "half").write_bytes(b"a\xe6\x97")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "tokenizer.json").write_text("{}")
    ended = call("tokens", *words)
    assert (ended.code, ended.out) == (code, "") and said in ended.err
    assert 1 <= ended.err.count("\n") <= 2


def test_a_text_comes_from_a_pipe_too(here: House) -> None:
    command = [sys.executable, "-m", "cutaway", "tokens", "show", "-v", "bytes", "--json"]
    env = here.environment()
    done = subprocess.run(command, env=env, input=b"caf\xc3\xa9", capture_output=True, check=True)
    assert json.loads(done.stdout)["characters"] == 4
    bad = subprocess.run(command, env=env, input=b"caf\xe9", capture_output=True, check=False)
    assert bad.returncode == 4 and b"standard input is not UTF-8: byte 3 (0xe9)" in bad.stderr


def test_a_reader_that_leaves_early_is_no_mistake(here: House) -> None:
    (here.desk / "many.txt").write_text("a b c d\n" * 20_000)
    with here.start("tokens", "show", "--file", "many.txt", "-v", "bytes") as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == "║a ║␣ │b ║␣ │c ║␣ │d  ║⏎\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_an_output_that_lacks_the_characters_shows_their_numbers(here: House) -> None:
    ended = here("tokens", "show", "é 日", "-v", "bytes", PYTHONIOENCODING="ascii")
    assert ended.code == 0 and ended.out.isascii() and "\\u2551" in ended.out


def test_looking_imports_neither_torch_nor_numba(here: House) -> None:
    code = (
        "import sys; from cutaway.cli import main\n"
        "assert main(['tokens', 'show', 'to be', '-v', 'bytes']) == 0\n"
        "assert main(['tokens', 'merges', 'to be']) == 0\n"
        "print({'torch', 'numba', 'scipy'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=here.environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "set()\n")
    code = "import sys; from cutaway.cli import main; main(['tokens', '--help'])\n"
    code += "print({'torch', 'numba', 'numpy'} & set(sys.modules), file=sys.stderr)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=here.environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "set()\n")


def test_the_vocabulary_of_the_plays_is_learnt_once_and_kept(call: Call, tmp_path: Path) -> None:
    first = call("tokens", "show", "To be, or not to be")
    assert first.code == 0 and first.err.count("\n") == 1
    assert first.err.startswith("Learning 2,048 tokens from the plays (shakespeare), once")
    again = call("tokens", "show", "To be, or not to be")
    assert again == Ended(0, first.out, "")
    (kept,) = (tmp_path / "home" / "cache" / "kept").glob("*.json")
    kept.write_text(kept.read_text()[:-9])
    assert call("tokens", "show", "To be, or not to be") == first


def test_without_the_plays_the_corpus_is_named_and_how_to_get_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> Any:
        raise Unavailable(f"The corpus {name} is not here.", f"`cutaway data get {name}` gets it.")

    monkeypatch.setattr("cutaway.data.opening.corpus", none)
    ended = call("tokens", "show", "a")
    assert (ended.code, ended.out) == (3, "")
    assert "`cutaway data get shakespeare`" in ended.err


def test_without_numba_all_is_the_same_and_a_line_says_how_to_get_it(
    here: House, tmp_path: Path
) -> None:
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('none', name='numba')\n")
    long = "ab cd " * 30 + "x" * 400
    words = ("tokens", "show", long, "-v", "bytes", "--json")
    slow = here(*words, PATH_FIRST=str(tmp_path))
    assert slow.data == here(*words).data
    assert slow.err == "Without numba this is slow: pip install 'cutaway[fast]'\n"
