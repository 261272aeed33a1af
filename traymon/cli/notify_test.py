"""`traymon test-notify`: a test notification through every channel."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from traymon.cli.common import Exit

if TYPE_CHECKING:
    from traymon.ui.notify.notifier import ChannelResult, Notifier

CLICK_TIMEOUT = 30.0  # seconds to wait for a click


def test_notify() -> None:
    """Send a test notification through every channel, and say of each whether it came out."""
    from traymon.ui.notify.channel import Clicks
    from traymon.ui.notify.notifier import Notifier
    from traymon.ui.tray.tray import icon_for_balloons

    logging.captureWarnings(True)  # plyer's are meant for packagers; failures are printed below
    clicked = threading.Event()
    notifier = Notifier(Clicks(lambda key: clicked.set()), lambda why: None)
    icon = icon_for_balloons(lambda key: clicked.set())
    delivered: list[bool] = []

    def test() -> None:
        delivered.append(_send_test(notifier, clicked))

    if icon is None or icon.balloons is None:
        test()
    else:
        notifier.prefer(icon.balloons)
        icon.run_beside(test)
    notifier.stop()
    raise Exit(0 if any(delivered) else 3)


def _send_test(notifier: Notifier, clicked: threading.Event) -> bool:
    """Send them and print the results; return whether any was delivered."""
    from traymon.core.notification_policy import Outcome
    from traymon.diagnosis import fix_pages
    from traymon.ui.notification_text import NotificationText

    results = notifier.test(NotificationText(*fix_pages.notification_text("test"), urgent=False))
    for result in results:
        print(f"{result.channel}: {_in_words(result)}", flush=True)
    if any(result.clickable for result in results):
        print(
            f"Click on the notification within {CLICK_TIMEOUT:.0f} s to see a click arrive; "
            "Ctrl-C ends.",
            flush=True,
        )
        print("The click has arrived." if clicked.wait(CLICK_TIMEOUT) else "No click has arrived.")
    return any(result.outcome is not Outcome.FAILED for result in results)


def _in_words(result: ChannelResult) -> str:
    from traymon.core.notification_policy import Outcome

    if result.outcome is Outcome.FAILED:
        return f"failed: {result.why}"
    clicks = "clicks arrive" if result.clickable else "clicks do not arrive"
    return "; ".join(filter(None, ["sent", result.why, clicks]))
