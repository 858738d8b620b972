"""In .ci/run a skipped test is a failure, unless its reason stands in .ci/skips."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a list of excuses that grew too long."""
    if len(excuses()) > 5:
        raise pytest.UsageError(".ci/skips has more than five reasons: run those tests instead")


def excuses() -> list[str]:
    """The reasons for which a test may be skipped in .ci/run."""
    lines = (Path(__file__).parent / ".ci" / "skips").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def judged(report: Report) -> Report:
    """The report; of a skip that nothing excuses, a failure."""
    if "CUTAWAY_NO_SKIPS" in os.environ and report.skipped and not hasattr(report, "wasxfail"):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = text.removeprefix("Skipped: ")
        if reason not in excuses():
            report.outcome = "failed"
            report.longrepr = f"skipped, and .ci/skips does not say why it may be: {reason}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test's phase came to."""
    return judged((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """What looking for tests came to: a module may skip all of its own."""
    return judged((yield))
