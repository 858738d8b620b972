"""`verify`: what is recorded, measured again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from houses import House

from cutaway.runs.sealing import digest, sealed, unsealed


@pytest.mark.slow
def test_verify_repeats_what_is_recorded_and_finds_what_was_altered(recorded: House) -> None:
    ended = recorded("verify", "--json")
    assert ended.code == 0 and ended.data["same"]
    assert {row["what"] for row in ended.data["checks"]} >= {"error_by_fault", "receipts", "claims"}
    folder = recorded.lab() / "results"
    table = unsealed(folder / "error_by_fault.json")
    table["rows"][0][2] += 1e-9
    (folder / "error_by_fault.json").write_text(sealed(table))
    manifest = unsealed(folder / "manifest.json")
    manifest["experiments"]["error_by_fault"]["content"] = digest(table)
    (folder / "manifest.json").write_text(sealed(manifest))
    assert recorded("list", "--json").data["labs"][0]["fresh"], "it is forged well"
    ended = recorded("verify")
    assert ended.code == 1
    (line,) = [line for line in ended.out.splitlines() if "DIFFERS" in line]
    assert "error_by_fault" in line and "1e-09" in line


def test_verify_names_what_was_measured_on_other_texts(recorded: House) -> None:
    for seeds, corpus in (("seeds=4, quick", "stdlib"), ("seeds=1, quick", "union")):
        recorded.rewrite("lab.py", seeds, f'data=("{corpus}",), {seeds}')
    manifest = unsealed(recorded.lab() / "results" / "manifest.json")
    lab = "from cutaway.kit.labs import load; from cutaway.kit.digests import experiment_inputs"
    code = f"{lab}; import json; lab = load('tiny')\n"
    code += "print(json.dumps({e.name: experiment_inputs(lab, e) for e in lab.experiments}))"
    found = subprocess.run(
        [sys.executable, "-c", code], env=recorded.environment(), capture_output=True, check=True
    )
    for name, inputs in json.loads(found.stdout).items():
        corpus = "stdlib" if name == "error_by_fault" else "union"
        manifest["experiments"][name] |= {"inputs": inputs, "data": {corpus: "0" * 64}}
    (recorded.lab() / "results" / "manifest.json").write_text(sealed(manifest))
    rows = {row["what"]: row for row in recorded("verify", "--json").data["checks"]}
    assert rows["error_by_fault"]["says"] == "not compared: the texts of stdlib are others here"
    assert rows["fate_by_kind"]["says"].startswith("not compared: The corpus union is not here.")
    assert len(rows) == 2


def test_verify_does_not_vouch_for_stale_results(recorded: House) -> None:
    recorded.rewrite("tiny.py", "y = double(x)", "y = 0 + double(x)")
    ended = recorded("verify", "tiny")
    assert ended.code == 1 and "NOT FRESH" in ended.out and "changed since" in ended.out
