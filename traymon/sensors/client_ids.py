"""The configured client IDs: is one taken, and by which program?

The Gateway tells nobody which IDs are in use; it only refuses the second user of one. To try a
trading program's ID while it is free could itself cause the clash, so an ID is tried only while
somebody else is connected, once after each change of who that is and not before the change has
stood for some seconds, and never while a program of the user's own may be about to connect.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Evidence, Reading
from traymon.core.target import IdUse, Program, Target
from traymon.core.vocabulary import SensorName, Symptom, Use
from traymon.sensors.base import ListOwnPrograms, SensorContext
from traymon.sensors.client_id_ledger import NO_LINKS, Ledger, Links
from traymon.sensors.client_id_probe import ProbeResult, claim
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.processes import Connected, Programs
from traymon.sensors.socket_table import is_this_machine
from traymon.sensors.wire import Verdict

log = logging.getLogger(__name__)

SERVED = frozenset({Symptom.OK, Symptom.SLOW})
BAD = frozenset({Use.CLASH, Use.STUCK})
POLL = 2.0  # seconds between two looks for new processes; that costs a fifth of a millisecond
QUIET = 3.0  # seconds for which the set of connected programs must have stood before a try
TABLE_EVERY = 5.0  # seconds between two looks at the socket table, at least
SHARE = 0.0004  # of a core, for the socket table; the listener's own look may cost as much again
BURST = 30.0  # seconds after a program of the user's own started in which the table is read often
AT_ONCE = 8  # IDs tried after one change
HEARD_FOR = 0.1  # seconds from reading the process list to saying an ID
OFFERS = 3  # IDs tried to find a free one to offer
SAME_SCRIPT = 10.0  # seconds after which a second copy that is not connected is not just starting
NEWCOMER = 60.0  # seconds within which a program that was turned away must have been started
REMEMBERED = 600.0  # seconds for which a clash that really happened is shown
DOUBT, LONGEST_DOUBT = 60.0, 900.0  # seconds until a taken ID is tried again; doubling
AGAIN = 30.0  # seconds after which an unchanged reading is posted once more
GOOD_FOR = 300.0  # seconds; longer than the longest pause between two posts


@dataclass(frozen=True, slots=True)
class _Clash:
    """A program of the user's own that could not connect while another held its ID."""

    client_id: int
    holder: Program
    newer: Program
    until: float  # monotonic


