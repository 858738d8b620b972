"""What a tokenizer.json does around its model, if that gives each text the ids that it has here.

Special tokens are cut from a text before it is encoded. Afterwards tokens may be added to it, and a
long text may be cut short. Here nothing is added that was not asked for, and nothing is left out.
"""

from collections.abc import Mapping
from typing import Any

from .saving import part


def special_tokens(added: list[Any]) -> dict[str, int]:
    """The ids of added tokens, all of which must be special and take no space with them."""
    for one in added:
        wide = [name for name in ("single_word", "lstrip", "rstrip") if part(one, name, bool)]
        if wide or not part(one, "special", bool):
            raise ValueError(f"The added token {part(one, 'content', str)!r:.60} is none of those "
                             "that are special and stand for themselves alone.")
    if len({bool(one.get("normalized")) for one in added}) > 1:
        raise ValueError("Of the file's special tokens some are normalized and some are not: where "
                         "two overlap it would give other ids.")
    specials = {part(one, "content", str): part(one, "id", int) for one in added}
    if len(specials) < len(added):
        raise ValueError("A special token stands twice in the file.")
    return specials


def in_place(specials: Mapping[str, int], ids: Mapping[str, int]) -> Mapping[str, int]:
    """Special tokens, if each has the id of its name, or the next free one where it has none.

    Whoever reads the file gives out the next one, some after the last token, some after the last
    that was added: where these differ the file is refused.
    """
    free, last = len(ids), -1
    for name, id in specials.items():
        given = {ids.get(name, free), ids.get(name, max(free, last + 1))}
        if others := given - {id}:
            raise ValueError(f"The file gives the special token {name!r:.60} two ids: {id!r:.40}, "
                             f"and {min(others)!r:.40} by its place.")
        free, last = free + (name not in ids), max(last, id)
    return specials


def adds_nothing(given: Any) -> bool:
    """Whether what is done to ids at last leaves them as they are."""
    match given:
        case {"type": "Sequence", "processors": list(steps)}:
            return all(map(is_harmless, steps))
        case _:
            return given is None or is_harmless(given)


def is_harmless(step: Any) -> bool:
    """Whether a step adds no token: it writes down places, or its template is the text alone."""
    match step:
        case {"type": "ByteLevel"} | {"type": "TemplateProcessing", "single": [{"Sequence": _}]}:
            return True
        case _:
            return False


def fills_nothing(padding: Any) -> bool:
    """Whether a text that is alone is left as long as it is."""
    match padding:
        case {"strategy": "BatchLongest"}:
            return padding.get("pad_to_multiple_of") in (None, 0, 1)
        case _:
            return padding is None


def refuse_around(body: Mapping[str, Any]) -> None:
    """Nothing, or an error for what would add ids to a text's, or leave some out."""
    if body.get("truncation") is not None:
        raise ValueError("The file has a truncation: a long text would have fewer ids. Take it "
                         "out of the file, and cut ids where you use them.")
    if not fills_nothing(body.get("padding")):
        raise ValueError("The file has a padding that adds ids to a single text: take it out of "
                         "the file, and fill up rows where you use them.")
    if not adds_nothing(body.get("post_processor")):
        raise ValueError("The file has a post_processor that adds ids: take it out of the file, "
                         "and add special tokens where you use them.")
