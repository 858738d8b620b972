"""Training and running a tokenizer, against the packages of PyPI, in one thread.

    python benchmarks/tokens.py [train] [encode] [memory]

Process CPU time; all take turns in one run, and only the ratios are worth carrying elsewhere. No
text is repeated: the corpora that are here, then the sources of the installed packages. A peer that
is not installed is named. What is compiled, or made of a vocabulary, before the first text is
reported apart; the peers' way of handing over their result (lists, dictionaries) is in their time.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}

from cutaway.atoms.tokens import GPT2, Tokenizer, Vocabulary, to_huggingface
from cutaway.atoms.tokens.fast_encoding import Encoder
from cutaway.atoms.tokens.training import read, train
from cutaway.data.opening import corpus
from cutaway.errors import CutawayError

MB = 10**6
VOCABULARIES = (512, 8192, 32768)
ENGLISH, CODE = ("union", "dialogues", "shakespeare-all"), ("stdlib",)
MIXED = (*ENGLISH, "udhr", *CODE)
TEXTS = ((ENGLISH, MB), (ENGLISH, 10 * MB), (CODE, MB), (CODE, 10 * MB), (MIXED, 100 * MB))
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
PEERS = ("tokenizers", "rustbpe", "gigabpe", "sentencepiece", "tiktoken", "gigatoken", "fastokens")
HERE = {name for name in PEERS if importlib.util.find_spec(name)}


def programs() -> list[tuple[str, str]]:
    """The Python sources of the installed packages, each text once, with the package's name."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(path for path in sys.path if path.endswith("-packages")):
        for path in sorted(Path(folder).rglob("*.py")):
            try:
                found.setdefault(path.read_text("utf-8"), path.relative_to(folder).parts[0])
            except (UnicodeDecodeError, OSError):
                continue
    return [(name, text) for text, name in found.items()]


def gathered(names: tuple[str, ...], size: int, more: bool) -> str:
    """A text of so many bytes at most, having said what it is made of."""
    parts: list[tuple[str, str]] = []
    for name in names:
        try:
            parts.append((name, "\n".join(one.text for one in corpus(name).documents)))
        except CutawayError:
            print(f"  (the corpus {name} is not here)")
    parts += programs() if more and sum(len(text) for _, text in parts) < size else []
    taken: dict[str, int] = {}
    pieces, left = [], size
    for name, text in parts:
        piece = text.encode()[:left].decode(errors="ignore")
        pieces.append(piece)
        taken[name if name in MIXED else "packages"] = taken.get(
            name if name in MIXED else "packages", 0
        ) + len(piece.encode())
        left -= len(piece.encode())
        if left <= 0:
            break
    made = ", ".join(f"{name} {count / MB:.2f}" for name, count in taken.items())
    print(f"  {(size - left) / MB:.1f} MB: {made}")
    return "".join(pieces)


def seconds(work: Callable[[], object]) -> float:
    """The CPU time that some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def with_tokenizers(text: str, path: Path, vocab: int) -> None:
    """Training by Hugging Face's tokenizers, from the lines of the text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    how = trainers.BpeTrainer(vocab_size=vocab, show_progress=False, initial_alphabet=alphabet)
    made.train_from_iterator(text.splitlines(keepends=True), how)


def with_rustbpe(text: str, path: Path, vocab: int) -> None:
    """Training by rustbpe."""
    import rustbpe

    rustbpe.Tokenizer().train_from_iterator(text.splitlines(keepends=True), vocab, pattern=PATTERN)


def with_gigabpe(text: str, path: Path, vocab: int) -> None:
    """Training by gigabpe, from a file."""
    import gigabpe

    gigabpe.train_bpe([str(path)], vocab, pretokenizer="bytelevel", threads=1, special_tokens=[])


