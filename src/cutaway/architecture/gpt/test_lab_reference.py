"""The three styles are what transformers computes from the same weights, and cost as torch says.

transformers is imported where it is used: that takes seconds, which the other tests need not wait.
Nor do the broken copies: what compares everything names no fault.
"""

from contextlib import contextmanager

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from .counts import operations
from .gpt import Config
from .styles import gpt2, llama, qwen3

pytestmark = pytest.mark.oracle
B, EXACT, AS_GOOD = 3, 1e-10, 2

# Our names on the left, those of the files of weights on the right.
OF_GPT2 = {
    "tokens": "wte",
    "positions": "wpe",
    "before": "ln_1",
    "heads.output": "attn.c_proj",
    "between": "ln_2",
    "mlp.widen": "mlp.c_fc",
    "mlp.narrow": "mlp.c_proj",
    "last": "ln_f",
}
OF_LLAMA = {
    "tokens": "embed_tokens",
    "before": "input_layernorm",
    "heads.query": "self_attn.q_proj",
    "heads.key": "self_attn.k_proj",
    "heads.value": "self_attn.v_proj",
    "heads.place.query": "self_attn.q_norm",
    "heads.place.key": "self_attn.k_norm",
    "heads.output": "self_attn.o_proj",
    "between": "post_attention_layernorm",
    "mlp.gate": "mlp.gate_proj",
    "mlp.widen": "mlp.up_proj",
    "mlp.narrow": "mlp.down_proj",
    "last": "norm",
}
ASKED = ("heads.query", "heads.key", "heads.value")  # one matrix in GPT-2, in this order


def named(name):
    """The block, the part and the kind that a name of ours is made of."""
    part, kind = name.rsplit(".", 1)
    block, _, inner = part.removeprefix("blocks.").partition(".")
    return (block, inner, kind) if block.isdigit() else (None, part, kind)


def from_gpt2(name, theirs):
    """What GPT-2's files hold under our name; their matrices lie on their side."""
    block, part, kind = named(name)
    place = "" if block is None else f"h.{block}."
    if part in ASKED:
        return (
            theirs[f"transformer.{place}attn.c_attn.{kind}"]
            .chunk(3, -1)[ASKED.index(part)]
            .transpose(0, -1)
        )
    found = theirs[f"transformer.{place}{OF_GPT2[part]}.{kind}"]
    return found if part in ("tokens", "positions") else found.transpose(0, -1)


def from_llama(name, theirs):
    """What Llama's and Qwen3's files hold under our name."""
    block, part, kind = named(name)
    if part == "head":
        return theirs["lm_head.weight"]
    return theirs[f"model.{'' if block is None else f'layers.{block}.'}{OF_LLAMA[part]}.{kind}"]


def common(c):
    """What Llama and Qwen3 call our sizes."""
    return {
        "vocab_size": c.vocab,
        "hidden_size": c.width,
        "intermediate_size": c.hidden,
        "num_hidden_layers": c.depth,
        "num_attention_heads": c.heads,
        "num_key_value_heads": c.groups,
        "head_dim": c.size,
        "max_position_embeddings": c.context,
        "rms_norm_eps": c.epsilon,
        "rope_parameters": {"rope_type": "default", "rope_theta": c.base},
        "attn_implementation": "eager",
    }


def their_gpt2(c):
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_embd": c.width, "n_layer": c.depth, "n_head": c.heads, "n_inner": c.hidden}
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=c.vocab,
            n_positions=c.context,
            layer_norm_epsilon=c.epsilon,
            attn_implementation="eager",
            **sizes,
        )
    )


def their_llama(c):
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**common(c)))


def their_qwen3(c):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**common(c), tie_word_embeddings=True))


