"""What can break between training and use: in files, and in the two other kinds of vocabulary."""

from __future__ import annotations

from cutaway.kit.words import Fault

SAVED = (
    Fault(
        "off_by_one",
        "huggingface.py",
        old="ids = {written(token): id for id, token in enumerate(tokens) if token}",
        new="late = enumerate(tokens, 1)                  # BROKEN: each has the id after its own\n"
        "ids = {written(token): id for id, token in late if token}",
        says="In the file each token has the id after its own",
        symptom="The loss is as expected, and generated text is noise; a model trained elsewhere "
        "has a loss worse than blind guessing",
        resembles="Two tokenizers read one vocabulary, and their ids differed by one "
        "(huggingface/transformers issue 1078)",
    ),
    Fault(
        "lines_counted",
        "ranks.py",
        old="ids[base64.b64decode(token, validate=True)] = int(rank)",
        new="rank = number - 1 + 0 * int(rank)           # BROKEN: the number of the line\n"
        "ids[base64.b64decode(token, validate=True)] = rank",
        says="A token's id is the number of its line, whatever rank stands there",
        symptom="Right for most files; of one that leaves an id free all that comes after is "
        "wrong, and generated text is noise from some token on",
        resembles="A line of a vocabulary was not counted, and ids were off by one "
        "(pytorch/text issue 1840)",
    ),
    Fault(
        "merges_by_pair",
        "huggingface.py",
        old="order = sorted(joins, key=joins.__getitem__)",
        new="order = sorted(joins)                        # BROKEN: in the order of the pairs",
        says="The merges stand in the file by the ids that they join, not in the order of training",
        symptom="Texts come back, but take more tokens than expected where the file is used; here "
        "the file is refused",
    ),
    Fault(
        "space_shown",
        "huggingface.py",
        old="SHOWN = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}",
        new="SHOWN = {*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}  # BROKEN: ' '",
        says="A space is written as a space, which also stands between the two parts of a merge",
        symptom="The file cannot be read again as soon as a token holds a space",
        resembles="A token with the end of a line made a file of merges that could not be read "
        "(huggingface/tokenizers issue 482)",
    ),
    Fault(
        "normalizer_ignored",
        "huggingface.py",
        old='if body.get("normalizer") is not None:\n'
        '    raise ValueError("The file has a normalizer: it would give other ids.")',
        new="# BROKEN: what a file does to a text before it is cut is not looked at",
        says="A file that changes texts before they are cut is read as if it did not",
        symptom="No visible symptom in most texts; accents, capitals or wide letters have other "
        "ids than where the model was trained",
        resembles="A vocabulary was learnt from composed characters, and its tokenizer did not "
        "compose them, as was thought (sillsdev/silnlp PR 841)",
    ),
    Fault(
        "digest_unread",
        "saving.py",
        old='if body.get("digest") != digest(body):\n'
        '    raise ValueError("The file is damaged: its digest is not that of its contents.")',
        new="# BROKEN: the digest is not compared",
        says="A file that was changed or damaged is taken for what it says",
        symptom="No visible symptom, until a file is damaged: then a few words have other ids "
        "without an error",
        resembles="A download that broke off stayed in the cache and gave wrong tokens "
        "(openai/tiktoken PR 230)",
    ),
    Fault(
        "contents_believed",
        "saving.py",
        old="vocabulary = sound(Vocabulary(tokens, joins))",
        new="vocabulary = Vocabulary(tokens, joins)       # BROKEN: believed as it stands",
        says="A file may say that two tokens join to one of other bytes, and is believed",
        symptom="Decoded text is not what was encoded, or encoding fails with an error that names "
        "no file",
        resembles="Ids in a file were used without a look at how many tokens there are "
        "(EricLBuehler/mistral.rs issue 2225)",
    ),
)

VARIANTS = (
    Fault(
        "marks_forgotten",
        "wordpiece.py",
        old='mark = MARK if start else ""',
        new='mark = ""                                # BROKEN: all pieces as if they began a word',
        says="A piece that goes on with a word is looked for among those that begin one",
        symptom="Too many unknown tokens, though the vocabulary is large enough",
        resembles="A vocabulary with marks of its own was read with another mark, and known words "
        "were unknown (huggingface/tokenizers issue 2412)",
    ),
    Fault(
        "last_way",
        "unigram.py",
        old="best[end] = max(best[end], (score, start))",
        new="best[end] = score, start                 # BROKEN: the last way, not the best",
        says="Of the ways to a place in a word the last that was found is kept, not the best",
        symptom="Texts come back, but take more tokens than expected: words are written in short "
        "pieces",
    ),
)

FILES = (*SAVED, *VARIANTS)
