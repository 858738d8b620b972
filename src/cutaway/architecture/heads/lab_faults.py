"""What can break in a layer of heads: how it is cut and merged, shared in groups, told places."""

from __future__ import annotations

from cutaway.kit.words import Fault

from .lab_faults_reading import READING

CUT_TO_MERGED = """\
q = split(q, self.heads)                    # (B, H, T, D)
k = split(k, self.groups)                   # (B, G, T, D)
v = split(v, self.groups)                   # (B, G, T, D)
q, k = self.place(q, k, first)
x = self.attend(q, k, v, mask)              # (B, H, T, D)
x = merge(x)                                # (B, T, H*D)"""
VIEWED = """\
q = q.view(len(q), self.heads, q.shape[1], -1)   # BROKEN: across tokens
k = k.view(len(k), self.groups, k.shape[1], -1)  # BROKEN: across tokens
v = v.view(len(v), self.groups, v.shape[1], -1)  # BROKEN: across tokens"""
ATTENDED = """\
q, k = self.place(q, k, first)
x = self.attend(q, k, v, mask)              # (B, H, T, D)"""
PLACED = "q, k = self.place(q, k, first)"
FOUND = "x = self.attend(q, k, v, mask)              # (B, H, T, D)"
MERGED = "x = merge(x)                                # (B, T, H*D)"

CUTTING = (
    Fault(
        "heads_tied",
        "heads.py",
        old="self.heads = nn.ModuleList(Head(width, size) for _ in range(heads))",
        new="self.heads = nn.ModuleList([Head(width, size)] * heads)  # BROKEN: one, named often",
        says="All heads of the loop are one object: they look alike for ever",
        symptom="No error, and the loss is a little worse than expected; the model has fewer "
        "parameters than its sizes say, and all heads of a layer draw the same picture",
        resembles="The heads of Medusa were one layer in a list, many times "
        "(linkedin/Liger-Kernel PR 269)",
    ),
    Fault(
        "one_head",
        "heads.py",
        old=FOUND,
        new="x = self.attend(q[:, :1], k[:, :1], v[:, :1], mask).expand_as(q)  # BROKEN: head 0",
        says="Only the first head looks, and all others repeat what it found",
        symptom="The loss is a little worse than expected, in training and in use alike; to remove "
        "any head but the first changes next to nothing after training anew",
        resembles="The input was cut into heads first, and one matrix then served all of them "
        "(MarcoMeter/episodic-transformer-memory-ppo PR 22)",
    ),
    Fault(
        "viewed_in",
        "heads.py",
        old=CUT_TO_MERGED,
        new=f"{VIEWED}\n{ATTENDED}\n{MERGED}",
        says="A head holds all of some tokens instead of a part of each: later ones move forward",
        symptom="Validation does not say what use is worth: given only the past, the same tokens "
        "cost more, and generated text is noise",
        resembles="Why not view straight into heads, without the transpose? "
        "(hyunwoongko/transformer issue 15)",
    ),
    Fault(
        "viewed_both",
        "heads.py",
        old=CUT_TO_MERGED,
        new=f"{VIEWED}\n{ATTENDED}\n"
        "x = x.reshape(len(x), q.shape[2], -1)            # BROKEN: not side by side",
        says="Each head attends within a part of the text; where that ends depends on the length",
        symptom="No leak is found and the loss looks healthy; in use it depends on the length of "
        "the text, and is worst where the heads do not divide it",
        resembles="Views without transposes, on the way into the heads and out of them "
        "(649453932/Chinese-Text-Classification-Pytorch issue 53)",
    ),
    Fault(
        "across_heads",
        "heads.py",
        old=FOUND,
        new="q, k, v = (one.transpose(1, 2) for one in (q, k, v))  # BROKEN: heads hear heads\n"
        "x = self.attend(q, k, v, mask).transpose(1, 2)        # BROKEN",
        says="The heads of one token look at each other, and no token hears another",
        symptom="No error: shapes fit. The loss stops at that of a bigram model, and context "
        "changes nothing",
        resembles="A transpose of heads and tokens was removed by mistake "
        "(HabanaAI/vllm-fork PR 1218)",
    ),
    Fault(
        "split_by_number",
        "heads.py",
        old="q = split(q, self.heads)                    # (B, H, T, D)",
        new="q = q.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)  # BROKEN: by number",
        says="A head gets every H-th number of a query, and not those of its own rows",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="Weights stood interleaved, and were read head after head "
        "(NVIDIA-NeMo/RL PR 2802)",
        inert="Rows are drawn alike: those of the query, in another order, are another start",
    ),
    Fault(
        "merged_backwards",
        "heads.py",
        old=MERGED,
        new="x = merge(x.flip(1))                        # BROKEN: the last head first",
        says="What the heads find stands in another order than the columns that mix it",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="The order of the heads was lost between two ways of running them "
        "(snowflakedb/ArcticInference PR 142)",
        inert="Columns are drawn alike: those of the output, in another order, are another start",
    ),
    Fault(
        "detached",
        "heads.py",
        old=MERGED,
        new="x = merge(x).detach()                       # BROKEN: no gradient comes back",
        says="Queries, keys and values stay what they were drawn as; only the output learns",
        symptom="The loss falls, and ends well above what is expected; queries, keys and values "
        "have no gradient at all",
        resembles="The weights of an attention never changed: its result was not used "
        "(INK-USC/RE-Net issue 6)",
    ),
)

