"""What can break in a tokenizer: whole lines, what stands there instead, and what that does."""

from __future__ import annotations

from cutaway.kit.words import Fault

from .lab_faults_files import FILES
from .lab_faults_texts import TEXTS

TRAINING = (
    Fault(
        "counts_ignored",
        "tokens.py",
        old="counts[pair] += times",
        new="counts[pair] += 1                         # BROKEN: however often the word occurs",
        says="A word that occurs once counts as much as one that occurs a million times",
        symptom="Texts take more tokens than expected: what is frequent has no token of its own, "
        "and rare names have one",
    ),
    Fault(
        "no_doubles",
        "tokens.py",
        old="counts[pair] += times",
        new="counts[pair] += times * (pair[0] != pair[1])  # BROKEN: two of a kind are no pair",
        says="Two equal neighbours are never counted, so that nothing joins them",
        symptom="No visible symptom in words; indentation and rows of signs stay one token a "
        "character",
        resembles="SentencePiece's trainer counted `aa` in `aaa` as 0 and joined another pair "
        "(google/sentencepiece issue 318)",
    ),
    Fault(
        "ties_by_chance",
        "tokens.py",
        old="pair = min(counts, key=lambda pair: (-counts[pair], pair), default=(0, 0))",
        new="pair = max(counts, key=counts.get, default=(0, 0))  # BROKEN: of equals the first met",
        says="Of pairs that are equally frequent the one is joined that was met first",
        symptom="The same texts in another order, or read by several processes, give another "
        "vocabulary",
        resembles="The same input gave another model in each run of Python 3 "
        "(rsennrich/subword-nmt issue 13)",
    ),
    Fault(
        "once_is_enough",
        "tokens.py",
        old="if counts[pair] < 2:",
        new="if counts[pair] < 1:                       # BROKEN: joins what occurred once",
        says="Training goes on where nothing comes twice, until whole words are tokens",
        symptom="No visible symptom while there is enough text; of a small one the vocabulary is "
        "full of tokens that never come again",
        resembles="Merges were written out that occurred once, and then ones that never did "
        "(glample/fastBPE issue 5)",
    ),
    Fault(
        "join_once",
        "tokens.py",
        old="if joined and (joined[-1], right) == pair:",
        new="if joined and (joined[-1], right) == pair and id not in joined:  # BROKEN: the first",
        says="In a word that holds a pair several times only the first is joined",
        symptom="Vocabulary differs a little from another implementation's, by tokens that hold "
        "something twice",
    ),
    Fault(
        "parts_swapped",
        "tokens.py",
        old="tokens.append(tokens[pair[0]] + tokens[pair[1]])",
        new="tokens.append(tokens[pair[1]] + tokens[pair[0]])  # BROKEN: right before left",
        says="The bytes of a joined token stand in the wrong order",
        symptom="Ids are as expected, and decoded text has its letters in the wrong order",
    ),
)

