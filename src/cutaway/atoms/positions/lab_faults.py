"""What can break where positions are added, to a stream or to scores, and all that can break."""

from __future__ import annotations

from cutaway.kit.words import Fault

from .lab_faults_rotary import ROTARY

SLICE = "rows = self.weight[first:last]              # (T, C)"
GUARD = (
    "if first < 0 or last > len(self.weight):\n"
    '    places = f"0 to {len(self.weight) - 1}, not {first} to {last - 1}"\n'
    '    raise ValueError(f"The table has places {places}.")\n'
)
DISTANCE = "distance = t[:, None] - s                   # (T, S)"

WAVES = (
    Fault(
        "slow_waves",
        "absolute.py",
        old="waves = base ** (even / width)                  # (C//2,)",
        new="waves = base ** (2 * even / width)                  # BROKEN: twice the exponent",
        says="The even numbers are doubled again: half of the waves are slower than any text",
        symptom="Trains as expected or a little worse; differs from another implementation in all "
        "waves but the first",
        resembles="The exponent was doubled although the counter went in steps of two "
        "(SamLynnEvans/Transformer issue 25)",
    ),
    Fault(
        "sines_first",
        "absolute.py",
        old="rows = both.flatten(-2)                         # (T, C)",
        new="rows = both.mT.flatten(-2)                          # BROKEN: sines, then cosines",
        says="All sines stand before all cosines, where weights were made for turns",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="A library set the sines before the cosines, as the paper's own code did and "
        "its text did not (allenai/allennlp issue 2993)",
    ),
    Fault(
        "loud_waves",
        "absolute.py",
        old="waves = self.size * waves                   # (T, C)",
        new="# BROKEN: the waves are as large as they are",
        says="Waves of size one are added to rows that may be fifty times as small",
        symptom="Slow to start: for a while all tokens are treated alike; the norm of positions "
        "is far above that of tokens",
        resembles="Rows were not multiplied by the root of the width before the waves were added "
        "(SamLynnEvans/Transformer issue 10)",
    ),
    Fault(
        "waves_from_0",
        "absolute.py",
        old="places = torch.arange(first, first + T, device=x.device)  # (T,)",
        new="places = torch.arange(T, device=x.device)           # BROKEN: every part begins at 0",
        says="Whatever is read later gets the waves of the text's beginning",
        symptom="Right in training and for a whole text; text that is generated token by token "
        "falls apart from the second token on",
    ),
    Fault(
        "coarse_places",
        "absolute.py",
        old="places = torch.arange(first, first + T, device=x.device)  # (T,)",
        new="places = torch.arange(first, first + T, device=x.device)\n"
        "places = places.to(x.dtype)                         # BROKEN: rounded before",
        says="Places are rounded to the type of the stream: in bfloat16 those above 256 collide",
        symptom="No visible symptom in single precision; in half precision worse on long texts "
        "only, from the first few hundred tokens on",
    ),
)

TABLE = (
    Fault(
        "constant_place",
        "absolute.py",
        old=SLICE,
        new="rows = self.weight[:1]                              # BROKEN: all at the first place",
        says="Every token is told that it stands at the first place",
        symptom="Slower to learn: the loss ends worse than expected, exactly as without positions",
        resembles="The kinds of tokens, all of them zero, were given where their places belonged "
        "(HKU-MedAI/MGCA issue 13)",
    ),
    Fault(
        "learned_from_0",
        "absolute.py",
        old=SLICE,
        new="rows = self.weight[:last - first]                   # BROKEN: every part begins at 0",
        says="Whatever is read later gets the rows of the text's beginning",
        symptom="Right in training and for a whole text; text that is generated token by token "
        "falls apart from the second token on",
        resembles="With a cache, positions were not cut out where the new part begins "
        "(pytorch/executorch PR 2010)",
    ),
    Fault(
        "one_place_late",
        "absolute.py",
        old=SLICE,
        new="rows = self.weight.roll(-1, 0)[first:last]          # BROKEN: the next place's row",
        says="Every token gets the row of the next place",
        symptom="No visible symptom when trained from scratch; with weights from elsewhere the "
        "text is a little worse than expected",
        resembles="A table begins two rows late, after rows for padding, and whoever does not know "
        "is off (huggingface/transformers issue 19240)",
    ),
    Fault(
        "clamped_places",
        "absolute.py",
        old=f"{GUARD}{SLICE}",
        new="places = torch.arange(first, last).clamp(max=len(self.weight) - 1)  # BROKEN: clamp\n"
        "rows = self.weight[places]                          # (T, C)",
        says="All that stands beyond the table stands at its last place",
        symptom="Right up to the length that it was trained on; beyond it the loss rises at once, "
        "and no error is raised",
    ),
    Fault(
        "wrapped_places",
        "absolute.py",
        old=f"{GUARD}{SLICE}",
        new="places = torch.arange(first, last) % len(self.weight)  # BROKEN: begins again\n"
        "rows = self.weight[places]                          # (T, C)",
        says="All that stands beyond the table begins again at its first place",
        symptom="Right up to the length that it was trained on; beyond it the loss rises at once, "
        "and text begins as if anew",
    ),
)

