"""Notifications through the desktop's service on the session bus, with clicks.

No retries and no fallback: those are the notifier's.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.threading import DBusConnection, ReceiveStopped, open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

from traymon.ui.notification_text import BUTTONS, NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks

log = logging.getLogger(__name__)

SERVICE = DBusAddress(
    "/org/freedesktop/Notifications",
    bus_name="org.freedesktop.Notifications",
    interface="org.freedesktop.Notifications",
)
REPLY_TIMEOUT = 5.0  # seconds
NORMAL, CRITICAL = 1, 2  # urgency, Desktop Notifications Specification
# xfce4-notifyd shows the default action as a button, so it needs a label that says what it does
DEFAULT_ACTION = ("default", "Show fix steps")
BUTTONS_ONLY = {"Xfce Notify Daemon"}  # a click beside the buttons only closes the notification


class DBusNotifications:
    """A channel. Its connection stays open, or clicks would be lost."""

    name = "D-Bus"

    def __init__(self, clicks: Clicks) -> None:
        self._clicks = clicks
        self._bus: _Bus | None = None
        self._service = _Service()
        self._shown: dict[str, int] = {}  # the service's IDs by key, to replace a notification
        self._activation_token = ""

    def deliver(self, key: str, text: NotificationText, picture: str) -> None:
        """Show the notification in place of the key's last one. Raises ChannelError."""
        try:
            bus = self._connected()
            body = text.clickable_body if self._service.whole_is_clickable else text.body
            if self._service.markup:
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
                        picture,
                        text.title,
                        body,
                        _actions(text) if self._service.actions and text.clickable else [],
                        hints,
                        -1,
                    ),
                )
            )
        except (OSError, DBusErrorResponse, KeyError, ValueError) as error:
            self.close()  # the next notification tries a fresh connection
            raise ChannelError(f"{type(error).__name__}: {error}") from error
        self._shown[key] = int(reply[0])

    def withdraw(self, key: str | None = None) -> None:
        """Close the key's notification, or every one that is still shown. Raises ChannelError."""
        shown = dict(self._shown)  # the signal that one was closed comes in another thread
        if self._bus is None or self._bus.closed:  # the service has forgotten us, or is gone
            return
        for each, number in shown.items():
            if key in (None, each):
                try:
                    self._bus.call(new_method_call(SERVICE, "CloseNotification", "u", (number,)))
                except DBusErrorResponse as error:  # it was closed meanwhile
                    log.debug("notification %s cannot be closed: %s", number, error)
                except OSError as error:
                    raise ChannelError(f"{type(error).__name__}: {error}") from error

    @property
    def clickable(self) -> bool:
        """Whether the service reports clicks, by its own word when it was last connected to."""
        return self._service.actions

    def close(self) -> None:
        """Leave the bus."""
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
            name, *_ = self._bus.call(new_method_call(SERVICE, "GetServerInformation"))
            self._service = _Service(name, tuple(capabilities))
        return self._bus

    def _signal(self, message: Message) -> None:
        """Handle a signal of the service; called in the bus's own thread."""
        member = message.header.fields.get(HeaderFields.member)
        key = next((k for k, shown in self._shown.items() if shown == message.body[0]), None)
        if key is None:
            return
        if member == "ActivationToken":  # Wayland lets only its holder take the focus
            self._activation_token = message.body[1]
        elif member == "ActionInvoked":
            if message.body[1] in BUTTONS:
                self._clicks.on_button(key, message.body[1])
                return
            os.environ["XDG_ACTIVATION_TOKEN"] = self._activation_token
            self._clicks.on_click(key)
        elif member == "NotificationClosed":
            self._shown.pop(key, None)


@dataclass(frozen=True, slots=True)
class _Service:
    """What the notification service says about itself."""

    name: str = ""
    capabilities: tuple[str, ...] = ()

    @property
    def markup(self) -> bool:
        """Whether it reads bodies as markup."""
        return "body-markup" in self.capabilities

    @property
    def actions(self) -> bool:
        """Whether it shows buttons and reports clicks."""
        return "actions" in self.capabilities

    @property
    def whole_is_clickable(self) -> bool:
        """Whether a click anywhere on a notification is reported."""
        return self.actions and self.name not in BUTTONS_ONLY


def _actions(text: NotificationText) -> list[str]:
    """Return the notification's actions as the service takes them: a flat list of name, label."""
    return [*DEFAULT_ACTION, *(part for name in text.buttons for part in (name, BUTTONS[name]))]


class _Bus:
    """A connection to the session bus, and the thread that reads from it."""

    def __init__(self, on_signal: Callable[[Message], None]) -> None:
        self.closed = False
        self._on_signal = on_signal
        self._waiting: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._connection: DBusConnection = open_dbus_connection(_address())
        threading.Thread(target=self._read, name="dbus", daemon=True).start()

    def call(self, message: Message) -> tuple[Any, ...]:
        """Call a method and return its reply. Raises OSError or DBusErrorResponse."""
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
            pass  # closed by `close`
        except OSError as error:
            log.warning("the session bus is gone: %s", error)
        finally:
            self.closed = True
            for box in list(self._waiting.values()):
                box.put(None)
            self._connection.close()


def _address() -> str:
    """Return the session bus's address, in jeepney's spelling. Raises ChannelError without one.

    If the session does not set the variable, systemd may still have put a bus in its usual place.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and os.path.exists(f"{runtime}/bus"):
        return f"unix:path={runtime}/bus"
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        raise ChannelError("this session has no D-Bus (DBUS_SESSION_BUS_ADDRESS is not set)")
    return "SESSION"
