"""Drawing: a result table as a figure that takes the colours of its page."""

from .figures import draw

__all__ = ["draw"]
