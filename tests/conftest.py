"""Scratch checkouts of several kinds, and the program without a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
import trained
from houses import COLOURS, ROOT, Ended, House, checked_out, copied


@pytest.fixture(scope="session")
def _tiny_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A checkout with the tiny lab and no other, compiled once."""
    folder = tmp_path_factory.mktemp("house")
    house = checked_out(folder / "checkout", folder / "desk")
    for lab in house.package.glob("*/*/lab.py"):
        shutil.rmtree(lab.parent)
    place = house.package / "atoms" / "tiny"
    place.mkdir(parents=True)
    for name, text in tiny.FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    (house.root / "src" / "torch.py").write_text(tiny.TORCH, encoding="utf-8")
    house("list")
    return house


@pytest.fixture
def house(_tiny_house: House, tmp_path: Path) -> House:
    """A checkout of this test's own, with the tiny lab and no other."""
    return copied(_tiny_house, tmp_path)


@pytest.fixture(scope="session")
def _recorded_house(_tiny_house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A checkout whose tiny lab has recorded results, and nothing in it that goes wrong."""
    folder = tmp_path_factory.mktemp("recorded")
    house = copied(_tiny_house, folder)
    house.rewrite("lab.py", '("fine", "raises", "nan", "hangs", "dies")', '("fine",)')
    assert house("run", "--record").code == 0
    return house


@pytest.fixture
def recorded(_recorded_house: House, tmp_path: Path) -> House:
    """A checkout of this test's own, whose tiny lab has recorded results."""
    return copied(_recorded_house, tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> House:
    """A checkout of this test's own, with every lab."""
    return checked_out(tmp_path / "checkout", tmp_path / "desk")


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> House:
    """This checkout itself, for calls that change nothing in it."""
    return House(ROOT, tmp_path_factory.mktemp("desk"))


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """The program without a process of its own: quick, for talk and mistakes."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in COLOURS:
        monkeypatch.delenv(name, raising=False)

    def called(*arguments: object) -> Ended:
        from cutaway.cli import main

        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        return Ended(code, out, err)

    return called


@pytest.fixture
def mine(tmp_path: Path) -> Any:
    """A tokenizer of two special tokens and 2 bytes an id, in the file `mine.json`."""
    from cutaway.atoms import tokens

    texts = ["the dog's bone, the dogs' bones: naïve 日本語 日本\n" * 9, "abab" * 50]
    found = tokens.train(texts, 290, tokens.GPT2, ("<|endoftext|>", "<|end"))
    tokens.save(found, tmp_path / "mine.json")
    return found


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A text of short sentences that a model can learn something from."""
    return trained.write(tmp_path / "notes.txt")


@pytest.fixture
def train(call: Callable[..., Ended], text: Path, tmp_path: Path) -> Callable[..., Path]:
    """`train` on that text, small, in a folder of its own."""

    def begun(asked: str = "", name: str = "one", code: int = 0) -> Path:
        ended = call("train", text, *trained.small(asked), "--out", tmp_path, "--name", name)
        assert ended.code == code, ended.err
        return tmp_path / name

    return begun
