"""How long a target has not been good, over all causes.

Pure. The user is told of one outage, however often its cause changes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from traymon.core.vocabulary import Light


@dataclass(frozen=True, slots=True)
class Outage:
    """The current outage, or how long the last one lasted."""

    down_since: float | None = None  # amber or red since then; None: no outage
    was_down: float | None = None  # seconds that the last one lasted, until the next one begins

    def update(self, light: Light, light_since: float) -> Outage:
        """Return the record for the light that shows. Grey neither begins nor ends an outage."""
        if light in (Light.AMBER, Light.RED) and self.down_since is None:
            return Outage(down_since=light_since)
        if light is Light.GREEN and self.down_since is not None:
            return Outage(was_down=max(0.0, light_since - self.down_since))
        return self

    def shift(self, seconds: float) -> Outage:
        """Leave out time in which nobody watched: the machine slept, or its clock was set."""
        if self.down_since is None:
            return self
        return replace(self, down_since=self.down_since + seconds)
