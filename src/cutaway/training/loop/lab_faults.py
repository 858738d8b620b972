"""What can break in the loop, in its clip and in its schedule; the other files hold the rest."""

from __future__ import annotations

from functools import partial

from cutaway.kit.words import Fault

from .lab_faults_data import DATA
from .lab_faults_rules import RULES

loop = partial(Fault, file="loop.py", where="train")
clip = partial(Fault, file="clipping.py", where="clip")
plan = partial(Fault, file="schedules.py")

RATE = "optimizer.rate = recipe.rate(step)"
FORGET = "optimizer.clear()"
READ = "parts = recipe.batches(step)"
SHARE = "loss = loss / tokens                    # ()"
TOLD = "total = total + loss.item()"
CLIP = "norm = clip(optimizer.weights.values(), recipe.limit).item()"
FINITE = "if not math.isfinite(total + norm):"

STEPS = (
    loop(
        "no_learning_mode",
        old="model.train()",
        new="# BROKEN: as it was left",
        says="A model that was judged goes on as it was judged, without dropout",
        symptom="From the first judging on the training loss is lower and falls faster, and the "
        "judged loss turns earlier; no symptom where there is no dropout",
        resembles="A model was set to judge after the first epoch, and was never set back to learn "
        "(hendrycks/ethics issue 5)",
    ),
    loop(
        "no_step",
        old="optimizer.step()",
        new="# BROKEN: slopes are computed, and nobody goes",
        says="Nothing moves: every gradient is computed, clipped and thrown away",
        symptom="The loss stays where it began, at the logarithm of the vocabulary, and only "
        "wavers with the batches; gradients look healthy",
        resembles="The optimizer of a discriminator was never told to step, and training looked "
        "well all the same (zhaoyuzhi/deepfillv2 issue 6)",
    ),
    loop(
        "first_rate",
        old=RATE,
        new="optimizer.rate = recipe.rate(first)         # BROKEN: the schedule stands still",
        says="The rate of the first step is that of all steps: the schedule never advances",
        symptom="With a warm-up the loss falls very slowly, as at far too low a rate; without one "
        "it wavers at the end, where a falling rate would have let it settle",
        resembles="A schedule was built, and no training script ever advanced it "
        "(yl4579/StyleTTS2 issue 274)",
    ),
    loop(
        "rate_of_parts",
        old=f"{RATE}\n{FORGET}\n{READ}",
        new=f"{FORGET}\n{READ}\n"
        "optimizer.rate = recipe.rate(step * len(parts))  # BROKEN: counts parts, not steps",
        says="The schedule advances by one for each part: it is over k times too early",
        symptom="The loss falls well and then stands still, long before the end; the more parts "
        "a batch is cut into, the earlier",
        resembles="A schedule counted parts, so that a warm-up of 16000 steps was over after 1000 "
        "(Lightning-AI/pytorch-lightning issue 1476)",
    ),
    loop(
        "rate_restarts",
        old=RATE,
        new="optimizer.rate = recipe.rate(step - first)  # BROKEN: counts from where it went on",
        says="A run that goes on takes its schedule from the beginning: it warms up once more",
        symptom="No symptom until a run is stopped; then its rate begins anew: the loss stands "
        "still for as long as a warm-up, and the run ends before its rate has fallen",
        resembles="After each restart from a checkpoint the rate warmed up once more "
        "(aqlaboratory/openfold issue 181)",
    ),
    loop(
        "data_restarts",
        old=READ,
        new="parts = recipe.batches(step - first)        # BROKEN: the text from its beginning",
        says="A run that goes on reads again what it has read, and never what it would have read",
        symptom="No symptom until a run is stopped; then the training loss is a little lower than "
        "it should be, since the batches are known, and the judged loss is not",
        resembles="Runs that went on read the texts from their beginning, and learnt only from a "
        "part of them (Helsinki-NLP/mammoth issue 63)",
    ),
    loop(
        "same_batch",
        old=READ,
        new="parts = recipe.batches(first)               # BROKEN: the same batch for ever",
        says="Every step reads the batch of the first one",
        symptom="The training loss falls to nearly zero and the judged loss rises far above chance",
        resembles="Each worker kept a count of its own, and as many steps in a row read one and "
        "the same batch (dscripka/openWakeWord PR 202)",
    ),
    loop(
        "no_clearing",
        old=FORGET,
        new="# BROKEN: slopes of all earlier steps stay",
        says="Each gradient is the sum of all since the run began: old slopes are followed for "
        "ever",
        symptom="A slow run with a loss above what one expects; the length of the gradient grows "
        "from step to step, and every step is clipped",
        resembles="Gradients were not set to zero after a step of the optimizers "
        "(meta-pytorch/torchforge PR 71)",
    ),
)
PARTS = (
    loop(
        "no_division",
        old=SHARE,
        new="# BROKEN: the sum over all tokens",
        says="Loss and gradient are as many times too large as the batch has tokens",
        symptom="The first loss is in the hundreds or thousands, and every step is clipped; with "
        "AdamW the judged loss is hardly another, with plain descent and no clip it diverges",
        resembles="The loss was summed over tokens and never divided by how many there were "
        "(allenai/open-instruct issue 995)",
    ),
    loop(
        "mean_of_means",
        old=SHARE,
        new="loss = loss / recipe.tokens(part) / len(parts)  # BROKEN: each part counts alike",
        says="A token counts the more the fewer there are in its part",
        symptom="No symptom where all parts are alike; with padding the loss is a little off, and "
        "changes with how a batch is cut",
        resembles="Parts of unequal numbers of tokens were averaged each by itself and then "
        "together (Hugging Face and Unsloth, 2024)",
    ),
    loop(
        "parts_undivided",
        old=SHARE,
        new="loss = loss / recipe.tokens(part)       # BROKEN: each part a whole batch",
        says="Means of parts are added: loss and gradient grow with the number of parts",
        symptom="The first loss is a multiple of the logarithm of the vocabulary, by the number "
        "of parts; more steps are clipped; with AdamW the judged loss is hardly another",
        resembles="The loss was not divided by the number of parts, which made the clip that much "
        "stricter (karpathy/nanoGPT issue 168)",
    ),
    loop(
        "graph_kept",
        old=TOLD,
        new="total = total + loss                    # BROKEN: with all that it was made of",
        says="What is told is a tensor with its history: whoever keeps the states keeps that too",
        symptom="The loss is right, torch warns that a tensor was made a number, and memory grows "
        "from step to step until there is none",
        resembles="An example added up losses together with all that they were made of "
        "(google/brax PR 152)",
    ),
)
GUARDS = (
    loop(
        "no_clip",
        old=CLIP,
        new="norm = clip(optimizer.weights.values(), math.inf).item()  # BROKEN: no limit",
        says="A gradient is followed however long it is",
        symptom="No symptom in a calm run; one bad batch or too high a rate gives a spike that "
        "takes long to heal, or none that heals",
        resembles="A limit was set but never reached the engine, and no gradient was clipped "
        "(mlcommons/training issue 723)",
    ),
    loop(
        "clip_parts",
        old=f"    {TOLD}\n{CLIP}\n{FINITE}",
        new=f"    {TOLD}\n    {CLIP}  # BROKEN: each part\n{FINITE}",
        says="What was gathered is clipped after each part: later parts count the more, and what "
        "would have cancelled is cut off first",
        symptom="No visible symptom; the length that is told is hardly above the limit, and "
        "results change with how a batch is cut",
        resembles="Gradients were clipped after each part, so that the last parts weighed more "
        "(huggingface/transformers issue 986)",
    ),
    loop(
        "no_guard",
        old=f"{FINITE}\n    {FORGET}                       # so that this step moves nothing",
        new="# BROKEN: whatever the loss is",
        says="A gradient that is no number is followed: every weight becomes one that is none",
        symptom="The loss is NaN from one step on, for good, and so is every weight",
        resembles="One gradient that was NaN passed the clip, and the step wrote NaN into every "
        "weight (facebookresearch/habitat-lab issue 2226)",
    ),
    clip(
        "clip_of_copies",
        old="    gradient.mul_(share)",
        new="    gradient = gradient * share             # BROKEN: a new one, that nobody reads",
        says="The clipped gradients are computed and thrown away",
        symptom="The clip stands in the code, its length stands in the log, and spikes come as if "
        "there were none",
        resembles="Clipped gradients were computed, and the step took the unclipped ones "
        "(keithito/tacotron PR 7)",
    ),
    clip(
        "each_clipped",
        old="    gradient.mul_(share)",
        new="    alone = limit / (length([gradient]) + TINY)  # BROKEN: each tensor by itself\n"
        "    gradient.mul_(alone.clamp(max=1))",
        says="Each tensor has a limit of its own: the step turns toward those that are short",
        symptom="No visible symptom with AdamW; gradients after the clip are longer than the "
        "limit allows, by up to the root of the number of tensors",
        resembles="The clip of tf.keras had a limit for each weight, which turned the direction of "
        "the step (tensorflow/tensorflow issue 36001)",
    ),
    clip(
        "always_scaled",
        old="share = share.clamp(max=1)                      # ()",
        new="# BROKEN: short ones are made longer",
        says="Every gradient is made exactly as long as the limit, short ones too",
        symptom="Hardly a symptom with AdamW; with plain descent steps do not get shorter as the "
        "slope does, and the loss wavers about its end",
    ),
)
SCHEDULES = (
    plan(
        "no_warm_up",
        where="cosine",
        old="share = share * rising(step, warm)",
        new="# BROKEN: the whole rate at once",
        says="The first steps are as long as any, when least is known of the slopes",
        symptom="The loss jumps up in the first steps and heals; at a high rate or in a deep "
        "model it does not",
        resembles="Whoever asked for a warm-up in steps got none, as a later check set the count "
        "back to zero (allenai/open-instruct PR 579)",
    ),
    plan(
        "wave_returns",
        where="cosine",
        old="done = passed(step, warm, steps)",
        new="done = max(step - warm, 0) / max(steps - warm, 1)  # BROKEN: past its end too",
        says="Past the end of the wave the rate rises again, up to the whole of it",
        symptom="No symptom until a run goes on for longer than was planned; then the loss rises "
        "with nothing else having changed",
        resembles="CosineAnnealingLR of torch rises again when it is stepped past T_max",
    ),
    plan(
        "half_a_fall",
        where="cosine",
        old="done = passed(step, warm, steps)",
        new="done = passed(step, warm, 2 * steps)         # BROKEN: another end than the run's",
        says="The run is over when the rate has hardly begun to fall",
        symptom="No visible symptom while a run is far from its best; near it the loss ends a "
        "little too high and still wavers",
        resembles="A schedule was made four times as long for its four parts a step, and its rate "
        "did not come down to zero (huggingface/diffusers issue 4387)",
    ),
)
FAULTS = (*STEPS, *PARTS, *GUARDS, *SCHEDULES, *RULES, *DATA)
