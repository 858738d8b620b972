"""Learning a vocabulary in a process of its own: when it stops, so does all that it started.

The process reads what it is to do from standard input, a line of JSON, and answers on standard
output, a line for each thing that it has to say. When its input ends, it ends at once with the
processes that count for it: whatever happens to the program, none of them outlives it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from cutaway.data.yours.filing import shown
from cutaway.errors import CheckFailed, CutawayError, Refused, Unavailable, UsageError
from cutaway.kit.fresh import spawn

from .streams import pieces
from .vocabularies import tokens

FEWER = "If the memory was too small for it, give it less text or fewer --processes."
ANOTHER = "Give a file that is not empty, or --corpus NAME."
OFTEN = 0.1  # seconds between two words on how far it is
ERRORS = {kind.code: kind for kind in (CheckFailed, UsageError, Unavailable, Refused)}

Said = Callable[[str, int, int | None], None]


def learnt(job: dict[str, Any], said: Said, warned: Callable[[str], None]) -> dict[str, Any]:
    """What a process of its own learnt: the tokenizer as JSON, and how many bytes it has read."""
    process = spawn("cutaway.verbs.tokens.learning")
    assert process.stdin and process.stdout
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps({**job, "path": sys.path}).encode() + b"\n")
            process.stdin.flush()
        for line in process.stdout:
            told = json.loads(line)
            if "stage" in told:
                said(told["stage"], told["done"], told["total"])
            elif "warning" in told:
                warned(told["warning"])
            elif "error" in told:
                raise ERRORS[told["code"]](told["error"], told["step"])
            else:
                return dict(told)
        code = process.wait()
        raise Unavailable(
            f"The process that learns was ended from outside ({_ending(code)}).",
            FEWER,
        )
    finally:
        _end(process)


def _ending(code: int) -> str:
    """An exit code in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe:
                pipe.close()


def texts(job: dict[str, Any], told: Callable[[int], None]) -> Iterator[str]:
    """The texts to learn from; where a special token stands in one, it is cut and left out."""
    names = sorted(job["specials"], key=len, reverse=True)
    cut = re.compile("|".join(map(re.escape, names)) or r"(?!)")
    before = 0
    for path in map(Path, job["files"]):
        try:
            for piece in pieces(path, job["pattern"], names, partial(_further, told, before)):
                yield from cut.split(piece)
        except CutawayError as error:
            error.what = error.what.replace(shown(path), job["called"] or shown(path), 1)
            raise
        before += path.stat().st_size
    if job["corpus"]:
        from cutaway.data.opening import corpus
        from cutaway.data.overlap.splitting import cached_split

        for one in cached_split(corpus(job["corpus"])).train:
            yield from cut.split(one.text)
            told(before := before + len(one.text.encode()))


def _further(told: Callable[[int], None], before: int, done: int) -> None:
    """Say how many bytes were read, those before this file too."""
    told(before + done)


def work() -> None:
    """Do the one job that standard input holds, and answer on standard output."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # for whatever else is printed
    lock = threading.Lock()

    def say(**told: Any) -> None:
        with lock:
            answer.write(json.dumps(told).encode() + b"\n")
            answer.flush()

    asked = sys.stdin.buffer.readline()
    if not asked:
        return  # the program ended before it could ask
    job = json.loads(asked)
    sys.path[:] = job["path"]
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        say(**_learn(job, say))
    except CutawayError as error:
        say(error=error.what, step=error.next_step, code=error.code)
    except ValueError as error:
        say(error=str(error), step="`cutaway tokens train --help` shows how.", code=2)
    except (OSError, MemoryError) as error:
        say(error=f"The machine refused: {error or 'no memory'}.", step="", code=3)
    except BrokenExecutor:
        say(error="A process that counts was ended from outside.", step=FEWER, code=3)
    except Exception as error:
        say(error=f"This is a mistake in cutaway: {error!r}.", step="Please report it.", code=1)
    os._exit(0)  # with a thread that still reads


def _learn(job: dict[str, Any], say: Callable[..., None]) -> dict[str, Any]:
    """The answer to a job, with a word now and then on how far it is."""
    size, last = 0, 0.0

    def told(done: int) -> None:
        nonlocal size, last
        size = done
        if time.monotonic() > last + OFTEN:
            last = time.monotonic()
            say(stage="counting words", done=done, total=job["size"])

    def heard() -> Iterator[str]:
        some = False
        for text in texts(job, told):
            some = some or bool(text)
            yield text
        if not some:
            raise UsageError("There is nothing to learn from: no text has a character.", ANOTHER)
        say(stage="joining pairs", done=0, total=None)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: say(warning=str(message))
        found = tokens().train(
            heard(), job["vocab"], job["pattern"], job["specials"], job["processes"]
        )
    try:
        return {"tokenizer": tokens().to_json(found), "bytes": size}
    except ValueError as error:
        longest = max(map(len, found.vocabulary.tokens))
        what = f"What was learnt is too large to be saved: its longest token has {longest:,} bytes."
        raise UsageError(what, "Give a smaller --vocab, or a text of shorter words.") from error


def _end_with_input() -> None:
    """End this process and all that it started when its input ends, whatever it is doing then."""
    while os.read(0, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    work()
