"""What Sphinx is told: how the book is read, run and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .theme import THEME


def settings(home: Path, cells: Path) -> dict[str, Any]:
    """What Sphinx is told; what cells put out is kept in a folder of its own."""
    static = sorted(path.name for path in (home / "assets").iterdir())
    return {
        "project": "cutaway",
        "html_title": "cutaway",
        "extensions": ["myst_nb", "cutaway.site.book.extension"],
        "exclude_patterns": [],
        "nitpicky": True,
        "suppress_warnings": [],
        "myst_enable_extensions": ["dollarmath", "deflist"],
        "myst_heading_anchors": 3,
        "nb_execution_mode": "cache",
        "nb_execution_cache_path": str(cells),
        "nb_execution_timeout": 120,
        "nb_kernel_rgx_aliases": {".*": "python3"},  # ours, whatever a page's header names
        "nb_execution_show_tb": False,
        "nb_ipywidgets_js": {},
        "nb_merge_streams": True,
        "html_math_renderer": "mathml",
        "html_theme": "furo",
        "html_theme_options": THEME,
        "html_static_path": [str(home / "assets")],
        "html_favicon": str(home / "assets" / "icon.svg"),
        "html_css_files": [name for name in static if name.endswith(".css")],
        "html_js_files": [
            (name, {"defer": "defer"})
            for name in static
            if name.endswith(".js") and not name.startswith("demo-")  # on its lab's page only
        ],
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_last_updated_fmt": None,
        "pygments_style": "cutaway.site.book.ink.Day",
    }
