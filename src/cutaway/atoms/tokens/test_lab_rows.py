"""The corpora of cutaway.data take a tokenizer that was trained here."""

import numpy as np

from cutaway.atoms.tokens.rows import Rows
from cutaway.atoms.tokens.splitting import GPT2
from cutaway.atoms.tokens.training import train
from cutaway.data.batches import batch
from cutaway.data.prepared import prepare
from cutaway.data.tokenization import Tokenization

END = "<|end|>"


def test_a_corpus_is_prepared_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    for at in range(40):
        (tmp_path / f"{at}.txt").write_text(f"{at}: the dog barks at {at * 7919 % 1009}.\n" * 3)
    texts = [path.read_text() for path in tmp_path.glob("*.txt")]
    rows: Tokenization = Rows(train(texts, 300, GPT2, [END]), END)
    found = prepare(tmp_path / "*.txt", rows)
    ends = found.train == rows.separator[0]
    assert ends.sum() == len(found.split.train) - 1
    assert rows.decode(found.train) == END.join(one.text for one in found.split.train)
    assert found.train.dtype == np.uint16
    assert batch(found.train, 0, 0, size=2, context=8).shape == (2, 9)
