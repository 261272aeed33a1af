"""Let a client library in: does a program that others wrote get a session too?

An independent witness beside traymon's own wire, in a process of its own. Runs on the user's
command alone (`traymon check`, `traymon wait`), never in the traymon that stays. Sends startApi
(71) under a client ID of traymon's own, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from itertools import islice

from traymon.core.client_library import KEPT_OUT, LET_IN, LibraryOutcome, LibraryResult
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SERVED, SensorName, Symptom
from traymon.sensors.base import FactDict, SensorContext
from traymon.sensors.library_process import Interpreter, LibraryProcess, Output
from traymon.sensors.library_report import facts_of
from traymon.sensors.session import MAX_OWN_IDS, own_ids
from traymon.sensors.tws_words import plain

log = logging.getLogger(__name__)

MAX_IDS = 4  # of traymon's own, tried one after the other while they are in use
SESSION_TIMEOUT = 3.0  # seconds for one library to get its session
LIMIT = 12.0  # seconds for everything; a library is imported in less than one
RETRY_DELAYS = (5.0, 10.0, 20.0, 40.0)  # seconds before the next try of one that was kept out


class ClientLibrary:
    """Lets the client libraries of the first interpreter that has any."""

    name = SensorName.CLIENT_LIBRARY

    def __init__(self, interpreters: Sequence[Interpreter], limit: float = LIMIT) -> None:
        self._interpreters, self._limit = interpreters, limit
        self._started: LibraryProcess | OSError | None = None

    def start_early(self) -> None:
        """Start the first process now: it imports its library while other things are done."""
        self._started = _start(self._interpreters[0])

    def close(self) -> None:
        """End a process that was started early and not used."""
        if isinstance(self._started, LibraryProcess):
            self._started.kill()
        self._started = None

    async def run(self, context: SensorContext) -> None:
        """Let the libraries in whenever the API is served again, until cancelled.

        What was kept out is tried again, ever less often.
        """
        delays = iter(RETRY_DELAYS)
        while True:
            await _wait_until_served(context, served=True)
            reading = await self._let_in(context.evidence)
            context.post(reading)
            if reading.symptom is Symptom.NOT_LET_IN:
                await asyncio.sleep(next(delays, RETRY_DELAYS[-1]))
                continue
            await _wait_until_served(context, served=False)
            context.post(Reading(self.name, Symptom.UNKNOWN, "the port does not answer"))

    async def _let_in(self, evidence: Evidence) -> Reading:
        """Let the libraries in once, and return what came of it."""
        *guessed, last = self._interpreters
        for interpreter in guessed:
            reading = await self._try(interpreter, evidence)
            (first, *_) = Fact.LIBRARIES.of(reading.facts) or ()
            if first.outcome is not LibraryOutcome.NOT_INSTALLED:
                return reading
        return await self._try(last, evidence)

    async def _try(self, interpreter: Interpreter, evidence: Evidence) -> Reading:
        target = evidence.target
        process, self._started = self._started or _start(interpreter), None
        if isinstance(process, OSError):
            detail = plain(
                ": ".join(filter(None, (interpreter.path, process.strerror or str(process))))
            )
            result = LibraryResult("", LibraryOutcome.NO_INTERPRETER, detail=detail)
            return _reading(facts_of(interpreter, Output()) | {Fact.LIBRARIES: (result,)}, 0.0)
        began = time.monotonic()
        try:
            ids = _client_ids(target)
            process.connect(target.host, target.port, ids, SESSION_TIMEOUT)
            output = await asyncio.to_thread(process.collect, self._limit)
        finally:
            process.kill()
        server_version = evidence.fact(SensorName.HANDSHAKE, Fact.SERVER_VERSION)
        return _reading(facts_of(interpreter, output, server_version), time.monotonic() - began)


def _start(interpreter: Interpreter) -> LibraryProcess | OSError:
    try:
        return LibraryProcess(interpreter)
    except OSError as error:
        return error


def _client_ids(target: Target) -> list[int]:
    """Return the last of traymon's own IDs: its sessions begin with the first."""
    assert target.own_client_id is not None
    return [*islice(own_ids(target.own_client_id, target), MAX_OWN_IDS)][-MAX_IDS:]


def _reading(facts: FactDict, took: float) -> Reading:
    """Return the reading: OK if any library gets in, UNKNOWN if no verdict came."""
    results = Fact.LIBRARIES.of(facts) or ()
    outcomes = {result.outcome for result in results}
    if outcomes & LET_IN:
        symptom = Symptom.OK
    elif outcomes & KEPT_OUT:
        symptom = Symptom.NOT_LET_IN
    else:
        symptom = Symptom.UNKNOWN
    parts = (
        (f"{result.name} {result.version}".strip(), str(result.outcome), result.detail)
        for result in results
    )
    detail = "; ".join(": ".join(filter(None, part)) for part in parts)
    log.info("client library: %s", detail)
    times = [result.took for result in results if result.took] or [took]
    return Reading(ClientLibrary.name, symptom, detail, facts, took=sum(times))


async def _wait_until_served(context: SensorContext, *, served: bool) -> None:
    """Wait for a successful handshake, or for one that is not."""
    while (context.evidence.symptom(SensorName.HANDSHAKE) in SERVED) is not served:
        await context.wait_for_update()
