"""The notifications that are on the screen, by the numbers that their service gave them.

Numbers belong to the service that gave them: another one may use the same for other programs.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

from traymon.ui.notification_text import BUTTONS
from traymon.ui.notify.channel import Clicks


@dataclass(frozen=True, slots=True)
class Shown:
    """A notification on the screen."""

    owner: str  # the service that gave the number, by its unique name on the bus
    number: int
    order: int  # of two notifications of one key the later one has the higher


class ShownNotifications:
    """Keeps one notification per key, and hands on what happens to it. Thread-safe."""

    def __init__(self, clicks: Clicks) -> None:
        self._clicks = clicks
        self._lock = threading.Lock()
        self._by_key: dict[str, Shown] = {}
        self._activation_token = ""

    def number_of(self, key: str, owner: str | None) -> int:
        """Return the number of the key's notification, if this service gave it; else 0."""
        with self._lock:
            shown = self._by_key.get(key)
        return shown.number if shown is not None and shown.owner == owner else 0

    def of(self, key: str | None) -> list[Shown]:
        """Return the key's notification, or every one."""
        with self._lock:
            return [shown for each, shown in self._by_key.items() if key in (None, each)]

    def add(self, key: str, new: Shown, replaces: int) -> Shown | None:
        """Take a notification that is shown in place of the number `replaces`, if that is not 0.

        Returns the notification that is one too many on the screen now, if there is one.
        """
        with self._lock:
            old = self._by_key.get(key)
            if old is not None and old.order > new.order:  # its answer came late
                return new
            if new.number:
                self._by_key[key] = new
            return old if old and not replaces and old.number != new.number else None

    def forget(self, owner: str | None = None) -> None:
        """Forget what a former service gave, or everything."""
        with self._lock:
            self._by_key = {
                key: shown
                for key, shown in self._by_key.items()
                if owner is not None and shown.owner != owner
            }

    def take_signal(self, sender: Any, member: Any, body: Any) -> None:
        """Handle what happened to a notification. Any program can send this, and anything in it."""
        number = body[0] if body else None
        with self._lock:
            ours = (
                key
                for key, shown in self._by_key.items()
                if (shown.owner, shown.number) == (sender, number)
            )
            key = next(ours, None)
        if key is None:
            return
        match member, body:
            case "ActivationToken", (_, str(token), *_):  # Wayland lets only its holder take focus
                self._activation_token = token
            case "ActionInvoked", (_, str(action), *_) if action in BUTTONS:
                self._clicks.on_button(key, action)
            case "ActionInvoked", (_, str(), *_):
                os.environ["XDG_ACTIVATION_TOKEN"] = self._activation_token
                self._clicks.on_click(key)
            case "NotificationClosed", _:
                with self._lock:
                    self._by_key.pop(key, None)
