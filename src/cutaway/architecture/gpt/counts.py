"""How many numbers a model has, and what a token costs: counted by hand from the sizes.

A matrix costs two operations for each of its numbers, a product and a sum, and attention as many
for each number of each token that is seen, once in the scores and once in the mean. What norms,
bends and the softmax cost is left out: it is of the order of the width.

    C width   D numbers in a head   H heads   G groups   F hidden   L depth   V vocabulary
"""

from .gpt import Config


def matrices(c: Config, in_mlp: int) -> int:
    """The numbers in the matrices of one block; an MLP has two, a gated one three."""
    heads = c.width * c.size * (c.heads + 2 * c.groups) + c.heads * c.size * c.width
    return heads + in_mlp * c.width * c.hidden


def gpt2_parameters(c: Config) -> int:
    """The numbers in a model like GPT-2: the head is the table."""
    biases = c.size * (c.heads + 2 * c.groups) + c.width + c.hidden + c.width
    norms = 2 * 2 * c.width
    tables = (c.vocab + c.context) * c.width
    return tables + c.depth * (matrices(c, 2) + biases + norms) + 2 * c.width


def llama_parameters(c: Config) -> int:
    """The numbers in a model like Llama: table and head apart."""
    norms = 2 * c.width
    tables = 2 * c.vocab * c.width
    return tables + c.depth * (matrices(c, 3) + norms) + c.width


def qwen3_parameters(c: Config) -> int:
    """The numbers in a model like a small Qwen3: queries and keys have a norm, the head is tied."""
    norms = 2 * c.width + 2 * c.size
    return c.vocab * c.width + c.depth * (matrices(c, 3) + norms) + c.width


def operations(c: Config, tokens: int, in_mlp: int) -> int:
    """What it costs to read a text of some tokens, where every token is compared with every one."""
    head = c.vocab * c.width
    seen = 2 * c.heads * c.size * tokens
    return 2 * tokens * (c.depth * (matrices(c, in_mlp) + seen) + head)
