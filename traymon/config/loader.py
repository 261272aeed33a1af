"""Load the settings: command line over environment over `.env` over default.

Keeps where each value came from, and reports every mistake at once. Does not look at ports or
programs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Literal

from platformdirs import user_config_path
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from traymon.config import dotenv_file, ib_resets
from traymon.config.in_force import Config, OwnSettings, TargetConfig, Value
from traymon.config.schema import FIELDS, MAX_CLIENT_ID, SECRET, Settings, allowed, default_text
from traymon.core import time_windows
from traymon.core.addresses import ListenAddress, is_loopback
from traymon.core.alerts import Secret
from traymon.core.calendar import Calendar
from traymon.core.programs import GRACE
from traymon.core.target import Limits, Target, mask_account
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import lies_at

CLIENT_ID_KEY = re.compile(r"IB_(?:[A-Z0-9_]+_)?CLIENT_IDS?")
# Which login the widespread Docker images of TWS and Gateway start. Not ours: never a mistake.
TRADING_MODE, TRADING_MODES = "TRADING_MODE", ("paper", "live")
SECRET_KEY = re.compile("TOKEN|SECRET|PASSW", re.IGNORECASE)  # misspelt ones as well
MAX_RANGE = 100  # client IDs in one range
MAX_IDS = 1_000  # client IDs in all; TWS serves 32 at a time
MAX_HINTS = 100  # mistakes for which a similar key is looked for, which takes a moment


def _tail(key: str) -> str:
    return key.partition("_")[2]


# For "did you mean": compared without IB_ and TRAYMON_, which would make all keys look similar.
BY_TAIL = {_tail(key): key for key in FIELDS}


def load(
    env_file: Path | None = None,
    *,
    environ: Mapping[str, str],
    folder: Path,
    options: Mapping[str, str | None] | None = None,
) -> Config:
    """Return the configuration in force.

    Without `env_file` the first of `folder/.env` and the one in the user's configuration folder
    is read. `options` are the keys that were set on the command line: `{"IB_PORT": "7497"}`.
    Raises ConfigError with every mistake.
    """
    path = env_file or _first_file(*files(None, folder)[:-1])
    file = None if path is None else dotenv_file.read(path, environ)
    mistakes = [] if file is None else [*_unreadable_lines(file), *_quoted_lines(file)]
    values: dict[str, Value] = {}
    for key, value in (file.values if file else {}).items():
        if file is not None and _is_ours(key):
            if value is None:
                problem = "has no value; write KEY=value"
                mistakes.append(Mistake(file.where(key), key, "", problem))
            elif value.strip():  # in a template, `IB_PORT=` means: not set
                values[key] = Value(value.strip(), file.where(key))
    for key, value in environ.items():
        if _is_ours(key) and value.strip():
            values[key] = Value(value.strip(), "environment")
    for key, value in (options or {}).items():
        if value is not None:
            values[key] = Value(value, "command line")

    mistakes += [] if file is None else _incomplete_values(file, values)
    mistakes += _unknown_keys(values)
    client_ids = _client_ids(values, mistakes)
    settings = _settings(values, mistakes)
    if settings is not None and settings.own_client_id in client_ids:
        own, problem = (
            values["TRAYMON_CLIENT_ID"],
            "must not be a client ID of your trading programs",
        )
        mistakes.append(Mistake(own.source, "TRAYMON_CLIENT_ID", own.text, problem))
    if mistakes or settings is None:
        order = {key: number for number, key in enumerate(values)}  # as in the file
        raise ConfigError(sorted(mistakes, key=lambda mistake: order.get(mistake.key, -1)))
    mode = _trading_mode(file, environ)
    target = _target(settings, client_ids, path, "" if mode is None else mode.text)
    kept = OwnSettings(**{row.name: getattr(settings, row.name) for row in fields(OwnSettings)})
    wants_session = settings.session == "hold"
    watched = TargetConfig(target, _calendar(settings), values, path, wants_session, mode)
    return Config(kept, (watched,))


def files(env_file: Path | None, folder: Path) -> tuple[Path, ...]:
    """Return the files that `load` looks at, be they there or not."""
    own = user_config_path("traymon")
    found = (folder / ".env", own / ".env") if env_file is None else (env_file,)
    return *found, own / ib_resets.NAME


def _first_file(*paths: Path) -> Path | None:
    """Return the first of the files that lies there; one that cannot be read is not passed over."""
    return next(filter(lies_at, paths), None)


def _is_ours(key: str) -> bool:
    """Tell whether a key is meant for traymon, unlike another program's `IB_GATEWAY_VERSION`."""
    ours = key.upper().startswith("TRAYMON_")
    return ours or key in FIELDS or bool(CLIENT_ID_KEY.fullmatch(key))


def _trading_mode(file: dotenv_file.EnvFile | None, environ: Mapping[str, str]) -> Value | None:
    """Return what TRADING_MODE says, in the environment or the file, if it is paper or live."""
    found = [(environ.get(TRADING_MODE), "environment")]
    if file is not None and TRADING_MODE in file.values:
        found.append((file.values[TRADING_MODE], file.where(TRADING_MODE)))
    values = (Value((text or "").strip().lower(), source) for text, source in found)
    return next((value for value in values if value.text in TRADING_MODES), None)


