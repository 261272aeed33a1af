"""Notices of macOS' Notification Center, with clicks. The only importer of desktop-notifier.

Works from an application bundle alone: elsewhere the library drops notices without a word. It calls
back through the main thread's run loop, which the icon in the menu bar keeps going.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from desktop_notifier import Button, DesktopNotifier, Notification, Urgency
from desktop_notifier.backends.macos_support import is_bundle

from traymon.ui.presenter import BUTTONS, NotificationText

SENT_WITHIN = 5.0  # seconds


class MacError(Exception):
    """The Notification Center cannot be used from here, or took nothing."""


class MacNotifications:
    """Notices on an event loop of their own; one per key, the newest in the last one's place."""

    def __init__(
        self, on_click: Callable[[str], None], on_button: Callable[[str, str], None]
    ) -> None:
        """`on_click` gets the notice's key, `on_button` also which button it was.

        Raises MacError where traymon was not started from an application bundle.
        """
        if not is_bundle():
            raise MacError("traymon was not started from an application bundle")
        self._loop = asyncio.new_event_loop()
        self._notifier = DesktopNotifier(app_name="traymon")
        # not on the single notice: the library forgets those when a notice leaves the screen
        self._notifier.on_clicked = on_click
        self._notifier.on_button_pressed = on_button
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def deliver(self, key: str, text: NotificationText, picture: str) -> None:
        """Show the notice, with the application's own picture. Raises MacError where it cannot.

        From any thread.
        """
        sending = asyncio.run_coroutine_threadsafe(self._send(key, text), self._loop)
        try:
            came_out = sending.result(SENT_WITHIN)
        except TimeoutError:
            sending.cancel()
            raise MacError("the Notification Center does not answer") from None
        if not came_out:
            raise MacError("the Notification Center did not take it")

    def close(self) -> None:
        """End the loop. Notices stay; their clicks are lost."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    async def _send(self, key: str, text: NotificationText) -> bool:
        if not await self._notifier.request_authorisation():
            raise MacError("notifications are not allowed for traymon (System Settings)")
        await self._notifier.send_notification(
            Notification(
                title=text.title,
                message=text.clickable_body,
                urgency=Urgency.Critical if text.urgent else Urgency.Normal,
                buttons=tuple(Button(BUTTONS[name], identifier=name) for name in text.buttons),
                identifier=key,
            )
        )
        # what failed is only logged by the library; it remembers what came out
        return key in await self._notifier.get_current_notifications()