class ClientIds:
    """Watches who is connected, and tries the configured IDs where that disturbs nobody."""

    name = SensorName.CLIENT_IDS

    def __init__(
        self,
        connections: ConnectionRegistry,
        list_own_programs: ListOwnPrograms,
        quiet: float = QUIET,
        poll: float = POLL,
        table_every: float = TABLE_EVERY,
    ) -> None:
        self._connections = connections
        self._programs = Programs(connections, list_own_programs)
        self._quiet, self._poll, self._table_every = quiet, poll, table_every
        self.tried = 0  # tries so far

    async def run(self, context: SensorContext) -> None:
        """Watch for as long as it is not cancelled; post what is seen."""
        target = context.evidence.target
        if not target.client_ids:
            context.post(Reading(self.name, Symptom.UNKNOWN, "no client IDs are configured"))
            return
        self._begin(target)
        while True:
            target = context.evidence.target
            if target.address != self._address:
                self._begin(target)
            if context.evidence.symptom(SensorName.HANDSHAKE) in SERVED:
                await self._step(context, target)
            else:
                self._begin(target)
                self._post(context, Reading(self.name, Symptom.UNKNOWN, "the port is not served"))
            check_requests = context.check_requests
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    while context.check_requests == check_requests:
                        await context.wait_for_update()

    def _begin(self, target: Target) -> None:
        self._address = target.address
        self._ledger = Ledger(target.client_ids)
        self._links: Links = NO_LINKS
        self._changed_at = self._read_at = -1e9
        self._table_due = self._burst_until = self._try_due = 0.0
        self._asked = 0  # of the user's wishes, how many were heard
        self._wanted = False  # the last one is still to be fulfilled
        self._not_before = 0.0
        self._keeps_ids = False
        self._readable = True
        self._turned_away: frozenset[int] | None = None  # None: not looked yet
        self._turned_at = -1e9
        self._clash: _Clash | None = None
        self._bad: tuple[int, ...] = ()  # IDs that the user's programs cannot have
        self._doubted_at, self._doubt = 0.0, DOUBT
        self._offer: int | None = None
        self._posted: tuple[object, float] = (None, -1e9)

    async def _step(self, context: SensorContext, target: Target) -> None:
        """Look at programs, try what may be tried, and say what is so."""
        now = time.monotonic()
        if await asyncio.to_thread(self._programs.changed, target):
            self._burst_until = now + BURST
        check_requests = context.check_requests > self._asked
        if check_requests or now >= self._table_due or now < self._burst_until:
            await self._read_table(target)
        whole = self._readable and is_this_machine(target.host) and not target.forwarded
        if check_requests or (not whole and target.try_ids_every and now >= self._try_due):
            self._asked, self._wanted = context.check_requests, True
            self._ledger.ask_again()
        if self._bad and now >= self._doubted_at + self._doubt:
            self._doubted_at, self._doubt = now, min(self._doubt * 2, LONGEST_DOUBT)
            self._ledger.ask_again(self._bad)  # TWS may have counted one that had gone
        due = self._ledger.due(self._links)
        why_not = await self._why_not(context.evidence, whole) if due else ""
        if why_not == SETTLES and self._posted[0] is None:
            return  # there is nothing to say yet
        if due and not why_not:
            why_not = await self._try(target, due)
            self._wanted = False
            self._try_due = time.monotonic() + (target.try_ids_every or 1e9)
        uses = self._ledger.uses(self._links, whole, why_not)
        bad = tuple(use.client_id for use in uses if use.use in BAD)
        if bad != self._bad:
            self._bad, self._doubted_at, self._doubt = bad, time.monotonic(), DOUBT
        self._look_for_a_clash(uses)
        if _worst(uses) is None and self._clash is None:
            self._offer = None
        elif not why_not and self._offer is None:
            await self._find_offer(target, whole)
        self._post(context, self._reading(target, uses, whole))

    async def _read_table(self, target: Target) -> None:
        connected = await asyncio.to_thread(self._programs.connected, target)
        now = time.monotonic()
        if connected is None:
            self._readable, self._table_due = False, now + 60.0
            return
        self._readable, self._read_at = True, now
        if connected.links != self._links:
            log.info("connected: %s", ", ".join(_names(connected)) or "nobody else")
            self._links, self._changed_at = connected.links, now
        self._table_due = now + max(self._table_every, connected.cost / SHARE)
        if self._ledger.due(self._links):  # the change has to be seen to stand
            self._table_due = min(self._table_due, max(self._changed_at + self._quiet, now))
        if self._turned_away is not None and connected.turned_away - self._turned_away:
            self._turned_at = time.time()
        self._turned_away = connected.turned_away

    async def _why_not(self, evidence: Evidence, whole: bool) -> str:
        """Return why nothing may be tried now; "" where it may."""
        if not evidence.target.try_ids:
            return "not tried: TRAYMON_CLIENT_ID_CHECK is off"
        if whole and not self._links:
            return "nobody else is connected"
        opened = [
            evidence.fact(sensor, Fact.PORT_OPENED)
            for sensor in (SensorName.HANDSHAKE, SensorName.LISTENER)
        ]
        just = evidence.target.limits.just_started
        if any(age is not None and age < just for age in opened):
            return "not tried yet: TWS or Gateway has just started"
        now = time.monotonic()
        if not whole and not self._wanted and now < self._try_due:
            return "not tried: who is connected cannot be seen from here"
        if self._keeps_ids:
            return "not tried: TWS or Gateway did not end the connection of the last try"
        if now < self._not_before:
            return "not tried: this machine is too busy to try without a risk"
        if self._readable:
            if now < self._changed_at + self._quiet:
                return SETTLES
            if self._read_at < self._changed_at + self._quiet:
                await self._read_table(evidence.target)
                if self._read_at < self._changed_at + self._quiet:
                    return SETTLES  # it has changed meanwhile
        return await self._who_may_connect(evidence.target)

    async def _who_may_connect(self, target: Target) -> str:
        """Read the process list anew; return why a try could now be in somebody's way."""
        await asyncio.to_thread(self._programs.look_at_all, target)
        program = self._programs.may_connect(self._links)
        if program is None:
            return ""
        return f"not tried: {program.label} (pid {program.pid}) may be about to connect"

    async def _try(self, target: Target, due: list[int]) -> str:
        """Try IDs; return why the rest was not tried, "" where all were."""
        for client_id in due[:AT_ONCE]:
            if self._keeps_ids:
                break
            if why_not := await self._who_may_connect(target):
                return why_not
            outcome = await self._try_one(target, client_id)
            taken = None if outcome.verdict is None else outcome.verdict is Verdict.TAKEN
            if taken and self._readable:  # by one who came since the table was read?
                await self._read_table(target)
            self._ledger.note(client_id, taken, self._links, f"no verdict: {outcome.detail}")
        return "" if len(due) <= AT_ONCE else f"not tried: more than {AT_ONCE} IDs are due at once"

    async def _try_one(self, target: Target, client_id: int) -> ProbeResult:
        """Try an ID right after the process list was read."""
        safe_until = time.monotonic() + HEARD_FOR

        def still_safe() -> bool:
            safe = time.monotonic() < safe_until
            self._not_before = 0.0 if safe else time.monotonic() + AGAIN
            return safe

        self.tried += 1
        outcome = await claim(target, client_id, self._connections, still_safe)
        log.info("tried client ID %s: %s", client_id, outcome.detail)
        if not outcome.released:  # it may hold the ID still: no second one must be at risk
            self._keeps_ids = True
        return outcome

    async def _find_offer(self, target: Target, whole: bool) -> None:
        """Find an ID next to the configured ones that nobody holds."""
        taken = {*target.client_ids, target.own_client_id}
        ids = range(max(target.client_ids) + 1, max(target.client_ids) + 100)
        for client_id in [i for i in ids if i not in taken][:OFFERS]:
            if whole and not self._links:
                self._offer = client_id
                return
            if self._keeps_ids or await self._who_may_connect(target):
                return
            if (await self._try_one(target, client_id)).verdict is Verdict.FREE:
                self._offer = client_id
                return
        self._offer = 0  # none; not looked for again until the clash is over

    def _look_for_a_clash(self, uses: tuple[IdUse, ...]) -> None:
        """See whether a later run of the user's own was turned away by the ID of an earlier one."""
        now = time.monotonic()
        pids = {link.program.pid for link in self._links}
        held = {use.programs[0]: use.client_id for use in uses if _is_one_of_ours(use)}
        clash = self._clash
        if clash and (now > clash.until or clash.holder not in held or clash.newer.pid in pids):
            self._clash = None
        for holder, client_id in held.items():
            for newer in self._programs.later_runs(holder, self._links):
                began = newer.since or 0.0
                turned_away = began < self._turned_at < began + NEWCOMER
                waits = time.time() > began + SAME_SCRIPT
                if turned_away or (newer.script == holder.script != "" and waits):
                    self._clash = _Clash(client_id, holder, newer, now + REMEMBERED)

    def _reading(self, target: Target, uses: tuple[IdUse, ...], whole: bool) -> Reading:
        facts: dict[FactKey[Any], Any] = {Fact.ID_USES: uses}
        if self._offer:
            facts[Fact.FREE_CLIENT_ID] = self._offer
        detail = "; ".join(_words(use) for use in uses)
        if not whole:
            detail += "; this machine does not show who is connected"
        clash = self._clash or _before_the_start(target, uses)
        worst = _worst(uses)
        if clash is not None:
            facts[Fact.CLIENT_ID] = clash.client_id
            facts[Fact.HOLDER], facts[Fact.NEWER] = (clash.holder,), (clash.newer,)
        elif worst is not None:
            facts[Fact.CLIENT_ID] = worst.client_id
            if worst.programs:
                facts[Fact.HOLDER] = worst.programs
        elif any(use.use is Use.UNKNOWN and use.client_id for use in uses):
            return Reading(self.name, Symptom.UNKNOWN, detail, facts)
        else:
            return Reading(self.name, Symptom.OK, detail, facts)
        return Reading(self.name, Symptom.CLIENT_ID_TAKEN, detail, facts)

    def _post(self, context: SensorContext, reading: Reading) -> None:
        """Post a reading that says something new, and an old one now and then."""
        what, now = (reading.symptom, reading.detail, reading.facts), time.monotonic()
        if what != self._posted[0] or now > self._posted[1] + AGAIN:
            self._posted = what, now
            context.post(replace(reading, ttl=GOOD_FOR))


