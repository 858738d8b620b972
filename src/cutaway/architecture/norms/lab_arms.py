"""What the models of this lab have in common, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH, HEADS, HIDDEN = 32, 2, 128
CONTEXT, SIZE, WARM = 32, 8, 20
DEPTHS = (2, 6, 12)
DEEP = DEPTHS[-1]
SHAPE = (
    f"width {WIDTH}, characters of Shakespeare, {SIZE} windows of {CONTEXT}, AdamW without decay, "
    "matrices normal at the root of their fan-in"
)


@dataclass(frozen=True)
class Arm:
    """Which norm stands where, the steps of warm-up, and whether blocks write little at first."""

    norm: str | None = None
    post: bool = False
    warm: int = 0
    calm: bool = False


PRE, POST, NONE = "pre LayerNorm", "post LayerNorm", "no norm"
PRE_RMS, POST_RMS, CALM = "pre RMSNorm", "post RMSNorm", "no norm, calm start"
WARM_PRE, WARM_POST, WARM_NONE = (f"{name}, warm-up" for name in (PRE, POST, NONE))
ARMS: Mapping[str, Arm] = {
    PRE: Arm("LayerNorm"),
    PRE_RMS: Arm("RMSNorm"),
    POST: Arm("LayerNorm", post=True),
    POST_RMS: Arm("RMSNorm", post=True),
    NONE: Arm(),
    CALM: Arm(calm=True),
    WARM_PRE: Arm("LayerNorm", warm=WARM),
    WARM_POST: Arm("LayerNorm", post=True, warm=WARM),
    WARM_NONE: Arm(warm=WARM),
}
BENDS: Mapping[str, str | None] = {
    "GELU": "gelu",
    "GELU by tanh": "gelu_tanh",
    "SiLU": "silu",
    "ReLU": "relu",
    "SwiGLU": "silu",
    "no bend": None,
}
GATED = ("SwiGLU",)
