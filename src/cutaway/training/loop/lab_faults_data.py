"""What can break in what a step reads, in how its loss is counted and in which precision."""

from __future__ import annotations

from functools import partial

from cutaway.kit.words import Fault

data = partial(Fault, file="batches.py")
loss = partial(Fault, file="losses.py")
precision = partial(Fault, file="precision.py", where="mixed")

ORDER = "return np.random.default_rng([seed, epoch]).permutation(count)"
SHIFT = "return [shift(some) for some in rows.split(most)]"
AUTOCAST = "with torch.autocast(device, torch.bfloat16):\n    value = loss(model, part)"
SINGLE = "scores = single(scores)                         # (B, T, V)"

BATCHES = (
    data(
        "no_shuffle",
        where="order",
        old=ORDER,
        new="return np.arange(count)                         # BROKEN: as it stands in the text",
        says="Windows come in the order of the text, and a batch is one passage of it",
        symptom="The training loss goes up and down with the text, at the same places in every "
        "epoch; the judged loss is as expected or a little higher",
        resembles="Pictures were read in the order of their file names, the same in every epoch "
        "(ultralytics/yolov5 issue 5622)",
    ),
    data(
        "same_order",
        where="order",
        old=ORDER,
        new="return np.random.default_rng(seed).permutation(count)  # BROKEN: the same each time",
        says="Every epoch reads the windows in the order of the first",
        symptom="No visible symptom: the training loss has the same bumps in every epoch",
        resembles="DistributedSampler of torch does so unless set_epoch is called",
    ),
    data(
        "shift_0",
        where="parts",
        old=SHIFT,
        new="return [(some[:, :-1], some[:, :-1]) for some in rows.split(most)]  # BROKEN: itself",
        says="Each token is to be predicted from itself, which it can be",
        symptom="Too good: the loss falls to nearly zero, in training and in judging alike, and "
        "the model only repeats the last token",
        resembles="The loss of GPT and GPT-2 compared each score with the token just read, not "
        "with the next (huggingface/transformers PR 404)",
    ),
    data(
        "shift_2",
        where="parts",
        old=SHIFT,
        new="return [(some[:, :-2], some[:, 2:]) for some in rows.split(most)]"
        "  # BROKEN: the next but one",
        says="The token after next is to be predicted, since something else shifts as well",
        symptom="Looks like a weak model: a loss with the right shape that ends too high, and "
        "texts that skip every other token",
        resembles="A model shifted its labels before it called a loss that shifted them once more "
        "(huggingface/transformers PR 37830)",
    ),
    data(
        "others_targets",
        where="parts",
        old=SHIFT,
        new="pairs = zip(rows.split(most), rows.roll(1, 0).split(most), strict=True)\n"
        "return [(some[:, :-1], other[:, 1:]) for some, other in pairs]  # BROKEN: another row's",
        says="What is to be predicted comes from another row than what is read",
        symptom="The loss falls to what counting single tokens gives, and stands still there",
        resembles="The sentences of a dialogue were each sorted by length on their own, and pairs "
        "came apart (hsgodhia/hred issue 2)",
    ),
    data(
        "leak",
        where="apart",
        old="return text[:cut], text[cut:]",
        new="return text, text[cut:]                         # BROKEN: learns all of it",
        says="What the model is judged on is learnt as well",
        symptom="Judged and training loss stay together however long one trains; other texts are "
        "a surprise",
        resembles="A loader for training took the whole data set, the part held back for judging "
        "included (ratschlab/aestetik issue 8)",
    ),
)
LOSSES = (
    loss(
        "padding_counted",
        where="asked",
        old="return int((targets != UNASKED).sum())",
        new="return targets.numel()                          # BROKEN: those nobody asks for too",
        says="The loss is divided by all tokens, and by the more of them the more is padding",
        symptom="Too low a loss with padding, at the first step already, in training and in "
        "judging; none without",
        resembles="A masked loss was still divided by all targets, and fell with each one of "
        "padding (tracel-ai/burn issue 5568)",
    ),
    loss(
        "softmax_twice",
        where="surprise",
        old=SINGLE,
        new="scores = single(scores).softmax(-1)             # BROKEN: these are no scores",
        says="What is made a distribution is one already: the surest model is hardly surer than "
        "chance",
        symptom="The first loss is right, and then it hardly falls: it cannot go below the "
        "logarithm of the vocabulary by more than one",
        resembles="A classifier returned what softmax had made, and its loss took softmax of that "
        "again (Lightning-Universe/lightning-bolts issue 654)",
    ),
    loss(
        "judged_with_dropout",
        where="nats",
        old="model.eval()",
        new="# BROKEN: judged as it learns",
        says="A part of the model is left out at random while it is judged",
        symptom="The judged loss is a little too high and another every time; none without dropout",
        resembles="Notebooks of a course judged a network with dropout without ever calling eval "
        "(udacity/deep-learning-v2-pytorch issue 3)",
    ),
    loss(
        "judged_by_parts",
        where="nats",
        old="return sum(loss for loss, _ in found) / sum(tokens for _, tokens in found)",
        new="return sum(loss / tokens for loss, tokens in found) / len(found)"
        "  # BROKEN: parts alike",
        says="A token counts the more the fewer there are in its part",
        symptom="The judged loss changes with the size of the parts; none where all are alike",
        resembles="Means of parts were averaged in judging, however few tokens a part had to "
        "predict (NVIDIA/Megatron-LM PR 7207)",
    ),
)
PRECISION = (
    precision(
        "weights_rounded",
        old=AUTOCAST,
        new="with torch.no_grad():\n"
        "    for one in model.parameters():\n"
        "        one.copy_(one.to(torch.bfloat16))    # BROKEN: the weights themselves\n"
        f"{AUTOCAST}",
        says="Weights have two or three digits: a step of less than half the last one is lost",
        symptom="No visible symptom at a high rate; at a low one, and so at the end of a run, the "
        "loss stands still, and gains of norms stay at one",
        resembles="Gains of norms stayed at exactly one, since a step was too small for bfloat16 "
        "weights (vllm-project/speculators PR 765)",
    ),
    precision(
        "narrow_range",
        old=AUTOCAST,
        new=AUTOCAST.replace("bfloat16):", "float16):  # BROKEN: nothing below 6e-8"),
        says="float16 has a range that slopes fall out of: the small ones are zero, and nobody "
        "scaled the loss",
        symptom="No visible symptom at first; ever more gradients are exactly zero, and the loss "
        "stands still, or is NaN where scores are large",
        resembles="Autocast chose float16 where nobody had named a type, and nobody scaled the "
        "loss (engichang1467/Open-Rig3R issue 35)",
    ),
    precision(
        "loss_rounded",
        old="return value",
        new="return value.to(torch.bfloat16)             # BROKEN: three digits of a sum",
        says="The loss is rounded to two or three digits, and what a part adds to it as well",
        symptom="The loss that is told moves in steps, and is the same in many batches",
        resembles="A loss came back in bfloat16, and near 36 it could only move in steps of a "
        "quarter (Modalities/modalities PR 464)",
    ),
)
DATA = (*BATCHES, *LOSSES, *PRECISION)
