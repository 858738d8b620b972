"""Opening: names, shards, paths; what is not here says how to get it, and never becomes another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cutaway.errors import CutawayError, Refused, Unavailable, UsageError

from . import getting, opening, shelf
from .catalogue import CATALOGUE
from .corpora import Corpus, Document
from .getting import get
from .opening import corpus, made, named
from .shelf import from_lines, installed, kept, library, text_file, to_lines
from .sources import Package

PACKAGE = Package("PyPI", "tiny-texts", "1", "0" * 64, r"tiny_texts/\w+\.txt")
FILES = {"tiny_texts/one.txt": b"one", "tiny_texts/two.txt": "zw\u2028ei".encode()}
TINY = replace(CATALOGUE["union"], name="tiny", source=PACKAGE, digest="", size=0)
LISTED = replace(TINY, digest=made(TINY, FILES).digest)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and a catalogue with one tiny corpus more."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(CATALOGUE, "tiny", LISTED)
    opening._listed.cache_clear()


def fetching(monkeypatch: pytest.MonkeyPatch, *answers: dict[str, bytes]) -> list[Package]:
    """The packages that are asked for, when these are what an installer brings, one by one."""
    asked, left = list[Package](), list(answers)

    def fetched(package: Package, _told: object) -> dict[str, bytes]:
        asked.append(package)
        return left.pop(0)

    monkeypatch.setattr(getting, "fetched", fetched)
    return asked


def install(site: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder of packages be looked into, in which the tiny one says its version."""
    about = site / f"tiny_texts-{version}.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text(f"Metadata-Version: 2.1\nName: tiny-texts\nVersion: {version}\n")
    monkeypatch.syspath_prepend(site)


def test_what_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(Unavailable, match="tiny is not here") as caught:
        corpus("tiny")
    assert caught.value.next_step == "`cutaway data get tiny` gets it."
    with pytest.raises(Unavailable, match="tinystories:8 is not here"):
        corpus("tinystories:8")


def test_what_was_fetched_once_is_here_and_is_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = fetching(monkeypatch, FILES)
    assert kept(LISTED).word == "no"
    assert get("tiny") == get("tiny") == corpus("tiny") == from_lines(LISTED)
    assert asked == [PACKAGE] and kept(LISTED).word == "fetched"
    assert [one.text for one in corpus("tiny").documents] == ["one", "zw\u2028ei"]


def test_only_the_texts_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetching(monkeypatch, FILES)
    get("tiny")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [text_file("tiny")]


def test_texts_that_are_not_those_of_the_catalogue_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching(monkeypatch, {**FILES, "tiny_texts/two.txt": b"other"})
    with pytest.raises(Refused, match="not those that tiny is made from"):
        get("tiny")
    assert not text_file("tiny").exists()


