"""The shapes that stand in the lesson's margins are true."""

import torch

from cutaway.kit.shapes import true_shapes

from . import embeddings


def test_the_shape_comments_are_true():
    B, T, V, C = 2, 5, 11, 3
    ids, table = torch.randint(V, (B, T)), torch.randn(V, C)
    with true_shapes(embeddings, B=B, T=T, V=V, C=C):
        embeddings.multiplied(ids, table)
        embeddings.gradient(ids, torch.randn(B, T, C), V)
        model = embeddings.Embedding(V, C)
        model.scores(model(ids))
