"""The five words a lab is written in. They carry data and have no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .statistics import Verdict
    from .tables import Table

Scalar = None | bool | int | float | str
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """A line that is wrong or gone: whole lines `old` of `file` become `new`.

    `says` is what happens, `symptom` what someone sees whose code has this fault and who does not
    know it, and `resembles` a place where it happened.
    """

    name: str
    file: str
    old: str
    new: str
    says: str
    where: str | None = None
    inert: str | None = None
    symptom: str = ""
    resembles: str = ""


@dataclass(frozen=True)
class Experiment:
    """One table: `measure(world, seed=..., **params)` over a grid and paired seeds.

    `outcome` names the column by which a break is judged and `margin` the smallest effect of
    interest in it. Where a point of the grid agrees with one of `at`, it gets `more` seeds in the
    full form. `quick` replaces entries of the grid, and `seeds`, in the quick form. No cell may
    take longer than `limit` seconds. `data` names the corpora that it opens. Where all seeds of a
    point are measured `together`, it is `measure(world, seeds=..., **params)`, and each row has
    its seed. A table keeps the columns in `keeps`, or all.
    """

    name: str
    measure: Callable[..., Iterable[Row]]
    grid: Mapping[str, Sequence[Scalar]]
    seeds: int = 8
    more: int = 0
    at: Sequence[Mapping[str, Scalar]] = ()
    exact: bool = True
    quick: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    margin: float | None = None
    limit: float = 120.0
    data: Sequence[str] = ()
    together: bool = False
    keeps: Sequence[str] = ()


@dataclass(frozen=True)
class Figure:
    """One drawing, a pure function of one experiment's table. Its title is the finding.

    `most` ends the scale of a heat, of bars or of dots: what is beyond, as a loss that left the
    numbers, is drawn so.
    """

    name: str
    experiment: str
    title: str
    x: str
    y: str
    alt: str
    color: str = "fault"
    mark: str = "line"
    log: str = ""
    most: float | None = None


@dataclass(frozen=True)
class Claim:
    """A sentence, who claimed it, the regime it was measured in, and how a table decides it."""

    says: str
    source: str
    experiment: str
    holds: Callable[[Table], Verdict]
    regime: str


@dataclass(frozen=True)
class Lab:
    """One idea: what it teaches, how it breaks, what is measured, drawn and claimed.

    `observe(world)` returns, by name, what every fault of the lab must change; `after` names the
    labs to read first.
    """

    name: str
    number: int
    lesson: str
    observe: Callable[[Any], Mapping[str, Any]]
    faults: Sequence[Fault] = ()
    experiments: Sequence[Experiment] = ()
    figures: Sequence[Figure] = ()
    claims: Sequence[Claim] = ()
    after: Sequence[str] = ()
    needs: str = "cpu"
    draft: bool = False