@pytest.mark.parametrize(
    "damage",
    ["", "{}\n", '["one"]\n', '["one", 1]\n', "[" * 10**5, '["one", "two\n', "\x00", "7\n"],
)
def test_fetched_texts_that_were_changed_are_refused_and_can_be_fetched_anew(
    damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching(monkeypatch, FILES, FILES)
    get("tiny")
    text_file("tiny").write_text(damage, encoding="utf-8")
    opening._listed.cache_clear()
    with pytest.raises(Refused, match="changed or cut short") as caught:
        corpus("tiny")
    assert caught.value.next_step == "`cutaway data get tiny` gets it anew."
    assert get("tiny").digest == LISTED.digest


def test_a_package_that_is_installed_is_read_and_not_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "site" / "tiny_texts"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    for name, data in FILES.items():
        (tmp_path / "site" / name).write_bytes(data)
    install(tmp_path / "site", "1", monkeypatch)
    asked = fetching(monkeypatch)
    assert list(installed(PACKAGE)) == list(FILES) and kept(LISTED).word == "installed"
    assert get("tiny").digest == LISTED.digest and not asked


@pytest.mark.parametrize("version", ["1", "2"])
def test_another_text_that_is_installed_is_not_taken_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    folder = tmp_path / "site" / "tiny_texts"
    folder.mkdir(parents=True)
    (folder / "one.txt").write_text("another edition", encoding="utf-8")
    (folder / "__init__.py").touch()
    install(tmp_path / "site", version, monkeypatch)
    assert kept(LISTED).word == ("installed" if version == "1" else "no")
    with pytest.raises(Unavailable, match="tiny is not here"):
        corpus("tiny")
    asked = fetching(monkeypatch, FILES)
    assert get("tiny").digest == LISTED.digest and asked


def test_a_name_comes_before_a_path_and_a_path_can_be_written_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shakespeare").write_text("mine", encoding="utf-8")
    assert corpus("shakespeare").size == CATALOGUE["shakespeare"].size
    for mine in ("./shakespeare", Path("shakespeare")):
        assert [one.text for one in corpus(mine).documents] == ["mine"]


def test_a_folder_of_yours_is_a_corpus_with_a_digest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "b.txt").write_text("é", encoding="utf-8")
    found = corpus(str(tmp_path))
    assert found.documents == (Document("a.txt", "a"), Document("b.txt", "é"))
    assert (found.name, found.source) == (tmp_path.name, str(tmp_path))
    (tmp_path / "b.txt").write_text("e", encoding="utf-8")
    assert corpus(str(tmp_path)).digest != found.digest


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("shakespere", "Did you mean shakespeare?"),
        ("qqqqqq", "`cutaway data list` shows the names."),
        ("tinystories:", "Eight shards of it are tinystories:8."),
        ("tinystories:0", "Eight shards of it are tinystories:8."),
        ("tinystories:-1", "Eight shards of it are tinystories:8."),
        ("tinystories:9999999", "Eight shards of it are tinystories:8."),
        ("union:2", "union comes as a whole."),
    ],
)
def test_a_name_that_is_none_is_a_mistake_with_a_next_step(name: str, step: str) -> None:
    with pytest.raises(UsageError) as caught:
        corpus(name)
    assert caught.value.next_step == step


@pytest.mark.parametrize(
    "files", [{}, {"tiny_texts/other.txt": b"x"}, {"tiny_texts/a.txt": b"\xff"}]
)
def test_files_that_a_recipe_cannot_use_are_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]
) -> None:
    strict = replace(
        LISTED, recipe=lambda found: [Document("one", found["tiny_texts/a.txt"].decode())]
    )
    monkeypatch.setitem(CATALOGUE, "tiny", strict)
    monkeypatch.setattr(opening, "_files", lambda *_: files)
    with pytest.raises(Unavailable, match="tiny is not here"):
        corpus("tiny")


def test_a_file_whose_name_looks_like_a_corpus_is_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("union:notes.txt").write_text("mine", encoding="utf-8")
    assert corpus("union:notes.txt").documents[0].text == "mine"


def test_names_and_their_shards() -> None:
    assert named("union") == ("union", 0)
    assert named("tinystories") == ("tinystories", 1) == named("tinystories:1")
    assert named("tinystories:12") == ("tinystories", 12)
    assert named("./union") == named(Path("union")) == named("notes:2") == ("", 0)


def test_the_standard_library_is_all_code_and_no_tests() -> None:
    names = library()
    assert {"json/__init__.py", "ast.py"} <= names.keys()
    assert not [name for name in names if "/test/" in f"/{name}" or "site-packages" in name]
    found = corpus("stdlib")
    assert found.size > 5e6 and kept(CATALOGUE["stdlib"]).here
    assert (
        found.digest
        == made(CATALOGUE["stdlib"], {n: p.read_bytes() for n, p in names.items()}).digest
    )


def test_lines_keep_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["\u2028\u0085\r\n\x1c", '"\\', "𝄞"]
    odd = Corpus("tiny", tuple(Document(text, text) for text in texts))
    monkeypatch.setattr(shelf, "text_file", lambda name: Path(f"{name}.jsonl"))
    assert [json.loads(line) for line in to_lines(odd).split("\n")[:-1]] == [[x, x] for x in texts]


def test_nothing_to_get_of_what_python_brings() -> None:
    assert get("stdlib") == corpus("stdlib")
    with pytest.raises(CutawayError):
        get("nothing")
