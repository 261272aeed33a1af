"""What a sensor that stays with a target sees of its watch."""

from __future__ import annotations

from typing import Protocol

from traymon.core.model import Evidence, Reading


class View(Protocol):
    """What a sensor that pushes its readings sees of its watch."""

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""

    @property
    def asked(self) -> int:
        """How often the user has asked to look now."""

    def post(self, reading: Reading) -> None:
        """Put a reading into the evidence at once."""

    async def news(self) -> None:
        """Wait for the next reading of any sensor, or until the user asks to look now."""
