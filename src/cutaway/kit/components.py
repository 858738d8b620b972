"""What a component may import: the standard library, numpy, torch, earlier labs' components.

A compiled variant may import its compiler, too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from .closures import imports, package_of, tree
from .labs import PACKAGE, labs

LIBRARIES = {"numpy", "torch"}
COMPILER = "numba"  # for files that are called fast_...: a variant, never the only way


def foreign_imports(path: Path) -> Iterator[str]:
    """What a component imports and may not, function-level imports counted."""
    allowed = LIBRARIES | ({COMPILER} if path.name.startswith("fast_") else set())
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            if top not in allowed and top not in sys.stdlib_module_names:
                yield name
    yield from _later(path)


def _later(path: Path) -> Iterator[str]:
    """The files that a component imports from labs which come after its own, or from elsewhere."""
    numbers = {lab.name: lab.number for lab in labs()[0]}
    own = numbers.get(path.parent.name, 0)
    for other in sorted(imports([tree(path)], package_of(path))):
        lab = other.parent.name
        if other.parent != path.parent and numbers.get(lab, own + 1) >= own:
            yield other.relative_to(PACKAGE).as_posix()