def _unreadable_lines(file: dotenv_file.EnvFile) -> Iterator[Mistake]:
    for number, line in file.unreadable:
        if _names_our_key(line):
            text = line.removeprefix("export ").lstrip()
            yield Mistake(f"{file.path}, line {number}", _line(text), "", "is not a KEY=value line")


def _quoted_lines(file: dotenv_file.EnvFile) -> Iterator[Mistake]:
    for number, line, opened in file.quoted:
        if "=" in line and _names_our_key(line):
            problem = f"is part of the quotes that line {opened} opens; close them there"
            yield Mistake(f"{file.path}, line {number}", _line(line.strip()), "", problem)


def _line(line: str) -> str:
    """Return a line as it may be shown: of one with a secret only the key."""
    key = re.split(r"\W", line, maxsplit=1)[0]
    return f"{key}=***" if _is_secret(key) else line


def _names_our_key(line: str) -> bool:
    text = line.strip().removeprefix("export ").lstrip()
    return _is_ours(re.split(r"\W", text, maxsplit=1)[0])


def _incomplete_values(file: dotenv_file.EnvFile, values: dict[str, Value]) -> Iterator[Mistake]:
    """Yield and leave out the values that `${NAME}` spoils, unless another one beats them."""
    for key, problem in file.incomplete.items():
        value = Value(file.values[key] or "", file.where(key))
        if _is_ours(key) and values.get(key, value).source == value.source:
            values.pop(key, None)
            hint = "write ${NAME:-} if it may be empty"
            yield Mistake(value.source, key, _masked(key, value.text).strip(), problem, hint)


def _unknown_keys(values: Mapping[str, Value]) -> Iterator[Mistake]:
    unknown = [key for key in values if key not in FIELDS and not CLIENT_ID_KEY.fullmatch(key)]
    for number, key in enumerate(unknown):
        value, near = values[key], []
        if number < MAX_HINTS:
            near = difflib.get_close_matches(_tail(key.upper()), BY_TAIL, n=1)
        hint = f"did you mean {BY_TAIL[near[0]]}?" if near else "traymon config lists every setting"
        yield Mistake(value.source, key, _masked(key, value.text), "no such setting", hint)


def _settings(values: Mapping[str, Value], mistakes: list[Mistake]) -> Settings | None:
    try:
        settings = Settings.model_validate(
            {key: value.text for key, value in values.items() if key in FIELDS}
        )
    except ValidationError as error:
        for key, fault in {str(fault["loc"][0]): fault for fault in error.errors()}.items():
            value = values[key]
            shown = _masked(key, value.text)
            mistakes.append(Mistake(value.source, key, shown, _problem(key, fault)))
        return None
    if _is_reached_by_others(settings.metrics) and not settings.metrics_token:
        value, problem = values["TRAYMON_METRICS"], "other computers reach this address"
        hint = "add TRAYMON_METRICS_TOKEN, or write the port alone"
        mistakes.append(Mistake(value.source, "TRAYMON_METRICS", value.text, problem, hint))
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
    return settings


def _is_reached_by_others(metrics: ListenAddress | Literal["off"]) -> bool:
    return isinstance(metrics, ListenAddress) and not is_loopback(metrics.host)


def _problem(key: str, fault: ErrorDetails) -> str:
    """Return what the setting's own parser complains about, else what is allowed."""
    words = str(fault.get("ctx", {}).get("error", ""))
    return f"must be {allowed(key)}" if words in ("", time_windows.HOW_WRITTEN) else words


def _calendar(settings: Settings) -> Calendar:
    """Return all time windows. Raises ConfigError if reset_windows.toml cannot be used."""
    return Calendar(
        reset=ib_resets.read(settings.region, user_config_path("traymon")),
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
    settings: Settings, client_ids: tuple[int, ...], path: Path | None, trading_mode: str
) -> Target:
    project = ""
    if path is not None and path.parent != user_config_path("traymon"):
        folder = path.absolute().parent.name
        project = folder if folder.isprintable() else ""
    return Target(
        name=settings.name or project or "TWS / IB Gateway",
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
        limits=Limits(**{row.name: getattr(settings, row.name) for row in fields(Limits)}),
    )


def _program_grace(settings: Settings) -> float | None:
    """Return the seconds that a program has to reconnect; None if programs are not watched."""
    if settings.programs == "off":
        return None
    return GRACE if settings.programs == "on" else 60.0 * settings.programs


def listing(config: TargetConfig) -> Iterator[tuple[str, str, str]]:
    """Yield (key, value, source) of every setting of a target, without secrets."""
    given = [key for key in config.values if key not in FIELDS]
    for key in (*FIELDS, *given):
        if key in config.values:
            value = config.values[key]
            yield key, _masked(key, value.text), value.source
        else:
            yield key, default_text(key), "default"
    if config.trading_mode is not None:
        yield TRADING_MODE, config.trading_mode.text, config.trading_mode.source


def _is_secret(key: str) -> bool:
    return key in SECRET or SECRET_KEY.search(key) is not None


def _masked(key: str, text: str) -> str:
    """Return a value as it may be shown: secrets never, account numbers masked."""
    if _is_secret(key):
        return str(Secret(text))
    return mask_account(text) if key == "IB_ACCOUNT" else text
