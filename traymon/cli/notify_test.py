"""`traymon test-notify`: a test notification through every channel."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from traymon.cli.common import Exit

if TYPE_CHECKING:
    from traymon.ui.notify.notifier import Notifier

CLICK_TIMEOUT = 30.0  # seconds to wait for a click


def test_notify() -> None:
    """Send a test notice through every channel, and say which came out and which can be clicked."""
    from traymon.ui.notify.notifier import Notifier
    from traymon.ui.tray.tray import icon_for_balloons

    logging.captureWarnings(True)  # plyer's are meant for packagers; failures are printed below
    clicked = threading.Event()
    notifier = Notifier(lambda key: clicked.set(), lambda why: None)
    icon = icon_for_balloons(lambda key: clicked.set())
    delivered: list[bool] = []

    def test() -> None:
        delivered.append(_send_test(notifier, clicked))

    if icon is None:
        test()
    else:
        notifier.prefer("balloon", icon.deliver)
        icon.run_beside(test)
    notifier.stop()
    raise Exit(0 if any(delivered) else 1)


def _send_test(notifier: Notifier, clicked: threading.Event) -> bool:
    """Send them and print the results; return whether any was delivered."""
    from traymon.diagnosis import fix_pages
    from traymon.ui.presenter import NotificationText

    results = notifier.test(NotificationText(*fix_pages.notice("test"), urgent=False))
    for name, fault, clickable in results:
        clicks = "clicks arrive" if clickable else "clicks do not arrive"
        print(f"{name}: " + (f"failed: {fault}" if fault else f"sent; {clicks}"), flush=True)
    if any(clickable for _, _, clickable in results):
        print(
            f"Click on the notice within {CLICK_TIMEOUT:.0f} s to see a click arrive; Ctrl-C ends.",
            flush=True,
        )
        print("The click has arrived." if clicked.wait(CLICK_TIMEOUT) else "No click has arrived.")
    return any(not fault for _, fault, _ in results)
