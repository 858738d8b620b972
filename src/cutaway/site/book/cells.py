"""The parts of a page as a notebook has them: cells that run, or text."""

from __future__ import annotations

import re

from cutaway.kit.labs import place
from cutaway.kit.notebook import figure_of

from . import questions
from .asked import Asked
from .fences import fenced


def cell(source: str) -> str:
    """A cell of code."""
    return fenced("{code-cell} ipython3", source).rstrip("\n")


def text(said: str) -> str:
    """Text as a line of Markdown that shows it, whatever it holds."""
    return questions.SPECIAL.sub(lambda hit: f"&#{ord(hit[0])};", questions.line(said))


def code_cell(asked: Asked) -> str:
    """The source of a component as a cell; its relative imports become absolute ones."""
    here = place(asked.volume.lab.name)
    source = asked.volume.marked[0][asked.volume.component(asked.words)].rstrip()
    parents = ["", f"cutaway.{here.module}", f"cutaway.{here.wing}", "cutaway"]

    def absolute(hit: re.Match[str]) -> str:
        """An import from the package, by its full name."""
        module = ".".join(filter(None, (parents[len(hit[2])], hit[3])))
        return f"{hit[1]}from {module} import"

    pattern = r"^( *)from (\.{1,3})([\w.]*) import"
    return cell(re.sub(pattern, absolute, source, flags=re.MULTILINE))


def drawing_cell(asked: Asked) -> str:
    """A cell that draws a figure from what is recorded."""
    lab = asked.volume.lab.name
    experiment = figure_of(asked.volume.lab, asked.words).experiment
    return cell(f'draw("{lab}", "{asked.words}", recorded("{lab}", "{experiment}"))')


def claims_text(asked: Asked) -> str:
    """The claims with their verdicts, as a list."""
    chosen = asked.volume.claims_on(asked.words.split())
    return "\n".join(
        f"- **{one['verdict']}**: {text(one['says'])}. ({text(one['because'])}.)" for one in chosen
    )


def breaks_text(asked: Asked) -> str:
    """The breaks, as a list."""
    lab = asked.volume.lab
    return "\n".join(f"- `{lab.name}.{fault.name}`: {text(fault.says)}." for fault in lab.faults)


def question_text(asked: Asked) -> str:
    """A question, without its answer."""
    return questions.markdown(questions.parse(asked.words, asked.options, asked.body))
