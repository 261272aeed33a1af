"""Which of several targets a command is about: the option `--target`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import usage_error
from traymon.diagnosis.fix_pages import clean

if TYPE_CHECKING:
    from traymon.config.in_force import Config, TargetConfig

TargetName = Annotated[
    str | None,
    typer.Option("--target", help="One target, if there are several.", metavar="<name>"),
]


def find_name(wanted: str, known: Sequence[str], whose: str) -> str:
    """Return the known name that is wanted, in whatever case; exit if there is none.

    Only a whole name counts: the beginning of one may be that of another tomorrow. `whose` targets
    these are begins the message: `The history has`.
    """
    by_key = {name.casefold(): name for name in known}
    name = by_key.get(wanted.casefold())
    if name is not None:
        return name
    near = difflib.get_close_matches(wanted.casefold(), by_key, n=1)
    hint = f" Did you mean {clean(by_key[near[0]])}?" if near else ""
    listing = f" It knows: {names_of([*by_key.values()])}." if known else ""
    usage_error(f"{whose} no target {clean(wanted)!r}.{hint}{listing}")


def names_of(known: Sequence[str]) -> str:
    """Return the names of targets for a message."""
    return ", ".join(map(clean, known))


def choose(config: Config, wanted: str | None) -> Sequence[TargetConfig]:
    """Return the target of this name, or all of them without a name; exit if there is none."""
    if wanted is None:
        return config.targets
    by_name = {one.target.name: one for one in config.targets}
    name = find_name(wanted, [*by_name, *config.left_out], "The configuration has")
    if name not in by_name:
        usage_error(f"The settings of {clean(name)} cannot be used.")
    return [by_name[name]]


def choose_one(config: Config, wanted: str | None) -> TargetConfig:
    """Return the target of this name, or the only one; exit with the names if it is not clear."""
    found = choose(config, wanted)
    if wanted is None and found[0].target.one_of_many:
        names = names_of([one.target.name for one in found])
        usage_error(f"Several targets are configured. Use --target with one of: {names}.")
    return found[0]
