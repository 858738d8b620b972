"""What can break in an embedding: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from cutaway.kit.words import Fault

ROWS = (
    Fault(
        "rounded_ids",
        "embeddings.py",
        old="rows = table.index_select(0, ids.flatten())     # (B*T, C)",
        new="coarse = ids.flatten().bfloat16().long()            # BROKEN: three digits\n"
        "rows = table.index_select(0, coarse.clamp(max=len(table) - 1))",
        says="Numbers above 256 are rounded, and tokens that are near each other share a row",
        symptom="A small vocabulary trains as expected; with a large one the loss ends worse than "
        "expected, and rare words come out as other rare words",
        resembles="Mixed precision cast the ids of tokens to half precision with everything else "
        "(huggingface/accelerate issue 1405)",
    ),
    Fault(
        "clamped_ids",
        "embeddings.py",
        old="rows = table.index_select(0, ids.flatten())     # (B*T, C)",
        new="known = ids.flatten().clamp(max=len(table) - 1)     # BROKEN: no error\n"
        "rows = table.index_select(0, known)                 # (B*T, C)",
        says="A token that has no row is given the last one, and no error is raised",
        symptom="No visible symptom while every token is known; a tokenizer that is too large for "
        "the model gives bad text instead of an error",
        resembles="A compiled lookup takes the largest id there is for any that is out of range "
        "(tensorflow/tensorflow PR 62734)",
    ),
    Fault(
        "row_before",
        "embeddings.py",
        old="rows = table.index_select(0, ids.flatten())     # (B*T, C)",
        new="rows = table.roll(1, 0).index_select(0, ids.flatten())  # BROKEN: the row before",
        says="Every token has the row of the one before it in the vocabulary",
        symptom="No visible symptom when trained from scratch with a head of its own; with weights "
        "from elsewhere the text is garbage, and a tied head is slower to learn",
        resembles="Ids were moved up by one, to leave 0 for padding, and the table was not "
        "(INK-USC/MHGRN issue 5)",
    ),
    Fault(
        "padding_row",
        "embeddings.py",
        old="rows = table.index_select(0, ids.flatten())     # (B*T, C)",
        new="rows = table.index_select(0, ids.flatten())         # (B*T, C)\n"
        "rows = rows * (ids.flatten() != 0)[:, None]         # BROKEN: 0 is taken for padding",
        says="The first token of the vocabulary is taken for padding: its row is empty for good",
        symptom="One token alone has a row of zeros whose gradient is zero; the loss is a little "
        "worse than expected after it",
        resembles="The first entity and the first relation were declared padding, and never learnt "
        "(ibalazevic/TuckER issue 17)",
    ),
    Fault(
        "texts_mixed",
        "embeddings.py",
        old="rows = rows.view(*ids.shape, table.shape[1])    # (B, T, C)",
        new="rows = rows.view(*ids.shape[::-1], table.shape[1])  # BROKEN: laid out time first\n"
        "rows = rows.transpose(0, -2)                        # (B, T, C)",
        says="The rows are laid out as if time came first: texts of a batch exchange their tokens",
        symptom="Right for a batch of one text; with several the loss stays near that of letter "
        "frequencies",
        resembles="What two directions found was put together by a view, and samples of a batch "
        "were mixed (facebookresearch/fairseq issue 239)",
    ),
    Fault(
        "frozen_rows",
        "embeddings.py",
        old="rows = table.index_select(0, ids.flatten())     # (B*T, C)",
        new="rows = table.detach().index_select(0, ids.flatten())  # BROKEN: no gradient here",
        says="The rows are right, but the table never learns as it is read",
        symptom="The loss falls and ends worse than expected; the table has no gradient, or, when "
        "a head is tied to it, only the head's",
        resembles="States were detached where they were stacked, and what should learn stayed as "
        "it was (speechbrain/speechbrain issue 2759)",
    ),
)

GRADIENTS = (
    Fault(
        "gradient_assigned",
        "embeddings.py",
        old="rows = rows.index_add(0, ids.flatten(), above)  # (V, C)",
        new="rows = rows.index_copy(0, ids.flatten(), above)     # BROKEN: assigned, not added",
        says="Of a token that stands in a batch more than once, only the last sight counts",
        symptom="Slower to learn, the more so the larger the batch; right for a batch without "
        "repeats, and the gradient depends on the order of the texts",
        resembles="Indexing with repeated indices kept the gradient of the last copy alone "
        "(pytorch/pytorch issue 1528)",
    ),
    Fault(
        "gradient_averaged",
        "embeddings.py",
        old="rows = rows.index_add(0, ids.flatten(), above)  # (V, C)",
        new="rows = rows.index_add(0, ids.flatten(), above)      # (V, C)\n"
        "counts = ids.flatten().bincount(minlength=vocab)    # (V,)\n"
        "rows = rows / counts.clamp(min=1)[:, None]          # BROKEN: a mean, not a sum",
        says="Frequent tokens learn no faster than rare ones",
        symptom="Hardly a visible symptom under Adam, which divides by the size of the gradient; "
        "slower to learn under plain descent, and the same in any order of the texts",
    ),
)

HEADS = (
    Fault(
        "reshaped_head",
        "embeddings.py",
        old="scores = x @ self.weight.mT                 # (B, T, V)",
        new="scores = x @ self.weight.reshape(x.shape[-1], -1)  # BROKEN: reshaped, not transposed",
        says="The head reads the table across its rows: a token's score is made of others' numbers",
        symptom="The loss falls and ends worse than expected, in training and in use alike; "
        "weights that were trained elsewhere give garbage",
    ),
    Fault(
        "half_tied",
        "embeddings.py",
        old="scores = x @ self.weight.mT                 # (B, T, V)",
        new="scores = x @ self.weight.detach().mT            # BROKEN: the head does not learn",
        says="The head reads the table, but what it learns does not reach it",
        symptom="Slower to learn: the loss ends worse than expected, and rows of tokens that were "
        "not read have no gradient",
        resembles="Head and table were two copies, each with its own half of the gradient "
        "(paiml/entrenar issue 314)",
    ),
    Fault(
        "same_start",
        "embeddings.py",
        old="nn.init.normal_(self.weight)",
        new="nn.init.ones_(self.weight)                          # BROKEN: all alike",
        says="Every token begins with the same row, and a model must first learn that they differ",
        symptom="The loss stays for a while at that of letter frequencies, and then falls; with a "
        "tied head all scores are equal at the start",
    ),
)

FAULTS = (*ROWS, *GRADIENTS, *HEADS)
