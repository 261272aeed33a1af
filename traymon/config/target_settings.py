"""What the values of a target mean: parsed settings, the target itself and its calendar.

Every mistake is told at once. Does not look at ports or programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from traymon.config import ib_resets
from traymon.config.in_force import TargetConfig, Value
from traymon.config.layers import CLIENT_ID_KEY, Entry, Layers
from traymon.config.schema import FIELDS, MAX_CLIENT_ID, SECRET, Settings, allowed
from traymon.core import time_windows
from traymon.core.addresses import is_loopback
from traymon.core.calendar import Calendar
from traymon.core.programs import GRACE
from traymon.core.target import Limits, Target
from traymon.errors import ConfigError, Mistake

MAX_RANGE = 100  # client IDs in one range
MAX_IDS = 1_000  # client IDs in all; TWS serves 32 at a time
NAMELESS = "TWS / IB Gateway"


def read_target(layers: Layers, entry: Entry, own_folder: Path) -> tuple[Settings, TargetConfig]:
    """Return the parsed settings of a target, and what follows from them.

    Raises ConfigError with every mistake.
    """
    values, mistakes = layers.values, [*layers.mistakes]
    client_ids = _client_ids(values, mistakes)
    settings = parse(values, mistakes)
    if settings is not None:
        _check_together(settings, values, mistakes)
    if settings is not None and settings.own_client_id in client_ids:
        own = values["TRAYMON_CLIENT_ID"]
        problem = "must not be a client ID of your trading programs"
        mistakes.append(Mistake(own.source, "TRAYMON_CLIENT_ID", own.text, problem))
    if mistakes or settings is None:
        order = {key: number for number, key in enumerate(values)}  # as in the file
        raise ConfigError(sorted(mistakes, key=lambda mistake: order.get(mistake.key, -1)))
    mode = layers.trading_mode
    target = _target(settings, client_ids, entry, own_folder, "" if mode is None else mode.text)
    wants_session = settings.session == "hold"
    calendar = _calendar(settings, own_folder)
    return settings, TargetConfig(target, calendar, values, entry.env_file, wants_session, mode)


def parse(values: Mapping[str, Value], mistakes: list[Mistake]) -> Settings | None:
    """Return the parsed settings; None, with every mistake noted, if there are any."""
    try:
        return Settings.model_validate(
            {key: value.text for key, value in values.items() if key in FIELDS}
        )
    except ValidationError as error:
        for key, fault in {str(fault["loc"][0]): fault for fault in error.errors()}.items():
            value = values[key]
            shown = "" if key in SECRET else value.text
            mistakes.append(Mistake(value.source, key, shown, _problem(key, fault)))
        return None


def _check_together(
    settings: Settings, values: Mapping[str, Value], mistakes: list[Mistake]
) -> None:
    """Note the settings that do not go with each other."""
    if settings.hours == "auto" and settings.session == "off":
        value, problem = values["TRAYMON_HOURS"], "auto needs traymon's session, which is off"
        hint = "set TRAYMON_SESSION=hold, or write the hours yourself"
        mistakes.append(Mistake(value.source, "TRAYMON_HOURS", value.text, problem, hint))
    if settings.tws_settings and settings.session == "off":
        value, problem = values["TRAYMON_TWS_SETTINGS"], "yes needs traymon's session, which is off"
        hint = "set TRAYMON_SESSION=hold, or remove this line"
        mistakes.append(Mistake(value.source, "TRAYMON_TWS_SETTINGS", value.text, problem, hint))
    if settings.port is None and not is_loopback(settings.host):
        value = values["IB_HOST"]
        hint = "ports are detected on this computer only; add a line such as IB_PORT=7497"
        mistakes.append(Mistake(value.source, "IB_PORT", "", "must be set for this IB_HOST", hint))


def _problem(key: str, fault: ErrorDetails) -> str:
    """Return what the setting's own parser complains about, else what is allowed."""
    words = str(fault.get("ctx", {}).get("error", ""))
    return f"must be {allowed(key)}" if words in ("", time_windows.HOW_WRITTEN) else words


def _calendar(settings: Settings, own_folder: Path) -> Calendar:
    """Return all time windows. Raises ConfigError if reset_windows.toml cannot be used."""
    return Calendar(
        reset=ib_resets.read(settings.region, own_folder),
        maintenance=settings.maintenance,
        quiet=settings.quiet,
        hours=settings.hours if isinstance(settings.hours, time_windows.Schedule) else None,
    )


def _client_ids(values: Mapping[str, Value], mistakes: list[Mistake]) -> tuple[int, ...]:
    """Return the client IDs of all roles, sorted, each once."""
    found: set[int] = set()
    for key, value in values.items():
        if not CLIENT_ID_KEY.fullmatch(key):
            continue
        try:
            found.update(parse_client_ids(value.text))
        except ValueError as error:
            mistakes.append(Mistake(value.source, key, value.text, f"must be {error}"))
    return tuple(sorted(found))


def parse_client_ids(text: str) -> set[int]:
    """Return the IDs in `10`, `10,11` or `10-12`. Raises ValueError with what is allowed."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part)
        first = int(match[1]) if match else -1
        last = int(match[2]) if match and match[2] else first
        if not match or last < first or last > MAX_CLIENT_ID or last - first >= MAX_RANGE:
            raise ValueError("a number, a list like 10,11 or a range like 10-12")
        found.update(range(first, last + 1))
        if len(found) > MAX_IDS:
            raise ValueError(f"at most {MAX_IDS} client IDs")
    return found


def _target(
    settings: Settings,
    client_ids: tuple[int, ...],
    entry: Entry,
    own_folder: Path,
    trading_mode: str,
) -> Target:
    path = entry.env_file
    return Target(
        name=settings.name or project_of(path, own_folder) or NAMELESS,
        host=settings.host,
        port=settings.port or Target("").port,
        discovered=settings.port is None,
        forwarded=settings.forwarded,
        client_ids=client_ids,
        account=settings.account,
        trading_mode=trading_mode,
        own_client_id=settings.own_client_id if settings.session == "hold" else None,
        try_ids=settings.client_id_check != "off",
        try_ids_every=60.0 * check if isinstance(check := settings.client_id_check, int) else 0.0,
        hours_contract=settings.hours_contract if settings.hours == "auto" else "",
        program_grace=_program_grace(settings),
        tws_settings=settings.tws_settings,
        env_file=str(path.absolute()) if path else "",
        muted=entry.muted,
        limits=Limits(**{row.name: getattr(settings, row.name) for row in fields(Limits)}),
    )


def project_of(env_file: Path | None, own_folder: Path) -> str:
    """Return the trading project that a `.env` belongs to: its folder's name; "" if none."""
    if env_file is None or env_file.parent == own_folder:
        return ""
    folder = env_file.absolute().parent.name
    return folder if folder.isprintable() else ""


def _program_grace(settings: Settings) -> float | None:
    """Return the seconds that a program has to reconnect; None if programs are not watched."""
    if settings.programs == "off":
        return None
    return GRACE if settings.programs == "on" else 60.0 * settings.programs
