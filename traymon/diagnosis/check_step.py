"""One step of `traymon check`, as every surface shows it. Frozen values only."""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.vocabulary import Light


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """One finding of a step."""

    light: Light
    finding: str
    blocks: bool = False  # a trading program must not get past it, although it is only amber


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step: green passed, amber passed with a reservation, red failed, grey not reached."""

    name: str  # as in `traymon check port`
    title: str
    light: Light
    finding: str
    took: float | None = None  # seconds
    details: tuple[CheckDetail, ...] = ()
    blocks: bool = False  # a trading program cannot or must not get past it, though only amber
    skipped: bool = False  # it cannot be looked at here, and keeps no program waiting

    @property
    def passed(self) -> bool:
        """Whether a trading program gets past this step."""
        return self.light in (Light.GREEN, Light.AMBER) and not self.blocks
