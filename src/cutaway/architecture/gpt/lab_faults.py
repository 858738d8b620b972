"""What can break in a GPT: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from cutaway.kit.words import Fault

from .lab_faults_start import START

STACK = "            x = block(x, mask, first)               # (B, T, C)"
LOOP = "        for block in self.blocks:"

PATH = (
    Fault(
        "no_positions",
        "gpt.py",
        old="        x = self.positions(x, first)                # (B, T, C)",
        new="        # BROKEN: nobody is told where a token stands",
        says="The rows of the position table are there, are counted, and never learn",
        symptom="No visible symptom in a short run; some weights have no gradient at all",
        resembles="Positions were not added to a text of one token, which is every text in "
        "decoding (ml-explore/mlx-lm PR 93)",
    ),
    Fault(
        "positions_restart",
        "gpt.py",
        old="        x = self.positions(x, first)                # (B, T, C)",
        new="        x = self.positions(x)                       # BROKEN: begins at 0 again",
        says="A text that goes on is told that it begins",
        symptom="No symptom in training; text that is read in pieces, as with a cache, gets worse "
        "from the second piece on",
        resembles="The length of what had been read was taken from the wrong axis, and positions "
        "went on from the number of heads (dmlc/gluon-nlp issue 1015)",
    ),
    Fault(
        "first_dropped",
        "gpt.py",
        old=STACK,
        new="            x = block(x, mask)                      # BROKEN: begins at 0 again",
        says="Queries and keys of a text that goes on are turned as if it began",
        symptom="No symptom in training, nor where a text is read alone; differs as soon as keys "
        "of an earlier piece are kept",
        resembles="While it decoded, Qwen3-Omni gave position 0 to every token "
        "(Blaizzy/mlx-vlm issue 1983)",
    ),
    Fault(
        "mask_dropped",
        "gpt.py",
        old=STACK,
        new="            x = block(x, first=first)               # BROKEN: the rule stays here",
        says="Whatever rule of sight is asked for, the blocks follow their own",
        symptom="No visible symptom with the usual rule; windows, documents set side by side and "
        "prefixes are without effect",
        resembles="An encoder was given a mask, and did not hand it to its attention "
        "(facebookresearch/fairseq issue 1339)",
    ),
    Fault(
        "block_missing",
        "gpt.py",
        old=LOOP,
        new="        for block in self.blocks[:-1]:              # BROKEN: not the last",
        says="One block less than the config says, while its weights are kept and counted",
        symptom="The loss is hardly higher; trained weights from elsewhere give nonsense; "
        "some weights have no gradient",
        resembles="An encoder of three layers or more had one layer less than it was asked for "
        "(LukasHedegaard/continual-inference PR 70)",
    ),
    Fault(
        "only_last_block",
        "gpt.py",
        old=LOOP,
        new="        for block in self.blocks[-1:]:              # BROKEN: the last alone",
        says="The last block alone has a say, as if each had read the rows and the last had won",
        symptom="Depth is without effect: four layers end where one does, and tasks that need two "
        "are not learnt",
        resembles="A loop over the layers gave each the same input and kept the last output "
        "(17385/TreeBERT issue 5)",
    ),
    Fault(
        "blocks_twice",
        "gpt.py",
        old=STACK,
        new=STACK + "\n            x = block(x, mask, first)               # BROKEN: once more",
        says="Each block reads what it has just written",
        symptom="No visible symptom when trained from scratch, but twice as slow; trained weights "
        "from elsewhere give nonsense",
    ),
    Fault(
        "blocks_reversed",
        "gpt.py",
        old=LOOP,
        new="        for block in reversed(self.blocks):         # BROKEN: the last comes first",
        says="From scratch the blocks exchange their names; trained ones stand in the wrong places",
        symptom="No visible symptom when trained from scratch; trained weights from elsewhere give "
        "nonsense",
    ),
    Fault(
        "blocks_shared",
        "gpt.py",
        old="self.tokens, self.positions, self.blocks = tokens, positions, nn.ModuleList(blocks)",
        new="blocks = list(blocks)\n"
        "blocks = blocks[:1] * len(blocks)           # BROKEN: one block, many names\n"
        "self.tokens, self.positions, self.blocks = tokens, positions, nn.ModuleList(blocks)",
        says="The blocks have a name each and one set of weights together",
        symptom="Fewer parameters than expected; a deeper model is no better than its weights",
        resembles="One encoder layer was applied twelve times in place of twelve layers "
        "(espnet/espnet issue 1278)",
    ),
    Fault(
        "no_last_norm",
        "gpt.py",
        old="        x = self.last(x)                            # (B, T, C)",
        new="        # BROKEN: the stream is read as large as it has grown",
        says="The head reads the stream at whatever size the blocks have left it",
        symptom="Ends with a higher loss; a trained model's scores have the wrong size, and it is "
        "too sure or not sure enough",
        resembles="Targets were computed from states that had not passed the last norm "
        "(vllm-project/speculators PR 313)",
    ),
)

PARTS = (
    Fault(
        "untied",
        "styles.py",
        old="model = GPT(tokens, positions, blocks, LayerNorm(c.width, c.epsilon), tokens.scores)",
        new="head = nn.Linear(c.width, c.vocab, bias=False)  # BROKEN: a head of its own\n"
        "model = GPT(tokens, positions, blocks, LayerNorm(c.width, c.epsilon), head)",
        says="The head has a matrix of its own in place of the table's rows",
        symptom="More parameters than expected; the loss changes little; trained weights from "
        "elsewhere give noise, since the head is not among them",
        resembles="A copy of GPT-2 had 162 million parameters, not 125: its head was not the table "
        "(KellerJordan/modded-nanogpt issue 26)",
    ),
    Fault(
        "exact_gelu",
        "styles.py",
        old="              MLP(c.width, c.hidden, True, gelu_tanh))",
        new="              MLP(c.width, c.hidden, True, nn.functional.gelu))  # BROKEN: by erf",
        says="The bend is the exact one, and the weights were trained with the other",
        symptom="No visible symptom; differs in the fourth digit from another implementation",
        resembles="Weights trained with the tanh were used with the exact bend, and nobody heard "
        "it (kyutai-labs/pocket-tts PR 278)",
    ),
    Fault(
        "base_ignored",
        "styles.py",
        where="llama",
        old="    place = Rotary(speeds(c.size, c.base), halves)",
        new="    place = Rotary(speeds(c.size), halves)          # BROKEN: the base of 2021",
        says="Whatever base the config names, pairs turn at the speeds of the default one",
        symptom="No symptom when trained so; trained weights give good short texts, which fall "
        "apart as they grow",
        resembles="Yi's rotations had 10,000 for a base, where its config said 5,000,000 "
        "(huggingface/candle PR 3746)",
    ),
    Fault(
        "neighbours_turned",
        "styles.py",
        where="llama",
        old="    place = Rotary(speeds(c.size, c.base), halves)",
        new="    from ...atoms.positions import neighbours\n"
        "    place = Rotary(speeds(c.size, c.base), neighbours)  # BROKEN: the other pairs",
        says="A number is turned with the one beside it; files of weights have it half a head away",
        symptom="No visible symptom when trained from scratch; trained weights from elsewhere give "
        "text that looks like language and is none",
        resembles="TinyLlama's weights turned halves and llama.cpp neighbours, and the output was "
        "gibberish (jzhang38/TinyLlama issue 24)",
    ),
    Fault(
        "no_norm_of_keys",
        "styles.py",
        where="qwen3",
        old="Heads(c.width, c.heads, c.groups, c.size, False, Normed(c.size, c.epsilon, place)),",
        new="Heads(c.width, c.heads, c.groups, c.size, False, place),  # BROKEN: bare",
        says="Queries and keys are compared at whatever size they have",
        symptom="Two weights a layer are missing from the file; scores may grow without end at a "
        "high rate",
        resembles="The norms of queries and keys were left out when Qwen3's layers were merged and "
        "saved (unslothai/unsloth PR 2452)",
    ),
    Fault(
        "queries_unnormed",
        "normed.py",
        old="        q = self.query(q)                           # (B, H, T, D)",
        new="        # BROKEN: queries stay as large as they are",
        says="Keys have one size and queries any: a score can still grow without end",
        symptom="No visible symptom; one norm never learns, and scores grow with the rate",
        resembles="The norms stood on keys and values, and queries had none "
        "(kyegomez/MegaVIT issue 17)",
    ),
    Fault(
        "gain_of_queries",
        "normed.py",
        old="        k = self.key(k)                             # (B, G, T, D)",
        new="        k = self.query(k)                           # BROKEN: with the queries' gain",
        says="Keys are brought to the size that belongs to queries",
        symptom="No visible symptom when trained from scratch, but one weight a layer never "
        "learns; trained weights from elsewhere get worse",
    ),
    Fault(
        "norm_late",
        "normed.py",
        old="        q = self.query(q)                           # (B, H, T, D)\n"
        "        k = self.key(k)                             # (B, G, T, D)\n"
        "        return self.then(q, k, first)",
        new="        q, k = self.then(q, k, first)               # BROKEN: turned before the norm\n"
        "        return self.query(q), self.key(k)",
        says="A turn changes no size, so at the start nothing differs; a gain that has learned "
        "then belongs to numbers that were mixed",
        symptom="No visible symptom when trained from scratch; trained weights from elsewhere get "
        "worse with the distance",
        resembles="The norm stood after the turn; to set it before changed the loss in nothing "
        "(karpathy/nanochat issue 743)",
    ),
)

COUNTS = (
    Fault(
        "positions_uncounted",
        "counts.py",
        old="    tables = (c.vocab + c.context) * c.width",
        new="    tables = c.vocab * c.width                      # BROKEN: one table",
        says="The table of positions is left out of the count",
        symptom="GPT-2 is said to have 123.65 million parameters, not 124.44",
        resembles="A count left the position table out by design, and was taken for the whole "
        "(karpathy/nanoGPT PR 209)",
    ),
    Fault(
        "tie_counted_twice",
        "counts.py",
        old="    return c.vocab * c.width + c.depth * (matrices(c, 3) + norms) + c.width",
        new="    return 2 * c.vocab * c.width + c.depth * (matrices(c, 3) + norms) + c.width"
        "  # BROKEN: twice",
        says="A head that is the table is counted as a second one",
        symptom="Qwen3-0.6B is said to have 0.75 billion parameters",
        resembles="Tied matrices on two devices were counted twice "
        "(bigscience-workshop/Megatron-DeepSpeed issue 99)",
    ),
    Fault(
        "sharing_uncounted",
        "counts.py",
        old="    heads = c.width * c.size * (c.heads + 2 * c.groups) + c.heads * c.size * c.width",
        new="    heads = 4 * c.heads * c.size * c.width          # BROKEN: nobody shares",
        says="Every head is counted with a key and a value of its own",
        symptom="Models that share keys are said to be larger, and faster for their size, than "
        "they are",
        resembles="How busy the device was came out too high: keys and values were counted for "
        "every head (allenai/OLMo-core PR 478)",
    ),
    Fault(
        "one_product",
        "counts.py",
        old="    seen = 2 * c.heads * c.size * tokens",
        new="    seen = c.heads * c.size * tokens                # BROKEN: scores alone",
        says="Attention is counted with its scores and without its means",
        symptom="Long texts are said to cost less than they do",
        resembles="Half of attention was missing from a count whose comment named both halves "
        "(pytorch/torchtitan PR 4366)",
    ),
    Fault(
        "half_the_operations",
        "counts.py",
        old="    return 2 * tokens * (c.depth * (matrices(c, in_mlp) + seen) + head)",
        new="    return tokens * (c.depth * (matrices(c, in_mlp) + seen) + head)  # BROKEN: halved",
        says="A product and the sum it goes into are counted as one operation",
        symptom="A model is said to cost half of what another tool says",
        resembles="A counter of operations counted a product and its sum as one "
        "(facebookresearch/fvcore issue 69)",
    ),
)

FAULTS = (*PATH, *PARTS, *START, *COUNTS)
