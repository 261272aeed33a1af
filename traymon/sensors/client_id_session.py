"""What is known about a target's client IDs for as long as one port is served.

Decides nothing about causes; docs/client-ids.md says when an ID may be probed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName
from traymon.sensors.base import SensorContext
from traymon.sensors.client_id_clash import ClashDetector, Moment, clash_before_start
from traymon.sensors.client_id_gate import (
    MAX_PROBES,
    GateFacts,
    ProbeHistory,
    Reason,
    Refusal,
    check_gate,
)
from traymon.sensors.client_id_ledger import Ledger
from traymon.sensors.client_id_probe import ProbeResult
from traymon.sensors.client_id_prober import Prober
from traymon.sensors.client_id_report import (
    Findings,
    client_ids_reading,
    skip_text,
    worst_use,
)
from traymon.sensors.client_id_retry import Retry, plan_retry
from traymon.sensors.connection_table import ConnectionTable
from traymon.sensors.processes import Processes
from traymon.sensors.socket_table import is_this_machine
from traymon.sensors.turned_away import TurnedAwayDetector
from traymon.sensors.wire import Verdict

SETTLE_TIME = 3.0  # seconds for which connections must not have changed before a probe
MAX_SCAN_AGE = 0.1  # seconds from reading the process list to sending an ID
BUSY_RETRY_DELAY = 30.0  # seconds before the next probe, if an ID could not be sent in time
MAX_SUGGESTION_PROBES = 3  # IDs probed to find a free one to suggest
RETRY_DELAY = 60.0  # seconds until a bad ID is probed again
CONFIRM_DELAY = 1.0  # seconds until an ID that was refused without a reason is probed once more
REPOST_INTERVAL = 30.0  # seconds after which an unchanged reading is posted again
READING_TTL = 300.0  # seconds; longer than the longest time between two posts


@dataclass(frozen=True, slots=True)
class _Suggestion:
    """The result of a search for a free ID."""

    client_id: int | None  # None: none was found


@dataclass(frozen=True, slots=True)
class _Posted:
    """The last reading that was posted."""

    reading: Reading
    at: float  # monotonic


class PortSession:
    """Observes connections, probes IDs and posts readings; replaced when the port stops serving."""

    def __init__(
        self,
        processes: Processes,
        prober: Prober,
        settle_time: float,
        table_interval: float,
        always_asked: bool,
        target: Target,
        handled_requests: int,
    ) -> None:
        self.address = target.address
        self._processes, self._prober, self._settle_time = processes, prober, settle_time
        self._table = ConnectionTable(processes.read_connections, settle_time, table_interval)
        self._ledger = Ledger(target.client_ids)
        self._clashes = ClashDetector(processes.find_later_runs)
        self._turned_away = TurnedAwayDetector()
        self._always_asked = always_asked  # the user waits for the answer
        self._history = ProbeHistory(requested=always_asked)
        self._handled_requests = handled_requests  # of the user's requests for a check
        self._retry: Retry | None = None
        self._suggestion: _Suggestion | None = None  # None: not searched for
        self._posted: _Posted | None = None

    async def step(self, context: SensorContext, target: Target) -> None:
        """Look at the programs, probe what may be probed, and post what is known."""
        requested = await self._observe(context, target)
        complete = self._table.readable and is_this_machine(target.host) and not target.forwarded
        self._request_probes(context, target, requested, complete)
        refusal = await self._probe_due_ids(context.evidence, complete)
        settling = refusal is not None and refusal.reason is Reason.CONNECTIONS_CHANGED
        early = settling or self._table.rejections.awaits_confirmation(time.time())
        if not early or self._posted is not None:  # else there is nothing to report yet
            await self._report(context, target, refusal, complete)

    def post(self, context: SensorContext, reading: Reading) -> None:
        """Post a reading that says something new, or repeat an unchanged one now and then."""
        now, last = time.monotonic(), self._posted
        if last is None or reading != last.reading or now > last.at + REPOST_INTERVAL:
            self._posted = _Posted(reading, now)
            context.post(replace(reading, ttl=READING_TTL))

    async def _observe(self, context: SensorContext, target: Target) -> bool:
        """Read processes and connections; return whether the user has asked for a check."""
        now = time.monotonic()
        if await asyncio.to_thread(self._processes.scan_new, target):
            self._table.start_burst(now)
        requested = context.check_requests > self._handled_requests
        if requested or self._table.is_due(now):
            await self._read_table(target)
        return requested

    def _request_probes(
        self, context: SensorContext, target: Target, requested: bool, table_complete: bool
    ) -> None:
        """Mark IDs to be probed again: on request, after an interval, or because they are bad."""
        now, interval = time.monotonic(), target.try_ids_every
        repeat = interval > 0 and self._history.interval_passed(now, interval)
        if requested or (repeat and not table_complete):
            self._handled_requests = context.check_requests
            self._history = replace(self._history, requested=True)
            self._ledger.request_probe()
        if self._retry is not None and now >= self._retry.at:
            self._ledger.request_probe(self._retry.client_ids)
            self._retry = self._retry.next(now)
            self._history = replace(self._history, retry_due=True)

    async def _read_table(self, target: Target) -> None:
        """Read the socket table, and plan to read it again if a change has to settle first."""
        if await self._table.read(target) and self._ledger.ids_to_probe(self._table.links):
            self._table.read_again_once_settled()

    async def _probe_due_ids(self, evidence: Evidence, table_complete: bool) -> Refusal | None:
        """Probe the IDs that are due; return why any was left out."""
        due = self._ledger.ids_to_probe(self._table.links)
        if not due:
            return None
        refusal = await self._check_gate(evidence, table_complete)
        if refusal is None:
            refusal = await self._probe_ids(evidence.target, due)
            self._history = replace(
                self._history,
                requested=self._always_asked,
                retry_due=False,
                last_probe_at=time.monotonic(),
            )
        return refusal

    async def _check_gate(self, evidence: Evidence, table_complete: bool) -> Refusal | None:
        """Return why nothing may be probed now; reads the table or the process list if needed."""
        reason = check_gate(time.monotonic(), self._gate_facts(evidence, table_complete))
        if reason is Reason.TABLE_OUTDATED:
            await self._read_table(evidence.target)
            settled = self._table.age.shows_settled(self._settle_time)
            reason = None if settled else Reason.CONNECTIONS_CHANGED
        if reason is not None:
            return Refusal(reason)
        return await self._check_processes(evidence.target)

    async def _check_processes(self, target: Target) -> Refusal | None:
        series = self._table.rejections.series(time.time())
        return await self._prober.check_processes(target, self._table.links, series)

    def _gate_facts(self, evidence: Evidence, table_complete: bool) -> GateFacts:
        target = evidence.target
        ages = (
            evidence.fact(sensor, Fact.PORT_OPENED)
            for sensor in (SensorName.HANDSHAKE, SensorName.LISTENER)
        )
        return GateFacts(
            enabled=target.try_ids,
            table_complete=table_complete,
            anyone_connected=bool(self._table.links),
            port_age=min((age for age in ages if age is not None), default=None),
            just_started=target.limits.just_started,
            interval=target.try_ids_every,
            history=self._history,
            table=self._table.age if self._table.readable else None,
            settle_time=self._settle_time,
        )

    async def _probe_ids(self, target: Target, due: list[int]) -> Refusal | None:
        """Probe IDs; return why the rest was left out, None if there is no rest."""
        for client_id in due[:MAX_PROBES]:
            if self._history.id_unreleased:
                break
            refusal = await self._check_processes(target)
            if refusal is not None:
                return refusal
            result = await self._probe(target, client_id)
            if result.verdict is Verdict.REFUSED:  # one sample is not a verdict
                await asyncio.sleep(CONFIRM_DELAY)
                refusal = await self._check_processes(target)
                if refusal is not None:
                    return refusal
                result = await self._probe(target, client_id)
            await self._record(target, client_id, result)
        return None if len(due) <= MAX_PROBES else Refusal(Reason.TOO_MANY_DUE)

    async def _record(self, target: Target, client_id: int, result: ProbeResult) -> None:
        """Record the outcome of a probe, with who was connected."""
        if result.verdict is Verdict.REFUSED:
            self._ledger.record_refusal(client_id, self._table.links, result.detail)
            return
        taken = None if result.verdict is None else result.verdict is Verdict.TAKEN
        if taken and self._table.readable:  # the holder may have connected since the last read
            await self._read_table(target)
        detail = f"no verdict: {result.detail}"
        self._ledger.record_probe(client_id, taken, self._table.links, detail)

    async def _probe(self, target: Target, client_id: int) -> ProbeResult:
        """Probe an ID right after the process list was read."""
        safe_until = time.monotonic() + MAX_SCAN_AGE

        def still_safe() -> bool:
            now = time.monotonic()
            safe = now < safe_until
            busy_until = None if safe else now + BUSY_RETRY_DELAY
            self._history = replace(self._history, busy_until=busy_until)
            return safe

        result = await self._prober.probe(target, client_id, still_safe)
        if not result.released:  # the probe may still occupy the ID: put no second one at risk
            self._history = replace(self._history, id_unreleased=True)
        return result

    async def _report(
        self, context: SensorContext, target: Target, refusal: Refusal | None, complete: bool
    ) -> None:
        """Work out who uses which ID, and post it."""
        links = self._table.links
        usage = self._ledger.usage(links, complete, skip_text(refusal))
        self._retry = plan_retry(self._retry, usage, time.monotonic(), RETRY_DELAY)
        if self._retry is not None and self._retry.outdated:
            self._history = replace(self._history, retry_due=True)
        now = Moment(time.monotonic(), time.time())
        rejections = self._table.rejections
        self._clashes.update(now, usage, links, rejections.last)
        series = rejections.series(now.epoch)
        turned_away = self._turned_away.update(
            series,
            self._processes.find_unconnected(links),
            frozenset(link.program.pid for link in links),
            usage,
        )
        if worst_use(usage) is None and self._clashes.clash is None:
            self._suggestion = None
        elif refusal is None and self._suggestion is None:
            self._suggestion = await self._find_free_id(target)
        clash = self._clashes.clash or clash_before_start(target, usage)
        found = Findings(
            usage,
            clash,
            turned_away,
            free_id=None if self._suggestion is None else self._suggestion.client_id,
            bystanders=tuple(self._processes.find_bystanders(links, series)),
            table_complete=complete,
        )
        self.post(context, client_ids_reading(found))

    async def _find_free_id(self, target: Target) -> _Suggestion | None:
        """Look for an ID next to the configured ones that nobody holds; None if interrupted."""
        used = {*target.client_ids, target.own_client_id}
        ids = range(max(target.client_ids) + 1, max(target.client_ids) + 100)
        for client_id in [i for i in ids if i not in used][:MAX_SUGGESTION_PROBES]:
            if self._history.id_unreleased:
                return None
            if await self._check_processes(target) is not None:
                return None
            if (await self._probe(target, client_id)).verdict is Verdict.FREE:
                return _Suggestion(client_id)
        return _Suggestion(None)  # search again only when the clash is over
