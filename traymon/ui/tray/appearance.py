"""What the tray icon and its menu show for a set of statuses.

Pure: the time is an argument. Knows no tray library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.model import Status
from traymon.core.releases import NewRelease
from traymon.core.vocabulary import Light, StartAtLogin
from traymon.diagnosis.checks import check_steps
from traymon.ui import overview, presenter, program_text
from traymon.ui.chips import chips
from traymon.ui.tooltip import tooltip

NAME = "traymon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What decides which pause and which snooze are offered, for one target or for all."""

    paused: bool = False
    mute_text: str = ""  # until when notifications are silenced, and by what
    snoozed: bool = False
    hours_known: bool = False  # it is known when the market opens


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """What the menu's items about one target depend on."""

    name: str = ""
    label: str = ""  # of its submenu: mark and name
    headline: str = ""
    checks: tuple[str, ...] = ()  # a line per check
    controls: Controls = Controls()
    muted: bool = False
    muted_by_settings: bool = False  # so that the menu cannot unmute it
    id_uses: tuple[str, ...] = ()  # a line per configured client ID
    claimable_program: str = ""  # the program that the user may mark as theirs
    programs: tuple[str, ...] = ()  # a line for each of the user's
    missing: str = ""  # which of them are missing


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuState:
    """What the menu's items depend on."""

    headline: str = f"{presenter.MARKS[Light.GREY]} {NAME}"
    speaks_of: str | None = None  # the target whose page the headline opens
    targets: tuple[TargetState, ...] = ()  # by name: an open menu must not change its order
    controls: Controls = Controls()  # of all targets
    trouble: str = ""  # what is wrong with traymon itself
    start_at_login: StartAtLogin = StartAtLogin.OFF
    newer: NewRelease | None = None  # of traymon, if one is known
    has_project: bool = False  # files describe what is watched
    settings: str = ""  # what is new in the files of the settings

    @property
    def login_label(self) -> str:
        """What the item that turns on starting at login would do."""
        if not self.has_project:
            return "Start at login (without a project)"
        if self.start_at_login is StartAtLogin.OTHER_SETTINGS:
            return "Start at login with these settings"
        return "Start at login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What the icon shows."""

    light: Light = Light.GREY
    rimmed: bool = False  # the market is closed
    marked: bool = False  # see _is_marked
    tooltip: str = NAME
    menu: MenuState = MenuState()

    @property
    def picture(self) -> tuple[Light, bool, bool]:
        """What decides how the icon is drawn."""
        return self.light, self.rimmed, self.marked


class TargetStates:
    """What the menu's items about each target depend on.

    Found anew only for a status that is new, and every minute, as times are named by the day: for
    each of several targets it takes half a millisecond.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Status, int, bool, TargetState]] = {}  # by the target's name

    def of(self, statuses: Sequence[Status], now: float) -> tuple[TargetState, ...]:
        """Return the states of all targets, by name."""
        minute, several, before = int(now // 60), len(statuses) > 1, self._known
        self._known = {}
        for status in presenter.by_name(statuses):
            name = status.target.name
            known = before.get(name)
            if known is None or known[0] is not status or known[1:3] != (minute, several):
                known = (status, minute, several, _target_state(status, now, several=several))
            self._known[name] = known
        return tuple(state for *_, state in self._known.values())


def appearance_of(
    statuses: Sequence[Status],
    now: float,
    *,
    trouble: str,
    start_at_login: StartAtLogin,
    warning: str = "",
    newer: NewRelease | None = None,
    targets: TargetStates | None = None,
) -> Appearance:
    """Return the appearance for the statuses of all targets; there must be at least one.

    `trouble` is what is wrong with traymon itself, and `warning` that part of it for which the icon
    must not be green. `targets` remembers the states of the last time.
    """
    worst, *_ = by_rank = presenter.worst_first(statuses)
    shown = overview.worst(statuses)
    return Appearance(
        light=_with_warning(presenter.worst_light(statuses), warning),
        rimmed=worst.closed,
        marked=any(map(_is_marked, statuses)),
        tooltip=tooltip(statuses, now, warning),
        menu=MenuState(
            headline=overview.headline(statuses),
            speaks_of=None if shown is None else shown.target.name,
            targets=(targets or TargetStates()).of(statuses, now),
            controls=_controls(by_rank, now),
            trouble=trouble,
            start_at_login=start_at_login,
            newer=newer,
            has_project=len(statuses) > 1 or bool(worst.target.env_file),
            settings=next(filter(None, map(presenter.settings_text, by_rank)), ""),
        ),
    )


def _with_warning(light: Light, warning: str) -> Light:
    return Light.AMBER if warning and light is Light.GREEN else light


def _is_marked(status: Status) -> bool:
    """Tell whether a status needs the mark: what the user should know that no light says."""
    unwell = status.diagnosis.light is not Light.GREEN and not presenter.is_paused(status)
    is_missed = program_text.missing(status) or status.settings.left_out
    return bool(is_missed) or (status.muted and unwell)


def _target_state(status: Status, now: float, *, several: bool) -> TargetState:
    """Return the state of a target; the menu of the only one does not list its checks."""
    program = presenter.claimable_program(status)
    checks = chips(check_steps(status.evidence)) if several else ()
    return TargetState(
        name=status.target.name,
        label=presenter.named_mark(status),
        headline=presenter.marked_headline(status.diagnosis),
        checks=tuple(f"{chip.mark} {chip.label} {chip.state}" for chip in checks),
        controls=_controls([status], now),
        muted=status.muted,
        muted_by_settings=status.target.muted,
        id_uses=tuple(presenter.id_uses(status)),
        claimable_program="" if program is None else program.label,
        programs=tuple(program_text.menu_lines(status, now)),
        missing=program_text.missing_text(status),
    )


def _controls(by_rank: Sequence[Status], now: float) -> Controls:
    muted = [presenter.mute_text(status, now) for status in by_rank]
    return Controls(
        paused=presenter.all_paused(by_rank),
        mute_text=muted[0] if all(muted) else "",
        snoozed=any(status.snoozed_until is not None for status in by_rank),
        hours_known=any(status.opens_at is not None for status in by_rank),
    )