STYLES = {
    "gpt2": (gpt2, their_gpt2, from_gpt2),
    "llama": (llama, their_llama, from_llama),
    "qwen3": (qwen3, their_qwen3, from_llama),
}
SHAPES = {  # the vocabulary is odd, and a head is not the width by their number
    "a key for each head": Config(101, 23, 12, 2, 3, 3, 4, 29, 1e-5),
    "a key for all": Config(67, 17, 20, 3, 4, 1, 6, 31, 1e-6, 1e6),
    "a key for two": Config(97, 13, 18, 1, 6, 3, 8, 37, 1e-5, 500.0),
}
CASES = [
    (style, shape)
    for style in STYLES
    for shape in SHAPES
    if style != "gpt2" or shape == "a key for each head"
]
cases = pytest.mark.parametrize(("style", "shape"), CASES)


@contextmanager
def in_double():
    """A block in which torch.float32 is torch.float64.

    Llama's norms, angles and softmax are computed in float32 whatever the model's numbers are, by
    name: a double model of theirs is right to 1e-7 only, and could not tell 1e-10 from an error.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "float32", torch.float64)
        patch.setattr(torch, "float", torch.float64)
        patch.setattr(torch.Tensor, "float", torch.Tensor.double)
        yield


def exact_angles(model, c):
    """Their model, with the speeds of its pairs as they are before they are rounded."""
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            even = torch.arange(0, c.size, 2, dtype=torch.float64)
            module.inv_freq = c.base ** (-even / c.size)
    return model


def drawn(model, seed):
    """A model whose every number is random, gains and biases too, and large enough to matter."""
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            gain = parameter.dim() == 1 and name.endswith("weight")
            parameter.normal_(float(gain), 0.3, generator=stream)
    return model.eval()


def both(style, shape, seed):
    """Our model and theirs with the same weights, in float32."""
    ours, theirs, translate = STYLES[style]
    c = SHAPES[shape]
    reference, model = drawn(theirs(c), seed), ours(c)
    names = reference.state_dict()
    model.load_state_dict({name: translate(name, names) for name in model.state_dict()})
    return model, reference


def texts(c, seed):
    """Ids of one token, of some, and of as many as the context has."""
    stream = torch.Generator().manual_seed(seed)
    return [torch.randint(c.vocab, (B, T), generator=stream) for T in (1, 2, 7, c.context)]


@torch.no_grad()
def scores(style, shape, seed):
    """All scores of some texts: ours and theirs, in float32 and in float64."""
    (model, reference), c = both(style, shape, seed), SHAPES[shape]
    some = texts(c, seed)

    def read(one):
        return torch.cat([one(ids).flatten() for ids in some])

    short = read(model), read(lambda ids: reference(ids).logits)
    exact_angles(reference.double(), c)
    with in_double():
        long = read(model.double()), read(lambda ids: reference(ids).logits)
    return short, long


@cases
def test_the_scores_are_those_of_transformers(style, shape):
    for seed in range(2):
        _, (ours, theirs) = scores(style, shape, seed)
        assert ours.dtype == theirs.dtype == torch.float64
        assert (ours - theirs).abs().max() < EXACT
        assert theirs.std() > 0.5


@cases
def test_in_float32_the_error_is_at_most_twice_theirs(style, shape):
    ours, theirs = [], []
    for seed in range(4):
        (our, their), (exact, _) = scores(style, shape, seed)
        ours.append(our.double() - exact)
        theirs.append(their.double() - exact)
    ours, theirs = torch.cat(ours), torch.cat(theirs)
    assert 0 < ours.abs().max() <= AS_GOOD * theirs.abs().max()
    assert 0 < ours.norm() <= AS_GOOD * theirs.norm()


IN_MLP = {"gpt2": 2, "llama": 3, "qwen3": 3}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tokens", [1, 5, 7])
def test_a_text_costs_the_operations_that_torch_counts(style, shape, tokens):
    """torch counts the products of matrices, and so does the hand: all else is left out."""
    c = SHAPES[shape]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        STYLES[style][0](c)(torch.zeros(1, tokens, dtype=torch.long))
    assert operations(c, tokens, IN_MLP[style]) == counter.get_total_flops()
