"""What can break in attention: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from cutaway.kit.words import Fault

from .lab_faults_heads import HEADS
from .lab_faults_tiles import TILES


def finite(
    mask: str, says: str, inert: str | None = None, *, symptom: str, resembles: str
) -> Fault:
    """The fault that hides with a finite number, whose name it bears."""
    return Fault(
        f"mask_{mask}",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)",
        new=f"scores = scores.masked_fill(hidden, -{mask})    # BROKEN: finite",
        says=says,
        inert=inert,
        symptom=symptom,
        resembles=resembles,
    )


SCORING = (
    Fault(
        "no_scale",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="# BROKEN: the scores are not scaled",
        says="The wider the head, the larger its scores: from most starts the softmax saturates",
        symptom="Wide heads that start as torch draws them end with a loss worse than expected, "
        "at every learning rate; narrow ones show little at a good rate",
        resembles="GPT-Neo leaves the scale out, and its Flax port does not "
        "(huggingface/transformers issue 20828)",
    ),
    Fault(
        "squared_scale",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="scores = scores / D                             # BROKEN: scaled twice",
        says="The wider the head, the smaller its scores, and all keys answer alike",
        symptom="The loss falls and ends a little worse than expected, in training and in use "
        "alike",
        resembles="OPT scaled its queries, and then the kernel scaled again "
        "(huggingface/transformers PR 38290)",
    ),
    Fault(
        "stream_scale",
        "attention.py",
        old="D = q.shape[-1]",
        new="D = q.shape[-1] * q.shape[-3]                   # BROKEN: the width of the stream",
        says="The scores shrink with the number of heads",
        symptom="Differs from another implementation as soon as there are two heads: the weights "
        "are too even",
        resembles="The code of a lecture divided by the root of the stream's width "
        "(karpathy/ng-video-lecture PR 6)",
    ),
    Fault(
        "uniform",
        "attention.py",
        old="scores = scores / math.sqrt(D)                  # (B, H, T, S)",
        new="scores = scores * 0                             # BROKEN: all answer alike",
        says="Nothing is compared: each token takes the plain mean of what it sees",
        symptom="The loss does not fall much below a bigram model's, and a task of looking up is "
        "not learnt",
        resembles="A default scale was taken literally, as zero, and attention became a plain "
        "mean (SKaiNET-developers/SKaiNET issue 860)",
    ),
    Fault(
        "coarse_scores",
        "attention.py",
        old="scores = q @ k.mT                               # (B, H, T, S)",
        new="scores = (q @ k.mT).bfloat16().to(q.dtype)      # BROKEN: three digits",
        says="Keys that answer almost alike cannot be told apart",
        symptom="Differs a little from another implementation: keys of almost equal scores get "
        "equal weights",
        resembles="Before the softmax bfloat16 was too coarse for a Qwen2, and its evaluations "
        "suffered (AI-Hypercomputer/maxtext PR 1225)",
    ),
    Fault(
        "key_dropped",
        "attention.py",
        old="scores = q @ k.mT                               # (B, H, T, S)",
        new="scores = q @ nn.functional.pad(k[..., 1:, :], (0, 0, 1, 0)).mT  # BROKEN: key 0 is 0",
        says="The first token has an empty key, as in a cache that was never written there",
        symptom="No visible symptom in loss or text; differs from another implementation from the "
        "second token on",
        resembles="Prompts of certain lengths left places of the cache at zero, and the speech "
        "stayed fluent (tenstorrent/tt-metal issue 54413)",
    ),
)

MASKING = (
    Fault(
        "no_mask",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)",
        new="# BROKEN: nothing is hidden",
        says="Each token sees what it is to predict",
        symptom="Loss too low: almost zero in training and on held-out text, and generated text "
        "is noise",
        resembles="PyTorch's tutorial on language models trained without a causal mask "
        "(pytorch/tutorials issue 2478)",
    ),
    Fault(
        "inverted_mask",
        "attention.py",
        old="hidden = ~allowed(mask, q, k)                   # (T, S)",
        new="hidden = allowed(mask, q, k)                    # BROKEN: True means seen",
        says="What should be seen is hidden, and the future is seen; the last token sees nothing",
        symptom="Loss too low: almost zero on held-out text, and in use worse than letter "
        "frequencies",
        resembles="A mask of what to hide was given to scaled_dot_product_attention, where True "
        "means seen (rasbt/LLMs-from-scratch issue 1061)",
    ),
    Fault(
        "mask_ahead",
        "attention.py",
        old="return s <= t                                   # (T, S)",
        new="return s <= t + 1                               # BROKEN: sees the next one",
        says="Each token sees the one that it is to predict",
        symptom="Good in training and bad in use: almost no loss even on held-out text, but "
        "generated text is noise",
        resembles="Masked convolutions that saw their own pixel trained faster, and drew black "
        "images (o-tawab/Video-Pixel-Networks issue 1)",
    ),
    Fault(
        "mask_behind",
        "attention.py",
        old="return s <= t                                   # (T, S)",
        new="return s < t                                    # BROKEN: not itself",
        says="No token sees itself, and the first sees nothing",
        symptom="No visible symptom: the loss is even a little lower, on whole windows and in use "
        "alike",
        resembles="In a tutorial's text, not in its code, the mask began on the diagonal and the "
        "first row was NaN (pbloem/former issue 10)",
    ),
    Fault(
        "late_mask",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)\n"
        "weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores)                       # (B, H, T, S)\n"
        "weights = weights.masked_fill(hidden, 0)        # BROKEN: hidden after sharing",
        says="The future takes its share before it is hidden: the rest tells how much that was",
        symptom="Validation is a little worse than expected, and use is worse still, though no "
        "future value is ever taken",
        resembles="timm's EVA set its mask after the softmax (huggingface/pytorch-image-models PR "
        "2236)",
    ),
    finite(
        "10000",
        "A token that may see nothing takes the mean of everything",
        inert="Every token sees itself, far above -10000: exp and its slope are exactly 0",
        symptom="No visible symptom while every token sees itself; a row that sees nothing "
        "returns a mean instead of zeros",
        resembles="In GPT-2 trained scores fell below it, and the future came through "
        "(huggingface/transformers issue 15199, karpathy/minGPT issue 75)",
    ),
    finite(
        "30",
        "Hidden tokens keep a share of about 1e-13: a leak below what float32 resolves",
        symptom="No visible symptom while every token sees itself; only the hidden weights are not "
        "quite zero",
        resembles="A finite mask stood above some scores of Pythia, and the model looked ahead "
        "(TransformerLensOrg/TransformerLens issue 318)",
    ),
    finite(
        "10",
        "Hidden tokens keep a share of about 5e-5, which training can raise",
        symptom="No visible symptom in the loss; earlier scores move a little when only later "
        "tokens change",
        resembles="Swin Transformer hides with minus a hundred (microsoft/Swin-Transformer issue "
        "42), and a port keeps to it (keras-team/keras-hub PR 2298)",
    ),
    finite(
        "5",
        "Hidden tokens keep a share of about a hundredth",
        symptom="The loss looks as expected, and yet earlier scores move clearly when only later "
        "tokens change",
        resembles="A T5 trained from scratch found scores below the finite mask, and did not "
        "learn properly (huggingface/transformers issue 14859)",
    ),
    finite(
        "3",
        "Hidden tokens keep a share of about a twentieth",
        symptom="Nothing to see in the loss with one layer; with two, validation is too good and "
        "use is worse, in most seeds",
        resembles="Hidden scores were filled with minus a tiny epsilon instead of minus infinity "
        "(hyunwoongko/transformer issue 10)",
    ),
    finite(
        "1",
        "Hidden tokens answer like any poor key",
        symptom="Good in training and bad in use, always with two layers and in some seeds with "
        "one: validation is too good, and generated text is poor",
        resembles="A mask next to zero was written where one far below zero was meant "
        "(awslabs/gluonts PR 1401)",
    ),
)

SHARING = (
    Fault(
        "wrong_axis",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores.mT).mT                 # BROKEN: shares of a column",
        says="The tokens that ask compete for each key, later ones with earlier ones",
        symptom="Validation is far below anything the text allows, and in use about as bad as "
        "letter frequencies or worse",
        resembles="A U-Net took its softmax over the queries, and made images as good as when "
        "mended (labmlai/annotated_deep_learning_paper_implementations issue 146)",
    ),
    Fault(
        "no_softmax",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = scores                                # BROKEN: no softmax",
        says="The scores are the weights: under a mask of -inf nothing is a number any more",
        symptom="Loss is NaN from the very first step",
        resembles="The softmax was computed, and the scores were used in its place, under an "
        "infinite mask (lucidrains/memory-compressed-attention issue 2)",
    ),
    Fault(
        "no_softmax_finite",
        "attention.py",
        old="scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)\n"
        "weights = softmax(scores)                       # (B, H, T, S)",
        new="scores = scores.masked_fill(hidden, -10000)     # BROKEN: finite\n"
        "weights = scores                                # BROKEN: no softmax",
        says="Hidden scores of -10000 are weights, and numbers that a model can learn to read",
        symptom="Validation looks as expected or a little better, and in use the model is about "
        "as bad as letter frequencies",
    ),
    Fault(
        "linear_scores",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = scores.masked_fill(hidden, 0)         # BROKEN: no softmax\n"
        "weights = weights / (~hidden).sum(-1, keepdim=True).clamp(min=1)",
        says="The scores are the weights, negative ones too, divided by the number of keys seen",
        symptom="Slower to learn: the loss ends only a little below a bigram model's, and looking "
        "up is not learnt in time",
        resembles="In an example the scores multiply the values, the softmax being commented out "
        "(flexflow/flexflow-train issue 467)",
    ),
    Fault(
        "softmax_twice",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(softmax(scores))              # BROKEN: shares of shares",
        says="The weights are almost alike, and a hidden token's is not 0, for exp(0) is 1",
        symptom="Validation is only a little worse than expected, and yet generated text is noise",
        resembles="A second softmax, without the mask, was reported to give later places a share "
        "(zyy-2001/DisKT issue 6)",
    ),
    Fault(
        "no_max",
        "attention.py",
        old="scores = scores - largest                       # (B, H, T, S)",
        new="# BROKEN: the largest score is not subtracted",
        says="Scores beyond 88 overflow in float32; below that, nothing happens",
        symptom="No visible symptom until some score is very large: then loss is NaN",
        resembles="A softmax on the GPU gave NaN for large scores until it subtracted the largest "
        "(ggml-org/llama.cpp PR 2665)",
        inert="A number taken from all scores of a row cancels; training stays far below 88",
    ),
    Fault(
        "no_floor",
        "attention.py",
        old="total = total.masked_fill(total == 0, 1)        # (B, H, T, 1)",
        new="# BROKEN: the total of nothing stays 0",
        says="A token that may see nothing divides by 0",
        symptom="No visible symptom under a causal mask; NaN as soon as a row of the mask hides "
        "everything",
        resembles="scaled_dot_product_attention gave NaN for the rows that a boolean mask hid "
        "wholly (pytorch/pytorch issue 103963)",
        inert="Every token sees itself, so its total is never 0: the same bits",
    ),
    Fault(
        "frozen_weights",
        "attention.py",
        old="weights = softmax(scores)                       # (B, H, T, S)",
        new="weights = softmax(scores).detach()              # BROKEN: no gradient here",
        says="The answer is right, but queries and keys never learn",
        symptom="The gradient of queries and keys is zero, and a task of looking up is not learnt",
        resembles="Attention was cut out of the graph at its softmax and elsewhere, and the query "
        "matrix had no gradient (paiml/aprender PR 2203)",
    ),
)

FAULTS = (*SCORING, *MASKING, *SHARING, *HEADS, *TILES)
