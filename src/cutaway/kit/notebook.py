"""What a page needs when it runs as a notebook: a recorded table, a fresh one, a figure."""

from __future__ import annotations

from cutaway.errors import Refused, UsageError
from cutaway.runs.folders import runs_folder

from .drawing import draw as drawn
from .drawing import standalone
from .labs import load, nearest
from .results import Results, read
from .running import Plan, execute
from .tables import Table
from .words import Experiment, Figure, Lab


class Drawing(str):
    """An SVG text that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        """What Jupyter asks for: a file of its own, since it may be shown as an image."""
        return standalone(self)


def recorded(lab: str, experiment: str) -> Table:
    """The table of an experiment as it is on record; a draft has none, and is measured quickly."""
    chosen = load(lab)
    if chosen.draft:
        return measure(lab, experiment)
    return trusted(chosen, read(chosen), experiment_of(chosen, experiment))


def trusted(lab: Lab, found: Results, experiment: Experiment) -> Table:
    """A recorded table, or an error if it is missing, damaged or stale."""
    name = experiment.name
    wrong = [said for file, said in found.problems.items() if file == f"{name}.json"]
    marked = f"{name}: "
    wrong += [said.removeprefix(marked) for said in found.stale if said.startswith(marked)]
    if wrong:
        said = f"{lab.name} has no trustworthy table of {name}: {wrong[0].removesuffix('.')}."
        raise Refused(said, f"cutaway run {lab.name} --record")
    return found.tables[name]


def measure(lab: str, experiment: str, quick: bool = True) -> Table:
    """The table of an experiment, its cells measured here unless they are finished already."""
    chosen = load(lab)
    plan = Plan(chosen, experiment_of(chosen, experiment), runs_folder() / lab, quick)
    for _ in execute([plan]):
        pass
    return plan.table()


def draw(lab: str, figure: str, table: Table) -> Drawing:
    """A figure of a lab, drawn from a table."""
    chosen = load(lab)
    order = [fault.name for fault in chosen.faults]
    return Drawing(drawn(figure_of(chosen, figure), table, order))


def experiment_of(lab: Lab, name: str) -> Experiment:
    """The experiment of a lab that has a name."""
    known = {one.name: one for one in lab.experiments}
    if name not in known:
        raise UsageError(
            f"{lab.name} has no experiment {name!r}.", nearest(name, known, "cutaway list")
        )
    return known[name]


def figure_of(lab: Lab, name: str) -> Figure:
    """The figure of a lab that has a name."""
    known = {one.name: one for one in lab.figures}
    if name not in known:
        raise UsageError(
            f"{lab.name} has no figure {name!r}.", nearest(name, known, "cutaway list")
        )
    return known[name]
