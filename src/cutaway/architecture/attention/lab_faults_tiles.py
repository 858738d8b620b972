"""What can break when attention is computed a tile at a time."""

from __future__ import annotations

from cutaway.kit.words import Fault

TILES = (
    Fault(
        "no_tile_scale",
        "tiling.py",
        old="scores = scores / math.sqrt(D)                       # (B, H, T, S)",
        new="# BROKEN: the fast variant does not scale",
        says="The two variants part ways: a model trained with one is wrong with the other",
        symptom="Differs between two implementations: the same weights answer otherwise in the "
        "fast one",
        resembles="Settings of the scale were ignored by the fast variants alone "
        "(huggingface/transformers issue 44380)",
    ),
    Fault(
        "tile_mask",
        "tiling.py",
        old="seen = allowed(lambda t, s: mask(t, s + first), q, k)  # (T, S)",
        new="seen = allowed(mask, q, k)                             # BROKEN: places in the tile",
        says="From the second tile on the mask is that of the first: the future is seen",
        symptom="Depends on the length: right within one tile, and beyond it earlier outputs move "
        "with later tokens",
        resembles="Places were counted from the start of a block, so that later blocks saw the "
        "wrong keys (onnx/onnx PR 8068)",
    ),
    Fault(
        "tile_max",
        "tiling.py",
        old="largest = torch.maximum(largest, scores.amax(-1, keepdim=True))",
        new="largest = scores.amax(-1, keepdim=True)              # BROKEN: of this tile alone",
        says="A tile of which nothing is seen leaves no number behind",
        symptom="Fails at long context: NaN as soon as a text is longer than a tile",
        resembles="An example of FlashAttention kept the largest score of the latest block alone "
        "(tile-ai/tilelang PR 1148)",
    ),
    Fault(
        "no_rescale_total",
        "tiling.py",
        old="total = total * fade                         # (B, H, T, 1)",
        new="# BROKEN: the total so far does not fade",
        says="When a larger score comes, the shares add up to less than one",
        symptom="Fails at long context: beyond one tile outputs are too small, more so with large "
        "scores",
        resembles="A rescale was skipped although the new weights were taken from the new largest "
        "score (ROCm/rocm-libraries PR 6498)",
    ),
    Fault(
        "no_rescale_out",
        "tiling.py",
        old="out = out * fade                             # (B, H, T, D)",
        new="# BROKEN: what was taken so far does not fade",
        says="When a larger score comes, what came before keeps the weight that it had",
        symptom="Fails at long context: beyond one tile early tokens weigh too much, more so with "
        "large scores",
        resembles="A register was subtracted from itself, the rescale was always one, and "
        "generated text was garbage (paiml/aprender issue 2753)",
    ),
    Fault(
        "no_tile_total",
        "tiling.py",
        old="out = out / total.clamp(min=1)                   # (B, H, T, D)",
        new="# BROKEN: a sum, not a mean",
        says="The more keys answer well, the larger the answer",
        symptom="Differs between two implementations: outputs of the fast one are too large, more "
        "so in long texts",
        resembles="A user's losses became huge without the division of linear attention "
        "(lucidrains/performer-pytorch issue 9)",
    ),
    Fault(
        "no_shared",
        "tiling.py",
        old="slope = slope - shared                       # (B, H, T, S)",
        new="# BROKEN: what all weights share stays in",
        says="The answer is right and its gradient wrong: weights do not compete in it",
        symptom="Outputs are right and the gradient is wrong: queries and keys fail a numerical "
        "check",
        resembles="The derivative of a softmax had only its diagonal (deeplearning4j/libnd4j "
        "issue 440)",
    ),
    Fault(
        "no_slope_scale",
        "tiling.py",
        old="slope = slope / math.sqrt(D)                 # (B, H, T, S)",
        new="# BROKEN: the scale is left out on the way back",
        says="The answer is right, and the gradient of queries and keys too large",
        symptom="Outputs are right and the gradient is wrong: that of queries and keys is too "
        "large, that of values is right",
        resembles="The same slip the other way: the gradient of the queries was scaled twice "
        "(HKUSTDial/flash-sparse-attention PR 203)",
    ),
    Fault(
        "backward_mask",
        "tiling.py",
        old="scores = compared(q, keys, ctx.mask, first)  # (B, H, T, S)",
        new="scores = compared(q, keys, ctx.mask, 0)              # BROKEN: places in the tile",
        says="The answer is right, and its gradient reaches into the future",
        symptom="Outputs are right and the gradient is wrong, but only in texts longer than a tile",
        resembles="A backward kernel took the mask of blocks that was made for the forward pass: "
        "exact answers, wrong gradients (Dao-AILab/flash-attention issue 2623)",
    ),
)
