"""`traymon test-notify`: a test notification through every channel."""

from __future__ import annotations

import logging
import queue
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import Exit

if TYPE_CHECKING:
    from traymon.ui.notification_text import NotificationText
    from traymon.ui.notify.notifier import ChannelResult, Notifier

CLICK_HINT = " Click it: the terminal says whether the click arrived."


def send_test_notification(
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, max=3600, help="How long to wait for a click.", metavar="<seconds>"
        ),
    ] = 30.0,
) -> None:
    """Send a test notification through every channel; report which work."""
    from traymon.ui.notify.channel import Clicks
    from traymon.ui.notify.notifier import Notifier
    from traymon.ui.tray.tray import icon_for_balloons

    logging.captureWarnings(True)  # plyer's are meant for packagers; failures are printed below
    clicks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    notifier = Notifier(Clicks(clicks.put), lambda why: None)
    icon = icon_for_balloons(clicks.put)
    delivered: list[bool] = []

    def test() -> None:
        delivered.append(_send_test(notifier, clicks, wait))

    if icon is None or icon.balloons is None:
        test()
    else:
        notifier.prefer(icon.balloons)
        icon.run_beside(test)
    notifier.stop()
    raise Exit(0 if any(delivered) else 3)


def _send_test(notifier: Notifier, clicks: queue.SimpleQueue[str | None], wait: float) -> bool:
    """Send them and print the results; return whether any was delivered."""
    from traymon.core.notification import Outcome

    results = notifier.test(_compose)
    for result in results:
        print(f"{result.channel}: {_in_words(result)}", flush=True)
    reporting = [result.channel for result in results if result.clickable]
    if reporting and wait:
        print(
            f"Click the notification that names {' or '.join(reporting)} within {wait:g} s. "
            "Press Ctrl-C to stop waiting.",
            flush=True,
        )
        try:
            print(f"The click arrived ({clicks.get(timeout=wait) or reporting[0]}).")
        except queue.Empty:
            print("No click arrived.")
    return any(result.outcome is not Outcome.FAILED for result in results)


def _compose(channel: str) -> NotificationText:
    from traymon.diagnosis import fix_pages
    from traymon.ui.notification_text import NotificationText

    title, body = fix_pages.notification_text("test")
    body = body.format(channel=channel)
    return NotificationText(title, body, urgent=False, click_hint=CLICK_HINT)


def _in_words(result: ChannelResult) -> str:
    from traymon.core.notification import Outcome

    if result.outcome is Outcome.FAILED:
        return f"failed: {result.why}"
    clicks = "reports clicks" if result.clickable else "does not report clicks"
    return "; ".join(filter(None, ["sent", result.why, clicks]))
