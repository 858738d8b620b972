"""The labs that the book shows, with what is on record of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cutaway.errors import UsageError
from cutaway.kit.digests import code
from cutaway.kit.labs import labs, nearest
from cutaway.kit.notebook import experiment_of, measure, trusted
from cutaway.kit.results import Results, read
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab
from cutaway.runs.keeping import kept
from cutaway.runs.sealing import digest
from cutaway.site.listing import Mark, marks, sources
from cutaway.site.report import Entry, Made

ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function, which is new in each process


class Shelved(Entry):
    """A lab of the book: what is made of it is kept while it stays as it is, and the machinery."""

    @cached_property
    def state(self) -> str:
        """The digest of all that a page can show of the lab."""
        declared = ADDRESS.sub("", repr(self.lab))
        tables = {name: table.digest() for name, table in self.tables.items()}
        return digest([code(self.lab.name), declared, tables, self.receipts, self.manifest])

    def made(self, what: str, make: Callable[[], Made]) -> Made:
        """What is made of the lab, or what was made before of the very same."""
        return kept(f"{what} of {self.lab.name}", self.state, make)


@dataclass(frozen=True)
class Volume:
    """A lab in the book. Where `stale` is allowed, results that are out of date are shown too."""

    lab: Lab
    results: Results
    stale: bool = False

    @cached_property
    def entry(self) -> Entry:
        """The lab as the generated pages take it."""
        found = self.results
        return Shelved(self.lab, found.tables, found.receipts, found.manifest)

    def outdated(self, experiment: str) -> bool:
        """Whether a table was measured on other sources than those that stand here."""
        return any(said.startswith(f"{experiment}:") for said in self.results.stale)

    def table(self, experiment: str) -> Table:
        """A recorded table; one that is missing, damaged or not to be trusted is an error."""
        wanted = experiment_of(self.lab, experiment)
        if self.lab.draft:
            return measure(self.lab.name, experiment)
        if self.stale and experiment in self.results.tables:
            return self.results.tables[experiment]
        return trusted(self.lab, self.results, wanted)

    @cached_property
    def marked(self) -> tuple[dict[str, str], list[Mark]]:
        """The component files by path, and the breaks where they stand in them."""
        texts = sources(self.lab)
        return texts, marks(self.lab, texts)[0]

    def component(self, name: str) -> str:
        """The path of a component in the package, by the name of its file."""
        files = {path.rpartition("/")[2]: path for path in sources(self.lab)}
        if name not in files:
            said = f"{self.lab.name} has no component {name!r}."
            raise UsageError(said, nearest(name, files, "cutaway list"))
        return files[name]

    def claims_on(self, experiments: Sequence[str]) -> list[dict[str, Any]]:
        """The claims that some experiments decide, or all; their tables must be to be trusted."""
        names = [experiment_of(self.lab, name).name for name in experiments]
        chosen = [one for one in self.claims if not names or one["experiment"] in names]
        if not chosen:
            raise UsageError(f"No claim of {self.lab.name} rests on {', '.join(names) or 'a run'}.")
        for one in chosen:
            _ = self.stale or self.table(one["experiment"])
        return chosen

    @cached_property
    def claims(self) -> list[dict[str, Any]]:
        """The claims with their verdicts and the experiments that decide them."""
        names = [claim.experiment for claim in self.lab.claims]
        found = zip(self.entry.claims, names, strict=True)
        return [{**one, "experiment": name} for one, name in found]

    def wrong(self) -> list[str]:
        """What of the results cannot be trusted, a sentence each."""
        found = self.results
        said = [*found.problems.values(), *([] if self.stale else found.stale)]
        return [f"{self.lab.name}: {one}" for one in said]


def shelf(stale: bool = False) -> list[Volume]:
    """The labs in their order, but for drafts; one that cannot be read is an error."""
    good, bad = labs()
    if bad:
        raise bad[0]
    return [Volume(lab, read(lab), stale) for lab in good if not lab.draft]


def entries(volumes: Sequence[Volume]) -> list[Entry]:
    """The labs as the generated pages take them."""
    return [one.entry for one in volumes]
