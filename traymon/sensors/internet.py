"""Does this machine reach anything outside it? Asked of the system, and only on a suspicion.

No third party's host is contacted: a route is looked up without sending a packet, and the only
question goes to the name server that the system itself uses.
"""

from __future__ import annotations

import asyncio
import socket
import time

from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.connection_registry import ConnectionRegistry

OUTSIDE = "192.0.2.1"  # RFC 5737: an address for documentation, that no machine has
IB_NAME = "gdc1.ibllc.com"  # what TWS itself looks up; only the name server is asked
NAME_SERVER_TIMEOUT = 4.0  # seconds
# what getaddrinfo says when the name server answered, if only with "no such name"
ANSWERED = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Internet:
    """Looks only while TWS says that it has lost IB's servers."""

    name = SensorName.INTERNET

    def __init__(self, connections: ConnectionRegistry) -> None:
        """Opens no connection, so that there are no ports of its own."""

    async def poll(self, evidence: Evidence) -> Reading:
        """Ask for a route and for a name, where there is a reason to."""
        if evidence.symptom(SensorName.LINK) is not Symptom.LINK_DOWN:
            return Reading(self.name, Symptom.UNKNOWN, "not asked: no sign of trouble")
        started = time.monotonic()
        if not has_route():
            return Reading(self.name, Symptom.OFFLINE, "no route leads outside this machine")
        answered = await name_server_answers()
        took = time.monotonic() - started
        if not answered:
            return Reading(self.name, Symptom.OFFLINE, "no name server answers", took=took)
        return Reading(self.name, Symptom.OK, "a route and a name server are there", took=took)


def has_route() -> bool:
    """Tell whether the system knows a way outside. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((OUTSIDE, 9))
        except OSError:
            return False
    return True


async def name_server_answers() -> bool:
    """Tell whether the system's name server says anything at all about a name."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(NAME_SERVER_TIMEOUT):
            await loop.getaddrinfo(IB_NAME, None)
    except TimeoutError:
        return False
    except socket.gaierror as error:
        return error.errno in ANSWERED
    return True
