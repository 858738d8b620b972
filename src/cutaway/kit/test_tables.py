"""Tables: canonical, and refused when a file is not what it was."""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import Refused
from cutaway.runs import sealing
from cutaway.runs.sealing import canonical, digest, sealed, unsealed

from .tables import Table, rounded

ROWS: list[dict[str, Any]] = [
    {"fault": None, "seed": 0, "loss": 0.1, "ok": True},
    {"fault": "no_scale", "seed": 1, "loss": -1e-300, "ok": False, "note": "größer\u2028"},
]
FAILED = [{"params": {"fault": "no_scale"}, "seed": 2, "error": "ValueError: on purpose"}]


@pytest.fixture
def table() -> Table:
    """A table with rows, a gap and a failure."""
    return Table.of(ROWS, FAILED)


@pytest.fixture
def file(tmp_path: Path, table: Table) -> Path:
    """Its file."""
    path = tmp_path / "table.json"
    path.write_text(table.to_json(), encoding="utf-8")
    return path


def test_a_table_comes_back_as_it_was(file: Path, table: Table) -> None:
    back = Table.load(file)
    assert back == table
    assert back.digest() == table.digest()
    assert back.to_json() == table.to_json()
    assert back.dicts()[0]["note"] is None


def test_a_table_cut_short_at_any_byte_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for length in range(len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(Refused):
            Table.load(file)


def test_no_edit_of_one_character_is_used_silently(file: Path, table: Table) -> None:
    whole = file.read_text(encoding="utf-8")
    refused = 0
    for at in range(len(whole)):
        for other in {"0", "7", "x", '"', " ", "e", "\n", ""} - {whole[at]}:
            file.write_text(whole[:at] + other + whole[at + 1 :], encoding="utf-8")
            try:
                found = Table.load(file)
            except Refused:
                refused += 1
            else:
                assert found.digest() == table.digest()
                assert found == table
    assert refused > 6 * len(whole)


def test_no_two_bytes_swapped_are_used_silently(file: Path, table: Table) -> None:
    whole = file.read_bytes()
    for at in range(len(whole) - 1):
        file.write_bytes(whole[:at] + whole[at + 1 : at + 2] + whole[at : at + 1] + whole[at + 2 :])
        try:
            assert Table.load(file).digest() == table.digest()
        except Refused:
            continue


def test_an_edited_number_is_refused_in_words(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("0.1", "0.2"), encoding="utf-8")
    with pytest.raises(Refused, match="changed after it was written") as caught:
        Table.load(file)
    assert "measure again" in caught.value.next_step


def garbage(table: Table) -> dict[str, str]:
    """Texts that are no table, some of them with a digest that a careless check would accept."""
    good = table.to_json()
    row = '"rows": ['
    data: dict[str, Any] = table.content()
    return {
        "empty": "",
        "null": "null",
        "a number": "3",
        "a text": '"digest"',
        "a list": "[]",
        "a list of digests": '[{"digest": ""}]',
        "no digest": canonical(data),
        "another's digest": good.replace(table.digest(), digest({})),
        "a digest of null": good.replace(f'"{table.digest()}"', "null"),
        "the same key twice": good.replace(row, '"rows": [],\n ' + row),
        "the digest twice": good.replace('"digest"', '"digest": "", "digest"'),
        "the same key twice, deep": good.replace('"seed":2', '"seed":3,"seed":2'),
        "deep": "[" * 100_000 + "]" * 100_000,
        "deep and closed": '{"digest":"","a":' + "[" * 900 + "]" * 900 + "}",
        "deep in objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
        "NaN": '{"digest": "", "rows": [[NaN]]}',
        "infinity": good.replace("0.1", "Infinity"),
        "a number beyond all": good.replace("0.1", "1e999"),
        "an integer beyond all": good.replace("0.1", "9" * 5000),
        "two tables": good + good,
        "another encoding": good.encode("utf-16").decode("latin-1"),
        "null bytes": "\0" * 100,
        "sealed without rows": sealed({"columns": [], "failed": [], "quick": False}),
        "sealed with odd rows": sealed({**data, "rows": [1, 2]}),
        "sealed with short rows": sealed({**data, "rows": [[None]]}),
        "sealed manifest": sealed({"lab": "x", "experiments": {}}),
    }


@pytest.mark.parametrize("name", garbage(Table.of(ROWS, FAILED)))
def test_what_is_no_table_is_refused(file: Path, table: Table, name: str) -> None:
    file.write_text(garbage(table)[name], encoding="utf-8")
    with pytest.raises(Refused):
        Table.load(file)


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\xfa" + file.read_bytes())
    with pytest.raises(Refused):
        Table.load(file)


def test_a_huge_file_is_refused_before_it_is_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_BYTES", file.stat().st_size - 1)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(Refused):
        Table.load(file)


def test_the_layout_of_a_file_is_no_part_of_its_content(file: Path, table: Table) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(data, indent=4, ensure_ascii=False), encoding="utf-8")
    assert Table.load(file) == table


