"""What can break where queries and keys are turned."""

from __future__ import annotations

from cutaway.kit.words import Fault

QUERY = "q = rotated(q, places, self.turns, self.pairing)  # (B, H, T, D)"
KEY = "k = rotated(k, places, self.turns, self.pairing)  # (B, H, T, D)"
PLACES = "places = torch.arange(first, first + q.shape[-2], device=q.device)  # (T,)"
LEFT = "left = a * cos - b * sin                        # (B, H, T, D//2)"
RIGHT = "right = a * sin + b * cos                       # (B, H, T, D//2)"

PAIRS = (
    Fault(
        "other_pairs",
        "rotary.py",
        old=f"a, b = x.chunk(2, -1)                           # (B, H, T, D//2), twice\n{LEFT}\n"
        f"{RIGHT}\nreturn torch.cat((left, right), -1)             # (B, H, T, D)",
        new="return neighbours(x, cos, sin)                      # BROKEN: the other pairs",
        says="Each number is turned with its neighbour, where weights were made for halves",
        symptom="No visible symptom when trained from scratch; with weights from elsewhere the "
        "first words are right, and the text falls apart with its length",
        resembles="Weights made for halves were turned by neighbours: the first place agreed, and "
        "perplexity was worse by 0.7 (ohdearquant/lattice PR 96)",
    ),
    Fault(
        "not_put_back",
        "rotary.py",
        old="return torch.stack((left, right), -1).flatten(-2)  # (B, H, T, D)",
        new="return torch.cat((left, right), -1)                 # BROKEN: not beside each other",
        says="What was turned is left in halves: the order of a head's numbers is another",
        symptom="No visible symptom, for queries and keys are disordered alike; differs from "
        "another implementation even at the first place",
    ),
    Fault(
        "crossed_angles",
        "rotary.py",
        old=f"{LEFT}\n{RIGHT}",
        new="c, d = cos.repeat_interleave(2, -1).chunk(2, -1)    # BROKEN: not their own\n"
        "e, f = sin.repeat_interleave(2, -1).chunk(2, -1)\n"
        "left = a * c - b * e                                # (B, H, T, D//2)\n"
        "right = a * f + b * d                               # (B, H, T, D//2)",
        where="halves",
        says="The two numbers of a pair are turned by different angles, which is no turn",
        symptom="Differs from another implementation; trains as expected or a little worse, and "
        "worse on texts longer than those it was trained on",
        resembles="Angles were laid out for neighbours and numbers for halves "
        "(raiyanyahya/how-to-train-your-gpt PR 7)",
    ),
    Fault(
        "no_minus",
        "rotary.py",
        old=LEFT,
        new="left = a * cos + b * sin                            # BROKEN: no minus",
        where="halves",
        says="Both numbers of a pair get a sum: vectors grow and shrink with their place",
        symptom="Differs from another implementation; trains as expected or a little worse, and "
        "the size of queries depends on where they stand",
    ),
    Fault(
        "turned_back",
        "rotary.py",
        old=f"{LEFT}\n{RIGHT}",
        new="left = a * cos + b * sin                            # BROKEN: the other way round\n"
        "right = b * cos - a * sin                           # (B, H, T, D//2)",
        where="halves",
        says="Everything is turned the other way round; distance is still all that counts",
        symptom="No visible symptom when trained from scratch; with weights from elsewhere the "
        "text falls apart with its length",
        resembles="A rotation's sign is the other one than in the paper, and cannot be mended "
        "without breaking every checkpoint (karpathy/nanochat PR 489)",
    ),
)

