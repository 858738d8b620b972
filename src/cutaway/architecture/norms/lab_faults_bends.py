"""What can break in a bend."""

from __future__ import annotations

from functools import partial

from cutaway.kit.words import Fault

bend = partial(Fault, file="activations.py")

ERFC = "share = torch.erfc(-x / math.sqrt(2)) / 2"
SIGMOID = "share = torch.sigmoid(x)"
CUBED = "bent = x + 0.044715 * x**3"
TANH = "share = (1 + torch.tanh(math.sqrt(2 / math.pi) * bent)) / 2"
RECTIFIED = "return x.masked_fill(x <= 0, 0)"
TIMES = "return x * share"

BENDS = (
    bend(
        "no_root_of_two",
        old=ERFC,
        new="share = torch.erfc(-x) / 2                  # BROKEN: a narrower normal distribution",
        says="The normal distribution is narrower by the root of two, and the bend is sharper",
        symptom="Differs from another implementation by up to 0.1; trained from scratch no visible "
        "symptom",
        where="gelu",
        resembles="",
    ),
    bend(
        "cancelled_share",
        old=ERFC,
        new="share = (1 + torch.erf(x / math.sqrt(2))) / 2  # BROKEN: one less nearly one",
        says="A small share is what is left of one less nearly one: it has few digits, then none",
        symptom="None; below -6 exactly zero comes out where a small number is due",
        where="gelu",
        resembles="torch's own kernel lost up to half of the value around -5 "
        "(pytorch/pytorch issue 187806)",
    ),
    bend(
        "approximate",
        old=ERFC,
        new=f"{CUBED}                  # BROKEN: an approximation\n{TANH}",
        says="The approximation stands where the exact function was asked for",
        symptom="Differs from another implementation by up to 0.0005 in each activation, which is "
        "easily taken for rounding",
        where="gelu",
        resembles="A converter read the exact function for the approximate one, within the "
        "tolerance of its test (apple/coremltools PR 2863)",
    ),
    bend(
        "swapped_constants",
        old=f"{CUBED}\n{TANH}",
        new="bent = x + math.sqrt(2 / math.pi) * x**3    # BROKEN: the two constants exchanged\n"
        "share = (1 + torch.tanh(0.044715 * bent)) / 2",
        says="The two constants of the approximation are exchanged",
        symptom="Differs from another implementation; trained from scratch little to see",
        where="gelu_tanh",
        resembles="In one of its ports of gelu_fast (huggingface/transformers PR 11514)",
    ),
    bend(
        "squared_inside",
        old=CUBED,
        new="bent = x + 0.044715 * x**2                  # BROKEN: squared, not cubed",
        says="The approximation is no longer alike on both sides of zero",
        symptom="Differs from another implementation by a few hundredths; trained from scratch no "
        "visible symptom",
        where="gelu_tanh",
        resembles="",
    ),
    bend(
        "share_alone",
        old=TIMES,
        new="return share                                # BROKEN: not times the number",
        says="The share is returned in place of what it is a share of: nothing exceeds one",
        symptom="Trains more slowly, and large numbers do not pass",
        where="gelu_tanh",
        resembles="An implementation of gelu_new lacked the factor (tensorflow/tfjs PR 8224)",
    ),
    bend(
        "sigmoid_alone",
        old=TIMES,
        new="return share                                # BROKEN: not times the number",
        says="The logistic share is returned alone",
        symptom="Trains more slowly, and large numbers do not pass",
        where="silu",
        resembles="A sigmoid was a SiLU, the other way round, and models converged better with the "
        "error (joaopauloschuler/neural-api issue 21)",
    ),
    bend(
        "one_less_share",
        old=SIGMOID,
        new="share = 1 - torch.sigmoid(-x)               # BROKEN: one less nearly one",
        says="A small share is what is left of one less nearly one, and has few digits",
        symptom="In bfloat16 small negative results are zero, and layers far on differ from "
        "another implementation",
        where="silu",
        resembles="In bfloat16 the comparison of whole models failed (skyzh/tiny-llm PR 164)",
    ),
    bend(
        "inverted",
        old=RECTIFIED,
        new="return x.masked_fill(x >= 0, 0)             # BROKEN: what is negative passes",
        says="What is negative passes and what is positive is held back",
        symptom="None from scratch, where the weights can change their signs; weights of another "
        "implementation give garbage",
        where="relu",
        resembles="",
    ),
    bend(
        "gradient_passes",
        old=RECTIFIED,
        new="return x + (x.clamp(min=0) - x).detach()    # BROKEN: as if nothing were held back",
        says="What is held back gets a gradient all the same, of a function that was not computed",
        symptom="The same outputs as another implementation and other gradients",
        where="relu",
        resembles="The gradient of a rectifier was wrong in a place where nothing had used it yet "
        "(oreilly-japan/deep-learning-from-scratch PR 43)",
    ),
    bend(
        "hidden_nan",
        old=RECTIFIED,
        new="return torch.where(x > 0, x, 0)             # BROKEN: NaN is not larger than zero",
        says="What was no number becomes zero, and nobody hears of it",
        symptom="A loss that stays finite where another implementation's is NaN",
        where="relu",
        resembles="A rectifier lost the NaN of its input on the way back "
        "(PaddlePaddle/Paddle PR 65999)",
    ),
)
