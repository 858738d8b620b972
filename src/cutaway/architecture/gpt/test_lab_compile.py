"""A model is one graph: torch.compile meets nothing in it that it must leave to Python.

It takes long, and compares everything: it would name no fault, so no broken copy waits for it.
"""

import pytest
import torch

from .gpt import Config
from .styles import gpt2, llama, qwen3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch's own, of what it imports
]
SMALL = Config(vocab=17, context=23, width=12, depth=2, heads=4, groups=2, size=6, hidden=19)


def some_ids(length):
    return torch.randint(SMALL.vocab, (2, length), generator=torch.Generator().manual_seed(length))


@pytest.mark.parametrize("style", [gpt2, llama, qwen3])
def test_a_model_compiles_to_one_graph_with_its_gradients(style):
    torch._dynamo.reset()
    torch.manual_seed(0)
    model = style(SMALL).double()
    compiled = torch.compile(model, fullgraph=True)
    for length in (7, 23):
        toward = torch.randn(2, length, SMALL.vocab, dtype=torch.float64)
        gradients = []
        for one in (model, compiled):
            model.zero_grad()
            scores = one(some_ids(length))
            (scores * toward).sum().backward()
            gradients.append([scores, *(weight.grad for weight in model.parameters())])
        for expected, found in zip(*gradients, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("style", [gpt2, llama, qwen3])
def test_a_compiled_model_goes_on_where_it_is_told_to(style):
    """Traced and not translated: the graph is whole or it is not, whatever becomes of it."""
    torch._dynamo.reset()
    model = style(SMALL).double()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for first in (0, 5):
        torch.testing.assert_close(
            compiled(some_ids(7), first=first),
            model(some_ids(7), first=first),
            rtol=1e-9,
            atol=1e-9,
        )
