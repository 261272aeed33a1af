"""How long a target has not been good, over all causes.

Pure. The user is told of one outage, however often its cause changes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from traymon.core.model import Diagnosis
from traymon.core.vocabulary import Light

MAX_CAUSES = 3  # that are kept of one outage


@dataclass(frozen=True, slots=True)
class Outage:
    """The current outage, or how long the last one lasted."""

    down_since: float | None = None  # amber or red since then; None: no outage
    was_down: float | None = None  # seconds that the last one lasted, until the next one begins
    causes: tuple[Diagnosis, ...] = ()  # its first ones, each once, in order

    def update(self, shown: Diagnosis, light_since: float) -> Outage:
        """Return the record for what shows now. Grey neither begins nor ends an outage."""
        if shown.light in (Light.AMBER, Light.RED):
            if self.down_since is None:
                return Outage(down_since=light_since, causes=(shown,))
            return replace(self, causes=_with_cause(self.causes, shown))
        if shown.light is Light.GREEN and self.down_since is not None:
            was_down = max(0.0, light_since - self.down_since)
            return Outage(was_down=was_down, causes=self.causes)
        return self

    def shift(self, seconds: float) -> Outage:
        """Leave out time in which nobody watched: the machine slept, or its clock was set."""
        if self.down_since is None:
            return self
        return replace(self, down_since=self.down_since + seconds)


def _with_cause(causes: tuple[Diagnosis, ...], shown: Diagnosis) -> tuple[Diagnosis, ...]:
    if len(causes) == MAX_CAUSES or any(shown.code == cause.code for cause in causes):
        return causes
    return (*causes, shown)
