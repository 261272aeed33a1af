"""What outlives a restart: the user's snooze, the trading hours that IB gave, a first greeting."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from traymon.core import ib_hours, time_windows

log = logging.getLogger(__name__)


class StateStore:
    """A small file in a folder. What cannot be read counts as not there, and is logged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "kept.json"
        self._values = self._read()
        self._refused: tuple[Sequence[str], str] | None = None

    def snoozed_until(self) -> float | None:
        """Return until when nothing shall be told, epoch seconds; None where nobody asked."""
        until = self._values.get("snoozed_until")
        return float(until) if isinstance(until, int | float) else None

    def keep_snooze(self, until: float | None) -> None:
        """Keep until when nothing shall be told."""
        self._put({"snoozed_until": until})

    def mark_first_run(self) -> bool:
        """Tell whether this is the first time that it is asked."""
        return self._put({"greeted": True})

    def hours(self, contract: str) -> time_windows.Schedule | None:
        """Return the trading hours that IB gave last for a contract; None where it gave none."""
        if self._values.get("hours_of") != contract:
            return None
        try:
            return ib_hours.from_ib(self._values["hours"], self._values["hours_zone"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("the trading hours that were kept cannot be used: %s", error)
            return None

    def keep_hours(self, contract: str, days: Sequence[str], zone: str) -> bool:
        """Keep the trading hours as IB gave them; return whether they are new.

        Hours that cannot be used are not kept, so that those of before go on to count.
        """
        try:
            ib_hours.from_ib(days, zone)
            if not days:
                raise ValueError("an empty list of days")
        except ValueError as error:
            if (days, zone) != self._refused:  # told once, not with every status
                self._refused = (days, zone)
                log.warning("IB's trading hours of %s cannot be used: %s", contract, error)
            return False
        return self._put({"hours_of": contract, "hours": list(days), "hours_zone": zone})

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return {}
        return values if isinstance(values, dict) else {}

    def _put(self, values: dict[str, Any]) -> bool:
        after = self._values | values
        if after == self._values:
            return False
        self._values = after
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(after), encoding="utf-8")
            os.replace(fresh, self._path)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
        return True
