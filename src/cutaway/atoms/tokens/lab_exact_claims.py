"""What the runs say of merges, of what comes back, and of vocabularies away from home."""

from __future__ import annotations

from .lab_corpora import PLAYS, PROGRAMS
from .lab_exact_judging import (
    JOINS,
    MOST,
    SHARE,
    a_token_a_space,
    above,
    as_good_at_home,
    away,
    bytes_come_back,
    claim,
    comes_back,
    mixed_without_cuts,
    refused,
    same_but_for_ties,
    same_names,
    shorter_without_cuts,
    unmoved,
    untorn,
)

NAMES = f"{JOINS} joins learnt from 40 000 characters of Shakespeare's plays; 8 renamings of bytes"
ORDER = "768 joins learnt from 250 kB of Shakespeare's plays, drawn by scene with replacement"
FUZZ = "512 tokens learnt from 20 kB of Shakespeare's plays with GPT-2's pattern; random texts"
SAME_SIZE = "vocabularies of 2048 tokens, each learnt from 500 kB that was drawn by document"
READ = f"{SAME_SIZE}; held-out plays of Shakespeare's, and the standard library of Python"
DRAWN = "GPT-2's pattern; two times 500 kB drawn by document with replacement"
AT_64, AT_256 = ({"corpus": PLAYS, "first": first} for first in MOST[1:3])

CLAIMS = (
    claim(
        "Whatever the bytes are called, training joins the same pairs, to the last",
        "002-03",
        "joins_by_name",
        same_names("any order"),
        NAMES,
    ),
    claim(
        "If the new names keep the order of the old, training joins the same pairs, to the last",
        "002-03",
        "joins_by_name",
        same_names("same order"),
        f"{NAMES} that keep their order",
    ),
    claim(
        "Whatever the bytes are called, the same pairs are joined up to the first tie, and after "
        "it, too, each was a most frequent pair at its turn",
        "002-03",
        "joins_by_name",
        same_but_for_ties,
        NAMES,
    ),
    claim(
        "Merging rules are just statistics: words that are counted in another order give the same",
        "002-03",
        "joins_by_order",
        unmoved("gpt2", "words"),
        f"GPT-2's pattern; {ORDER}",
    ),
    claim(
        "Words that are written down in another order, and cut again, give the same merging rules",
        "002-03",
        "joins_by_order",
        unmoved("gpt2", "text of words"),
        f"GPT-2's pattern; {ORDER}",
    ),
    claim(
        "Without cuts, too, words in another order give the same merging rules",
        "002-03",
        "joins_by_order",
        unmoved("whole", "text of words"),
        f"no pre-tokenisation; {ORDER}",
    ),
    claim(
        "Byte pair encoding handles any text: each comes back from its ids, byte for byte",
        "003-03",
        "round_trips",
        comes_back("bytes"),
        FUZZ,
    ),
    claim(
        "What is no text, because it has half a character, is refused and never changed",
        "003-03",
        "round_trips",
        refused,
        FUZZ,
    ),
    claim(
        "Any bytes come back, whether they are UTF-8 or not",
        "003-03",
        "round_trips_of_bytes",
        bytes_come_back,
        "512 tokens learnt from 20 kB of Shakespeare's plays without cuts; rows of random bytes",
    ),
    claim(
        "A vocabulary of the characters of its training text handles any text",
        "003-03",
        "round_trips",
        comes_back("characters"),
        "the characters in 20 kB of Shakespeare's plays; random texts",
    ),
    claim(
        "WordPiece, with the characters of its training text, handles any text",
        "003-03",
        "round_trips",
        comes_back("wordpiece"),
        "the characters in 20 kB of Shakespeare's plays, beginning a word or not; random texts",
    ),
    claim(
        "What handles any text can be cut anywhere: the first ids of a text are a text",
        "003-03",
        "round_trips",
        untorn,
        FUZZ,
    ),
    claim(
        "Plays cost more tokens in a vocabulary that was learnt from programs, at every pattern",
        "002-03",
        "tokens_by_domain",
        away(PLAYS, PROGRAMS),
        READ,
    ),
    claim(
        "Programs cost more tokens in a vocabulary that was learnt from plays, at every pattern",
        "002-03",
        "tokens_by_domain",
        away(PROGRAMS, PLAYS),
        READ,
    ),
    claim(
        "A vocabulary of half plays, half programs writes plays as well as one of plays alone",
        "002-03",
        "tokens_by_domain",
        as_good_at_home(PLAYS),
        f"GPT-2's pattern; {READ}",
    ),
    claim(
        "Cutting a text before counting costs tokens: without cuts plays need fewer",
        "004-11",
        "tokens_by_domain",
        shorter_without_cuts(PLAYS),
        f"GPT-2's pattern against no pre-tokenisation; {READ}",
    ),
    claim(
        "Cutting a text before counting costs tokens: without cuts programs need fewer",
        "004-11",
        "tokens_by_domain",
        shorter_without_cuts(PROGRAMS),
        f"GPT-2's pattern against no pre-tokenisation; {READ}",
    ),
    claim(
        "GPT-2's pattern keeps words free of signs, where else many tokens would have both",
        "004-11",
        "tokens_by_domain",
        mixed_without_cuts(PLAYS),
        f"GPT-2's pattern against no pre-tokenisation, learnt from plays; {SAME_SIZE}",
    ),
    claim(
        "With GPT-2's pattern each further space of an indent costs a token, learnt from plays",
        "004-11",
        "tokens_by_indent",
        a_token_a_space(PLAYS),
        f"4 to 16 spaces before a word; {SAME_SIZE}",
    ),
    claim(
        "With GPT-2's pattern each further space of an indent costs a token, learnt from programs",
        "004-11",
        "tokens_by_indent",
        a_token_a_space(PROGRAMS),
        f"4 to 16 spaces before a word; {SAME_SIZE}",
    ),
    claim(
        "Other documents of one domain give the same first tokens: more than nine of ten",
        "002-03",
        "order_by_resampling",
        above(AT_64, "kept", 0.9, 0.01),
        f"the first 64 tokens learnt from plays; {DRAWN}",
    ),
    claim(
        "Other documents of one domain give most of the first tokens the same id",
        "002-03",
        "order_by_resampling",
        above(AT_256, "in_place", 0.5, 0.01),
        f"the first 256 tokens learnt from plays; {DRAWN}",
    ),
    claim(
        "Another domain changes more of the first tokens than other documents of the same do",
        "002-03",
        "order_by_resampling",
        above(AT_256, "kept", "abroad", SHARE),
        f"the first 256 tokens learnt from plays, or from programs; {DRAWN}",
    ),
)