SETTLES = "not tried yet: the set of connected programs has just changed"


def _is_one_of_ours(use: IdUse) -> bool:
    return use.use is Use.YOURS and len(use.programs) == 1


def _worst(uses: tuple[IdUse, ...]) -> IdUse | None:
    """Return the ID of which to speak first, if one is in other hands."""
    bad = [use for use in uses if use.use in BAD]
    return min(bad, key=lambda use: use.use is Use.STUCK, default=None)


def _before_the_start(target: Target, uses: tuple[IdUse, ...]) -> _Clash | None:
    """Return the clash that would come if the program of `traymon wait` were started now."""
    if not target.starting:
        return None
    held = [use for use in uses if use.use is Use.YOURS]
    same = [
        use
        for use in held
        if any(target.starting == (program.script or program.exe) for program in use.programs)
    ]
    if not same and any(use.use is not Use.YOURS for use in uses):
        return None  # there is an ID left that it may be meant to use
    newer = Program(name=os.path.basename(target.starting), script=target.starting, own=True)
    for use in same or held:
        return _Clash(use.client_id, use.programs[0], newer, 0.0)
    return None


def _words(use: IdUse) -> str:
    who = ", ".join(_name(program) for program in use.programs)
    more = who or use.detail
    return f"{use.client_id} {use.use}" + (f" ({more})" if more else "")


def _name(program: Program) -> str:
    if program.address:
        return f"a program on {program.address}"
    return f"{program.label} pid {program.pid}" if program.pid else "a program not shown here"


def _names(connected: Connected) -> list[str]:
    return [
        "one that its program left" if link.left else _name(link.program)
        for link in connected.links
    ]
