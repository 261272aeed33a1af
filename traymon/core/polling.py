"""How often a sensor is polled, and for how long its reading counts.

Pure. Knows symptoms only: whatever touches the Gateway without being served backs off.
"""

from __future__ import annotations

from traymon.core.target import Limits
from traymon.core.vocabulary import DIALOGS, LOGIN_PHASES, Symptom

# Polling again costs the Gateway nothing: it answers, or nobody is there.
HARMLESS = LOGIN_PHASES | {
    *(Symptom.OK, Symptom.REFUSED, Symptom.NOBODY_LISTENS, Symptom.NOT_HERE, Symptom.UNKNOWN),
}
# What a window of TWS shows while the API is not served. Another one may open at any moment, and a
# look at the screen costs little.
ON_SCREEN = DIALOGS | {
    *(Symptom.TWO_FACTOR_PENDING, Symptom.LOGIN_REFUSED, Symptom.RESTARTING_ITSELF),
}
MAX_CPU_SHARE = 0.0004  # of one core, for one sensor while all is well
MIN_INTERVAL = 2.0  # seconds between two polls of one sensor, whatever asks for them
VIEWER_INTERVAL = 1.0  # seconds between harmless polls while somebody waits for the light to change
MAX_DOUBLINGS = 30  # far beyond any backoff, and within a float


def poll_interval(
    symptom: Symptom, streak: int, calm: bool, limits: Limits, cost: float = 0.0
) -> float:
    """Return the seconds until a sensor is polled again.

    `streak`: consecutive readings with this symptom. `calm`: served or green, and no change is
    pending. `cost`: seconds of CPU that the poll took; expensive polls are rarer while calm.
    """
    if symptom in ON_SCREEN:
        return MIN_INTERVAL
    if symptom in HARMLESS:
        return max(limits.interval, cost / MAX_CPU_SHARE) if calm else limits.quick
    doublings = min(streak - 1, MAX_DOUBLINGS)
    return min(limits.quick * 2.0**doublings, max(limits.backoff, limits.quick))


def reading_ttl(interval: float, limits: Limits) -> float:
    """Return the seconds for which a reading counts: two intervals and two slow polls."""
    return 2 * interval + 4 * limits.timeout
