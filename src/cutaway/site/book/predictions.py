"""Predict, then reveal: what the recorded table answers to a page's question, and its section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from cutaway.kit.pairs import paired, values
from cutaway.kit.statistics import Interval, equivalence_p, interval
from cutaway.kit.tables import Table
from cutaway.kit.tuning import together
from cutaway.kit.words import Experiment, Lab, Scalar
from cutaway.runs.sealing import canonical, digest

from ..markup import Html, joined, number, tag
from .questions import CODE, QUOTED, Prediction, line, markdown, parse, wrong

__all__ = ["Answer", "Prediction", "answer", "around", "html", "markdown", "parse"]

UNSEEN = "no difference that these seeds show"


@dataclass(frozen=True)
class Answer:
    """What the table says: the second arm less the first, seed by seed and in the mean.

    `equal` means that a difference as large as the margin is ruled out.
    """

    names: tuple[str, str]
    means: tuple[float, float]
    differences: tuple[float, ...]
    found: Interval
    margin: float
    equal: bool
    digest: str
    quick: bool

    @property
    def way(self) -> str:
        """Whether the second arm is `lower` or `higher` than the first, or seen as the `same`."""
        if self.equal or self.found.low <= 0 <= self.found.high:
            return "same"
        return "lower" if self.found.mean < 0 else "higher"

    @property
    def lower(self) -> str | None:
        """The arm that is lower, if one is."""
        return {"lower": self.names[1], "higher": self.names[0]}.get(self.way)


def answer(prediction: Prediction, lab: Lab, tables: Mapping[str, Table]) -> Answer:
    """What the recorded table of the experiment answers."""
    experiment, table = _measured(prediction, lab, tables)
    asks, by, column = prediction.question, prediction.by, prediction.column
    point = {name: _value(asks, table, ("where", name), text) for name, text in prediction.where}
    first, second = (_value(asks, table, ("arms", by), text) for text in prediction.arms)
    against, arm = {**point, by: first}, {**point, by: second}
    margin = (experiment.margin or 0.0) if column == experiment.outcome else 0.0
    ragged = bool(experiment.at)  # some points have more seeds, and those have no pair
    both = together([table.where(**arm), table.where(**against)]) if ragged else table
    try:
        differences = paired(both, column, arm, against)
        found = interval(differences)
        means = (fmean(values(both, column, against)), fmean(values(both, column, arm)))
    except ValueError as reason:
        then = "Name in :where: what else varies, and in :arms: what every seed was measured with."
        raise wrong(asks, "arms", f"cannot be paired: {reason}", then) from reason
    equal = margin > 0 and equivalence_p(differences, margin) < 0.05
    name = digest([experiment.name, column, against, arm, differences, margin])[:12]
    names = (_named(by, first), _named(by, second))
    return Answer(names, means, tuple(differences), found, margin, equal, name, table.quick)


def _measured(asked: Prediction, lab: Lab, tables: Mapping[str, Table]) -> tuple[Experiment, Table]:
    """The experiment with its table, which has the columns that are asked for."""
    known = {one.name: one for one in lab.experiments}
    if asked.experiment not in known:
        said = f"{asked.experiment!r} is no experiment of {lab.name}"
        raise wrong(asked.question, "experiment", said, f"It has {', '.join(known) or 'none'}.")
    table = tables.get(asked.experiment)
    if table is None or not table.rows:
        said = f"no row of {asked.experiment} is recorded"
        raise wrong(asked.question, "experiment", said, f"`cutaway run {lab.name} --record`")
    wanted = [("column", asked.column), ("by", asked.by)]
    for field, column in [*wanted, *(("where", name) for name, _ in asked.where)]:
        if column not in table.columns:
            said = f"{asked.experiment} has no column {column!r}"
            raise wrong(asked.question, field, said, f"It has {', '.join(table.columns)}.")
    return known[asked.experiment], table


def _value(asks: str, table: Table, place: tuple[str, str], text: str) -> Scalar:
    """The value that some words name in a field's column; cells that failed have one too."""
    field, column = place
    failed = [cell["params"].get(column) for cell in table.failed if column in cell["params"]]
    values: list[Scalar] = list(dict.fromkeys([*table.column(column), *failed]))
    for value in sorted(values, key=lambda one: not isinstance(one, str)):
        if _means(text, value):
            return value
    have = ", ".join("clean" if value is None else str(value) for value in values[:12])
    raise wrong(asks, field, f"{column} is never {text!r}", f"It is one of {have}. {QUOTED}")


