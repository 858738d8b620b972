"""What can break where heads are read: then the model is right, and what is said of it is not."""

from __future__ import annotations

from cutaway.kit.words import Fault

READING = (
    Fault(
        "self_for_previous",
        "reading.py",
        old="before = looks.diagonal(-1, -2, -1)             # (B, H, T-1)",
        new="before = looks.diagonal(0, -2, -1)              # BROKEN: the token itself",
        says="The score counts what a token gives itself",
        symptom="Many heads seem to look at the token before, from the first step of training on; "
        "in a picture of them the line is the diagonal",
    ),
    Fault(
        "match_not_after",
        "reading.py",
        old="after = earlier.roll(1, -1)                     # (B, T, S)",
        new="after = earlier                                 # BROKEN: the same token",
        says="The score counts weight on the same token, not on what came after it",
        symptom="A model copies without fault, and no head of it has a score of induction",
    ),
    Fault(
        "unseen_counted",
        "reading.py",
        old="return found.sum((0, 2)) / seen.sum()           # (H,)",
        new="return found.mean((0, 2))                       # BROKEN: over all tokens",
        says="Tokens that were never seen before count as missed",
        symptom="Scores of induction never come near one, and fall with the size of the alphabet",
    ),
    Fault(
        "width_for_size",
        "reading.py",
        old="D = other.output.in_features // other.heads",
        new="D = other.output.out_features // other.heads    # BROKEN: a part of the stream",
        says="A head is taken to be as wide as its part of the stream; then others are cut",
        symptom="Right while heads are as wide as the stream is in parts; with wider or narrower "
        "ones, to remove a head hurts another one",
        resembles="The size of a head was computed from the width where a configuration gave it "
        "(pytorch/torchtitan PR 3570)",
    ),
    Fault(
        "rows_for_columns",
        "reading.py",
        old="other.output.weight[:, head * D:(head + 1) * D] = 0",
        new="other.output.weight[head * D:(head + 1) * D] = 0  # BROKEN: what is written, not read",
        says="A part of the stream gets nothing from any head",
        symptom="All heads seem to matter about as much",
        resembles="The mask of an output's rows was used to choose heads "
        "(microsoft/nni issue 5187)",
    ),
    Fault(
        "not_a_copy",
        "reading.py",
        old="other = copy.deepcopy(layer)",
        new="other = layer                                   # BROKEN: the layer itself",
        says="A head that is removed once stays away, and the next measurement lacks both",
        symptom="Heads that are removed later seem to matter more; the model is worse after it "
        "was examined",
    ),
)
