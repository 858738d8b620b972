"""What can break on the way into the heads and out of them."""

from __future__ import annotations

from cutaway.kit.words import Fault

HEADS = (
    Fault(
        "swapped",
        "attention.py",
        old="q = self.query(x)                           # (B, T, C)\n"
        "k = self.key(x)                             # (B, T, C)",
        new="q = self.key(x)                                 # BROKEN: keys ask\n"
        "k = self.query(x)                               # BROKEN: queries answer",
        says="The two exchange their names; weights that were trained under the others are wrong",
        symptom="No visible symptom when trained from scratch; wrong outputs from weights that "
        "were trained elsewhere",
        resembles="Queries, keys and values were returned, and taken as queries, values and keys: "
        "nothing changed (jsbaan/transformer-from-scratch issue 1)",
        inert="Both are drawn alike: exchanged at the start, every step is the same, exchanged",
    ),
    Fault(
        "values_from_keys",
        "attention.py",
        old="v = self.value(x)                           # (B, T, C)",
        new="v = self.key(x)                                 # BROKEN: the key is the answer",
        says="A token gives what it is found by, and cannot give anything else",
        symptom="Slower to learn: the loss ends worse than expected, in training and in use alike",
        resembles="The values were made by the matrix of the keys (yflyzhang/AnnotatedTransformer "
        "issue 1)",
    ),
    Fault(
        "keys_late",
        "attention.py",
        old="k = split(k, self.heads)                    # (B, H, T, D)",
        new="k = split(k, self.heads)                    # (B, H, T, D)\n"
        "k = torch.cat([k[:, :, :1], k[:, :, :-1]], 2)   # BROKEN: one place late",
        says="A token is found by the key of the one before it: what came after is taken",
        symptom="A task of looking up is not learnt; differs from another implementation from the "
        "second token on",
        resembles="Each token that was decoded went into the cache one place late "
        "(microsoft/onnxruntime-genai PR 2354)",
    ),
    Fault(
        "view_in",
        "attention.py",
        old="x = x.view(B, T, heads, C // heads)             # (B, T, H, D)\n"
        "x = x.transpose(1, 2)                           # (B, H, T, D)",
        new="x = x.view(B, heads, T, C // heads)             # BROKEN: across tokens",
        says="A head holds all of some tokens instead of a part of each: later ones move forward",
        symptom="Validation is far below anything the text allows, and in use worse than letter "
        "frequencies",
        resembles="Heads were split by a view without a transpose, in three models at once "
        "(reczoo/FuxiCTR issue 30)",
    ),
    Fault(
        "view_out",
        "attention.py",
        old="x = x.transpose(1, 2)                           # (B, T, H, D)",
        new="# BROKEN: the heads are not set side by side",
        says="A token is given what one head found for several tokens, later ones too",
        symptom="Validation is far below anything the text allows, and in use worse than a bigram "
        "model",
        resembles="Heads were merged without a transpose, and the test of training passed all the "
        "same (jsbaan/transformer-from-scratch PR 6)",
        where="merge",
    ),
    Fault(
        "view_both",
        "attention.py",
        old='''    x = x.view(B, T, heads, C // heads)             # (B, T, H, D)
    x = x.transpose(1, 2)                           # (B, H, T, D)
    return x


def merge(x: Tensor) -> Tensor:
    """The heads side by side again, token by token."""
    B, H, T, D = x.shape
    x = x.transpose(1, 2)                           # (B, T, H, D)
''',
        new='''    x = x.view(B, heads, T, C // heads)                    # BROKEN: across tokens
    return x


def merge(x: Tensor) -> Tensor:
    """The heads side by side again, token by token."""
    B, H, T, D = x.shape                                   # BROKEN: not set side by side
''',
        says="Each head attends within a part of the text, and the length decides where that ends",
        symptom="Validation is better than it should be, no leak is found, and in use the loss "
        "depends on the length of the text",
        resembles="A transpose was missing both where heads are split and where they are merged "
        "(chelsea0x3b/dfdx issue 158)",
    ),
    Fault(
        "no_output",
        "attention.py",
        old="out = self.output(out)                      # (B, T, C)",
        new="# BROKEN: what the heads found is not mixed",
        says="Each head writes into its own part of the stream and nowhere else",
        symptom="No clear symptom: the loss is a little worse than expected, in training and in "
        "use alike",
        resembles="Users found no linear map after the heads (Kyubyong/transformer issue 117)",
    ),
)
