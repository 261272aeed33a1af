"""Notifications through macOS' Notification Center, with clicks.

Works only from an application bundle: elsewhere desktop-notifier drops notifications silently. Its
callbacks come through the main thread's run loop, which the icon in the menu bar keeps running.
"""

from __future__ import annotations

import asyncio
import threading

from desktop_notifier import Button, DesktopNotifier, Notification, Urgency
from desktop_notifier.backends.macos_support import is_bundle

from traymon.core.notification import Outcome
from traymon.ui.notification_text import BUTTONS, NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks, Settle, outcome_of

SEND_TIMEOUT = 5.0  # seconds
STOP_TIMEOUT = 1.0  # seconds


class MacNotifications:
    """A channel. Runs desktop-notifier on an event loop in a thread of its own."""

    name = "Notification Center"
    clickable = True

    def __init__(self, clicks: Clicks) -> None:
        """Raises ChannelError if traymon was not started from an application bundle."""
        if not is_bundle():
            raise ChannelError("traymon was not started from an application bundle")
        self._loop = asyncio.new_event_loop()
        self._notifier = DesktopNotifier(app_name="traymon")
        # not per notification: the library forgets those once the notification leaves the screen
        self._notifier.on_clicked = clicks.on_click
        self._notifier.on_button_pressed = clicks.on_button
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
        self._thread.start()

    def prepare(self) -> None:
        """Do nothing: all is loaded."""

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        """Show the notification in place of the key's last one. Raises ChannelError.

        It is unknown as long as macOS asks the user whether traymon may send notifications. The
        picture is always the application's own.
        """
        sending = asyncio.run_coroutine_threadsafe(self._send(key, text), self._loop)
        return outcome_of(sending, SEND_TIMEOUT, settle)

    def withdraw(self, key: str | None = None) -> None:
        """Take the key's notification out of the Notification Center, or every one."""
        taking = self._notifier.clear_all() if key is None else self._notifier.clear(key)
        asyncio.run_coroutine_threadsafe(taking, self._loop).result(STOP_TIMEOUT)

    def close(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _send(self, key: str, text: NotificationText) -> str:
        if not await self._notifier.request_authorisation():
            raise ChannelError("notifications are not allowed for traymon (System Settings)")
        await self._notifier.send_notification(
            Notification(
                title=text.title,
                message=text.clickable_body,
                urgency=Urgency.Critical if text.urgent else Urgency.Normal,
                buttons=tuple(Button(BUTTONS[name], identifier=name) for name in text.buttons),
                identifier=key,
            )
        )
        # the library only logs failures, but remembers what it has delivered
        if key not in await self._notifier.get_current_notifications():
            raise ChannelError("the Notification Center did not take it")

        return ""
