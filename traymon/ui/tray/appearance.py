"""What the tray icon and its menu show for a set of statuses.

Pure: the time is an argument. Knows no tray library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.model import Status
from traymon.core.vocabulary import Light, StartAtLogin
from traymon.ui import presenter, program_text

NAME = "traymon"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuState:
    """What the menu's items depend on."""

    headline: str = f"{presenter.MARKS[Light.GREY]} {NAME}"
    paused: bool = False
    mute_text: str = ""  # until when notifications are muted, and by what
    snoozed: bool = False
    hours_known: bool = False  # it is known when the market opens
    trouble: str = ""  # what is wrong with traymon itself
    start_at_login: StartAtLogin = StartAtLogin.OFF
    has_project: bool = False  # a .env describes a target
    id_uses: tuple[str, ...] = ()  # a line per configured client ID
    claimable_program: str = ""  # the program that the user may mark as theirs
    programs: tuple[str, ...] = ()  # a line for each of the user's
    missing: str = ""  # which of them are missing
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
    marked: bool = False  # one of the user's programs is missing
    tooltip: str = NAME
    menu: MenuState = MenuState()

    @property
    def picture(self) -> tuple[Light, bool, bool]:
        """What decides how the icon is drawn."""
        return self.light, self.rimmed, self.marked


def appearance_of(
    statuses: Sequence[Status], now: float, *, trouble: str, start_at_login: StartAtLogin
) -> Appearance:
    """Return the appearance for the statuses of all targets; there must be at least one."""
    worst, *_ = by_light = presenter.worst_first(statuses)
    programs = filter(None, map(presenter.claimable_program, by_light))
    return Appearance(
        light=worst.diagnosis.light,
        rimmed=worst.closed,
        marked=any(program_text.missing(status) for status in statuses),
        tooltip=presenter.tooltip(statuses, now),
        menu=MenuState(
            headline=f"{presenter.demo_mark(worst)}{presenter.marked_headline(worst.diagnosis)}",
            paused=all(status.paused for status in statuses),
            mute_text=presenter.mute_text(worst, now),
            snoozed=worst.snoozed_until is not None,
            hours_known=any(status.opens_at is not None for status in statuses),
            trouble=trouble,
            start_at_login=start_at_login,
            has_project=any(status.target.env_file for status in statuses),
            id_uses=tuple(line for status in by_light for line in presenter.id_uses(status)),
            claimable_program=next((program.label for program in programs), ""),
            programs=tuple(
                line for status in by_light for line in program_text.menu_lines(status, now)
            ),
            missing=next(filter(None, map(program_text.missing_text, by_light)), ""),
            settings=next(filter(None, map(presenter.settings_text, by_light)), ""),
        ),
    )
