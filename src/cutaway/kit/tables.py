"""Result tables: tidy, canonical as JSON, and named by the digest of their content."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.errors import Refused
from cutaway.runs.sealing import digest, sealed, unsealed

from .words import Scalar


@dataclass(frozen=True)
class Table:
    """Columns first, then rows; the cells that failed stand beside them with their errors."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    failed: tuple[Mapping[str, Any], ...] = ()
    quick: bool = False

    @classmethod
    def of(
        cls,
        rows: Iterable[Mapping[str, Scalar]],
        failed: Iterable[Mapping[str, Any]] = (),
        quick: bool = False,
    ) -> Table:
        """The table of some rows; a column that a row lacks is None there."""
        dicts = list(rows)
        columns = tuple(dict.fromkeys(name for row in dicts for name in row))
        cells = tuple(tuple(rounded(row.get(name)) for name in columns) for row in dicts)
        return cls(columns, cells, tuple(failed), quick)

    def __len__(self) -> int:
        return len(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def where(self, **equal: Scalar) -> Table:
        """The rows whose columns equal what is asked, with the failures that match too."""
        at = {name: place for place, name in enumerate(self.columns)}
        asked = [(at[name], value) for name, value in equal.items()] if self.rows else []
        rows = tuple(row for row in self.rows if all(row[n] == value for n, value in asked))
        failed = [
            f for f in self.failed if all(f["params"].get(k, v) == v for k, v in equal.items())
        ]
        return Table(self.columns, rows, tuple(failed), self.quick)

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def values(self, name: str) -> list[Any]:
        """The distinct values of one column, in order of appearance."""
        return list(dict.fromkeys(self.column(name)))

    def content(self) -> dict[str, Any]:
        """What the digest is taken of."""
        return {
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "failed": [dict(failure) for failure in self.failed],
            "quick": self.quick,
        }

    def digest(self) -> str:
        """The name of this content."""
        return digest(self.content())

    def to_json(self) -> str:
        """Canonical JSON, a row a line, closed by its own digest."""
        return sealed(self.content())

    @classmethod
    def load(cls, path: Path) -> Table:
        """The table in a file, or an error when it was cut short or edited."""
        data = unsealed(path)
        try:
            columns, rows = tuple(data["columns"]), tuple(tuple(row) for row in data["rows"])
            if any(len(row) != len(columns) for row in rows):
                raise ValueError("a row is longer or shorter than the columns")
            return cls(columns, rows, tuple(data["failed"]), data["quick"])
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(f"{path} is not a result table.", "Measure it again.") from error


def rounded(value: Any) -> Scalar:
    """A value as a table keeps it: floats to ten significant digits, nothing that is not finite."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        short = float(f"{value:.10g}")
        if not math.isfinite(short):
            raise ValueError(
                f"{value} is not a number; a measured divergence is None plus a column"
            )
        return short
    if hasattr(value, "item"):
        return rounded(value.item())
    raise TypeError(f"a table keeps numbers, words and None, not {type(value).__name__}")
