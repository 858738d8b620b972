"""The colours of code in the book: few, each readable on its paper; the rest is ink."""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.formatters import HtmlFormatter
from pygments.style import Style
from pygments.token import Comment, Generic, Keyword, Name, Operator, String


class Day(Style):  # type: ignore[misc]
    """Code on light paper."""

    background_color = "#f4f1e9"
    styles: ClassVar = {
        Comment: "italic #68625a",
        Keyword: "#7a3e85",
        Operator.Word: "#7a3e85",
        Name.Function: "#1f5673",
        Name.Class: "#1f5673",
        String: "#68625a",
        Generic.Deleted: "#a5301b",
        Generic.Inserted: "#22643f",
    }


class Night(Style):  # type: ignore[misc]
    """Code on dark paper."""

    background_color = "#1d1f23"
    styles: ClassVar = {
        Comment: "italic #a49e93",
        Keyword: "#d3a5de",
        Operator.Word: "#d3a5de",
        Name.Function: "#8cc3e6",
        Name.Class: "#8cc3e6",
        String: "#a49e93",
        Generic.Deleted: "#ff9c87",
        Generic.Inserted: "#8fd1a6",
    }


class Inked(HtmlFormatter):  # type: ignore[misc]
    """Code as HTML: a class for each look, and no element for words that look like all others."""

    class2style: dict[str, tuple[str, Any, int]]

    def _create_stylesheet(self) -> None:
        """Learn the looks; kinds of words that look the same share the class of the broadest."""
        super()._create_stylesheet()
        known = sorted(self.class2style.items(), key=lambda one: one[1][2])
        first: dict[str, str] = {}
        self.shared = {name: first.setdefault(look[0], name) for name, look in known}
        self.class2style = {name: self.class2style[name] for name in first.values()}

    def _get_css_classes(self, ttype: Any) -> str:
        """The class of a kind of word, if the style says anything of it."""
        return self.shared.get(self._get_css_class(ttype), "")
