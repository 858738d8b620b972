"""Formulas: KaTeX turns them into MathML while the book is built, and browsers draw that."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging

from cutaway.errors import UsageError

logger = logging.getLogger(__name__)
REFUSED = "#bad000"  # the colour in which KaTeX writes a command that it does not trust


class Formulas:
    """KaTeX in a JavaScript engine of this process; it is started by the first formula."""

    def __init__(self) -> None:
        self.engine: Any = None

    def mathml(self, text: str, display: bool) -> str:
        """A formula as MathML; one that KaTeX cannot read, or does not trust, is an error."""
        from py_mini_racer import JSEvalException, MiniRacer

        if self.engine is None:
            home = importlib.util.find_spec("sphinxcontrib.katex")
            assert home and home.origin
            self.engine = MiniRacer()
            katex = Path(home.origin).with_name("katex.min.js")
            self.engine.eval(katex.read_text(encoding="utf-8"))
        asked = {"output": "mathml", "displayMode": display, "strict": "error"}
        asked |= {"trust": False, "errorColor": REFUSED}
        try:
            found = str(self.engine.call("katex.renderToString", text, asked))
        except JSEvalException as error:
            said = str(error).splitlines()[0].rpartition("KaTeX parse error: ")[2]
            raise UsageError(f"The formula {text!r} cannot be read: {said}.") from error
        if f'mathcolor="{REFUSED}"' in found:
            raise UsageError(f"The formula {text!r} has a command that is not trusted.")
        return found

    def inline(self, writer: Any, node: nodes.math) -> None:
        """Write a formula in a sentence."""
        self._write(writer, node, display=False)

    def block(self, writer: Any, node: nodes.math_block) -> None:
        """Write a formula that stands alone."""
        self._write(writer, node, display=True)

    def _write(self, writer: Any, node: nodes.Element, display: bool) -> None:
        """Write a formula, or say where it is that cannot be read."""
        try:
            writer.body.append(self.mathml(node.astext(), display))
        except UsageError as error:
            logger.warning("%s", error.what, location=node)
        raise nodes.SkipNode

    def close(self) -> None:
        """End the engine: its thread would outlive the build."""
        if self.engine is not None:
            self.engine.close()
            self.engine = None
