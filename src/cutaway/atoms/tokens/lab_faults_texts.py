"""What can break where a text is cut: into words, at special tokens, and while it is read."""

from __future__ import annotations

from cutaway.kit.words import Fault

SPLITTING = (
    Fault(
        "no_cuts",
        "splitting.py",
        old='found = "|".join(PATTERNS[pattern])',
        new='found = "|".join(PATTERNS[WHOLE])            # BROKEN: nothing is cut',
        says="A whole text is one word, and tokens reach from one word into the next",
        symptom="Encoding is slow, most of all for long texts; in programs some ids differ from "
        "another implementation's, in prose hardly any",
        resembles="Three patterns were given as plain strings, which occur nowhere, and nothing "
        "was ever cut (ggml-org/llama.cpp PR 29211)",
    ),
    Fault(
        "space_behind",
        "splitting.py",
        old='r" ?[\\p{L}]+",                                # letters, with the space before them',
        new='r"[\\p{L}]+ ?",                                # BROKEN: with the space after them',
        says="The space goes with the word before it, also where training put it with the next",
        symptom="Texts take more tokens than expected: words are cut that have a token of their "
        "own, since that begins with a space",
        resembles="Of two spaces before one word the second came back before the next "
        "(rasbt/LLMs-from-scratch issue 944)",
    ),
    Fault(
        "spaces_together",
        "splitting.py",
        old='r"[\\s]+(?![^\\s])",                            '
        "# white space, but for the last before a word",
        new="# BROKEN: the last space stays with the others",
        says="Of several spaces before a word none is left to the word",
        symptom="No visible symptom in prose; in indented source code the first word of a line has "
        "other ids than in another implementation",
        resembles="A hand-written splitter kept all spaces together, and indented code had other "
        "ids (NVIDIA/TensorRT-Model-Connect PR 942)",
    ),
    Fault(
        "digits_together",
        "splitting.py",
        old='r"[\\p{N}]{1,3}",                              # numbers, three digits at a time',
        new='r"[\\p{N}]+",                                  # BROKEN: all digits at once',
        says="A long number is one word, and is joined as the text had it, not three by three",
        symptom="No visible symptom in prose; sums of long numbers come out wrong, and their ids "
        "differ from another implementation's",
        resembles="Llama 3 could not add 3333 and 777 where GPT-2's pattern cut its numbers "
        "(ggml-org/llama.cpp issue 6914)",
    ),
    Fault(
        "small_endings",
        "splitting.py",
        old='r"\'(?i:[sdmt]|ll|ve|re)",                     # also where all is in CAPITALS',
        new='r"\'(?:[sdmt]|ll|ve|re)",                      # BROKEN: in small letters only',
        says="Where all is in capitals, an ending such as 'LL is cut off only where the word ends",
        symptom="No visible symptom but in capitals: a name such as O'REILLY has other ids than in "
        "another implementation",
        resembles="A generated engine cut 'RE in capitals in two (tiktoken-go/tokenizer issue 24)",
    ),
    Fault(
        "ascii_letters",
        "splitting.py",
        old='found = found.replace(r"\\p{L}", ranges(LETTER))',
        new='found = found.replace(r"\\p{L}", "A-Za-z")   # BROKEN: of one alphabet',
        says="Only the letters of ASCII are letters: a word is cut at each accent",
        symptom="Right for English; a word with an accent is cut there, and takes more tokens than "
        "expected",
        resembles="A tokenizer cut words at accented letters (nltk/nltk issue 1183)",
    ),
    Fault(
        "pythons_spaces",
        "splitting.py",
        old='found = found.replace(r"\\s", ranges(SPACE))',
        new="# BROKEN: what Python takes for white space",
        says="Python counts four separators of files as white space, and Unicode does not",
        symptom="No visible symptom but in texts with U+001C to U+001F, which have other ids than "
        "in another implementation",
        resembles="Python took U+2028, a token, for the end of a line of a file of merges "
        "(rsennrich/subword-nmt PR 92)",
    ),
)

