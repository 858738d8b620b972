"""Drawing: a result table as a figure that takes the colours of its page, or as a file."""

from .figures import draw
from .inline import standalone

__all__ = ["draw", "standalone"]