SLOPES = (
    Fault(
        "distance_rewarded",
        "biases.py",
        old="return -cost                                    # (H, T, S)",
        new="return cost                                         # BROKEN: no minus",
        says="The further back a token is, the more it is heard",
        symptom="The loss ends worse than expected, and the worse the longer the text",
        resembles="In a lesson's formula the minus before the distance was missing "
        "(labmlai/annotated_deep_learning_paper_implementations PR 226)",
    ),
    Fault(
        "even_slopes",
        "biases.py",
        old="power = 2 ** math.floor(math.log2(heads))",
        new="power = heads                                       # BROKEN: any number of heads",
        says="Slopes are spread evenly where weights were made for those between two powers",
        symptom="Right for 2, 4, 8 or 16 heads; for 12 weights that were trained elsewhere are "
        "wrong, and hardly a visible symptom when trained from scratch",
        resembles="Slopes were right only for powers of two (ml-explore/mlx PR 3071)",
    ),
    Fault(
        "early_slopes",
        "biases.py",
        old="few = [2 ** (-8 * head / power) for head in range(1, power + 1)]",
        new="few = [2 ** (-8 * head / power) for head in range(power)]  # BROKEN: from 0",
        says="Each head has the slope of the one before; the first pays a whole point for a step",
        symptom="Hardly a visible symptom when trained from scratch; wrong outputs from weights "
        "that were trained elsewhere",
        resembles="Exponents of slopes were off by one, and the first slope was 1 "
        "(paiml/aprender PR 2143)",
    ),
)

BUCKETS = (
    Fault(
        "both_ways",
        "biases.py",
        old="near = buckets // 2",
        new="buckets = buckets // 2                              # BROKEN: half for the future\n"
        "near = buckets // 2",
        says="Half of the buckets are kept for later tokens, which nobody sees",
        symptom="Hardly a visible symptom when trained from scratch, but half of the table has no "
        "gradient; wrong outputs from weights that were trained elsewhere",
        resembles="A bias for both ways was given to a decoder that has none there, and results "
        "hardly changed (huggingface/transformers PR 8518)",
    ),
    Fault(
        "one_bucket_less",
        "biases.py",
        old="return torch.where(distance < near, distance, far)  # (T, S)",
        new="return torch.where(distance < near - 1, distance, far)  # BROKEN: one too few",
        says="The last of the near distances is taken for a far one, and its bucket stays empty",
        symptom="Hardly a visible symptom in loss or text; one row of the table has no gradient",
    ),
    Fault(
        "even_buckets",
        "biases.py",
        old="far = far.log() / math.log(longest / near)      # (T, S), 0 where far begins, "
        "1 at the longest",
        new="far = (far - 1) / (longest / near - 1)              # BROKEN: no logarithm",
        says="Far distances share buckets of one width: the nearer of them are not told apart",
        symptom="Hardly a visible symptom when trained from scratch; wrong outputs from weights "
        "that were trained elsewhere, though short texts are right",
    ),
    Fault(
        "no_last_bucket",
        "biases.py",
        old="far = far.clamp(max=buckets - 1)                # (T, S)",
        new="# BROKEN: distances have no end",
        says="A distance beyond the longest has no bucket",
        symptom="Right for texts up to the longest distance; for longer ones an index is out of "
        "range",
    ),
    Fault(
        "looking_ahead",
        "biases.py",
        old=DISTANCE,
        new="distance = s - t[:, None]                           # BROKEN: later, not earlier",
        where="Bucketed",
        says="The distance is counted forwards: all that a token may see is at distance 0",
        symptom="The loss ends worse than expected, as without positions; all rows of the table "
        "but the first have no gradient",
        resembles="Distances were counted from key to query where the original counts from query "
        "to key (dmlc/gluon-nlp PR 1470)",
    ),
    Fault(
        "reshaped_biases",
        "biases.py",
        old="return biases.movedim(-1, 0)                # (H, T, S)",
        new="return biases.reshape(-1, len(t), len(s))           # BROKEN: reshaped, not moved",
        says="The numbers of all heads are dealt out in the wrong order: heads get each other's",
        symptom="Right for one head; with several the loss ends worse than expected, and the same "
        "distance costs something else further on",
        resembles="A transpose was missing before a reshape, and a simple task was learnt all the "
        "same (jsbaan/transformer-from-scratch PR 6)",
    ),
)

FAULTS = (*WAVES, *TABLE, *ROTARY, *SLOPES, *BUCKETS)
