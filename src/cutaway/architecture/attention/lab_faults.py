"""What can break in attention: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from cutaway.kit.words import Fault


def finite(mask: str, says: str, inert: str | None = None) -> Fault:
    """The fault that hides with a finite number, whose name it bears."""
    return Fault(
        f"mask_{mask}",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)",
        new=f"scores = scores.masked_fill(hidden, -{mask})    # BROKEN: finite",
        says=says,
        inert=inert,
    )


SCORING = (
    Fault(
        "no_scale",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="# BROKEN: the scores are not scaled",
        says="The wider the head, the larger its scores, and the softmax saturates",
    ),
    Fault(
        "squared_scale",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="scores = scores / D                             # BROKEN: scaled twice",
        says="The wider the head, the smaller its scores, and all keys answer alike",
    ),
    Fault(
        "stream_scale",
        "attention.py",
        old="D = q.shape[-1]",
        new="D = q.shape[-1] * q.shape[-3]                   # BROKEN: the width of the stream",
        says="The scores shrink with the number of heads",
    ),
    Fault(
        "uniform",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="scores = scores * 0                             # BROKEN: all answer alike",
        says="Nothing is compared: each token takes the plain mean of what it sees",
    ),
    Fault(
        "coarse_scores",
        "attention.py",
        old="scores = q @ k.mT                               # (B, H, T, S)",
        new="scores = (q @ k.mT).bfloat16().to(q.dtype)      # BROKEN: three digits",
        says="Keys that answer almost alike cannot be told apart",
    ),
    Fault(
        "key_dropped",
        "attention.py",
        old="scores = q @ k.mT                               # (B, H, T, S)",
        new="scores = q @ nn.functional.pad(k[..., 1:, :], (0, 0, 1, 0)).mT  # BROKEN: key 0 is 0",
        says="The first token has an empty key, as in a cache that was never written there",
    ),
)

MASKING = (
    Fault(
        "no_mask",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)",
        new="# BROKEN: nothing is hidden",
        says="Each token sees what it is to predict",
    ),
    Fault(
        "inverted_mask",
        "attention.py",
        old="hidden = ~table(mask, q, k)                     # (T, S)",
        new="hidden = table(mask, q, k)                      # BROKEN: True means seen",
        says="What should be seen is hidden, and the future is seen; the last token sees nothing",
    ),
    Fault(
        "mask_ahead",
        "attention.py",
        old="return s <= t                                   # (T, S)",
        new="return s <= t + 1                               # BROKEN: sees the next one",
        says="Each token sees the one that it is to predict",
    ),
    Fault(
        "mask_behind",
        "attention.py",
        old="return s <= t                                   # (T, S)",
        new="return s < t                                    # BROKEN: not itself",
        says="No token sees itself, and the first sees nothing",
    ),
    Fault(
        "late_mask",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)\n"
        "weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores)                       # (B, H, T, S)\n"
        "weights = weights.masked_fill(hidden, 0)        # BROKEN: hidden after sharing",
        says="The future takes its share before it is hidden: the rest tells how much that was",
    ),
    finite(
        "10000",
        "A token that may see nothing takes the mean of everything",
        inert="Every token sees itself, far above -10000: exp and its slope are exactly 0",
    ),
    finite("30", "Hidden tokens keep a share of about 1e-13: a leak below what float32 resolves"),
    finite("10", "Hidden tokens keep a share of about 5e-5, which training can raise"),
    finite("5", "Hidden tokens keep a share of about a hundredth"),
    finite("3", "Hidden tokens keep a share of about a twentieth"),
    finite("1", "Hidden tokens answer like any poor key"),
)

SHARING = (
    Fault(
        "wrong_axis",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores.mT).mT                 # BROKEN: shares of a column",
        says="The tokens that ask compete for each key, later ones with earlier ones",
    ),
    Fault(
        "no_softmax",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = scores                                # BROKEN: no softmax",
        says="The scores are the weights: under a mask of -inf nothing is a number any more",
    ),
    Fault(
        "linear_scores",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = scores.masked_fill(hidden, 0)         # BROKEN: no softmax\n"
        "weights = weights / (~hidden).sum(-1, keepdim=True).clamp(min=1)",
        says="The scores are the weights, negative ones too, divided by the number of keys seen",
    ),
    Fault(
        "softmax_twice",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(softmax(scores))              # BROKEN: shares of shares",
        says="The weights are almost alike, and a hidden token's is not 0, for exp(0) is 1",
    ),
    Fault(
        "no_max",
        "attention.py",
        old="scores = scores - largest                       # (B, H, T, S)",
        new="# BROKEN: the largest score is not subtracted",
        says="Scores beyond 88 overflow in float32; below that, nothing happens",
        inert="A number taken from all scores of a row cancels; training stays far below 88",
    ),
    Fault(
        "no_floor",
        "attention.py",
        old="total = total.masked_fill(total == 0, 1)        # (B, H, T, 1)",
        new="# BROKEN: the total of nothing stays 0",
        says="A token that may see nothing divides by 0",
        inert="Every token sees itself, so its total is never 0: the same bits",
    ),
    Fault(
        "frozen_weights",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores).detach()              # BROKEN: no gradient here",
        says="The answer is right, but queries and keys never learn",
    ),
)

HEADS = (
    Fault(
        "swapped",
        "attention.py",
        old="q = self.query(x)                           # (B, T, C)\n"
        "k = self.key(x)                             # (B, T, C)",
        new="q = self.key(x)                                 # BROKEN: keys ask\n"
        "k = self.query(x)                               # BROKEN: queries answer",
        says="The two exchange their names; weights that were trained under the others are wrong",
        inert="Both are drawn alike: exchanged at the start, every step is the same, exchanged",
    ),
    Fault(
        "values_from_keys",
        "attention.py",
        old="v = self.value(x)                           # (B, T, C)",
        new="v = self.key(x)                                 # BROKEN: the key is the answer",
        says="A token gives what it is found by, and cannot give anything else",
    ),
    Fault(
        "keys_late",
        "attention.py",
        old="k = split(k, self.heads)                    # (B, H, T, D)",
        new="k = split(k, self.heads)                    # (B, H, T, D)\n"
        "k = torch.cat([k[:, :, :1], k[:, :, :-1]], 2)   # BROKEN: one place late",
        says="A token is found by the key of the one before it: what came after is taken",
    ),
    Fault(
        "view_in",
        "attention.py",
        old="x = x.view(B, T, heads, C // heads)             # (B, T, H, D)\n"
        "x = x.transpose(1, 2)                           # (B, H, T, D)",
        new="x = x.view(B, heads, T, C // heads)             # BROKEN: across tokens",
        says="A head holds all of some tokens instead of a part of each: later ones move forward",
    ),
    Fault(
        "view_out",
        "attention.py",
        old="x = x.transpose(1, 2)                           # (B, T, H, D)",
        new="# BROKEN: the heads are not set side by side",
        says="A token is given what one head found for several tokens, later ones too",
        where="merge",
    ),
    Fault(
        "view_both",
        "attention.py",
        old='''    x = x.view(B, T, heads, C // heads)             # (B, T, H, D)
    x = x.transpose(1, 2)                           # (B, H, T, D)
    return x


def merge(x: Tensor) -> Tensor:
    """The heads side by side again, token by token."""
    B, H, T, D = x.shape
    x = x.transpose(1, 2)                           # (B, T, H, D)
''',
        new='''    x = x.view(B, heads, T, C // heads)                    # BROKEN: across tokens
    return x


def merge(x: Tensor) -> Tensor:
    """The heads side by side again, token by token."""
    B, H, T, D = x.shape                                   # BROKEN: not set side by side
''',
        says="Each head attends within a part of the text, and the length decides where that ends",
    ),
    Fault(
        "no_output",
        "attention.py",
        old="out = self.output(out)                      # (B, T, C)",
        new="# BROKEN: what the heads found is not mixed",
        says="Each head writes into its own part of the stream and nowhere else",
    ),
)

TILES = (
    Fault(
        "no_tile_scale",
        "tiling.py",
        old="scores = scores / math.sqrt(D)                       # (B, H, T, S)",
        new="# BROKEN: the fast variant does not scale",
        says="The two variants part ways: a model trained with one is wrong with the other",
    ),
    Fault(
        "tile_mask",
        "tiling.py",
        old="seen = table(lambda t, s: mask(t, s + first), q, k)  # (T, S)",
        new="seen = table(mask, q, k)                             # BROKEN: places in the tile",
        says="From the second tile on the mask is that of the first: the future is seen",
    ),
    Fault(
        "tile_max",
        "tiling.py",
        old="largest = torch.maximum(largest, scores.amax(-1, keepdim=True))",
        new="largest = scores.amax(-1, keepdim=True)              # BROKEN: of this tile alone",
        says="A tile of which nothing is seen leaves no number behind",
    ),
    Fault(
        "no_rescale_total",
        "tiling.py",
        old="total = total * fade                         # (B, H, T, 1)",
        new="# BROKEN: the total so far does not fade",
        says="When a larger score comes, the shares add up to less than one",
    ),
    Fault(
        "no_rescale_out",
        "tiling.py",
        old="out = out * fade                             # (B, H, T, D)",
        new="# BROKEN: what was taken so far does not fade",
        says="When a larger score comes, what came before keeps the weight that it had",
    ),
    Fault(
        "no_tile_total",
        "tiling.py",
        old="out = out / total.clamp(min=1)                   # (B, H, T, D)",
        new="# BROKEN: a sum, not a mean",
        says="The more keys answer well, the larger the answer",
    ),
    Fault(
        "no_shared",
        "tiling.py",
        old="slope = slope - shared                       # (B, H, T, S)",
        new="# BROKEN: what all weights share stays in",
        says="The answer is right and its gradient wrong: weights do not compete in it",
    ),
    Fault(
        "late_scale_gradient",
        "tiling.py",
        old="slope = slope / math.sqrt(D)                 # (B, H, T, S)",
        new="# BROKEN: the scale is left out on the way back",
        says="The answer is right, and the gradient of queries and keys too large",
    ),
    Fault(
        "backward_mask",
        "tiling.py",
        old="scores = compared(q, keys, ctx.mask, first)  # (B, H, T, S)",
        new="scores = compared(q, keys, ctx.mask, 0)              # BROKEN: places in the tile",
        says="The answer is right, and its gradient reaches into the future",
    ),
)

FAULTS = (*SCORING, *MASKING, *SHARING, *HEADS, *TILES)
