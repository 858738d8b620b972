"""What a page asks a part for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .shelf import Volume


@dataclass(frozen=True)
class Asked:
    """What a page asks a part for: the words after its name, its options, what stands inside."""

    volume: Volume
    words: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    number: int = 1
