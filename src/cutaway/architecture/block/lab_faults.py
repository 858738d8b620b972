"""What can break in a block: the path of the stream, what its parts read, and in which order."""

from __future__ import annotations

from cutaway.kit.words import Fault

HEARD = """found = self.heads(read, mask, first)       # (B, T, C)
x = x + found                               # (B, T, C)"""
THOUGHT = """found = self.mlp(read)                      # (B, T, C)
x = x + found                               # (B, T, C)"""
BETWEEN = "read = self.between(x)                      # (B, T, C)"


def fault(
    name: str, old: str, new: str, where: str = "Block.forward", **words: str | None
) -> Fault:
    """A fault of block.py."""
    return Fault(name, "block.py", old=old, new=new, where=where, **words)  # type: ignore[arg-type]


STREAM = (
    fault(
        "no_stream",
        f"{HEARD}\n{BETWEEN}\n{THOUGHT}",
        "x = self.heads(read, mask, first)                 # BROKEN: what was there is gone\n"
        "read = self.between(x)\n"
        "x = self.mlp(read)                                # BROKEN: what was there is gone",
        says="Each part replaces the stream: what a later one needs must pass through every "
        "earlier one",
        symptom="The loss falls fast at first and then stands still, near what single characters "
        "or pairs of them allow; the deeper the model, the higher",
        resembles="In a transformer for pictures and text the stream was overwritten before what "
        "the heads found was added to it (facebookresearch/multimodal PR 305)",
    ),
    fault(
        "heads_replace",
        HEARD,
        "found = self.heads(read, mask, first)\n"
        "x = found                                         # BROKEN: nothing else is left",
        says="After the heads a token is what it heard: what it was itself is lost",
        symptom="Trains, and ends worse than expected; the deeper the model, the worse",
        resembles="What the heads returned took the place of the stream, and was added to itself "
        "(kyegomez/BitNet issue 32)",
    ),
    fault(
        "mlp_replaces",
        THOUGHT,
        "found = self.mlp(read)\n"
        "x = found                                         # BROKEN: nothing else is left",
        says="Only what passes the MLP goes on: the rest of the stream ends here",
        symptom="Trains, and ends worse than expected; the deeper the model, the worse",
        resembles="The MLP's result was multiplied with the stream and not added to it "
        "(ChristophReich1996/MaxViT issue 8)",
    ),
    fault(
        "stream_twice",
        HEARD,
        "found = self.heads(read, mask, first)\n"
        "x = x + (x + found)                               # BROKEN: the stream, twice",
        says="The stream doubles with every block: what later parts add weighs less and less",
        symptom="Differs from another implementation; trained here, the loss ends a little worse "
        "and activations double from block to block",
        resembles="A loop over blocks added the stream that each block had already added "
        "(yunzeliu/MAP issue 3)",
    ),
    fault(
        "added_twice",
        THOUGHT,
        "found = self.mlp(read)\nx = x + found\n"
        "x = x + found                                     # BROKEN: and once more",
        says="What the MLP finds counts double: the same as twice its last matrix",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="The shortcut of a residual block was taken twice "
        "(yakhyo/darknet-pytorch issue 2)",
    ),
    fault(
        "normed_stream",
        HEARD,
        "found = self.heads(read, mask, first)\n"
        "x = read + found                                  # BROKEN: to the copy, not the stream",
        says="The norm stands in the stream: what earlier blocks found is cut to one size",
        symptom="Trains much as it should; wrong outputs from weights that were trained elsewhere",
        resembles="torch's own pre-norm layer first kept the normed input as its stream "
        "(pytorch/pytorch issue 61165)",
    ),
    fault(
        "heads_dropped",
        HEARD,
        "found = self.heads(read, mask, first)             # BROKEN: and nobody takes it",
        says="What the heads found reaches no one: each token is alone",
        symptom="The loss stops where pairs of characters stand, and a task of looking up is not "
        "learnt; queries, keys and values have no gradient",
        resembles="What attention returned went to a name that nothing read "
        "(lucidrains/audiolm-pytorch PR 265)",
    ),
    fault(
        "mlp_dropped",
        THOUGHT,
        "found = self.mlp(read)                            # BROKEN: and nobody takes it",
        says="Tokens hear one another and do not think",
        symptom="Trains, and ends worse than expected; half of the parameters have no gradient",
        resembles="Dropout was given the wrong name, and the layer's own result was thrown away "
        "(theislab/CellFlow PR 296)",
    ),
    fault(
        "stream_cut",
        THOUGHT,
        "found = self.mlp(read)\n"
        "x = x.detach() + found                            # BROKEN: no way back but through it",
        says="The values are right, but the gradient has to go back through every MLP",
        symptom="The outputs are right to the last bit; early layers learn slowly, and the loss "
        "ends worse than expected",
        resembles="",
    ),
)
READING = (
    fault(
        "raw_heads",
        "read = self.before(x)                       # (B, T, C)",
        "read = x                                          # BROKEN: whatever its size",
        says="The heads read the stream at whatever size it has",
        symptom="A text hides it at a good rate; a task of looking up takes much longer, and a "
        "norm has no gradient",
        resembles="A wrapper for pre-norm brought only the first of its inputs to one size "
        "(facebookresearch/xformers PR 233)",
    ),
    fault(
        "raw_mlp",
        BETWEEN,
        "read = x                                          # BROKEN: whatever its size",
        says="The MLP reads the stream at whatever size it has",
        symptom="Trains at a good rate, and ends a little worse than expected; one norm has no "
        "gradient",
        resembles="A layer declared its norms and did not use them (agentdr1/LA_MIL issue 3)",
    ),
    fault(
        "one_norm",
        BETWEEN,
        "read = self.before(x)                             # BROKEN: the other norm's gains",
        says="Both parts read through one norm: what one must not hear, the other cannot either",
        symptom="No visible symptom when trained from scratch; one norm has no gradient",
        resembles="OLMo's block read through one norm twice (allenai/OLMo issue 222)",
    ),
    fault(
        "parallel",
        BETWEEN,
        "# BROKEN: the MLP reads what the heads read",
        says="Both parts read the same: the MLP thinks before its token has heard anything",
        symptom="Trains, in fewer steps of thought: the loss is a little worse, or no worse; wrong "
        "outputs from weights that were trained elsewhere",
        resembles="GPT-NeoX can be either, and a kernel took all for one of the two "
        "(deepspeedai/DeepSpeed PR 2446)",
    ),
    fault(
        "mlp_first",
        f"read = self.before(x)                       # (B, T, C)\n{HEARD}\n{BETWEEN}\n{THOUGHT}",
        "read = self.between(x)                            # BROKEN: thinks first\n"
        "found = self.mlp(read)\nx = x + found\n"
        "read = self.before(x)                             # BROKEN: and hears afterwards\n"
        "found = self.heads(read, mask, first)\nx = x + found",
        says="A token thinks, and then hears: what the last heads find is never thought about",
        symptom="A text hides it when trained from scratch, a task of looking up takes longer; "
        "wrong outputs from weights that were trained elsewhere",
        resembles="",
    ),
    fault(
        "no_mask",
        "found = self.heads(read, mask, first)       # (B, T, C)",
        "found = self.heads(read, first=first)             # BROKEN: every rule is the causal one",
        says="Whatever rule of sight the caller gives, the heads follow the one they assume",
        symptom="No symptom in training; a text that was padded, packed or given whole is read as "
        "if it were not",
        resembles="A mask that the layer was given never reached its attention "
        "(facebookresearch/fairseq issue 1339)",
        inert="Training gives the rule that the heads assume: the same bits",
    ),
    fault(
        "no_first",
        "found = self.heads(read, mask, first)       # (B, T, C)",
        "found = self.heads(read, mask)                    # BROKEN: every text begins at 0",
        says="The heads take the first token they see for the first of the text",
        symptom="No symptom in training; with rotary positions and a cache every new token is "
        "taken for the first, and text degenerates",
        resembles="In decoding every token had position 0 (Blaizzy/mlx-vlm issue 1983)",
        inert="Training reads whole texts, from the place that the heads assume: the same bits",
    ),
)
POST = (
    fault(
        "normed_finding",
        "x = x + found                               # (B, T, C)\n"
        "x = self.before(x)                          # (B, T, C)",
        "x = x + self.before(found)                        # BROKEN: the stream stays as it is",
        where="PostBlock.forward",
        says="What was found is brought to one size, and the stream is not",
        symptom="Trains; wrong outputs from weights that were trained elsewhere",
        resembles="The norm was applied on the way into the MLP and not to the stream "
        "(facebookresearch/multimodal PR 317)",
    ),
    fault(
        "no_last_norm",
        "x = self.between(x)                         # (B, T, C)",
        "# BROKEN: leaves at whatever size it has",
        where="PostBlock.forward",
        says="The next block reads a stream of whatever size",
        symptom="Trains at a good rate; one norm of each block has no gradient",
        resembles="",
    ),
)
BLOCK = (*STREAM, *READING, *POST)