ENCODING = (
    Fault(
        "first_join",
        "tokens.py",
        old="id, at = min(found)",
        new="id, at = found[0]                        # BROKEN: whatever joins first on the left",
        says="Pairs are joined from left to right, and not in the order of training",
        symptom="Texts come back, but take more tokens than expected: many words are cut in "
        "places where training never cut them",
        resembles="GGUF models were given words joined from left to right, more than half of them "
        "wrong (ztxz16/fastllm PR 715)",
    ),
    Fault(
        "last_join",
        "tokens.py",
        old="id, at = min(found)",
        new="id, at = max(found)                      # BROKEN: what came last in training",
        says="The join that training learnt last comes first, before those that it was made from",
        symptom="Texts come back, but take more tokens than expected, and frequent words are cut "
        "where no one would cut them",
    ),
    Fault(
        "from_the_right",
        "tokens.py",
        old="id, at = min(found)",
        new="id, at = min(found, key=lambda one: (one[0], -one[1]))  # BROKEN: the rightmost",
        says="Of equal pairs the rightmost is joined first, while training joined from the left",
        symptom="No visible symptom in words; rows of one sign, of an odd number, have other ids "
        "than in another implementation",
        resembles="Of a letter that stands an odd number of times, one library left the first "
        "apart and another the last (huggingface/tokenizers issue 1213)",
    ),
    Fault(
        "bytes_by_number",
        "tokens.py",
        old="ids = [vocabulary.ids[bytes([byte])] for byte in word]",
        new="ids = list(word)                             # BROKEN: the byte's number is its id",
        says="The id of a byte is taken to be its number, as it is in a vocabulary trained here",
        symptom="Right for a vocabulary trained here; with one from elsewhere nothing joins and "
        "decoded text is other letters",
        resembles="Ids were taken to be 256 plus the rank, as in GPT-2, and other models' texts "
        "were decoded wrongly (robertknight/rten PR 287)",
    ),
    Fault(
        "bytes_dropped",
        "tokens.py",
        old="ids = [vocabulary.ids[bytes([byte])] for byte in word]",
        new="word = bytes(byte for byte in word if byte < 128)  # BROKEN: others are left out\n"
        "ids = [vocabulary.ids[bytes([byte])] for byte in word]",
        says="Bytes beyond ASCII are left out without a word",
        symptom="No visible symptom in English; from other languages letters are missing when the "
        "text is decoded",
        resembles="Umlauts that were not in the vocabulary were left out in silence "
        "(huggingface/tokenizers issue 278)",
    ),
    Fault(
        "unknown_flood",
        "tokens.py",
        old="ids = [vocabulary.ids[bytes([byte])] for byte in word]",
        new="ids = [vocabulary.ids[bytes([byte])] if byte < 128 else 0  # BROKEN: all unknown\n"
        "       for byte in word]",
        says="All bytes beyond ASCII have one and the same id",
        symptom="Loss too low on texts in other languages: the model predicts the unknown token, "
        "and decoded text is full of one sign",
        resembles="Where a text goes on in the next line, SentencePiece met the unknown token "
        "(google/sentencepiece issue 101)",
    ),
    Fault(
        "lowercase",
        "tokenizer.py",
        old="for word in words(text, self.pattern):",
        new="for word in words(text.lower(), self.pattern):  # BROKEN: here, not in training",
        says="Capitals are made small in use, and were not in training",
        symptom="Text comes back in small letters; the loss looks as expected, and tokens with "
        "capitals are never met",
        resembles="A tokenizer made all letters small, though its vocabulary has capitals "
        "(EmilyAlsentzer/clinicalBERT issue 26)",
    ),
    Fault(
        "composed",
        "tokenizer.py",
        old="for word in words(text, self.pattern):",
        new="import unicodedata                           # BROKEN: here, not in training\n"
        'for word in words(unicodedata.normalize("NFC", text), self.pattern):',
        says="Letters and their accents are composed in use, and were not in training",
        symptom="No visible symptom in most texts; one whose accents stand apart comes back as "
        "other bytes, which only look alike",
    ),
    Fault(
        "surrogates_replaced",
        "tokenizer.py",
        where="Tokenizer.encode",
        old="utf8(text)",
        new='halves = text.encode("utf-16", "surrogatepass")\n'
        'text = halves.decode("utf-16", "replace")    # BROKEN: U+FFFD for half a character',
        says="Half a character becomes U+FFFD, and two halves side by side one character",
        symptom="No visible symptom: a text that is damaged is encoded as another text, without "
        "an error",
        resembles="tiktoken raised an error until 0.3.3, and has put U+FFFD since "
        "(openai/tiktoken issue 82)",
    ),
    Fault(
        "sixteen_bits",
        "tokenizer.py",
        old="return np.concatenate(parts)",
        new="return np.concatenate(parts).astype(np.uint16)   # BROKEN: ids beyond 65535",
        says="Ids are kept in 16 bits: of an id beyond 65535 the rest is kept",
        symptom="Right for a small vocabulary; with one of more than 65536 tokens decoded text is "
        "noise in places, and special tokens are lost",
        resembles="Tokens were stored as uint16, whatever the vocabulary "
        "(princeton-nlp/LLM-Shearing issue 65)",
    ),
)

DECODING = (
    Fault(
        "decoded_apart",
        "tokenizer.py",
        old='return self.decode_bytes(ids).decode(errors="replace")',
        new='texts = (self.token(id).decode(errors="replace") for id in ids)  # BROKEN: apart\n'
        'return "".join(texts)',
        says="Each token is decoded by itself, also where it ends inside a character",
        symptom="Emoji, and letters of some scripts, are shown as replacement characters; English "
        "text is as expected",
        resembles="A server decoded token by token, and a smile became two signs of damage "
        "(antonellof/ferrox PR 125)",
    ),
    Fault(
        "damage_hidden",
        "tokenizer.py",
        old='return self.decode_bytes(ids).decode(errors="replace")',
        new='return self.decode_bytes(ids).decode(errors="ignore")  # BROKEN: left out',
        says="What is not the whole of a character is left out",
        symptom="No visible symptom: where ids were lost or made up, the decoded text does not "
        "show it",
        resembles="The sign for part of a character was taken out of a stream of text "
        "(replicate/cog-llama-template PR 75)",
    ),
    Fault(
        "spaces_between",
        "tokenizer.py",
        old='return b"".join(map(self.token, ids))',
        new='return b" ".join(map(self.token, ids))          # BROKEN: a space between tokens',
        says="Tokens are decoded as if each were a word",
        symptom="Decoded text has spaces inside of words and two between them",
        resembles="Decoded text read `mag i c , can` (huggingface/tokenizers issue 73)",
    ),
)

FAULTS = (*TRAINING, *ENCODING, *DECODING, *TEXTS, *FILES)
