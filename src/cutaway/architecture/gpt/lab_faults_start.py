"""What can break before the first step."""

from __future__ import annotations

from cutaway.kit.words import Fault

DRAW = "            parameter.normal_(0, spread, generator=draws(name))"

NAMED = 'WRITING = ("output.weight", "narrow.weight")        # what a block adds to the stream with'

START = (
    Fault(
        "std_one",
        "initial.py",
        old=DRAW,
        new="            parameter.normal_(0, 1, generator=draws(name))  # BROKEN: wide",
        says="Every weight is drawn fifty times too wide: scores are large from the start",
        symptom="The first loss is far above the logarithm of the vocabulary, and falls slowly",
        resembles="A table drawn with a spread of one kept a net from training for hours "
        "(pytorch/pytorch issue 3121)",
    ),
    Fault(
        "all_zero",
        "initial.py",
        old=DRAW,
        new="            parameter.zero_()                       # BROKEN: nothing to tell apart",
        says="No weight says anything, and none gets a gradient through the others",
        symptom="The loss is the logarithm of the vocabulary, to the last digit, and stays there",
        resembles="The weights of an output layer began at zero, and the loss did not fall "
        "(huggingface/transformers issue 6236)",
    ),
    Fault(
        "writers_wide",
        "styles.py",
        where="gpt2",
        old="initialise(model, c.std, c.std / math.sqrt(2 * c.depth), draws)",
        new="initialise(model, c.std, c.std, draws)          # BROKEN: writes as wide as it reads",
        says="What is added to the stream is as wide in a deep model as in a shallow one",
        symptom="No visible symptom in a shallow model: the loss is the same",
        resembles="The rule that narrows what GPT-2 writes with was there, and matched no name "
        "(huggingface/transformers issue 47458)",
    ),
    Fault(
        "half_the_writers",
        "initial.py",
        old=NAMED,
        new='WRITING = ("output.weight", "widen.weight")         # BROKEN: the wrong matrix',
        says="The MLP is narrowed where it reads, and writes as wide as before",
        symptom="No visible symptom: the loss is the same",
        resembles="The rule of the narrow writers named the wrong matrix of the MLP "
        "(karpathy/llama2.c issue 579)",
    ),
    Fault(
        "layers_alike",
        "initial.py",
        old=DRAW,
        new='            alike = name.split(".", 2)[-1]          # BROKEN: of any layer\n'
        "            parameter.normal_(0, spread, generator=draws(alike))",
        says="The layers begin as copies of one another",
        symptom="No visible symptom, or a slightly slower start",
        resembles="A stack of layers was made of copies of one that had been drawn already "
        "(pytorch/pytorch issue 86274)",
    ),
    Fault(
        "tables_undrawn",
        "initial.py",
        old="if parameter.dim() > 1:",
        new='if name in ("tokens.weight", "positions.weight"):  # BROKEN: as they were made\n'
        "    continue\n"
        "if parameter.dim() > 1:",
        says="The tables keep the spread of one with which they were made",
        symptom="The first loss is far above the logarithm of the vocabulary where the head is "
        "tied, and looks right where it is not",
        resembles="The table was left out of a start that drew all the rest, and the first loss "
        "was in the thousands (syncdoth/RetNet issue 31)",
    ),
    Fault(
        "biases_undrawn",
        "initial.py",
        old="            parameter.zero_()",
        new="            pass                                    # BROKEN: as they were made",
        says="Biases keep what their layer drew for them",
        symptom="Ends with a slightly higher loss; two models of one seed differ",
        resembles="The line that was to clear a bias failed, and was commented out "
        "(pytorch/examples issue 783)",
    ),
    Fault(
        "gains_zero",
        "initial.py",
        old="            parameter.fill_(1)",
        new="            parameter.fill_(0)                      # BROKEN: norms begin shut",
        says="Every norm begins by giving nothing: no score, and hardly a gradient",
        symptom="The loss is the logarithm of the vocabulary, to the last digit, and moves late or "
        "not at all",
        resembles="The last norm began at zero, and head and blocks got no gradient "
        "(pytorch/torchtitan PR 4489)",
    ),
)
