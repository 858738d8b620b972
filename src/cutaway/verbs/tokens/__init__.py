"""The verbs of `cutaway tokens`, each of which Ctrl-C ends at any moment."""

from .interrupts import never_lose

never_lose()
