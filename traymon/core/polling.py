"""How long a sensor rests between two looks.

Pure. Knows symptoms only: what touched the Gateway without being served backs off.
"""

from __future__ import annotations

from traymon.core.target import Limits
from traymon.core.vocabulary import Symptom

# Looking again at these costs the Gateway nothing: it answers, or nobody is there.
HARMLESS = frozenset(
    {Symptom.OK, Symptom.REFUSED, Symptom.NOBODY_LISTENS, Symptom.NOT_HERE, Symptom.UNKNOWN}
)
SHARE = 0.0004  # of a core: the most that one sensor's looks may cost while all is well
WATCHED = 1.0  # seconds between two harmless looks while somebody waits for the light to change
SOONEST = 2.0  # seconds between two looks of one sensor, whatever asks for them


def poll_interval(
    symptom: Symptom, looks: int, calm: bool, limits: Limits, cost: float = 0.0
) -> float:
    """Return the seconds until the sensor looks again.

    `looks`: how many looks in a row saw this symptom. `calm`: served or green, and nothing leans.
    `cost`: seconds of CPU that the look took; what costs much rests longer while all is well.
    """
    if symptom in HARMLESS:
        return max(limits.interval, cost / SHARE) if calm else limits.quick
    doublings = min(looks - 1, 30)  # a float's worth; far beyond any bound
    return min(limits.quick * 2.0**doublings, max(limits.backoff, limits.quick))


def reading_ttl(pause: float, limits: Limits) -> float:
    """Return the seconds for which a reading counts: two rests, and two looks that run long."""
    return 2 * pause + 4 * limits.timeout