def _means(text: str, value: Scalar) -> bool:
    """Whether words mean a value; `clean` is the world without a fault."""
    if value is None:
        return text in ("clean", "none")
    if isinstance(value, bool | str):
        return text == (line(value) if isinstance(value, str) else str(value).lower())
    try:
        return float(text) == value
    except ValueError:
        return False


def _named(by: str, value: Scalar) -> str:
    """An arm as one would say it."""
    if value is None:
        return "clean" if by == "fault" else f"no {by}"
    if isinstance(value, str):
        return line(value)
    return f"{by} {str(value).lower() if isinstance(value, bool) else number(value)}"


def ways(prediction: Prediction, answer: Answer) -> dict[str, str]:
    """The answers to choose from."""
    arm = f"with {answer.names[1]} than with {answer.names[0]}"
    what = prediction.what or prediction.column
    told = {way: f"{what} is {way} {arm}" for way in ("lower", "higher")}
    return {**told, "same": UNSEEN}


def measured(prediction: Prediction, answer: Answer) -> str:
    """The answer in a sentence without its full stop."""
    found, unit = answer.found, f" {prediction.unit}" if prediction.unit else ""
    if found.mean == found.sd == 0:
        return f"no difference at all, in any of {found.n} seeds"
    said, sign = ways(prediction, answer)[answer.way], {"lower": -1}.get(answer.way, 1)
    if answer.equal:
        said = f"no difference of {number(answer.margin)}{unit} or more"
    ends = " to ".join(map(number, sorted((sign * found.low, sign * found.high))))
    quick = ", a quick run" if answer.quick else ""
    between = ":" if answer.way == "same" else ", by"
    change = f"{number(sign * found.mean)}{unit}"
    means = zip(answer.names, answer.means, strict=True)
    both = ", ".join(f"{name} {number(mean)}" for name, mean in means)
    return f"{said}{between} {change} (95 % interval {ends}, {found.n} seeds{quick}): {both}"


def html(prediction: Prediction, answer: Answer, number: int, lab_name: str) -> Html:
    """The section of a question, in one line; its answer is folded until it is asked for."""
    return joined(*around(prediction, answer, number, lab_name))


def around(prediction: Prediction, answer: Answer, number: int, lab_name: str) -> tuple[Html, Html]:
    """The section of a question in two parts, what stands before its body and what after."""
    name, told = f"predict-{lab_name}-{number}", measured(prediction, answer)
    asks = tag("span", *_coded(prediction.question), class_="predict-asks")
    count = tag("span", f"Predict {number}", class_="predict-number")
    question = tag("p", count, " ", asks, id=f"{name}-asks", class_="predict-question")
    data = {
        "lab": lab_name,
        "digest": answer.digest,
        "ways": ways(prediction, answer),
        "way": answer.way,
        "size": None if answer.way == "same" else abs(answer.found.mean),
        "unit": prediction.unit,
    }
    where = {"id": name, "aria-labelledby": f"{name}-asks", "data-predict": canonical(data)}
    whole = tag("section", question, class_="predict", **where)
    shown = tag("details", tag("summary", "The measured answer"), tag("p", f"Measured: {told}."))
    end = "</section>"
    return Html(whole.removesuffix(end)), joined(shown, Html(end))


def _coded(text: str) -> list[object]:
    """Text whose parts between backticks are code."""
    parts = CODE.split(text)
    return [tag("code", part) if at % 2 else part for at, part in enumerate(parts)]
