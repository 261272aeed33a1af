"""What the user can ask for, whatever surface they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traymon.ui.phone import PhoneSetup


def _nothing(*_arguments: object) -> None:
    """Stand in for an action that is not offered."""


def _no() -> bool:
    """Answer for an action that is not offered."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActions:
    """What the tray and the page can ask for.

    Actions may be called from any thread and return at once. One that is left out does nothing.
    """

    check_now: Callable[[], None] = _nothing
    pause_or_resume: Callable[[], None] = _nothing
    snooze: Callable[[str], None] = _nothing  # as `snooze_until` takes it; raises ValueError
    open_fix_page: Callable[[str | None], None] = _nothing  # of a target; None: of the worst
    mark_as_mine: Callable[[str | None], None] = _nothing  # the holder of a target's client ID
    expect_program: Callable[[str, str], None] = _nothing  # key, word; raises ValueError
    show_window: Callable[[str | None], None] = _nothing  # of TWS, that a target's page names
    look_at_tws_settings: Callable[[], None] = _nothing  # ask TWS for its own settings
    set_viewer_present: Callable[[bool], None] = _nothing  # whether anybody has the page open
    use_new_settings: Callable[[], None] = _nothing  # those that their files say now
    copy_report: Callable[[], None] = _nothing
    open_logs: Callable[[], None] = _nothing  # traymon's own
    open_tws_logs: Callable[[], None] = _nothing
    set_start_at_login: Callable[[bool], None] | None = None  # None: not offered
    show_about: Callable[[], None] = _nothing
    phone: PhoneSetup | None = None  # None: not offered
    end_session: Callable[[], None] = _nothing  # at logoff; returns when all is stopped
    make_room: Callable[[], bool] = _no  # for another traymon; whether this one ends
    quit: Callable[[], None] = _nothing
