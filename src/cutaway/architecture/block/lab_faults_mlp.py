"""What can break in an MLP: the bend that makes two products more than one, and the gate."""

from __future__ import annotations

from cutaway.kit.words import Fault

BENT = "x = self.bend(x)                            # (B, T, F)"
BACK = "x = self.narrow(x)                          # (B, T, C)"
GATE = "gate = self.bend(gate)                      # (B, T, F)"
WIDER = "x = self.widen(x)                           # (B, T, F)"
PASS = "x = x * gate                                # (B, T, F)"


def fault(name: str, old: str, new: str, where: str = "Gated.forward", **words: str) -> Fault:
    """A fault of mlp.py."""
    return Fault(name, "mlp.py", old=old, new=new, where=where, **words)


PLAIN = (
    fault(
        "no_bend",
        BENT,
        "# BROKEN: two products are one",
        where="MLP.forward",
        says="Two products without a bend are one: the MLP can only turn and stretch",
        symptom="Trains, and ends a little worse than expected, in training and in use alike",
        resembles="Two linear layers stood with nothing between them "
        "(nutonomy/nuscenes-devkit issue 728)",
    ),
    fault(
        "bend_late",
        f"{BENT}\n{BACK}",
        "x = self.narrow(x)                                # BROKEN: two products are one\n"
        "x = self.bend(x)                                  # BROKEN: and little is taken away",
        where="MLP.forward",
        says="The bend stands after both products: the MLP can add to the stream and hardly "
        "take anything from it",
        symptom="Trains, and ends worse than expected; the mean of the stream rises from block "
        "to block",
        resembles="The bend was applied to the last layer of an MLP "
        "(lucidrains/tab-transformer-pytorch issue 9)",
    ),
)
GATED = (
    fault(
        "straight_gate",
        GATE,
        "# BROKEN: the gate is not bent",
        says="Two straight branches are multiplied: nothing is ever held back, and large numbers "
        "grow with their square",
        symptom="Trains much as it should; wrong outputs from weights that were trained elsewhere",
        resembles="",
    ),
    fault(
        "bend_on_widened",
        f"{GATE}\n{WIDER}",
        "x = self.widen(x)\n"
        "x = self.bend(x)                                  # BROKEN: the other branch",
        says="Gate and gated exchange their names; weights that were trained under the others are "
        "wrong",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="silu was taken of the wrong one of the two (ml-explore/mlx-lm PR 767)",
        inert="Both are drawn alike: exchanged at the start, every step is the same, exchanged",
    ),
    fault(
        "bend_on_both",
        WIDER,
        f"{WIDER}\nx = self.bend(x)                                  # BROKEN: what is gated, too",
        says="Both branches are bent: what passes the gate is hardly ever negative",
        symptom="Trains, and ends a little worse than expected; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="The bend was taken of gate and gated alike (kakaobrain/trident PR 101)",
    ),
    fault(
        "bend_on_product",
        f"{GATE}\n{WIDER}\n{PASS}",
        "x = self.widen(x)\n"
        "x = x * gate                                      # BROKEN: the gate is not bent\n"
        "x = self.bend(x)                                  # BROKEN: but what it let through is",
        says="The bend comes after the product: the gate is one factor like the other",
        symptom="Trains much as it should; wrong outputs from weights that were trained elsewhere",
        resembles="A bracket stood in the wrong place: silu of the product "
        "(Nijikadesu/breakdown-minimind issue 3)",
    ),
    fault(
        "gate_added",
        PASS,
        "x = x + gate                                      # BROKEN: beside it, not through it",
        says="The gate adds and lets everything through: half of a plain MLP, and half of none",
        symptom="Trains, and ends a little worse than expected",
        resembles="A gate was added where it should have been multiplied "
        "(LeronQ/STGCN-Pytorch issue 1)",
    ),
    fault(
        "no_gate",
        PASS,
        "# BROKEN: nothing is held back",
        says="The gate is computed and not used: two products without a bend are one",
        symptom="Trains, and ends a little worse than expected; the gate has no gradient",
        resembles="",
    ),
)
MLPS = (*PLAIN, *GATED)