def test_a_row_is_a_line_so_that_a_difference_can_be_read(table: Table) -> None:
    lines = table.to_json().splitlines()
    assert sum(line.startswith("  [") for line in lines) == len(table)


@given(
    st.dictionaries(st.text(), st.lists(st.integers() | st.text() | st.none() | st.floats(0, 1)))
)
def test_whatever_is_sealed_comes_back(tmp_path_factory: Any, data: dict[str, Any]) -> None:
    data.pop("digest", None)
    path = tmp_path_factory.getbasetemp() / "sealed.json"
    path.write_text(sealed(data), encoding="utf-8")
    assert unsealed(path) == data


@given(st.floats(-1e308, 1e308))
def test_rounding_keeps_ten_digits_and_is_stable(value: float) -> None:
    once = rounded(value)
    assert isinstance(once, float)
    assert rounded(once) == once
    assert abs(Fraction(once) - Fraction(value)) <= abs(Fraction(value)) * Fraction(1, 10**9)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, numpy.float32("nan"), sys.float_info.max]
)
def test_what_is_not_finite_is_no_value(value: Any) -> None:
    with pytest.raises(ValueError, match="not a number"):
        rounded(value)


@pytest.mark.parametrize("value", [[], {}, object(), numpy.zeros(2), b"x", 1j])
def test_what_is_no_number_word_or_none_is_no_value(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        rounded(value)


def test_numbers_of_numpy_become_plain() -> None:
    found = [rounded(numpy.float32(0.5)), rounded(numpy.int64(3)), rounded(numpy.bool_(True))]
    assert found == [0.5, 3, True]
    assert [type(value) for value in found] == [float, int, bool]


def test_digests_tell_true_one_and_one_point_nought_apart() -> None:
    tables = [Table.of([{"x": value}]) for value in (1, 1.0, True, "1", None, 0.0, -0.0)]
    assert len({table.digest() for table in tables}) == len(tables)


def test_failures_and_quickness_are_content() -> None:
    tables = [Table.of(ROWS), Table.of(ROWS, FAILED), Table.of(ROWS, [], True)]
    assert len({table.digest() for table in tables}) == 3


def test_where_keeps_matching_rows_and_the_failures_that_would_match(table: Table) -> None:
    broken = table.where(fault="no_scale")
    assert (len(broken), len(broken.failed)) == (1, 1)
    clean = table.where(fault=None)
    assert (len(clean), len(clean.failed)) == (1, 0)
    assert table.where(loss=0.1).failed == table.failed


def test_columns_and_their_values_come_in_order() -> None:
    table = Table.of([{"x": 2, "y": 1}, {"x": 1, "y": 1}, {"x": 2, "y": 3}])
    assert (table.column("x"), table.values("x"), table.columns) == ([2, 1, 2], [2, 1], ("x", "y"))
