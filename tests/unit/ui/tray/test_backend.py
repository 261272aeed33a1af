"""What becomes of an icon that cannot be made."""

from __future__ import annotations

import pytest

from traymon.ui.tray.backend import NoTray, new_icon


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "reset by peer"),
        (RuntimeError(""), "RuntimeError"),
        (NoTray("no panel"), "no panel"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_display_that_hangs_up_may_be_tried_again(error: Exception, why: str) -> None:
    def icon(name: str) -> object:
        raise error

    with pytest.raises(NoTray, match=why):
        new_icon(icon, "traymon")