SPECIALS = (
    Fault(
        "specials_as_text",
        "tokenizer.py",
        old="return either(allowed).split(text) if allowed else [text]",
        new="return [text]                                # BROKEN: special tokens are text",
        says="A special token is split like any text, also where it is allowed",
        symptom="The format of a conversation is never learnt: the model writes the letters of the "
        "end and does not stop",
        resembles="The token `</s>` in a prompt was split into its characters "
        "(abetlen/llama-cpp-python issue 838)",
    ),
    Fault(
        "specials_from_anyone",
        "tokenizer.py",
        old="allowed = set(self.specials if allowed == ALL else allowed)",
        new="allowed = set(self.specials)                 # BROKEN: in any text",
        says="A special token is taken from any text, also from a stranger's",
        symptom="No visible symptom, until someone writes the end of a turn into a message and "
        "goes on in another's name",
        resembles="A prompt could hold special tokens that the model obeyed (antirez/ds4 issue 95)",
    ),
    Fault(
        "nothing_refused",
        "tokenizer.py",
        old="refused = self.specials.keys() - allowed if refused == ALL else set(refused)",
        new="refused = set()                              # BROKEN: nothing is refused",
        says="A special token that was not allowed is text, and no error says so",
        symptom="No visible symptom: someone who forgot to allow the special tokens trains on the "
        "characters of their names",
        resembles="Where documents held such a token, the refusal was turned off "
        "(vibrantlabsai/ragas PR 2102)",
    ),
    Fault(
        "shortest_special",
        "tokenizer.py",
        old="longest = sorted(specials, key=len, reverse=True)",
        new="longest = sorted(specials, key=len)          # BROKEN: the shortest first",
        says="Where one special token begins with another, the shorter is taken",
        symptom="One special token is never met, and text that looks like its end stands behind "
        "another",
        resembles="Of added tokens that begin alike the one with the lowest id was taken "
        "(invergent-ai/surogate issue 157)",
    ),
)

READING = (
    Fault(
        "cuts_in_words",
        "training.py",
        old="cuts = np.flatnonzero(ending & (kinds[:-1] != kinds[1:])) + 1",
        new="cuts = np.flatnonzero(ending) + 1            # BROKEN: also inside of a word",
        says="A file is cut where a block of it ends, also through the middle of a word",
        symptom="No visible symptom but a few counts: the vocabulary depends on how much is read "
        "at a time",
        resembles="Tokens that stood across two blocks of a file were counted wrongly "
        "(izikeros/count_tokens PR 7)",
    ),
    Fault(
        "lines_ended_anew",
        "training.py",
        old='with open(path, encoding="utf-8", newline="") as file:',
        new='with open(path, encoding="utf-8") as file:   # BROKEN: all ends of lines made alike',
        says="In training every end of a line is one character; in use it is what the text has",
        symptom="Texts from Windows take more tokens than expected: the ends of their lines were "
        "never met in training",
        resembles="A vocabulary saved on Linux was read with other ends of lines on Windows "
        "(allenai/allennlp PR 4342)",
    ),
    Fault(
        "last_text_only",
        "training.py",
        old="counts.update(words(text, pattern))",
        new="counts = Counter(words(text, pattern))       # BROKEN: the last text alone",
        says="Each text replaces what was counted before it",
        symptom="Vocabulary too small, or of one text's words; other texts take more tokens than "
        "expected",
    ),
    Fault(
        "rest_forgotten",
        "training.py",
        old="        batch, size = [], 0\nyield batch",
        new="        batch, size = [], 0\n# BROKEN: what did not fill a batch is not counted",
        where="batches",
        says="What is left when the texts end is counted by no process",
        symptom="Several processes give another vocabulary than one does; of few texts, none",
        resembles="The last batch of words was not counted, depending on the number of processors "
        "(huggingface/tokenizers PR 179)",
    ),
)

ROWS = (
    Fault(
        "double_end",
        "rows.py",
        old="return self.tokenizer.encode_array(text, refused=())",
        new="ids = self.tokenizer.encode_array(text, refused=())\n"
        "return np.append(ids, self.separator)        # BROKEN: whoever makes the row adds it, too",
        says="The token that ends a text is added by the tokenizer, and again between two texts",
        symptom="The loss is as expected; what is generated begins badly where another program "
        "adds the token once",
        resembles="A template wrote the token that begins a text, and the tokenizer added it again "
        "(huggingface/open-r1 PR 462)",
    ),
    Fault(
        "no_end",
        "rows.py",
        old="parts = [part for text in texts for part in (self.encode(text), self.separator)]",
        new="parts = [self.encode(text) for text in texts]  # BROKEN: one runs into the next",
        says="Texts stand side by side, and nothing between them says that one ends",
        symptom="The loss is as expected; what is generated goes on and on, from one thing to "
        "another",
        resembles="Texts were prepared without the token that ends them, and generation did not "
        "stop (Lightning-AI/lit-llama issue 329)",
    ),
    Fault(
        "end_from_anyone",
        "rows.py",
        old="return self.tokenizer.encode_array(text, refused=())",
        new='return self.tokenizer.encode_array(text, "all")  # BROKEN: also where a text names it',
        says="Where a text holds the name of the token that ends texts, it ends",
        symptom="No visible symptom, until a text about tokenizers is in the corpus: it falls "
        "into pieces",
    ),
)

TEXTS = (*SPLITTING, *SPECIALS, *READING, *ROWS)
