"""The look of the book: the house's colours and letters under the names of the theme."""

from __future__ import annotations

LIGHT = {
    "paper": "#fcfbf8", "ink": "#22201c", "soft": "#68625a", "line": "#dfdace", "wash": "#f4f1e9",
    "broken": "#a5301b", "broken-wash": "#f9e9e3", "new": "#22643f", "new-wash": "#e8f2e8",
    "link": "#1f5673", "key": "#7a3e85", "name": "#1f5673",
}  # fmt: skip
DARK = {
    "paper": "#16171a", "ink": "#e5e1d8", "soft": "#a49e93", "line": "#35363b", "wash": "#1d1f23",
    "broken": "#ff9c87", "broken-wash": "#3b231f", "new": "#8fd1a6", "new-wash": "#1b2f24",
    "link": "#8cc3e6", "key": "#d3a5de", "name": "#8cc3e6",
}  # fmt: skip
FURO = {
    "color-background-primary": "paper",
    "color-background-secondary": "wash",
    "color-background-border": "line",
    "color-foreground-primary": "ink",
    "color-foreground-secondary": "soft",
    "color-foreground-muted": "soft",
    "color-brand-primary": "broken",
    "color-brand-content": "link",
    "color-brand-visited": "link",
    "color-inline-code-background": "wash",
    "color-api-name": "name",
    "color-api-pre-name": "soft",
}
FONTS = {
    "serif": '"Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, '
    '"TeX Gyre Pagella", "Noto Serif", Georgia, "Liberation Serif", serif',
    "sans": 'system-ui, "Segoe UI", "Helvetica Neue", "Liberation Sans", sans-serif',
    "mono": 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", '
    "monospace",
    "font-stack": "var(--serif)",
    "font-stack--headings": "var(--serif)",
    "font-stack--monospace": "var(--mono)",
}


def _colours(own: dict[str, str]) -> dict[str, str]:
    """The house's colours under its own names and under the theme's."""
    return own | {theirs: own[ours] for theirs, ours in FURO.items()}


THEME = {"light_css_variables": _colours(LIGHT) | FONTS, "dark_css_variables": _colours(DARK)}
