"""GPT: from ids to scores of the next one.

    >>> import torch
    >>> small = Config(65, 64, width=64, depth=2, heads=4, groups=2, size=16, hidden=172)
    >>> model = llama(small)
    >>> ids = torch.tensor([[18, 47, 56, 57, 58]])
    >>> model(ids).shape
    torch.Size([1, 5, 65])
    >>> sum(one.numel() for one in model.parameters()) == llama_parameters(small)
    True
"""

from .counts import gpt2_parameters, llama_parameters, matrices, operations, qwen3_parameters
from .gpt import GPT, Config
from .initial import initialise
from .normed import Normed
from .styles import gpt2, llama, qwen3

__all__ = [
    "GPT",
    "Config",
    "Normed",
    "gpt2",
    "gpt2_parameters",
    "initialise",
    "llama",
    "llama_parameters",
    "matrices",
    "operations",
    "qwen3",
    "qwen3_parameters",
]
