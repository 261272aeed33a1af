"""What the commands about the past share: whose history they read, and from when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from traymon.cli.common import Exit, load, open_state, read_settings, usage_error
from traymon.cli.own_command import own_commands
from traymon.cli.settings_process import SettingsRequest
from traymon.core.calendar import Calendar
from traymon.core.history import HistoryError, HistoryReader
from traymon.diagnosis.fix_pages import clean
from traymon.errors import ConfigError

if TYPE_CHECKING:
    from traymon.config.in_force import Config, TargetConfig
    from traymon.ui.history_record import Record

DAY = 86_400.0  # seconds
DEFAULT_DAYS, MAX_DAYS = 7, 731  # the history keeps two years
SINCE_EXAMPLES = "2026-11-20 or 2026-11-20T03:12"

TargetName = Annotated[
    str | None,
    typer.Option("--target", help="The target's name, if there are several.", metavar="<name>"),
]
Days = Annotated[
    int | None, typer.Option("--days", help="How many days (7).", metavar="<n>", show_default=False)
]
Since = Annotated[
    str | None,
    typer.Option("--since", help="From when on, such as 2026-11-20.", metavar="<time>"),
]


@dataclass(frozen=True, slots=True)
class Source:
    """Whose history to read."""

    reader: HistoryReader
    target: str
    calendar: Calendar | None  # by the settings; None if they cannot be used
    account: str = ""  # by the settings
    is_off: bool = False  # the settings say that nothing is kept


def open_history(env: Path | None, target: str | None) -> Source:
    """Return the history that the options name; exit if it cannot be read.

    Without options it is that of the current folder's settings, or of what was watched last.
    """
    from traymon.storage.history.reader import HistoryFile
    from traymon.storage.paths import Folders

    reader = HistoryFile(Folders.of_this_user().history)
    config = _settings(env)
    settings = None if config is None else config.targets[0]
    try:
        known = reader.read_targets()
        if target is not None and target not in known:
            _refuse_target(target, known)
        name = target or ("" if settings is None else settings.target.name)
        if env is None and name not in known:
            name = _watched_last(reader, known) or name
    except HistoryError as error:
        exit_unreadable(error)
    if config is None or settings is None:
        return Source(reader, name, None)
    is_off = config.settings.history == "off"
    return Source(reader, name, _calendar(settings), settings.target.account, is_off)


def _settings(env: Path | None) -> Config | None:
    """Return the settings; without --env, None if they cannot be used: the past needs none."""
    if env is not None:
        return load([env], None, None, None)
    try:
        return read_settings(SettingsRequest(folder=str(Path.cwd())))
    except (ConfigError, FileNotFoundError):
        return None


def _calendar(config: TargetConfig) -> Calendar:
    from traymon.storage.state_keeper import calendar_with_hours

    return calendar_with_hours(config.calendar, open_state(), config.target)


def _watched_last(reader: HistoryReader, targets: tuple[str, ...]) -> str:
    extents = {target: reader.read_extent(target) for target in targets}
    ends = {target: extent.ends for target, extent in extents.items() if extent is not None}
    return max(ends, key=lambda target: ends[target], default="")


def _refuse_target(target: str, known: tuple[str, ...]) -> NoReturn:
    names = ", ".join(map(clean, known))
    hint = f" It knows: {names}." if known else ""
    usage_error(f"The history has no target {clean(target)!r}.{hint}")


def exit_unreadable(error: HistoryError) -> NoReturn:
    """Say why the history cannot be read, and exit."""
    usage_error(f"The history cannot be read: {error}")


def exit_without_history(source: Source) -> NoReturn:
    """Say calmly that nothing is recorded; that is no error."""
    if source.is_off:
        print("No history is kept: TRAYMON_HISTORY=off.")
    else:
        print(f"No history yet. It begins when traymon runs: {own_commands().traymon}")
    raise Exit(0)


def read_time(source: Source, since: str | None, days: int | None, now: float) -> Record:
    """Return what happened in the time that the options name; exit if it cannot be read."""
    from traymon.ui.history_record import read_record

    first, until = time_range(since, days, now)
    try:
        hours = None if source.calendar is None else source.calendar.hours
        return read_record(source.reader, source.target, first, until, now, hours)
    except HistoryError as error:
        exit_unreadable(error)


def time_range(since: str | None, days: int | None, now: float) -> tuple[float, float]:
    """Return from when to when the options want; exit if they cannot be used.

    Both options: so many days from then on. Only --since: until now.
    """
    if days is not None and not 1 <= days <= MAX_DAYS:
        usage_error(f"--days is a whole number from 1 to {MAX_DAYS}.")
    if since is None:
        return now - (days or DEFAULT_DAYS) * DAY, now
    first = _moment(since)
    if first >= now:
        usage_error(f"--since {since} is in the future.")
    if now - first > MAX_DAYS * DAY:
        usage_error("The history keeps two years. Use a later --since.")
    return first, now if days is None else min(first + days * DAY, now)


def _moment(text: str) -> float:
    """Return the moment of a date or time, local unless it has an offset; exit if it is neither."""
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        usage_error(f"--since {text!r} is no time. Use {SINCE_EXAMPLES}.")
