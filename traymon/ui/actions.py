"""What the user can ask for, whatever surface they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from traymon.core.releases import NewRelease
from traymon.ui.drill import DrillDesk
from traymon.ui.phone import PhoneSetup


def _nothing(*_arguments: object) -> None:
    """Stand in for an action that is not offered."""


def _no() -> bool:
    """Answer for an action that is not offered."""
    return False


def _none() -> None:
    """Answer for something that is not known."""


def _unknown(_entry: object) -> str:
    """Answer for an action that is not offered, with why."""
    return "not offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActions:
    """What the tray and the page can ask for.

    Actions may be called from any thread and return at once. One that is left out does nothing.
    A target is given by its name; None means all of them where nothing else is said.
    """

    check_now: Callable[[str | None], None] = _nothing
    pause_or_resume: Callable[[str | None], None] = _nothing
    snooze: Callable[[str, str | None], None] = _nothing  # as `snooze_until`; raises ValueError
    mute: Callable[[str, bool], None] = _nothing  # a target, and whether it is muted from now on
    open_fix_page: Callable[[str | None], None] = _nothing  # of a target; None: of all
    click_notification: Callable[[str | None], None] = _nothing  # with its key; None: not known
    mark_as_mine: Callable[[str], None] = _nothing  # the holder of a target's client ID
    expect_program: Callable[[str, str], None] = _nothing  # key, word; raises ValueError
    show_window: Callable[[str], None] = _nothing  # of TWS, that a target's page names
    look_at_tws_settings: Callable[[str | None], None] = _nothing  # ask TWS for its own settings
    set_viewer_present: Callable[[bool], None] = _nothing  # whether anybody has the page open
    use_new_settings: Callable[[], None] = _nothing  # those that their files say now
    watch_too: Callable[[Mapping[str, str]], str] = _unknown  # an entry of targets.toml; why not
    copy_report: Callable[[str | None], None] = _nothing  # of a target; None: of the worst
    open_logs: Callable[[], None] = _nothing  # traymon's own
    open_tws_logs: Callable[[str | None], None] = _nothing  # of a target; None: of the worst
    set_start_at_login: Callable[[bool], None] | None = None  # None: not offered
    show_about: Callable[[], None] = _nothing
    phone: PhoneSetup | None = None  # None: not offered
    drills: DrillDesk | None = None  # None: not offered
    newer: Callable[[], NewRelease | None] = _none  # a newer traymon, if one is known
    open_releases: Callable[[str], None] = _nothing  # the page that a newer one is on
    end_session: Callable[[], None] = _nothing  # at logoff; returns when all is stopped
    make_room: Callable[[], bool] = _no  # for another traymon; whether this one ends
    restart: Callable[[], None] = _nothing  # end, and start again with the same command line
    quit: Callable[[], None] = _nothing
