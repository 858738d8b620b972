"""A run's config.json: what is kept of a run when it begins, and is read strictly ever after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from cutaway import __version__
from cutaway.data.prepared import Prepared
from cutaway.errors import Refused, UsageError
from cutaway.kit.manifest import environment
from cutaway.runs.job import Cadence
from cutaway.runs.placing import CONFIG, Place
from cutaway.runs.telemetry import lines

from .settings import Settings, checked
from .vocabulary import kept

FORMAT, MOST, MOST_THREADS = 1, 2**63, 1024
SINCE = {"compile": "no"}  # options that the first runs did not have, as those were run
KINDS: dict[str, dict[str, type]] = {
    "config": {"format": int, "cutaway": str, "text": dict, "tokens": dict, "environment": dict},
    "settings": {one.name: type(one.default) for one in fields(Settings)},
    "cadence": {one.name: int for one in fields(Cadence)},
    "text": {"key": str, "digest": str},
    "environment": {"threads": int},
}


def config_of(
    name: str, settings: Settings, cadence: Cadence, text: Prepared, threads: int
) -> dict[str, Any]:
    """What is kept of a run that is about to begin."""
    return {
        "format": FORMAT,
        "cutaway": __version__,
        "run": name,
        "settings": asdict(settings),
        "cadence": asdict(cadence),
        "text": {"key": text.key, "digest": text.corpus.digest},
        "tokens": kept(text.tokenization),
        "environment": {**environment(), "threads": threads},
    }


def read(config: Mapping[str, Any], place: Place) -> tuple[Settings, Cadence]:
    """What a run was asked to be, if all that its config.json says can be."""
    try:
        if config.get("format") != FORMAT:
            raise ValueError(f"it is of format {config.get('format')!r:.20}")
        _are("config", config)
        _are("text", config["text"])
        _are("environment", config["environment"])
        if type(config.get("run", "")) is not str:
            raise ValueError(f"run is {config['run']!r:.40}, which is no str")
        if not 1 <= config["environment"]["threads"] <= MOST_THREADS:
            raise ValueError(f"a run has no {config['environment']['threads']} threads")
        settings = checked(Settings(**_only("settings", config, SINCE)))
        return settings, Cadence(**_only("cadence", config))
    except (UsageError, ValueError) as error:
        what = f"{place.path / CONFIG} cannot be used: {str(error).rstrip('.')}."
        wrote = config.get("cutaway")
        other = f"Take cutaway {wrote:.20}, or begin" if isinstance(wrote, str) else "Begin"
        raise Refused(what, f"{'Begin' if wrote == __version__ else other} a new run.") from error


def name_of(config: Mapping[str, Any], place: Place) -> str:
    """What a run is called: as when it began, whatever its folder is called by now."""
    if "run" in config:
        return str(config["run"])
    if place.telemetry.is_file():
        for line in lines(place.telemetry):
            return str(line["run"])
    return place.path.name


def _only(part: str, config: Mapping[str, Any], since: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A part of a config that has all that it should, and nothing else."""
    found = config.get(part)
    if type(found) is not dict:
        raise ValueError(f"{part} is missing, or is no dict")
    found = {**since, **found}
    if unknown := found.keys() - KINDS[part].keys():
        raise ValueError(f"there is no {part}.{min(unknown):.40}")
    _are(part, found)
    return found


def _are(part: str, found: Mapping[str, Any]) -> None:
    """Nothing, or an error if a part of a config lacks something or has it of another kind."""
    for name, kind in KINDS[part].items():
        where = name if part == "config" else f"{part}.{name}"
        if name not in found:
            raise ValueError(f"{where} is missing")
        if type(found[name]) is not kind:
            raise ValueError(f"{where} is {found[name]!r:.40}, which is no {kind.__name__}")
        if kind is int and not -MOST < found[name] < MOST:
            raise ValueError(f"{where} is larger than any number that a run has")
