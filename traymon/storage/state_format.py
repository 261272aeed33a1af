"""The content of state.json, and of the three files that it replaced.

A value that cannot be used is logged and costs nothing but itself, be it one of a list.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from traymon.core import ib_hours
from traymon.core.drill import DrillRecord, Proof
from traymon.core.programs import Expectation
from traymon.core.releases import version_of
from traymon.core.target import OwnProgram
from traymon.core.time_windows import Schedule
from traymon.storage.files import read_file

log = logging.getLogger(__name__)

# High, to stay clear of the IDs that people give their programs, which count up from 0.
MIN_CLIENT_ID, MAX_CLIENT_ID = 9_000, 9_900

MAX_SIZE = 1_000_000  # bytes; hours and programs of years are a tenth of it
MAX_DEPTH = 6  # of values within values; ours have five
MAX_DIGITS = 300  # of a whole number; no float has more
MAX_KEY = 100  # characters; ours has 43
MAX_SNOOZE = 31 * 86_400.0  # seconds; the market never stays closed for longer

MAX_TIME = 253_402_300_799.0  # the end of the year 9999, in epoch seconds

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
    # epoch seconds, by `name host:port` of the target; older versions wrote the name alone
    snoozed_until: Mapping[str, float] = field(default_factory=dict)
    muted: tuple[str, ...] = ()  # `name host:port` of the targets that the user has muted
    hours: Mapping[str, IbHours] = field(default_factory=dict)  # by contract
    programs: Mapping[str, Expectation] = field(default_factory=dict)  # by the program's key
    drill: DrillRecord | None = None  # None: none was ever wanted
    calendar_key: str = ""  # opens the calendar for programs that subscribe to it; "": none made
    release_asked_at: float = 0.0  # epoch seconds
    newest_release: str = ""  # of traymon; a version


def encode(state: State) -> str:
    """Return the text of state.json; whatever is not set is left out."""
    return json.dumps({key: value for key, value in asdict(state).items() if value}, indent=2)


def decode(text: str, last: State, now: float) -> State:
    """Return the state that a text of state.json describes.

    A value that cannot be used keeps what it was in `last`. Raises ValueError if the text is not
    a JSON object.
    """
    values = _parse(text)
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    return _from_values(values, last, now)


def read_legacy(folder: Path, now: float) -> State:
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
    values = {key: value for key, value in values.items() if value is not None}
    return _from_values(values, State(), now)


def _unless_none(key: str, value: object) -> dict[str, object] | None:
    return None if value is None else {key: value}


def _read_json(path: Path) -> object:
    try:
        return _parse(read_file(path, MAX_SIZE).decode("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", path, error)
        return None


def _parse(text: str) -> object:
    """Return the values of a JSON text, those within too many others as null.

    Raises ValueError.
    """
    return json.loads(_without_deep_values(text), parse_int=_parse_int)


def _without_deep_values(text: str) -> str:
    """Return a JSON text with null in place of what lies too deep: the parser is recursive."""
    kept: list[str] = []
    depth = end = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text, re.DOTALL):
        if match[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept.append(text[end : match.start()])
        elif match[0] in "]}":
            depth -= 1
            if depth == MAX_DEPTH:
                kept.append("null")
                end = match.end()
    return "".join((*kept, text[end:])) if depth <= MAX_DEPTH else "".join(kept)


def _parse_int(digits: str) -> float:
    """Return a whole number; infinity, as for a float, if it has too many digits."""
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def _from_values(values: Mapping[str, object], last: State, now: float) -> State:
    """Return the state; a value that cannot be used is what it was in `last`."""
    greeted, client_id, own_programs = last.greeted, last.client_id, last.own_programs
    if (flag := _convert("greeted", _flag, values.get("greeted", False))) is not None:
        greeted = flag
    if (own := values.get("client_id")) is None:
        client_id = None
    elif (chosen := _convert("client_id", _client_id, own)) is not None:
        client_id = chosen
    if (rows := _convert("own_programs", _list, values.get("own_programs", []))) is not None:
        programs = [_convert("one of own_programs", _own_program, row) for row in rows]
        usable = tuple(program for program in programs if program is not None)
        own_programs = usable if usable or not rows else own_programs
    muted = _convert("muted", _names, values.get("muted", []))
    drill = last.drill
    if (kept := values.get("drill")) is None:
        drill = None
    elif (record := _convert("drill", _drill, kept)) is not None:
        drill = record
    key = _convert("calendar_key", _key, values.get("calendar_key", ""))
    asked_at = _convert("release_asked_at", _past, values.get("release_asked_at", 0.0))
    newest = _convert("newest_release", _version, values.get("newest_release", ""))
    return State(
        greeted,
        client_id,
        own_programs,
        _convert_table(values, "snoozed_until", partial(_moment, now=now), last.snoozed_until),
        last.muted if muted is None else muted,
        _convert_table(values, "hours", _ib_hours, last.hours),
        _convert_table(values, "programs", _expectation, last.programs),
        drill,
        last.calendar_key if key is None else key,
        last.release_asked_at if asked_at is None else asked_at,
        last.newest_release if newest is None else newest,
    )


def _convert_table(
    values: Mapping[str, object],
    key: str,
    convert: Callable[[object], Value],
    last: Mapping[str, Value],
) -> Mapping[str, Value]:
    """Return the table under a key; each of its values that cannot be used is as in `last`."""
    table = _convert(key, _table, values.get(key, {}))
    if table is None:
        return last
    converted = {
        name: last.get(name) if (usable := _convert(key, convert, value)) is None else usable
        for name, value in table.items()
    }
    return {name: value for name, value in converted.items() if value is not None}


def _convert(key: str, convert: Callable[[object], Value], value: object) -> Value | None:
    """Return a converted value; None, which is logged, if it cannot be used."""
    try:
        return convert(value)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        log.warning("state.json: %s cannot be used: %r", key, error)
        return None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _client_id(value: object) -> int:
    if not isinstance(value, int) or not MIN_CLIENT_ID <= value <= MAX_CLIENT_ID:
        raise ValueError(value)
    return value


def _key(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(rf"[\w-]{{0,{MAX_KEY}}}", value, re.ASCII):
        raise ValueError("not a key")  # which the log must not show
    return value


def _own_program(value: object) -> OwnProgram:
    row = _table(value)
    exe, script = row["exe"], row["script"]
    if not isinstance(exe, str) or not isinstance(script, str):
        raise TypeError(value)
    return OwnProgram(exe, script)


def _expectation(value: object) -> Expectation:
    return Expectation(str(value))


def _moment(value: object, now: float) -> float:
    """Return when a snooze ends. Nobody can choose one that is longer than MAX_SNOOZE."""
    if not isinstance(value, int | float) or not 0 <= value <= now + MAX_SNOOZE:
        raise ValueError(value)
    return float(value)


def _past(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(value)
    return float(value)


def _version(value: object) -> str:
    version = version_of(value)
    if value and not version:
        raise ValueError(value)
    return version


def _ib_hours(value: object) -> IbHours:
    table = _table(value)
    zone = table["zone"]
    if not isinstance(zone, str):
        raise TypeError(value)
    hours = IbHours(tuple(map(str, _list(table["days"]))), zone)
    hours.schedule()  # raises ValueError
    return hours


def _drill(value: object) -> DrillRecord:
    row = _table(value)
    channels = {name: _proof(one) for name, one in _table(row.get("channels", {})).items()}
    return DrillRecord(_time(row["since"]), _time_or_none(row.get("last")), channels)


def _proof(value: object) -> Proof:
    row, why = _table(value), _table(value).get("why", "")
    if not isinstance(why, str):
        raise TypeError(value)
    sent, proven, failed = (_time_or_none(row.get(name)) for name in ("sent", "proven", "failed"))
    return Proof(_time(row["since"]), sent, proven, failed, why)


def _time(value: object) -> float:
    """Return a moment in epoch seconds that can be shown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    if not 0 <= value <= MAX_TIME:
        raise ValueError(value)
    return float(value)


def _time_or_none(value: object) -> float | None:
    return None if value is None else _time(value)


def _names(value: object) -> tuple[str, ...]:
    names = _list(value)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(value)
    return tuple(map(str, names))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value
