"""What is known of each configured client ID, and what the tries so far say of its holder.

Pure. The Gateway never tells who holds an ID; but an ID that was free before a program connected
and is taken since is held by that program, and one connection holds one ID.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import Use


@dataclass(frozen=True, slots=True)
class Link:
    """A connection to the target's port that is not traymon's."""

    program: Program
    port: int  # the client's own port
    left: bool = False  # its program has gone, and the Gateway has not closed it


Links = frozenset[Link]
NO_LINKS: Links = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    taken: bool | None  # None: the try brought no verdict
    links: Links  # who was connected at the try
    holders: Links = NO_LINKS  # of these, who may hold it
    detail: str = ""  # why there was no verdict


class Ledger:
    """The tries of one target's client IDs."""

    def __init__(self, client_ids: Iterable[int]) -> None:
        self._ids = tuple(client_ids)
        self._known: dict[int, _Known] = {}
        self._asked: set[int] = set()

    def ask_again(self, client_ids: Iterable[int] | None = None) -> None:
        """Make IDs due, whatever is known of them; None: every one."""
        wanted = self._ids if client_ids is None else client_ids
        self._asked |= {client_id for client_id in wanted if client_id != 0}

    def due(self, links: Links) -> list[int]:
        """Return the IDs of which the last try says nothing any more, now that `links` stand."""
        return [i for i in self._ids if i in self._asked or not self._holds(i, links)]

    def _holds(self, client_id: int, links: Links) -> bool:
        """Tell whether what is known of an ID still holds."""
        if client_id == 0:  # never tried: TWS gives it the orders that are placed by hand
            return True
        known = self._known.get(client_id)
        if known is None:
            return False
        if known.taken is None:
            return links == known.links
        if known.taken and not known.holders:  # the Gateway itself still counts one that has gone
            return links == known.links
        return known.holders <= links if known.taken else links <= known.links

    def note(self, client_id: int, taken: bool | None, links: Links, detail: str = "") -> None:
        """Take the outcome of a try into account; `links` were connected.

        `taken` is None where the try brought no verdict, for the reason in `detail`.
        """
        self._asked.discard(client_id)
        before = self._known.get(client_id)
        if taken is None:
            self._known[client_id] = _Known(None, links, detail=detail)
            return
        holders = links
        if before is not None and before.taken is not None:
            holders = before.holders & links
            if not holders or holders != before.holders:  # who left may have left it to a newcomer
                holders |= links - before.links
        self._known[client_id] = _Known(taken, links, holders if taken else NO_LINKS)

    def uses(self, links: Links, whole: bool, why_not: str) -> tuple[IdUse, ...]:
        """Return how each ID is used.

        `whole`: `links` are all there are; where they are not, another program may hold an ID.
        `why_not` says why what is unknown was not tried.
        """
        holders = _told_apart(
            {i: known.holders & links for i, known in self._known.items() if known.taken}
        )
        own = {link for who in holders.values() for link in who if link.program.own}
        claimed = [i for i, who in holders.items() if any(link.program.own for link in who)]
        # more IDs than connections: some other program holds one of them, whichever
        short = len(claimed) > len(own)
        return tuple(self._use(i, holders, links, whole, short, why_not) for i in self._ids)

    def _use(
        self,
        client_id: int,
        holders: dict[int, Links],
        links: Links,
        whole: bool,
        short: bool,
        why_not: str,
    ) -> IdUse:
        if client_id == 0:
            return IdUse(client_id, Use.UNKNOWN, detail="client ID 0 is never tried")
        if whole and not links:
            return IdUse(client_id, Use.FREE)
        if not self._holds(client_id, links):
            return IdUse(client_id, Use.UNKNOWN, detail=why_not)
        known = self._known[client_id]
        if known.taken is None:
            return IdUse(client_id, Use.UNKNOWN, detail=known.detail)
        if not known.taken:
            return IdUse(client_id, Use.FREE)
        who = holders[client_id]
        others = _programs(link for link in who if not link.program.own)
        own = _programs(link for link in who if link.program.own)
        if own and not (short and others):
            return IdUse(client_id, Use.YOURS, own)
        if not whole:
            return IdUse(client_id, Use.CLASH, (*own, *others, Program()))
        if own or any(not link.left for link in who):
            return IdUse(client_id, Use.CLASH, (*own, *others))
        return IdUse(client_id, Use.STUCK)


def _told_apart(holders: dict[int, Links]) -> dict[int, Links]:
    """Return who may hold each ID, knowing that one connection holds one ID alone."""
    sure: set[Link] = set()
    while True:
        alone = {next(iter(who)) for who in holders.values() if len(who) == 1}
        if alone <= sure:
            return holders
        sure |= alone
        holders = {
            i: who if len(who) == 1 else frozenset(who - sure) or who for i, who in holders.items()
        }


def _programs(links: Iterable[Link]) -> tuple[Program, ...]:
    """Return the programs behind connections, each once, the oldest first."""
    programs = {link.program for link in links}
    return tuple(sorted(programs, key=lambda p: (p.since or 0.0, p.pid or 0, p.address)))
