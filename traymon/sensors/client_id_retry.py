"""When IDs that the user's programs cannot have are probed again.

Pure. They may be free by then: TWS can go on counting a client that has gone. And a clash whose
holder has left is over only when the ID was free in a probe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from traymon.core.target import IdUse
from traymon.core.vocabulary import Use
from traymon.sensors.client_id_report import BAD_USES

MAX_RETRY_DELAY = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Retry:
    """The IDs to probe again, and when."""

    client_ids: tuple[int, ...]
    at: float  # monotonic
    delay: float
    outdated: bool = False  # who is connected has changed since an ID was found to be bad

    def next(self, now: float) -> Retry:
        """Return the retry that follows this one."""
        delay = min(self.delay * 2, MAX_RETRY_DELAY)
        return replace(self, at=now + delay, delay=delay)


def plan_retry(
    before: Retry | None, usage: tuple[IdUse, ...], now: float, delay: float
) -> Retry | None:
    """Return the retry for the current usage; it starts over if the IDs are not the same.

    `delay`: seconds until the first retry; doubles with each.
    """
    known = () if before is None else before.client_ids
    outdated = {use.client_id for use in usage if use.use is Use.UNKNOWN and use.client_id in known}
    bad = tuple(u.client_id for u in usage if u.use in BAD_USES or u.client_id in outdated)
    if not bad:
        return None
    if before is None or bad != known:
        return Retry(bad, now + delay, delay, bool(outdated))
    return replace(before, outdated=bool(outdated))
