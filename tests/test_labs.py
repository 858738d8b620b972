"""Every lab keeps the contract, and its recorded proofs are still true."""

from __future__ import annotations

import ast
import re

import pytest

from cutaway.kit.closures import tree
from cutaway.kit.contract import problems
from cutaway.kit.labs import labs, place
from cutaway.kit.receipts import caught
from cutaway.kit.results import judge, read
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab

LABS = [lab for lab in labs()[0] if not lab.draft]
every = pytest.mark.parametrize("lab", LABS, ids=[lab.name for lab in LABS])
SHAPE = re.compile(r"  # \([A-Z]|  # \(\)")


def test_every_lab_can_be_read() -> None:
    assert [str(error) for error in labs()[1]] == []


@every
def test_a_lab_keeps_the_contract(lab: Lab) -> None:
    lacking = list(problems(lab, read(lab)))
    assert not lacking, "\n".join([f"{lab.name} does not keep the contract:", *lacking])


@every
def test_the_killer_of_every_fault_still_fails_for_it(lab: Lab) -> None:
    known = read(lab).receipts.get("faults", {})
    killers = {fault.name: known.get(fault.name, {}).get("killer") for fault in lab.faults}
    found = caught([(lab, fault, killers[fault.name] or "no test") for fault in lab.faults])
    assert found.keys() == {f"{lab.name}.{name}" for name in killers}
    assert [name for name, failed in found.items() if not failed] == []


@every
def test_cells_that_all_failed_decide_no_claim(lab: Lab) -> None:
    failed = [{"params": {}, "seed": seed, "error": "no luck"} for seed in range(8)]
    tables = {experiment.name: Table.of([], failed) for experiment in lab.experiments}
    assert {verdict.verdict for verdict in judge(lab, tables)} <= {"undecided"}


@every
def test_a_lab_tests_its_own_claims_and_shapes(lab: Lab) -> None:
    paths = sorted(place(lab.name).folder.glob("test_lab*.py"))
    assert paths, "its claims must be judged on planted tables, its shapes proved"
    nodes = [node for path in paths for node in ast.walk(tree(path))]
    assert "holds" in {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    checked = [call.args for call in calls if ast.unparse(call.func).endswith("true_shapes")]
    proved = {ast.unparse(module).rpartition(".")[2] for args in checked for module in args}
    texts = {path.stem: path.read_text(encoding="utf-8") for path in place(lab.name).components}
    assert {name for name, text in texts.items() if SHAPE.search(text)} <= proved
