"""`tokens train`: a vocabulary learnt from texts."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.data.yours.filing import shown
from cutaway.errors import UsageError
from cutaway.verbs.show import Json
from cutaway.verbs.talk import duration, say, show, show_grid, show_json, size, stages

from .converting import format_for, write
from .ending import gently
from .files import free, there
from .learning import Said, learnt
from .streams import characters, name_of
from .tiles import label, many, tolerate
from .vocabularies import Pattern, is_text, refused, tokens

MOST = 2**19  # tokens, so that the file is not larger than one may be that is read
FEW, LONG = 8, 40  # tokens that are shown, and bytes of each
Specials = Annotated[
    tuple[str, ...],
    Parameter(name="--special", help="A special token, such as '<|endoftext|>'.", negative=""),
]


def train(
    *files: Annotated[Path, Parameter(help="The texts to learn from, or standard input.")],
    vocab: Annotated[int, Parameter(help="How many tokens at most, special ones included.")] = 4096,
    out: Annotated[Path, Parameter(help="The file to write.")],
    pattern: Annotated[Pattern, Parameter(help="How texts are cut into words.")] = "gpt2",
    special: Specials = (),
    corpus: Annotated[
        str | None, Parameter(help="The training side of a corpus, with the files or alone.")
    ] = None,
    processes: Annotated[int, Parameter(help="How many processes count words.")] = 1,
    json: Json = False,
) -> int:
    """Learn a vocabulary from texts: join the most frequent pair, again and again.

    A text may be larger than memory, if it has words; with the pattern whole, it is one word of at
    most 16 MB. Where the name of a special token stands in a text, the text is cut. Learning ends
    early when no pair occurs twice.

    ```
    cutaway tokens train notes.txt --vocab 4096 --out notes.json
    cutaway tokens train --corpus union --vocab 2048 --pattern cl100k --out it.json
    cutaway tokens train a.txt --vocab 300 --special '<|endoftext|>' --out it.tiktoken
    zcat notes.gz | cutaway tokens train --vocab 4096 --out notes.json
    cutaway tokens train *.txt --vocab 8192 --processes 2 --out tokenizer.json
    ```
    """
    piped = _piped(files, corpus)
    kind = format_for(free(out), None)
    _possible(files, vocab, special, processes)
    job: dict[str, Any] = {"vocab": vocab, "pattern": pattern, "specials": special}
    job |= {"processes": processes, "called": name_of(None) if piped else None}
    start = time.monotonic()
    with gently(), stages("Learning") as said, _texts(files, piped, said) as texts:
        total = None if corpus else sum(path.stat().st_size for path in texts)
        job |= {"files": list(map(str, texts)), "corpus": corpus, "size": total}
        answer = learnt(job, said, lambda text: say(text, "yellow"))
    with refused(out):
        tokenizer = tokens().from_json(answer["tokenizer"])
    write(tokenizer, free(out), kind)
    took, known = time.monotonic() - start, len(tokenizer.vocabulary.tokens)
    early = known < vocab - len(special)
    if json:
        told = {"vocab": tokenizer.vocab, "joins": known - 256, "bytes": answer["bytes"]}
        show_json({"out": str(out), **told, "seconds": took, "stopped_early": early})
        return 0
    _show_learnt(tokenizer, size(answer["bytes"]), duration(took))
    if early:
        say(f"It ended early: no pair occurs twice, so there are not {vocab:,} tokens.", "yellow")
    say(f"Wrote {shown(out)}. Next: `cutaway tokens show 'some text' -v {shown(out)}`")
    return 0


def _piped(files: tuple[Path, ...], corpus: str | None) -> bool:
    """Whether standard input is to be learnt from, since nothing else is; if it can be."""
    piped = not files and corpus is None
    if piped and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("There is no text to learn from.", "Give files, a pipe, or --corpus NAME.")
    return piped


def _possible(
    files: tuple[Path, ...], vocab: int, special: tuple[str, ...], processes: int
) -> None:
    """Nothing, or an error that says what of it is not possible."""
    if not 1 <= processes <= 1024:
        what = f"{many(processes, 'process', 'es')} cannot count."
        raise UsageError(what, "Give 1, or as many as cores.")
    least, most = 256 + len(special), MOST
    if not least <= vocab <= most:
        named = many(len(special), "special token")
        have = f"256 bytes and {named}" if special else "256 bytes"
        what = f"A vocabulary has {have}, and at most {most:,} tokens: {vocab:,} is not possible."
        raise UsageError(what, f"Give --vocab {least} to {most}.")
    if len({*special}) < len(special) or "" in special:
        raise UsageError("A special token is empty, or given twice.", "Give each once.")
    for name in special:
        is_text(name)
    for path in files:
        there(path)


@contextmanager
def _texts(files: tuple[Path, ...], piped: bool, said: Said) -> Iterator[list[Path]]:
    """The files to learn from; for standard input one that is there as long as it is needed."""
    if not piped:
        yield [*files]
        return
    with tempfile.TemporaryDirectory(prefix="cutaway-text-") as folder:
        path = Path(folder) / "text"
        with open(path, "wb") as file:
            for text in characters(None, lambda done: said("reading", done, None)):
                file.write(text.encode())
        yield [path]


def _short(token: bytes) -> str:
    """A token as text, or its beginning."""
    return label(token) if len(token) <= LONG else f"{label(token[:LONG])}…"


def _show_learnt(tokenizer: Any, read: str, took: str) -> None:
    """Print what a vocabulary has learnt."""
    tolerate()
    learnt_ones = tokenizer.vocabulary.tokens[256:]
    longest = sorted(learnt_ones, key=len, reverse=True)[:FEW]
    show(f"{many(len(learnt_ones), 'join')} learnt from {read} in {took}")
    for title, some in (("first", learnt_ones[:FEW]), ("longest", longest)):
        if some:
            show_grid([], [[title, *(_short(token) for token in some)]])
