"""What stands below the title of a lab's page: its place in the course, and how long it takes."""

from __future__ import annotations

from cutaway.kit.labs import WINGS, place
from cutaway.site.markup import Html, joined, listed, tag

from .minutes import to_measure, to_read
from .shelf import Volume


def opening(volume: Volume) -> Html:
    """The lab's number, wing and lesson, what to read first, its minutes, whether it is done."""
    lab = volume.lab
    wing = place(lab.name).wing
    first = [tag("a", name, href=f"{name}.html", data_lab_link=name) for name in lab.after]
    needs = joined("Read first: ", listed(first), ". ") if first else "Nothing to read first. "
    entry = volume.entry
    took = (to_read(entry), "minutes to read"), (to_measure(entry), "of one core to measure again")
    times = ", ".join(f"{minutes} {what}" for minutes, what in took if minutes)
    where = tag("p", f"Lab {lab.number}, {wing}: {WINGS[wing]}", class_="wing")
    way = tag("p", needs, f"About {times}." if times else None, class_="soft")
    progress = tag("div", data_progress=lab.name)
    return tag("div", where, tag("p", lab.lesson, class_="lesson"), way, progress, class_="opening")
