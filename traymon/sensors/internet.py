"""Check whether this machine reaches anything outside itself, once TWS reports a lost link.

Contacts no third party: the route lookup sends no packet, and the only query goes to the system's
own name server.
"""

from __future__ import annotations

import asyncio
import socket
import time

from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom

OUTSIDE_ADDRESS = "192.0.2.1"  # reserved for documentation (RFC 5737); no machine has it
IB_HOST = "gdc1.ibllc.com"  # a name that TWS itself resolves; only the name server is queried
NAME_SERVER_TIMEOUT = 4.0  # seconds
# getaddrinfo errors that mean the name server did answer, even if with "no such name".
ANSWERED = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Internet:
    """Checks only while TWS reports that it has lost IB's servers."""

    name = SensorName.INTERNET

    async def poll(self, evidence: Evidence) -> Reading:
        """Look up a route and a name, if there is a reason to."""
        if evidence.symptom(SensorName.LINK) is not Symptom.LINK_DOWN:
            return Reading(self.name, Symptom.UNKNOWN, "not checked: no sign of trouble")
        started = time.monotonic()
        if not has_route():
            return Reading(self.name, Symptom.OFFLINE, "no route to the internet")
        answered = await name_server_answers()
        took = time.monotonic() - started
        if not answered:
            return Reading(self.name, Symptom.OFFLINE, "no reply from the name server", took=took)
        return Reading(self.name, Symptom.OK, "route and name server are fine", took=took)


def has_route() -> bool:
    """Return whether the system has a route to the outside. A UDP connect sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((OUTSIDE_ADDRESS, 9))
        except OSError:
            return False
    return True


async def name_server_answers() -> bool:
    """Return whether the system's name server answers a query, whatever the answer is."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(NAME_SERVER_TIMEOUT):
            await loop.getaddrinfo(IB_HOST, None)
    except TimeoutError:
        return False
    except socket.gaierror as error:
        return error.errno in ANSWERED
    return True
