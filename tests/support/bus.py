"""A session bus for tests, and an ear on it that hears every notification."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection

TIMEOUT = 30.0  # seconds for an answer on a busy machine

NOTIFICATIONS = "org.freedesktop.Notifications"

# No <servicedir>: a bus that starts a notification daemon by itself could not be without one.
BUS_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass
class Notification:
    """What a program sent to the notification daemon, and what became of it."""

    app_name: str
    replaces_id: int
    icon: str
    title: str
    body: str
    actions: list[str]
    hints: dict[str, Any]
    timeout: int
    id: int | None = None  # none until the daemon has answered
    invoked: list[str] = field(default_factory=list)  # the actions that the user chose
    closed: int | None = None  # the reason: 1 expired, 2 dismissed, 3 by the program


class Listener:
    """Hears all that goes over the bus from now on. Its connection can send nothing any more."""

    def __init__(self, connection: DBusConnection) -> None:
        bus = DBusAddress(
            "/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus.Monitoring"
        )
        everything = new_method_call(bus, "BecomeMonitor", "asu", ([], 0))
        connection.send_and_get_reply(everything, timeout=TIMEOUT)
        self._connection = connection
        self._notifications: dict[tuple[str, int], Notification] = {}

    def notifications(self) -> list[Notification]:
        """Return every notification sent so far, the oldest first, as the bus carried it."""
        with suppress(TimeoutError, ConnectionError):  # nothing more, or the bus is gone
            while True:
                self._overhear(self._connection.receive(timeout=0))
        return list(self._notifications.values())

    def _overhear(self, message: Message) -> None:
        fields = message.header.fields
        kind = message.header.message_type
        if kind is MessageType.method_return:
            call = fields.get(HeaderFields.destination), fields.get(HeaderFields.reply_serial)
            if call in self._notifications:
                self._notifications[call].id = message.body[0]
        if fields.get(HeaderFields.interface) != NOTIFICATIONS:
            return
        member = fields.get(HeaderFields.member)
        if kind is MessageType.method_call and member == "Notify":
            app_name, replaces_id, icon, title, body, actions, hints, timeout = message.body
            hints = {name: value for name, (_, value) in hints.items()}
            self._notifications[fields[HeaderFields.sender], message.header.serial] = Notification(
                app_name, replaces_id, icon, title, body, actions, hints, timeout
            )
        elif kind is MessageType.signal:
            # A notification that replaced another has its number; the signal is the newer one's.
            newest_first = reversed(self._notifications.values())
            it = next((each for each in newest_first if each.id == message.body[0]), None)
            if it and member == "ActionInvoked":
                it.invoked.append(message.body[1])
            elif it and member == "NotificationClosed":
                it.closed = message.body[1]


def has_owner(connection: DBusConnection, name: str) -> bool:
    """Return whether a program answers to that name on the bus."""
    request = message_bus.NameHasOwner(name)
    return bool(connection.send_and_get_reply(request, timeout=TIMEOUT).body[0])


class SessionBus:
    """A session bus of a test's own, which can end and begin again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder}/bus"
        self._config = folder / "bus.conf"
        self._config.write_text(BUS_CONFIG.format(socket=folder / "bus"))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; return when it can be called. Skips the test where it is not installed."""
        if shutil.which("dbus-daemon") is None:
            pytest.skip("needs: apt install dbus")
        command = ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--print-address"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def stop(self) -> None:
        """End it, and with it every connection to it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # its socket stays, as after a crash
            process.communicate()
            Path(self.address.removeprefix("unix:path=")).unlink(missing_ok=True)
