"""What the probes so far say about each configured client ID and its holder.

Pure. The Gateway never says who holds an ID. But one connection holds one ID, and an ID that was
free before a program connected and is taken afterwards is held by that program.
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
    half_closed: bool = False  # its program has gone, and the Gateway has not closed it


Links = frozenset[Link]
NO_LINKS: Links = frozenset()


@dataclass(frozen=True, slots=True)
class _Probe:
    """The outcome of the last probe of an ID."""

    taken: bool | None  # None: the probe brought no verdict
    links: Links  # the connections at that time
    holders: Links = NO_LINKS  # those of them that may hold the ID
    detail: str = ""  # why there was no verdict, or how the ID was refused
    refused: bool = False  # the Gateway gave it no session, and did not say that it is taken


@dataclass(frozen=True, slots=True)
class _Picture:
    """The current connections, and which of them may hold which ID."""

    links: Links
    table_complete: bool
    holders: dict[int, Links]
    oversubscribed: bool  # more IDs are taken than the user's programs have connections
    skip_reason: str


class Ledger:
    """The probes of one target's client IDs."""

    def __init__(self, client_ids: Iterable[int]) -> None:
        self._ids = tuple(client_ids)
        self._probes: dict[int, _Probe] = {}
        self._requested: set[int] = set()

    def request_probe(self, client_ids: Iterable[int] | None = None) -> None:
        """Make IDs due for a probe, whatever is known about them; all of them by default."""
        wanted = self._ids if client_ids is None else client_ids
        self._requested |= {client_id for client_id in wanted if client_id != 0}

    def ids_to_probe(self, links: Links) -> list[int]:
        """Return the IDs whose last probe no longer says anything about the current `links`."""
        return [i for i in self._ids if i in self._requested or not self._still_valid(i, links)]

    def _still_valid(self, client_id: int, links: Links) -> bool:
        """Return whether the last probe of an ID still says whether it is taken."""
        if client_id == 0:  # never probed: TWS assigns it the orders that are placed by hand
            return True
        probe = self._probes.get(client_id)
        if probe is None:
            return False
        if probe.taken is None:
            return links == probe.links
        if probe.taken and not probe.holders:  # the Gateway still counts a client that has gone
            return links == probe.links
        return probe.holders <= links if probe.taken else links <= probe.links

    def record_refusal(self, client_id: int, links: Links, detail: str) -> None:
        """Record that the Gateway refused an ID without saying that it is taken."""
        self._requested.discard(client_id)
        self._probes[client_id] = _Probe(None, links, detail=detail, refused=True)

    def record_probe(
        self, client_id: int, taken: bool | None, links: Links, detail: str = ""
    ) -> None:
        """Record the outcome of a probe that was made while `links` were connected.

        `taken` is None if the probe brought no verdict, for the reason in `detail`.
        """
        self._requested.discard(client_id)
        before = self._probes.get(client_id)
        if taken is None:
            self._probes[client_id] = _Probe(None, links, detail=detail)
            return
        holders = links
        if before is not None and before.taken is not None:
            holders = before.holders & links
            if not holders or holders != before.holders:
                # A departed holder may have been replaced by a new connection.
                holders |= links - before.links
        self._probes[client_id] = _Probe(taken, links, holders if taken else NO_LINKS)

    def usage(self, links: Links, table_complete: bool, skip_reason: str) -> tuple[IdUse, ...]:
        """Return how each ID is used.

        `table_complete`: the socket table shows every client, so an unseen program cannot hold an
        ID. `skip_reason`: why IDs of unknown use were not probed.
        """
        holders = resolve_holders(
            {i: probe.holders & links for i, probe in self._probes.items() if probe.taken}
        )
        own = {link for who in holders.values() for link in who if link.program.own}
        claimed = [i for i, who in holders.items() if any(link.program.own for link in who)]
        # More taken IDs than own connections: at least one belongs to someone else.
        oversubscribed = len(claimed) > len(own)
        picture = _Picture(links, table_complete, holders, oversubscribed, skip_reason)
        return tuple(self._use(client_id, picture) for client_id in self._ids)

    def _use(self, client_id: int, now: _Picture) -> IdUse:
        if client_id == 0:
            return IdUse(client_id, Use.UNKNOWN, detail="client ID 0 is never tried")
        probe = self._probes.get(client_id)
        if probe is not None and probe.refused:  # that stands until the next probe
            return IdUse(client_id, Use.REFUSED, detail=probe.detail)
        if probe is None or not self._still_valid(client_id, now.links):
            return IdUse(client_id, Use.UNKNOWN, detail=now.skip_reason)
        if probe.taken is None:
            return IdUse(client_id, Use.UNKNOWN, detail=probe.detail)
        if not probe.taken:
            return IdUse(client_id, Use.FREE)
        return _taken_use(client_id, now)


def _taken_use(client_id: int, now: _Picture) -> IdUse:
    """Return who holds an ID that is taken, as far as that is known."""
    who = now.holders[client_id]
    others = _programs(link for link in who if not link.program.own)
    own = _programs(link for link in who if link.program.own)
    if own and not (now.oversubscribed and others):
        return IdUse(client_id, Use.YOURS, own)
    if not now.table_complete:
        return IdUse(client_id, Use.CLASH, (*own, *others, Program()))
    if own or any(not link.half_closed for link in who):
        return IdUse(client_id, Use.CLASH, (*own, *others))
    return IdUse(client_id, Use.STUCK)


def resolve_holders(holders: dict[int, Links]) -> dict[int, Links]:
    """Narrow down who may hold each ID, given that a connection holds only one."""
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
    """Return the programs behind connections without duplicates, the oldest first."""
    programs = {link.program for link in links}
    return tuple(sorted(programs, key=lambda p: (p.since or 0.0, p.pid or 0, p.address)))