GROUPING = (
    Fault(
        "tiled_groups",
        "heads.py",
        old="x = x.repeat_interleave(heads // G, 1)          # (B, H, T, D)",
        new="x = x.repeat(1, heads // G, 1, 1)               # BROKEN: 0 1 0 1, not 0 0 1 1",
        says="The heads of a group stand apart, and each is given the keys of another group",
        symptom="No visible symptom when trained from scratch; with weights trained elsewhere "
        "text is garbage, but only for models whose heads share",
        resembles="ONNX tiled keys and values where torch repeats each of them (onnx/onnx PR 7274)",
        inert="Heads are drawn alike: which of them share a group is a matter of their order",
    ),
    Fault(
        "first_group",
        "heads.py",
        old="x = x.repeat_interleave(heads // G, 1)          # (B, H, T, D)",
        new="x = x[:, :1].expand(-1, heads, -1, -1)          # BROKEN: group 0 for all",
        says="All heads ask the keys of the first group; the others are computed and not heard",
        symptom="No error; trained from scratch the loss is what one group gives, and a part of "
        "the parameters has no gradient; weights trained elsewhere give garbage",
        resembles="A wrong index sent every head to the first keys (PSAL-POSTECH/ONNXim issue 33)",
    ),
    Fault(
        "other_values",
        "heads.py",
        old="v = shared(v, H)                                # (B, H, T, D)",
        new="v = shared(v.flip(1), H)                        # BROKEN: of another group",
        says="A head finds a token by the keys of its group, and takes the values of another",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="Which values go with which keys was a remainder in one place and a quotient in "
        "another (ggml-org/llama.cpp PR 25315)",
        inert="Rows are drawn alike: those of the values, in another order, are another start",
    ),
)

PLACING = (
    Fault(
        "queries_placed_only",
        "heads.py",
        old=PLACED,
        new="q, _ = self.place(q, k, first)                  # BROKEN: keys are not told",
        says="A query knows where it stands and a key does not: distance cannot be seen",
        symptom="The loss ends worse than expected, and worse for words than for letters; the "
        "same text further on in a file gets other scores",
        resembles="Turned keys went into the cache, and the first pass used keys that were not "
        "turned: gibberish (kvcache-ai/sglang PR 31)",
    ),
    Fault(
        "values_placed",
        "heads.py",
        old=PLACED,
        new=f"{PLACED}\n"
        "v, _ = self.place(v, v, first)                  # BROKEN: values are turned, too",
        says="What a token gives is turned by its place: the same token says another thing there",
        symptom="Trains almost as well; the same text further on in a file gets other scores, and "
        "weights trained elsewhere give garbage",
        resembles="x-transformers turned its values, too, until someone asked why "
        "(lucidrains/x-transformers issue 182)",
    ),
    Fault(
        "first_ignored",
        "heads.py",
        old=PLACED,
        new="q, k = self.place(q, k)                         # BROKEN: as if at the beginning",
        says="A text that goes on later is placed at the beginning again",
        symptom="Good in training and on whole texts; with a cache the text falls apart from the "
        "second token on",
        resembles="With a cache each new token of Qwen3-Omni was at place 0 "
        "(Blaizzy/mlx-vlm issue 1983)",
    ),
)

BIASING = (
    Fault(
        "bias_subtracted",
        "biased.py",
        old="scores = scores + bias.to(scores.dtype)     # (B, H, T, S)",
        new="scores = scores - bias.to(scores.dtype)     # BROKEN: distance is a gain",
        says="The further back a token is, the more it is heard",
        symptom="The loss is far worse than expected, and the longer the text, the worse",
        resembles="Distance was counted the other way round in two examples of ALiBi "
        "(meta-pytorch/attention-gym PR 86)",
    ),
    Fault(
        "bias_scaled",
        "biased.py",
        old="scores = scores / math.sqrt(D)              # (B, H, T, S)\n"
        "bias = self.bias(places[-T:], places)       # (H, T, S)\n"
        "scores = scores + bias.to(scores.dtype)     # (B, H, T, S)",
        new="bias = self.bias(places[-T:], places)       # (H, T, S)\n"
        "scores = scores + bias.to(scores.dtype)     # (B, H, T, S)\n"
        "scores = scores / math.sqrt(D)              # BROKEN: the bias is scaled, too",
        says="The wider the head, the less distance costs",
        symptom="Trains well; differs from another implementation, the more the wider the heads",
        resembles="A scale that was moved into the softmax also scaled the bias "
        "(NVIDIA/TransformerEngine PR 103)",
    ),
    Fault(
        "bias_late",
        "biased.py",
        old="scores = scores + bias.to(scores.dtype)     # (B, H, T, S)\n"
        "hidden = ~allowed(mask, q, k)               # (T, S)\n"
        "scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)\n"
        "weights = softmax(scores)                   # (B, H, T, S)",
        new="hidden = ~allowed(mask, q, k)               # (T, S)\n"
        "scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)\n"
        "weights = softmax(scores)                   # (B, H, T, S)\n"
        "bias = bias.to(scores.dtype).masked_fill(hidden, 0)\n"
        "weights = weights + bias                    # BROKEN: added to the shares",
        says="Shares become negative for tokens that are far, and sum to anything",
        symptom="The loss falls slowly and ends worse than expected; what a head finds grows with "
        "the length of the text",
    ),
    Fault(
        "bias_from_the_start",
        "biased.py",
        old="bias = self.bias(places[-T:], places)       # (H, T, S)",
        new="bias = self.bias(places[:T], places)        # BROKEN: as if nothing came before",
        says="The tokens that ask are taken for the first of those that are asked",
        symptom="Good in training and on whole texts; with a cache, distance is counted from the "
        "wrong end and the text falls apart",
        resembles="With memory there are more keys than queries, and biases have to be shifted by "
        "as many (lucidrains/x-transformers PR 103)",
    ),
)

FAULTS = (*CUTTING, *GROUPING, *PLACING, *BIASING, *READING)
