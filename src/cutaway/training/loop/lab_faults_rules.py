"""What can break in the rules that move weights, in what they remember, and in whom they move."""

from __future__ import annotations

from functools import partial

from cutaway.kit.words import Fault

memory = partial(Fault, file="optimizers.py", where="Optimizer.load")
adamw = partial(Fault, file="optimizers.py", where="AdamW.move")
muon = partial(Fault, file="muon.py")
group = partial(Fault, file="groups.py")

TAKEN = "for name, own in self.state.items():\n    own.copy_(state[name])"
SPLIT = "some, others = decayed(model)"
NAMED = "if one.dim() > 1 and not name.endswith(TABLES)}"

MEMORY = (
    memory(
        "memory_lost",
        old=TAKEN,
        new="# BROKEN: looked at, and not taken",
        says="A run that goes on has forgotten all earlier gradients: the state is checked and "
        "not loaded",
        symptom="No symptom until a run is stopped; then a bump in the loss, for a few steps with "
        "AdamW, and other numbers ever after than those of a run that was not stopped",
        resembles="A trainer did not load its optimizer again, since its author had forgotten that "
        "momentum has a memory (kevinzakka/recurrent-visual-attention issue 8)",
    ),
    memory(
        "count_lost",
        old=TAKEN,
        new="for name, own in self.state.items():\n"
        '    if not name.startswith("steps/"):       # BROKEN: and counts from one again\n'
        "        own.copy_(state[name])",
        says="The means are loaded and the count of steps is not: means that are right are "
        "corrected as if they had just begun",
        symptom="No symptom until a run is stopped; then some steps of more than the rate, and a "
        "bump in the loss that a lower rate makes smaller",
        resembles="A rank that went on could take up a count of 1 for one of 2641, and its "
        "corrections were wrong (NVIDIA/TransformerEngine issue 1986)",
    ),
    Fault(
        "momentum_adds_up",
        "optimizers.py",
        where="Momentum.move",
        old="velocity.mul_(self.momentum)",
        new="# BROKEN: nothing is forgotten",
        says="All gradients since the run began count alike, and the velocity only grows",
        symptom="The loss swings and hardly falls, as at far too high a rate, and the weights grow",
        resembles="The factor stood at the gradient instead of the velocity, which so never "
        "decayed and grew without bound (ooples/AiDotNet issue 2008)",
    ),
)
ADAMW = (
    adamw(
        "ascent",
        old="weight.addcdiv_(mean, size, value=-rate)",
        new="weight.addcdiv_(mean, size, value=rate)  # BROKEN: up the slope",
        says="Every step goes up the slope",
        symptom="The loss rises from the first step on, and does not stop at chance",
        resembles="A sign in the update of the housing example was wrong, and its loss diverged "
        "(FluxML/model-zoo PR 273)",
    ),
    adamw(
        "coupled_decay",
        old="weight.mul_(1 - self.rate * self.decay)",
        new="gradient = gradient.add(weight, alpha=self.decay)  # BROKEN: as one more slope",
        says="Decay is a part of the gradient and divided by its size: where gradients are large "
        "nothing decays, and where they are small nearly everything does",
        symptom="Learns more slowly than expected, with smaller weights; a decay that is smaller "
        "by orders of magnitude mends it",
        resembles="weight_decay of torch.optim.Adam is this one, that of torch.optim.AdamW is not",
    ),
    adamw(
        "no_mean_correction",
        old="rate = rate / (1 - self.betas[0] ** int(steps))",
        new="# BROKEN: a mean that began at zero",
        says="The mean is too small at first: the first step is a tenth of what it should be",
        symptom="No visible symptom: the first ten steps are shorter, as in a warm-up",
        resembles="The optimizer of BERT took the mean as it was, mostly by oversight, and a "
        "warm-up hid it (google-research/bert issue 153)",
    ),
    adamw(
        "no_size_correction",
        old="size = size / (1 - self.betas[1] ** int(steps)) ** 0.5",
        new="# BROKEN: a size that began at zero",
        says="The size is too small at first, and the first steps are several times too long",
        symptom="The loss jumps up in the first steps and heals, as without a warm-up; with one "
        "no visible symptom",
        resembles="AdamW without corrections had trouble with a small GPT that learned well "
        "elsewhere (ml-explore/mlx PR 1640)",
    ),
    adamw(
        "no_epsilon",
        old="size = size + self.epsilon",
        new="# BROKEN: nothing is added",
        says="A weight that never had a gradient other than zero is divided by zero",
        symptom="NaN at the first step in rows of tokens that were not read, and in the loss as "
        "soon as one is; no symptom where every batch has every token",
        resembles="In float16 epsilon was rounded to zero, and a weight whose gradient was zero "
        "became NaN (google-deepmind/optax issue 1754)",
    ),
    Fault(
        "rates_alike",
        "optimizers.py",
        where="Together",
        old="    one.rate = rate * times",
        new="    one.rate = rate                             # BROKEN: one for all",
        says="AdamW moves tables, norms and head at the rate of Muon",
        symptom="No symptom with AdamW alone; with Muon the loss wavers or jumps in the first "
        "steps, as at too high a rate",
        resembles="Separate rates for Muon and Adam were set, and both groups were given one and "
        "the same (deepspeedai/DeepSpeed issue 7713)",
    ),
)
MUON = (
    muon(
        "no_length",
        where="orthogonal",
        old="x = x / x.norm().clamp(min=TINY)                # (R, C)",
        new="# BROKEN: of whatever length",
        says="The polynomial lifts strengths below one; short gradients it does not lift far "
        "enough, and long ones it sends to infinity",
        symptom="A short gradient gives short steps, and the loss falls slowly; after one that is "
        "long weights are NaN",
        resembles="Very short gradients were not brought to length one, and the rounds could not "
        "lift them (NVIDIA-NeMo/Emerging-Optimizers issue 229)",
    ),
    muon(
        "one_round",
        where="orthogonal",
        old="for _ in range(STEPS):",
        new="for _ in range(1):                              # BROKEN: one is not enough",
        says="Strong directions are lifted and weak ones stay weak",
        symptom="No visible symptom: Muon learns, and more slowly than another implementation",
        resembles="No round at all was run at the default setting, the loss fell, and Muon was "
        "plain descent (deepspeedai/DeepSpeed issue 8441)",
    ),
    muon(
        "tall_unscaled",
        where="Muon.move",
        old="rate = rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5",
        new="# BROKEN: whatever its shape",
        says="A matrix with more rows than columns moves half as far as it should, in an MLP",
        symptom="No visible symptom; another implementation ends elsewhere",
        resembles="Muon lacked the factor for matrices with more outputs than inputs, which others "
        "have (google-deepmind/optax PR 1249)",
    ),
)
GROUPS = (
    group(
        "norms_decay",
        where="decayed",
        old=NAMED,
        new="if not name.endswith(TABLES)}               # BROKEN: whatever is no table",
        says="Gains of norms and biases are pulled toward zero like matrices",
        symptom="No visible symptom: gains end a little below those of another run",
        resembles="Weight decay was applied to the gains of norms as well "
        "(karpathy/minGPT issue 23)",
    ),
    group(
        "tables_forgotten",
        where="decayed",
        old="return some, {name: one for name, one in every.items() if name not in some}",
        new="return some, {name: one for name, one in every.items() if one.dim() < 2}"
        "  # BROKEN: no tables",
        says="Tables are in neither group: no optimizer holds them, and they stay as drawn",
        symptom="Trains, and ends higher than expected; the table is at the end what it was at the "
        "start",
        resembles="A table of positions was in no group of the optimizer, and was never updated "
        "(DocF/multispectral-object-detection issue 77)",
    ),
    group(
        "blocks_forgotten",
        where="with_adamw",
        old=SPLIT,
        new=f"{SPLIT}\n"
        "some = {name: one for name, one in some.items() if not name.startswith(BLOCKS)}  "
        "# BROKEN: frozen",
        says="The matrices of all blocks stay as they were drawn: nothing moves them",
        symptom="The loss falls to about what the last token alone tells, and stands still there",
        resembles="Blocks were kept in a plain list, and more of them added no trainable weight "
        "(maruya24/pytorch_robotics_transformer issue 3)",
    ),
    group(
        "muon_moves_all",
        where="split",
        old="if one.dim() == 2 and name.startswith(BLOCKS)}",
        new="if one.dim() == 2}                          # BROKEN: tables too",
        says="Rows of a table and of the head are turned at right angles to each other, frequent "
        "tokens and rare ones alike",
        symptom="No visible symptom, and the loss may even be lower; another implementation moves "
        "tables and head by AdamW and ends elsewhere",
        resembles="Tables and head went to Muon with all other matrices, until their names were "
        "exempt (deepspeedai/DeepSpeed PR 7641)",
    ),
)
RULES = (*MEMORY, *ADAMW, *MUON, *GROUPS)
