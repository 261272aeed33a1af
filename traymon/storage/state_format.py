"""The content of state.json, and of the three files that it replaced.

A value that cannot be used is logged and costs nothing but itself.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from traymon.core import ib_hours
from traymon.core.target import OwnProgram
from traymon.core.time_windows import Schedule

log = logging.getLogger(__name__)

# High, to stay clear of the IDs that people give their programs, which count up from 0.
MIN_CLIENT_ID, MAX_CLIENT_ID = 9_000, 9_900

ANY_TARGET = ""  # whose snooze it is in kept.json, which did not say

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class IbHours:
    """A contract's trading hours exactly as IB gave them."""

    days: tuple[str, ...]
    zone: str

    def schedule(self) -> Schedule:
        """Return them parsed. Raises ValueError if IB's format is not the known one."""
        return ib_hours.from_ib(self.days, self.zone)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that outlives a restart. The fields are the keys of state.json."""

    greeted: bool = False  # the user has seen the notification of the first run
    client_id: int | None = None  # of traymon's own session
    own_programs: tuple[OwnProgram, ...] = ()  # in the order in which the user marked them
    snoozed_until: Mapping[str, float] = field(default_factory=dict)  # epoch seconds, by target
    hours: Mapping[str, IbHours] = field(default_factory=dict)  # by contract


def encode(state: State) -> str:
    """Return the text of state.json; whatever is not set is left out."""
    return json.dumps({key: value for key, value in asdict(state).items() if value}, indent=2)


def decode(text: str, last: State) -> State:
    """Return the state that a text of state.json describes.

    A value that cannot be used keeps what it was in `last`. Raises ValueError if the text is not
    a JSON object.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    return _from_values(values, last)


def read_legacy(folder: Path) -> State:
    """Return what kept.json, client-id and own-programs.json hold, from before state.json."""
    kept = _read_json(folder / "kept.json")
    if not isinstance(kept, dict):
        kept = {}
    hours = {"days": kept.get("hours"), "zone": kept.get("hours_zone")}
    values = {
        "greeted": kept.get("greeted"),
        "client_id": _read_json(folder / "client-id"),
        "own_programs": _read_json(folder / "own-programs.json"),
        "snoozed_until": _unless_none(ANY_TARGET, kept.get("snoozed_until")),
        "hours": {kept["hours_of"]: hours} if isinstance(kept.get("hours_of"), str) else None,
    }
    return _from_values({key: value for key, value in values.items() if value is not None}, State())


def _unless_none(key: str, value: object) -> dict[str, object] | None:
    return None if value is None else {key: value}


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", path, error)
        return None


def _from_values(values: Mapping[str, object], last: State) -> State:
    def value(key: str, convert: Callable[[object], Value], missing: Value, bad: Value) -> Value:
        if key not in values:
            return missing
        try:
            return convert(values[key])
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            log.warning("state.json: %s cannot be used: %r", key, error)
            return bad

    none = State()
    return State(
        value("greeted", _flag, none.greeted, last.greeted),
        value("client_id", _client_id, none.client_id, last.client_id),
        value("own_programs", _own_programs, none.own_programs, last.own_programs),
        value("snoozed_until", _snoozes, none.snoozed_until, last.snoozed_until),
        value("hours", _hours, none.hours, last.hours),
    )


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _client_id(value: object) -> int:
    if not isinstance(value, int) or not MIN_CLIENT_ID <= value <= MAX_CLIENT_ID:
        raise ValueError(value)
    return value


def _own_programs(value: object) -> tuple[OwnProgram, ...]:
    return tuple(OwnProgram(str(row["exe"]), str(row["script"])) for row in _rows(value))


def _rows(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TypeError(value)
    return value


def _snoozes(value: object) -> dict[str, float]:
    return {target: _moment(until) for target, until in _table(value).items()}


def _moment(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _hours(value: object) -> dict[str, IbHours]:
    return {contract: _ib_hours(_table(hours)) for contract, hours in _table(value).items()}


def _ib_hours(value: Mapping[str, object]) -> IbHours:
    days, zone = value["days"], value["zone"]
    if not isinstance(days, list) or not isinstance(zone, str):
        raise TypeError(value)
    hours = IbHours(tuple(map(str, days)), zone)
    hours.schedule()  # raises ValueError
    return hours


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value
