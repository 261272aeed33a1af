"""The desktop's notification service over D-Bus, with clicks. The only importer of jeepney.

Raises when a notice cannot be delivered; what then is the notifier's to decide.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from html import escape
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.threading import DBusConnection, ReceiveStopped, open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

from traymon.ui.presenter import BUTTONS, NotificationText

log = logging.getLogger(__name__)

SERVICE = DBusAddress(
    "/org/freedesktop/Notifications",
    bus_name="org.freedesktop.Notifications",
    interface="org.freedesktop.Notifications",
)
REPLY_TIMEOUT = 5.0  # seconds
NORMAL, CRITICAL = 1, 2  # urgency, Desktop Notifications Specification
# xfce4-notifyd shows the default action as a button, so it needs a label that says what it does
ACTIONS = ["default", "Show fix steps"]
BUTTONS_ONLY = {"Xfce Notify Daemon"}  # a click on the notice itself only takes it away


class BusError(Exception):
    """The session bus or its notification service cannot be used."""


class DBusNotifications:
    """Notices on the session bus; the connection stays open, or clicks would be lost."""

    def __init__(
        self, on_click: Callable[[str], None], on_button: Callable[[str, str], None]
    ) -> None:
        """`on_click` gets the notice's key, `on_button` also which button it was."""
        self._on_click, self._on_button = on_click, on_button
        self._bus: _Bus | None = None
        self._markup = self._actions = self._click = False
        self._shown: dict[str, int] = {}  # key -> the service's ID, to replace instead of pile up
        self._activation_token = ""

    def deliver(self, key: str, text: NotificationText, icon: str) -> None:
        """Show the notice, in place of the key's last one. Raises BusError where it cannot.

        `icon` is the path of a picture.
        """
        try:
            bus = self._connected()
            body = text.clickable_body if self._click else text.body
            if self._markup:
                body = escape(body, quote=False)
            hints = {
                "urgency": ("y", CRITICAL if text.urgent else NORMAL),
                "desktop-entry": ("s", "traymon"),
            }
            reply = bus.call(
                new_method_call(
                    SERVICE,
                    "Notify",
                    "susssasa{sv}i",
                    (
                        "traymon",
                        self._shown.get(key, 0),
                        icon,
                        text.title,
                        body,
                        _actions(text) if self._actions and text.clickable else [],
                        hints,
                        -1,
                    ),
                )
            )
        except (OSError, DBusErrorResponse, KeyError, ValueError) as error:
            self.close()  # the next notice tries a fresh connection
            raise BusError(f"{type(error).__name__}: {error}") from error
        self._shown[key] = int(reply[0])

    @property
    def clickable(self) -> bool:
        """Whether the service hands clicks on, as it said when it was reached last."""
        return self._actions

    def close(self) -> None:
        """Leave the bus. Notices stay on the screen; their clicks are lost."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _connected(self) -> _Bus:
        if self._bus is None or self._bus.closed:
            self._shown.clear()
            self._bus = _Bus(self._signal)
            rule = MatchRule(type="signal", interface=SERVICE.interface, path=SERVICE.object_path)
            self._bus.call(message_bus.AddMatch(rule))
            (capabilities,) = self._bus.call(new_method_call(SERVICE, "GetCapabilities"))
            self._markup = "body-markup" in capabilities
            self._actions = "actions" in capabilities
            name, *_ = self._bus.call(new_method_call(SERVICE, "GetServerInformation"))
            self._click = self._actions and name not in BUTTONS_ONLY
        return self._bus

    def _signal(self, message: Message) -> None:
        """Take a signal of the service; runs in the bus's own thread."""
        member = message.header.fields.get(HeaderFields.member)
        key = next((k for k, shown in self._shown.items() if shown == message.body[0]), None)
        if key is None:
            return
        if member == "ActivationToken":  # Wayland gives the focus only to who holds it
            self._activation_token = message.body[1]
        elif member == "ActionInvoked":
            if message.body[1] in BUTTONS:
                self._on_button(key, message.body[1])
                return
            os.environ["XDG_ACTIVATION_TOKEN"] = self._activation_token
            self._on_click(key)
        elif member == "NotificationClosed":
            self._shown.pop(key, None)


def _actions(text: NotificationText) -> list[str]:
    """Return the notice's buttons as the service wants them: name and label by turns."""
    return ACTIONS + [part for name in text.buttons for part in (name, BUTTONS[name])]


class _Bus:
    """A connection to the session bus and the thread that reads it."""

    def __init__(self, on_signal: Callable[[Message], None]) -> None:
        self.closed = False
        self._on_signal = on_signal
        self._waiting: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._connection: DBusConnection = open_dbus_connection(_address())
        threading.Thread(target=self._read, name="dbus", daemon=True).start()

    def call(self, message: Message) -> tuple[Any, ...]:
        """Call a method and return its answer. Raises OSError or DBusErrorResponse."""
        serial = next(self._connection.outgoing_serial)
        box = self._waiting[serial] = queue.SimpleQueue()
        try:
            self._connection.send(message, serial=serial)
            reply = box.get(timeout=REPLY_TIMEOUT) if not self.closed else None
        except queue.Empty:
            raise TimeoutError("the notification service does not answer") from None
        finally:
            del self._waiting[serial]
        if reply is None:
            raise ConnectionResetError("the session bus is gone")
        body: tuple[Any, ...] = unwrap_msg(reply)
        return body

    def close(self) -> None:
        """End the reading thread, which closes the connection."""
        if not self.closed:
            self._connection.interrupt()

    def _read(self) -> None:
        try:
            while True:
                message = self._connection.receive()
                if message.header.message_type is MessageType.signal:
                    self._on_signal(message)
                elif box := self._waiting.get(
                    message.header.fields.get(HeaderFields.reply_serial, 0)
                ):
                    box.put(message)
        except ReceiveStopped:
            pass  # asked to
        except OSError as error:
            log.warning("the session bus is gone: %s", error)
        finally:
            self.closed = True
            for box in list(self._waiting.values()):
                box.put(None)
            self._connection.close()


def _address() -> str:
    """Return the session bus's address; where a session does not set it, systemd's place.

    Raises BusError where there is neither.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and os.path.exists(f"{runtime}/bus"):
        return f"unix:path={runtime}/bus"
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        raise BusError("this session has no D-Bus (DBUS_SESSION_BUS_ADDRESS is not set)")
    return "SESSION"
