"""What can break in a norm: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from functools import partial

from cutaway.kit.words import Fault

from .lab_faults_bends import BENDS

layer = partial(Fault, file="norms.py", where="LayerNorm.forward")
rms = partial(Fault, file="norms.py", where="RMSNorm.forward")

MEAN = "mean = x.mean(-1, keepdim=True)             # (B, T, 1)"
CENTRED = "x = x - mean                                # (B, T, C)"
POWER = "power = x.square().mean(-1, keepdim=True)   # (B, T, 1)"
EPSILON = "power = power + self.epsilon                # (B, T, 1)"
DIVIDED = "x = x / power.sqrt()                        # (B, T, C)"
GAIN = "x = x * self.weight                         # (B, T, C)"
BIAS = "x = x + self.bias                           # (B, T, C)"
SINGLE = "x = single(x)                               # (B, T, C)"

LAYER = (
    layer(
        "no_centre",
        old=CENTRED,
        new="# BROKEN: the mean stays",
        says="The mean of a token stays in it, and counts as size",
        symptom="Differs from another implementation, the more the further a token's mean is from "
        "zero; the loss is what one expects",
        resembles="",
    ),
    layer(
        "mean_over_tokens",
        old=MEAN,
        new="mean = x.mean(-2, keepdim=True)             # BROKEN: over the tokens",
        says="Each channel loses its mean over the text, which holds tokens that are to come",
        symptom="A worse loss than expected, and a worse one still in use: a text that is cut off "
        "is read otherwise than the same text with its end",
        resembles="Mean and deviation were taken along the sequence "
        "(jadore801120/attention-is-all-you-need-pytorch PR 17)",
    ),
    layer(
        "size_over_text",
        old=POWER,
        new="power = x.square().mean((-2, -1), keepdim=True)  # BROKEN: of all tokens together",
        says="All tokens of a text are divided by one size, theirs together",
        symptom="No visible symptom in the loss; the same token is read otherwise when another "
        "text follows it",
        resembles="All axes but the first were normalised together "
        "(Qualcomm-AI-research/geometric-algebra-transformer PR 8)",
    ),
    layer(
        "size_over_batch",
        old=POWER,
        new="power = x.square().mean(0, keepdim=True)    # BROKEN: over the texts of a batch",
        says="Each channel of each place is divided by its size over the batch",
        symptom="No visible symptom in training; results change with what else is in the batch, "
        "and a batch of one gives only signs",
        resembles="",
    ),
    layer(
        "one_fewer",
        old=POWER,
        new="power = x.square().sum(-1, keepdim=True) / (x.shape[-1] - 1)  # BROKEN: n - 1",
        says="The size is that of a sample: what comes out is a little too small",
        symptom="Differs from another implementation by a constant factor, the less the wider the "
        "stream; no visible symptom in the loss",
        resembles="std() of torch divides by one fewer unless told otherwise "
        "(harvardnlp/annotated-transformer PR 119, allenai/allennlp PR 953)",
    ),
    layer(
        "no_division",
        old=DIVIDED,
        new="# BROKEN: not divided by the size",
        says="Only the mean is taken away: what grew from layer to layer goes on growing",
        symptom="Trains as well as ever where there are few layers; from a wide start with many "
        "of them the first loss is far above chance",
        resembles="",
    ),
    layer(
        "no_epsilon",
        old=EPSILON,
        new="# BROKEN: nothing is added",
        says="A token of equal numbers is divided by zero",
        symptom="Nothing, until a token's numbers are all alike, as those of padding are: then NaN",
        resembles="",
    ),
    layer(
        "large_epsilon",
        old=EPSILON,
        new="power = power + 1                           # BROKEN: as large as what it guards",
        says="Small tokens stay small: nothing below a size of one is brought to one",
        symptom="Differs from another implementation, the more the smaller the input; the loss "
        "may even be lower",
        resembles="A BERT had 1e-5 where it was trained with 1e-12 "
        "(keras-team/keras-hub issue 642)",
    ),
    layer(
        "detached_mean",
        old=MEAN,
        new="mean = x.detach().mean(-1, keepdim=True)    # BROKEN: a constant to the gradient",
        says="The gradient does not know that the mean was taken away, and is not centred",
        symptom="The same outputs as another implementation and other gradients; no visible "
        "symptom in the loss",
        resembles="A detach in layer norm was taken back, since other norms are built on it "
        "(tinygrad/tinygrad PR 4904)",
    ),
    layer(
        "half_squares",
        old=SINGLE,
        new="# BROKEN: squares in the precision that was given",
        says="In half precision squares of numbers beyond 256 are infinite, and the token is zero",
        symptom="In float32 nothing; in float16 large tokens vanish or become NaN, in bfloat16 "
        "errors are two to four times as large",
        resembles="Layer norm in float16 overflowed and drifted (pytorch/pytorch issue 66707), and "
        "so did a kernel (xlite-dev/LeetCUDA PR 335)",
    ),
    layer(
        "no_bias",
        old=BIAS,
        new="# BROKEN: nothing is added",
        says="The bias is there, and is neither used nor learned",
        symptom="Weights of another implementation load without complaint and give other results",
        resembles="A kernel took it that gain and bias come in pairs, and was wrong where one was "
        "missing (pytorch/pytorch issue 69208)",
    ),
    Fault(
        "frozen_gain",
        "norms.py",
        old="self.weight = nn.Parameter(torch.empty(width))\n"
        "self.bias = nn.Parameter(torch.empty(width))",
        new="self.weight = nn.Parameter(torch.empty(width), requires_grad=False)  # BROKEN: no\n"
        "self.bias = nn.Parameter(torch.empty(width))",
        says="The gain stays one for ever: it gets no gradient",
        symptom="All gains of a trained model are exactly one",
        resembles="Gain and bias were made without a gradient, and a test had hidden it "
        "(harvard-edge/cs249r_book PR 1504)",
        where="LayerNorm.__init__",
    ),
)

RMS = (
    rms(
        "centred_input",
        old=SINGLE,
        new="x = single(x) - single(x).mean(-1, keepdim=True)  # BROKEN: as LayerNorm does",
        says="The mean is taken away, which the weights that follow were not trained for",
        symptom="Trains as well as ever; weights of another implementation give slightly other "
        "results",
        resembles="The first port of Llama normed with a layer norm (ggml-org/llama.cpp issue 173)",
    ),
    rms(
        "variance",
        old=POWER,
        new="power = x.var(-1, correction=0, keepdim=True)  # BROKEN: around the mean",
        says="The size is measured around the mean, which is not taken away: a token far from zero "
        "stays large",
        symptom="Trains as well as ever; differs from another implementation, the more the further "
        "a token's mean is from zero",
        resembles="The RMSNorm of timm took the variance "
        "(huggingface/pytorch-image-models issue 2380)",
    ),
    rms(
        "size_over_tokens",
        old=POWER,
        new="power = x.square().mean(-2, keepdim=True)   # BROKEN: over the tokens",
        says="Each channel is divided by its size over the text, which holds what is to come",
        symptom="No visible symptom in the loss on whole texts; a little worse in use, where the "
        "future is not there",
        resembles="A norm's axis was -2 where -1 was meant (kyegomez/zeta issue 180)",
    ),
    rms(
        "no_root",
        old=DIVIDED,
        new="x = x / power                               # BROKEN: the square of the size",
        says="What was large becomes small and what was small large",
        symptom="Looks healthy while tokens have a size of about one; otherwise the loss jumps, "
        "and another scale of the input gives another answer",
        resembles="A batch norm had a square where a root belongs (jax-ml/jax PR 443)",
    ),
    rms(
        "multiplied",
        old=DIVIDED,
        new="x = x * power.sqrt()                        # BROKEN: times, not by",
        says="What is large becomes larger still",
        symptom="A far worse loss than expected; where every norm is such, it diverges in a few "
        "steps",
        resembles="A size was divided by where its inverse had been computed: the loss diverged "
        "(mosaicml/llm-foundry issue 371)",
    ),
    rms(
        "epsilon_outside",
        old=f"{EPSILON}\n{DIVIDED}",
        new="x = x / (power.sqrt() + self.epsilon)       # BROKEN: added to the root",
        says="The smallest size to divide by is epsilon instead of its root, 300 times as large",
        symptom="No visible symptom in the loss; a token of zeros gets a gradient of NaN, and very "
        "small ones are blown up",
        resembles="Models were trained that way (EleutherAI/gpt-neox PR 1342, allenai/OLMo issue "
        "281)",
    ),
    rms(
        "fixed_epsilon",
        old=EPSILON,
        new="power = power + 1e-6                        # BROKEN: whatever was asked for",
        says="The epsilon that a model was trained with is not used",
        symptom="No visible symptom while training; weights of another implementation lose a "
        "little in accuracy, on some inputs",
        resembles="A kernel had 1e-6 built in, and the models 1e-5 (NVIDIA/cutlass PR 1112)",
    ),
    rms(
        "detached_size",
        old=POWER,
        new="power = x.detach().square().mean(-1, keepdim=True)  # BROKEN: a constant",
        says="The gradient pulls tokens longer or shorter, which changes nothing that comes out",
        symptom="The same outputs as another implementation and other gradients",
        resembles="The variance of a norm was detached (abhiskk/ladder issue 2)",
    ),
    rms(
        "late_single",
        old=POWER,
        new="power = x.to(given).square().mean(-1, keepdim=True)  # BROKEN: squared as halves",
        says="The numbers are made singles, and their squares are taken of the halves",
        symptom="In float32 nothing; in float16 large tokens vanish",
        resembles="A slip in the order of a cast (jingyaogong/minimind issue 301)",
    ),
    rms(
        "early_gain",
        old=f"{POWER}\n{EPSILON}\n{DIVIDED}\n{GAIN}",
        new=f"{GAIN}\n{POWER}\n{EPSILON}\n{DIVIDED}  # BROKEN: the gain came first",
        says="The gain is normed away again: channels can gain only at each other's cost",
        symptom="Weights of another implementation give other results; trained from scratch no "
        "visible symptom",
        resembles="",
    ),
    rms(
        "gain_plus_one",
        old=GAIN,
        new="x = x * (1 + self.weight)                   # BROKEN: one more",
        says="Each gain is one too large: weights that are stored without an offset are given one",
        symptom="Weights of another implementation give garbage; trained from scratch a loss that "
        "is worse than expected",
        resembles="Gemma's gains had their one added twice, in the file and in the code "
        "(utensils/mold PR 1078), and elsewhere not at all (pytorch/executorch PR 19901)",
    ),
    Fault(
        "gain_of_zero",
        "norms.py",
        old="nn.init.ones_(self.weight)",
        new="nn.init.zeros_(self.weight)                 # BROKEN: nothing passes",
        says="The gain begins at zero, as is right only where one is added to it",
        symptom="The first output is zero whatever the input, and what lies before gets no "
        "gradient in the first step",
        resembles="Gains that are added to one began at one, and so at two "
        "(huggingface/transformers PR 40796)",
        where="RMSNorm.reset_parameters",
    ),
)

FAULTS = (*LAYER, *RMS, *BENDS)
