"""What models are trained and judged on: corpora, the ladder to read a loss against, tasks."""

from __future__ import annotations

from .batches import batch, windows
from .opening import corpus
from .prepared import prepare
from .tasks import TASKS
from .tokenization import Bytes, Characters

__all__ = ["TASKS", "Bytes", "Characters", "batch", "corpus", "prepare", "windows"]