def with_sentencepiece(text: str, path: Path, vocab: int) -> None:
    """Training by sentencepiece's BPE, from a file."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        input=str(path), model_prefix=str(path), vocab_size=vocab, model_type="bpe",
        character_coverage=0.9995, num_threads=1, byte_fallback=True, hard_vocab_limit=False,
        minloglevel=2, max_sentence_length=1 << 20,
    )  # fmt: skip


def ours(text: str, path: Path, vocab: int) -> None:
    """Training by cutaway, from one document."""
    train([text], vocab, GPT2)


TRAINERS = {
    "tokenizers": with_tokenizers,
    "rustbpe": with_rustbpe,
    "gigabpe": with_gigabpe,
    "sentencepiece": with_sentencepiece,
}


def training() -> None:
    """Print how long training takes, and how many times that the peers take."""
    ways = {"cutaway": ours} | {name: way for name, way in TRAINERS.items() if name in HERE}
    for names, size in TEXTS:
        text = gathered(names, size, True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "text"
            path.write_text(text, "utf-8")
            for vocab in VOCABULARIES:
                taken: dict[str, list[float]] = {name: [] for name in ways}
                for _ in range(5 if size == MB else 3 if size == 10 * MB else 1):
                    for name, way in ways.items():
                        slow = size == 100 * MB and name in ("sentencepiece",)
                        if not slow:
                            taken[name].append(seconds(partial(way, text, path, vocab)))
                report(f"    vocabulary {vocab}", taken)


def report(title: str, taken: dict[str, list[float]]) -> None:
    """Print the seconds of ours, and of each peer the ratio to them, all medians."""
    mine = median(taken["cutaway"])
    ratios = (
        f"{name} {median(times) / mine:.1f}x"
        for name, times in taken.items()
        if times and name != "cutaway"
    )
    print(f"{title}: {mine * 1e3:.1f} ms; {', '.join(ratios)}", flush=True)


def encoders(vocabulary: Vocabulary) -> dict[str, Callable[[str], Any]]:
    """How each package encodes by the same vocabulary, made anew so that nothing is remembered."""
    json = to_huggingface(Tokenizer(vocabulary, GPT2, {}))
    made: dict[str, Callable[[str], Any]] = {}
    tokenizer = Tokenizer(vocabulary, GPT2, {})
    tokenizer.encode_array("")  # what encodes is made at the first text
    made["cutaway"] = tokenizer.encode_array
    if "tiktoken" in HERE:
        import tiktoken

        ranks = {token: id for id, token in enumerate(vocabulary.tokens)}
        peer = tiktoken.Encoding("own", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
        made["tiktoken"] = peer.encode_ordinary
    if "tokenizers" in HERE:
        import tokenizers

        hugging = tokenizers.Tokenizer.from_str(json)
        made["tokenizers"] = lambda text: hugging.encode(text).ids
        if "gigatoken" in HERE:
            import gigatoken

            made["gigatoken"] = gigatoken.Tokenizer(hugging).encode
    if "fastokens" in HERE:
        import fastokens

        made["fastokens"] = fastokens.Tokenizer.from_json_str(json).encode
    return made


def encoding() -> None:
    """Print how long encoding takes, at first sight, at second, and of short texts."""
    for kind, names in (("English", ENGLISH), ("code", CODE), ("languages", ("udhr",))):
        print(f"  {kind}, by a vocabulary of 32768 of the 10 MB")
        whole = gathered(names, 10 * MB, False)
        vocabulary = train([whole], 32768, GPT2).vocabulary
        print(f"    making an encoder: {seconds(partial(Encoder, vocabulary, GPT2)) * 1e3:.0f} ms")
        for size in (MB, 10 * MB):
            text = whole.encode()[:size].decode(errors="ignore")
            sights(text, vocabulary, f"    {len(text.encode()) / MB:.1f} MB")


def sights(text: str, vocabulary: Vocabulary, title: str) -> None:
    """Print the ratios for one text."""
    taken: list[dict[str, list[float]]] = [{}, {}, {}]
    short = [text[at : at + 200] for at in range(0, min(len(text), 400_000), 200)]
    for _ in range(5 if len(text) <= MB else 3):
        for name, way in encoders(vocabulary).items():
            if name == "tokenizers" and len(text) > MB:
                continue
            for times in taken[:2]:
                times.setdefault(name, []).append(seconds(partial(way, text)))
            taken[2].setdefault(name, []).append(seconds(lambda way=way: [way(s) for s in short]))
    for what, times in zip(("first sight", "second sight", "in 200s"), taken, strict=True):
        report(f"{title}, {what}", times)
    same(text, vocabulary)


def same(text: str, vocabulary: Vocabulary) -> None:
    """Print which peers give other ids."""
    ways = encoders(vocabulary)
    expected = ways.pop("cutaway")(text[:MB]).tolist()
    for name, way in ways.items():
        found = way(text[:MB])
        found = found.ids if hasattr(found, "ids") else found
        if [int(one) for one in found] != expected:
            print(f"      {name} gives other ids")


def most(since: Callable[[], object] = lambda: None) -> int:
    """The most memory that this process has had, in MB; on Linux only since some work began."""
    status = Path("/proc/self/status")
    if not status.exists():
        since()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
    Path("/proc/self/clear_refs").write_text("5")
    since()
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) // 1024


def peaks(path: str, whole: bool) -> tuple[int, int]:
    """The memory, in MB, of a process before it trains on a file, and at most meanwhile."""
    train(["one one"], 300, GPT2)
    texts = [Path(path).read_text(encoding="utf-8")] if whole else read(path)
    return most(), most(lambda: train(texts, 32768, GPT2))


def memory() -> None:
    """Print the most memory that training on 100 MB takes, from the file and from a text."""
    with tempfile.TemporaryDirectory() as folder, get_context("spawn").Pool(1) as pool:
        path = Path(folder) / "text"
        path.write_text(gathered(MIXED, 100 * MB, True), "utf-8")
        for whole, how in enumerate(("as it is read", "of a text in memory")):
            before, after = pool.apply(peaks, (str(path), bool(whole)))
            print(f"  vocabulary 32768, {how}: {after} MB at most; {before} MB before it began")


def main() -> None:
    """Print all of it, or the parts that were asked for."""
    start = time.process_time()
    train(["one one"], 300, GPT2)
    Encoder(Vocabulary(tuple(bytes([byte]) for byte in range(256)), {}), GPT2).encode(b"one")
    print(f"compiling, or loading what was compiled: {time.process_time() - start:.2f} s")
    print(f"not installed: {', '.join(sorted(set(PEERS) - HERE)) or 'none'}")
    parts = {"train": training, "encode": encoding, "memory": memory}
    for name, part in parts.items():
        if name in (sys.argv[1:] or parts):
            print(name)
            part()


if __name__ == "__main__":
    main()
