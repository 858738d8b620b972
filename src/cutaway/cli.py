"""The command line: a table of verbs, each imported only when it is called.

Data goes to standard output, talk to standard error. Exit codes: 0 well, 1 a check or a cell
failed, 2 the request is wrong, 3 the machine lacks something, 4 a file was refused, 130 and 143
stopped by a signal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import reduce

from cyclopts import App, CycloptsError, Group, MissingArgumentError, Parameter

from cutaway import __version__
from cutaway.errors import CutawayError

VERBS = {
    "Look": {
        "list": ("show:list_labs", "The labs, their lessons and their verdicts"),
        "diff": ("breaking:diff", "What a fault changes in the source"),
        "info": ("show:info", "The environment, and what would work better with what installed"),
    },
    "Break and measure": {
        "demo": ("measuring:demo", "Build, break and measure in half a minute, with a report"),
        "run": ("measuring:run", "Measure a lab: quick or full, resumable"),
        "break": (
            "breaking:break_",
            "Break one line: the difference, the failing tests, the effect",
        ),
        "try": ("trying:try_", "Put your own component in a lab's place"),
        "verify": ("verifying:verify", "Measure again and compare with what is recorded"),
    },
    "Train": {
        "train": ("training.training:train", "Train a GPT on a text, resumable to the bit"),
        "sample": ("training.sampling:sample", "Let the model of a run write"),
    },
    "Texts": {
        "data list": ("texts:list_texts", "The corpora that have names, and the tasks"),
        "data get": ("texts:get", "Fetch a corpus, once"),
        "data show": ("texts:show_text", "A corpus in pictures, or examples of a task"),
        "tokens show": ("tokens.showing:show_text", "A text as words and tokens, with their ids"),
        "tokens compare": ("tokens.showing:compare", "A text under several vocabularies"),
        "tokens merges": ("tokens.joining:merges", "Training under the microscope, join by join"),
        "tokens train": ("tokens.training:train", "A vocabulary learnt from texts"),
        "tokens encode": ("tokens.encoding:encode", "A text's ids, in a file"),
        "tokens decode": ("tokens.encoding:decode", "The text of ids"),
        "tokens convert": ("tokens.converting:convert", "A vocabulary in another format"),
    },
    "Build": {
        "new": ("making:new", "A new lab that passes its checks"),
        "check-lab": ("making:check_lab", "Hold a lab to the contract that every lab keeps"),
        "eject": ("taking:eject", "A component to take away, with its licence line"),
        "notebook": ("taking:notebook", "A lab's page as a Jupyter notebook that runs"),
        "book": ("booking:book", "The labs' pages with their results, as a site to read"),
        "clean": ("cleaning:clean", "Free what can be made again"),
    },
}

ROOMS = {
    "data": "Corpora and tasks: what there is, get it, look at it",
    "tokens": "Texts as tokens: look at them, learn a vocabulary, encode and decode",
}

app = App(
    name="cutaway",
    help="A large language model that can be taken apart. Build it. Break it. Measure it.",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help_format="markdown",
    default_parameter=Parameter(show_default=lambda value: value or None),
    help_epilogue="`cutaway VERB --help` explains a verb, with examples. "
    "`--debug` shows where an error arose.",
)
for _title, _verbs in VERBS.items():
    _group = Group(_title, sort_key=list(VERBS).index(_title))
    for _name, (_target, _help) in _verbs.items():
        _room, _, _word = _name.rpartition(" ")
        if not _room:
            app.command(f"cutaway.verbs.{_target}", name=_word, group=_group, help=_help)
        else:
            if _room not in app:
                app.command(
                    App(
                        name=_room,
                        help=ROOMS[_room],
                        group=_group,
                        suppress_keyboard_interrupt=False,
                    )
                )
            app[_room].command(f"cutaway.verbs.{_target}", name=_word, help=_help)
app.register_install_completion_command()


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one call; a mistake is one sentence and a next step, never a traceback."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in tokens or os.environ.get("CUTAWAY_DEBUG") == "1"
    tokens = [token for token in tokens if token != "--debug"]
    try:
        if _verb(tokens):
            called(_verb(tokens)).help = None  # so its own docstring is, with the examples
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (CutawayError, CycloptsError, KeyboardInterrupt, Exception) as error:
        if debug:
            raise
        return _explain(error, tokens)


def _verb(tokens: Sequence[str]) -> str:
    """The verb that is called, or nothing."""
    words = {" ".join(tokens[:count]) for count in (1, 2)}
    return next((name for verbs in VERBS.values() for name in verbs if name in words), "")


def called(verb: str) -> App:
    """The program of a verb."""
    return reduce(lambda found, word: found[word], verb.split(), app)


def _explain(error: BaseException, tokens: Sequence[str]) -> int:
    """Say what went wrong and what to do next; the exit code for it."""
    if isinstance(error, KeyboardInterrupt):
        print("\nStopped.", file=sys.stderr)
        return 130
    if isinstance(error, CutawayError):
        what, step, code = error.what, error.next_step, error.code
    elif isinstance(error, CycloptsError):
        step = f"`cutaway {_verb(tokens)} --help` shows how.".replace("  ", " ")
        what, code = _lacking(error) or str(error), 2
    elif isinstance(error, OSError | MemoryError):
        what, step, code = f"The machine refused: {error or 'no memory'}.", "", 3
    else:
        what = f"This is a mistake in cutaway: {type(error).__name__}: {error}"
        step, code = "Run it again with --debug and report what it prints.", 1
    from cutaway.verbs.talk import visible

    print(visible("\n".join(part for part in (what, step) if part)), file=sys.stderr)
    return code


def _lacking(error: CycloptsError) -> str:
    """The sentence for a word that is missing, as the help calls it, or nothing."""
    lacking = error.argument if isinstance(error, MissingArgumentError) else None
    if lacking is None or lacking.index is None:
        return ""
    return f"{lacking.name.lstrip('-').upper()} is missing."


if __name__ == "__main__":
    sys.exit(main())
