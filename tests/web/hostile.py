"""A lab that wishes its readers ill: wherever a text can stand, it holds code."""

from __future__ import annotations

import tiny
from houses import House

EVIL = (
    '<script>window.hit=1</script>](javascript:window.hit=1)"><img src=x onerror=window.hit=1>'
    "{{7*7}} `{eval}` **$a_b$ &lt;b&gt;"
)
ARM = "<svg onload=window.hit=1>"
LINK = "https://127.0.0.1/\"onmouseover='window.hit=1'"
PAGE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
    jupytext_version: 1.19.6
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Tiny

Twice is {number}`error_by_fault error` off.

```{listing} tiny.py
```

```{code-cell} ipython3
print(EVIL)
```

~~~{predict} EVIL?
:experiment: error_by_fault
:column: error
:arms: clean, negative
:unit: EVIL
~~~

```{drawing} error_by_fault
```

```{predict} Is one less?
:experiment: fate_by_kind
:column: fate
:arms: fine, ARM
:by: kind
```

```{predict} Is one less, once more?
:experiment: fate_by_kind
:column: fate
:arms: fine, ARM
:by: kind
```

```{drawing} fate_by_kind
```

```{means} fate_by_kind kind fate
```

```{claims} error_by_fault
```
"""
FIGURES = """    figures=(
        Figure("error_by_fault", "error_by_fault", title=EVIL, x="seed", y="error", alt=EVIL),
        Figure(
            "fate_by_kind", "fate_by_kind", title=EVIL, x="kind", y="fate", color="kind",
            mark="point", alt=EVIL,
        ),
    ),
    claims=("""


def lab() -> str:
    """The tiny lab, with the texts of its faults, claims, figures and tables replaced."""
    text = tiny.LAB
    for old, new in (
        ("Claim, Experiment, Fault, Lab", "Claim, Experiment, Fault, Figure, Lab"),
        ("\n\ndef error_by_fault", f"\n\nEVIL = {EVIL!r}\nARM = {ARM!r}\n\n\ndef error_by_fault"),
        ('("fine", "raises", "nan", "hangs", "dies")', '("fine", EVIL, ARM)'),
        ("seeds=1, quick", "seeds=4, quick"),
        ("limit=1", "limit=9"),
        ('# BROKEN: starts too low"', '# BROKEN: " + EVIL'),
        (
            'says="The double is always nothing"',
            f"says=EVIL, symptom=EVIL, resembles={LINK!r} + EVIL",
        ),
        ('"A double that starts too low is too small"', '"A double is too small: " + EVIL'),
        ('"000-01"', "EVIL"),
        ('"numbers near one"', "EVIL"),
        ('"Twice a number is the number and the number again."', "EVIL"),
        ("    claims=(", FIGURES),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def plant(house: House) -> None:
    """Put the hostile lab in the place of the tiny one."""
    page = PAGE.replace("print(EVIL)", f"print({EVIL!r})").replace("EVIL", EVIL).replace("ARM", ARM)
    source = tiny.COMPONENT.replace('number."""', f'number."""  # {EVIL}', 1)
    for name, text in {"lab.py": lab(), "page.md": page, "tiny.py": source}.items():
        (house.lab() / name).write_text(text, encoding="utf-8")
