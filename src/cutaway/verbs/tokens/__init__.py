"""The verbs of `cutaway tokens`, each of which Ctrl-C ends, also in the midst of an import."""

from .interrupts import never_lose

never_lose()
