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
from traymon.cli.target_choice import find_name
from traymon.core.calendar import Calendar
from traymon.core.history import HistoryError, HistoryReader
from traymon.core.time_windows import Schedule
from traymon.errors import ConfigError

if TYPE_CHECKING:
    from traymon.config.in_force import Config, TargetConfig
    from traymon.ui.history_record import Record

DAY = 86_400.0  # seconds
DEFAULT_DAYS, MAX_DAYS = 7, 731  # the history keeps two years
SINCE_EXAMPLES = "2026-11-20 or 2026-11-20T03:12"

Days = Annotated[
    int | None,
    typer.Option(
        "--days", help="How many days, up to today (7).", metavar="<n>", show_default=False
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help="Start at this date or time, such as 2026-11-20.", metavar="<time>"
    ),
]


@dataclass(frozen=True, slots=True)
class Source:
    """Whose history to read, and what the settings say of these targets."""

    reader: HistoryReader
    targets: tuple[str, ...]  # their names
    config: Config | None  # None if the settings cannot be used
    of_several: bool = False  # the settings name several, and all of them are meant

    @property
    def is_off(self) -> bool:
        """Whether the settings say that nothing is kept."""
        return self.config is not None and self.config.settings.history == "off"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that the settings name."""
        configs = () if self.config is None else self.config.targets
        return tuple(one.target.account for one in configs)

    def calendar_of(self, target: str) -> Calendar | None:
        """Return the calendar of a target by the settings; None if they do not tell it.

        Those of a single target count for every name: it may have had another one before.
        """
        configs = () if self.config is None else self.config.targets
        named = [one for one in configs if one.target.name == target or len(configs) == 1]
        return _calendar(named[0]) if named else None

    def hours_of(self, target: str) -> Schedule | None:
        """Return when the market is open by the settings; None if they do not tell it."""
        calendar = self.calendar_of(target)
        return None if calendar is None else calendar.hours


def open_history(env: list[Path] | None, targets: Path | None, target: str | None) -> Source:
    """Return the history that the options name; exit if it cannot be read.

    Without options it is that of every target of the settings, or of what was watched last.
    """
    from traymon.storage.history.reader import HistoryFile
    from traymon.storage.paths import Folders

    reader = HistoryFile(Folders.of_this_user().history)
    config = settings_of_history(env, targets)
    try:
        known = reader.read_targets()
        if target is not None:
            return Source(reader, (find_name(target, known, "The history has"),), config)
        watched = () if config is None else [one.target for one in config.targets]
        names = tuple(one.name for one in watched)
        named = env or targets or set(names) & set(known)
        if not named and (last := _watched_last(reader, known)):
            return Source(reader, last, config)
        return Source(reader, names or ("",), config, any(one.one_of_many for one in watched))
    except HistoryError as error:
        exit_unreadable(error)


def settings_of_history(env: list[Path] | None, targets: Path | None) -> Config | None:
    """Return the settings; if none are named, None if they cannot be used: the past needs none."""
    if env or targets:
        return load(env, None, None, None, targets)
    try:
        return read_settings(SettingsRequest(folder=str(Path.cwd())))
    except (ConfigError, FileNotFoundError):
        return None


def _calendar(config: TargetConfig) -> Calendar:
    from traymon.storage.state_keeper import calendar_with_hours

    return calendar_with_hours(config.calendar, open_state(), config.target)


def _watched_last(reader: HistoryReader, targets: tuple[str, ...]) -> tuple[str, ...]:
    extents = {target: reader.read_extent(target) for target in targets}
    ends = {target: extent.ends for target, extent in extents.items() if extent is not None}
    return tuple(sorted(ends, key=lambda target: ends[target])[-1:])


def exit_unreadable(error: HistoryError) -> NoReturn:
    """Say why the history cannot be read, and exit."""
    usage_error(f"The history cannot be read: {error}")


def exit_without_history(source: Source) -> NoReturn:
    """Say calmly that nothing is recorded, which is not an error."""
    if source.is_off:
        print("No history is kept: TRAYMON_HISTORY=off.")
    else:
        print(f"No history yet. It begins when traymon runs: {own_commands().traymon}")
    raise Exit(0)


def read_time(source: Source, since: str | None, days: int | None, now: float) -> list[Record]:
    """Return what happened to each target in the time that the options name; exit if unreadable."""
    from traymon.ui.history_record import read_record

    first, until = time_range(since, days, now)
    try:
        return [
            read_record(source.reader, target, first, until, now, source.hours_of(target))
            for target in source.targets
        ]
    except HistoryError as error:
        exit_unreadable(error)


def time_range(since: str | None, days: int | None, now: float) -> tuple[float, float]:
    """Return from when to when the options want; exit if they cannot be used.

    Both options: so many days from then on. Only --since: until now.
    """
    if days is not None and not 1 <= days <= MAX_DAYS:
        usage_error(f"--days must be a whole number from 1 to {MAX_DAYS}.")
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
        usage_error(f"--since {text!r} is not a date or time. Use {SINCE_EXAMPLES}.")