ANGLES = (
    Fault(
        "coarse_angles",
        "rotary.py",
        old="angles = positions[..., None].double()          # (T, 1)\n"
        "angles = angles * turns.to(positions.device)    # (T, D//2)",
        new="angles = positions[..., None].to(x.dtype)           # BROKEN: rounded before\n"
        "angles = angles * turns.to(positions.device, x.dtype)",
        says="Angles are computed in the type of the queries: in bfloat16 places above 256 collide",
        symptom="No visible symptom in single precision; in half precision worse on long texts "
        "only, from the first few hundred tokens on",
        resembles="Sines and cosines were computed in the model's own half precision, and some "
        "were off by 0.8 (EleutherAI/gpt-neox issue 1003)",
    ),
    Fault(
        "turned_by_head",
        "rotary.py",
        old="angles = positions[..., None].double()          # (T, 1)",
        new="heads = torch.arange(x.shape[-3], device=positions.device)\n"
        "angles = heads[:, None, None].double()              # BROKEN: the number of the head",
        says="Each head is turned by its number instead of each token by its place",
        symptom="The loss ends worse than expected, as without positions; shapes and lengths of "
        "vectors are right",
        resembles="Rotary positions were applied along the heads instead of the tokens "
        "(mlfoundations/open_lm issue 4)",
    ),
    Fault(
        "early_speeds",
        "rotary.py",
        old="even = torch.arange(0, width, 2, dtype=torch.float64)",
        new="even = torch.arange(-2, width - 2, 2, dtype=torch.float64)  # BROKEN: from -2",
        says="Each pair turns as fast as the one before it should, the first too fast",
        symptom="Hardly a visible symptom when trained from scratch; with weights from elsewhere "
        "the text is garbage from the second word on",
        resembles="The paper counts pairs from 1, and a lesson counted from 0 with its formula "
        "(bkitano/llama-from-scratch issue 8)",
    ),
    Fault(
        "interpolated_outwards",
        "rotary.py",
        old="return turns / factor                           # (D//2,)",
        new="return turns * factor                               # BROKEN: further apart",
        says="A longer text is told that it is longer still",
        symptom="No visible symptom without scaling; with it long texts are worse than without",
        resembles="One library divides by its factor and another multiplies, under one name "
        "(ml-explore/mlx PR 356)",
    ),
    Fault(
        "stretched_by_base",
        "rotary.py",
        old="base = base * factor ** (width / (width - 2))",
        new="base = base * factor                                # BROKEN: no exponent",
        says="The base is multiplied by the factor alone: the slowest pair is still too fast",
        symptom="Worse at the far end of a text that is stretched, the more so the narrower the "
        "head; no visible symptom elsewhere",
        resembles="A base was multiplied by a factor of 20 as it stood "
        "(Eyeline-Labs/CineScale issue 7)",
    ),
)

BOTH = (
    Fault(
        "query_only",
        "rotary.py",
        old=KEY,
        new="# BROKEN: keys are not turned",
        says="Queries are turned by their place and keys are not: only where the query is counts",
        symptom="The loss ends worse than expected; the same text further on gets other scores",
    ),
    Fault(
        "keys_of_another_base",
        "rotary.py",
        old=KEY,
        new="k = rotated(k, places, self.turns**2, self.pairing)  # BROKEN: another base",
        says="Queries and keys turn at different speeds: the same distance is another further on",
        symptom="The loss ends a little worse than expected; the same text further on gets other "
        "scores",
    ),
    Fault(
        "keys_late",
        "rotary.py",
        old=KEY,
        new="k = rotated(k, places - 1, self.turns, self.pairing)  # BROKEN: one place late",
        says="Every key is taken for that of the place before: all distances are one too far",
        symptom="No visible symptom when trained from scratch; with weights from elsewhere each "
        "token looks one place too near",
    ),
    Fault(
        "turned_twice",
        "rotary.py",
        old=f"{QUERY}\n{KEY}",
        new=f"{QUERY}\n{KEY}\n"
        "q = rotated(q, places, self.turns, self.pairing)    # BROKEN: turned again\n"
        "k = rotated(k, places, self.turns, self.pairing)",
        says="Queries and keys are turned twice: every distance counts as twice as far",
        symptom="Hardly a visible symptom when trained from scratch; with weights from elsewhere "
        "the text is garbage from the second word on",
        resembles="Values were turned twice, for once in the layer below and once more "
        "(labmlai/annotated_deep_learning_paper_implementations issue 251)",
    ),
    Fault(
        "turned_from_0",
        "rotary.py",
        old=PLACES,
        new="places = torch.arange(q.shape[-2], device=q.device)  # BROKEN: every part begins at 0",
        says="Whatever is read later is turned as if the text began there",
        symptom="Right in training and for a whole text; text that is generated token by token "
        "falls apart from the second token on",
        resembles="While decoding every token was given place 0 (Blaizzy/mlx-vlm issue 1983)",
    ),
)

ROTARY = (*PAIRS, *ANGLES, *BOTH)
