"""What a page needs when it runs as a notebook: measure an experiment, draw a figure."""

from __future__ import annotations

from cutaway.runs.folders import runs_folder

from .drawing import draw as drawn
from .labs import load, nearest
from .running import Plan, execute
from .tables import Table


class Drawing(str):
    """An SVG text that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        """What Jupyter asks for."""
        return str(self)


def measure(lab: str, experiment: str, quick: bool = True) -> Table:
    """The table of an experiment, its cells measured here unless they are finished already."""
    chosen = load(lab)
    known = {one.name: one for one in chosen.experiments}
    if experiment not in known:
        raise KeyError(
            f"no experiment {experiment!r}. {nearest(experiment, known, 'cutaway list')}"
        )
    plan = Plan(chosen, known[experiment], runs_folder() / lab, quick)
    for _ in execute([plan]):
        pass
    return plan.table()


def draw(lab: str, figure: str, table: Table) -> Drawing:
    """A figure of a lab, drawn from a table."""
    chosen = load(lab)
    known = {one.name: one for one in chosen.figures}
    if figure not in known:
        raise KeyError(f"no figure {figure!r}. {nearest(figure, known, 'cutaway list')}")
    return Drawing(drawn(known[figure], table, [fault.name for fault in chosen.faults]))
