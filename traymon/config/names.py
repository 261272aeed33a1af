"""Gives every target a name of its own, so that all that is kept and said of it is its alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count


@dataclass(frozen=True, slots=True)
class Wish:
    """The name that the settings give a target, or else what one is made from."""

    given: str = ""
    parts: Sequence[str] = ()  # of the project's folder, the last of which is its own name


def distinct_names(wishes: Sequence[Wish]) -> list[str]:
    """Return a name for each, in order; no two are equal, whatever their case.

    A name that was given goes to the first target that has it. One that is made keeps as little of
    the path as sets it apart from those before it: a target that is added at the end changes no
    name.
    """
    taken = {wish.given.casefold() for wish in wishes if wish.given}
    given: set[str] = set()
    names = []
    for wish in wishes:
        if wish.given and wish.given.casefold() not in given:
            given.add(wish.given.casefold())
            names.append(wish.given)
            continue
        name = _free_name([wish.given] if wish.given else wish.parts, taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _free_name(parts: Sequence[str], taken: set[str]) -> str:
    longer = ("/".join(parts[-length:]) for length in range(1, len(parts) + 1))
    numbered = (f"{parts[-1]} ({number})" for number in count(2))
    return next(name for name in chain(longer, numbered) if name.casefold() not in taken)
