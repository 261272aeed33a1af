"""The desktop of these tests is a real one: its tray, its notifications, its clicks, its end."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest
from jeepney import DBusAddress, Message, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

from support.bus import NOTIFICATIONS, TIMEOUT, Notification
from support.polling import wait_for
from support.virtual_desktop import Box, Desktop, missing

# A plain icon: shows the colours whose names it reads, one per line.
# pystray asks to be docked at every change, and a host that is asked twice may show no icon at
# all. It sets `_thread` only after it has started show(), and asks for no clicks.
ICON = """
import sys, threading
from PIL import Image
from Xlib import X
import pystray

class Icon(pystray.Icon):
    def _dock_window(self):
        if self._systray_manager is None:
            super()._dock_window()
    def __call__(self):
        print("clicked", flush=True)

def show(icon):
    for line in sys.stdin:
        icon.icon = Image.new("RGBA", (64, 64), line.strip())
        icon.visible = True

icon = Icon("plain")
icon._thread = threading.main_thread()
icon._window.change_attributes(
    event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
)
icon.run(show)
"""
RED, GREEN = (255, 0, 0), (0, 128, 0)


def start_icon(desktop: Desktop) -> subprocess.Popen[bytes]:
    return desktop.spawn("icon", sys.executable, "-c", ICON, PYSTRAY_BACKEND="xorg")


def show(icon: subprocess.Popen[bytes], colour: str) -> None:
    assert icon.stdin
    icon.stdin.write(f"{colour}\n".encode())
    icon.stdin.flush()


def icon_colour(desktop: Desktop) -> object:
    box = desktop.tray_icon()
    return box and desktop.pixels(box).getpixel((box.width // 2, box.height // 2))


def notify(desktop: Desktop, title: str, body: str, replaces: int = 0) -> Message:
    service = DBusAddress("/org/freedesktop/Notifications", NOTIFICATIONS, NOTIFICATIONS)
    hints = {"urgency": ("y", 2)}
    arguments = ("plain", replaces, "", title, body, ["default", "Show"], hints, -1)
    call = new_method_call(service, "Notify", "susssasa{sv}i", arguments)
    with open_dbus_connection(desktop.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
        return bus.send_and_get_reply(call, timeout=TIMEOUT)


def heard(desktop: Desktop, count: int = 1) -> list[Notification]:
    """Wait for so many: the listener may hear of one after its sender has the answer."""
    wait_for(lambda: len(desktop.notifications()) >= count, f"{count} on the bus")
    return desktop.notifications()


def test_an_icon_docks_and_its_colour_is_seen_to_change(desktop: Desktop) -> None:
    desktop.start_tray()
    assert desktop.tray_icon() is None
    icon = start_icon(desktop)
    show(icon, "green")
    wait_for(lambda: icon_colour(desktop) == GREEN, "a green icon")
    show(icon, "red")
    wait_for(lambda: icon_colour(desktop) == RED, "a red icon")


def test_an_icon_without_a_tray_host_is_not_docked_and_docks_in_a_late_one(
    desktop: Desktop,
) -> None:
    icon = start_icon(desktop)
    show(icon, "green")
    wait_for(lambda: "Failed to dock" in desktop.log("icon"), "a try to dock")
    assert desktop.tray_icon() is None
    desktop.start_tray()
    show(icon, "red")
    wait_for(lambda: icon_colour(desktop) == RED, "a red icon")


def test_an_icon_is_gone_with_its_tray_host_and_back_with_the_next(desktop: Desktop) -> None:
    desktop.start_tray()
    icon = start_icon(desktop)
    show(icon, "green")
    wait_for(lambda: icon_colour(desktop) == GREEN, "a green icon")
    desktop.stop_tray()
    assert desktop.tray_icon() is None
    desktop.start_tray()
    show(icon, "red")
    wait_for(lambda: icon_colour(desktop) == RED, "a red icon")


def test_a_notification_is_on_the_bus_and_on_the_screen_and_a_click_runs_its_action(
    desktop: Desktop,
) -> None:
    desktop.start_dunst()
    assert desktop.notification() is None
    notify(desktop, "Gateway down", "Click to see more")
    [sent] = heard(desktop)
    assert (sent.app_name, sent.title, sent.body) == ("plain", "Gateway down", "Click to see more")
    assert (sent.actions, sent.hints) == (["default", "Show"], {"urgency": 2})
    box = wait_for(desktop.notification, "a notification on the screen")
    wait_for(lambda: len(desktop.pixels(box).getcolors(2**16) or []) > 8, "text, with soft edges")

    desktop.click_notification()
    wait_for(lambda: heard(desktop)[0].invoked == ["default"], "the action")
    wait_for(lambda: heard(desktop)[0].closed == 2, "the notification closed by the user")
    wait_for(lambda: desktop.notification() is None, "an empty screen")


def test_a_notification_that_replaces_another_has_its_number(desktop: Desktop) -> None:
    desktop.start_dunst()
    notify(desktop, "one", "")
    number = wait_for(lambda: heard(desktop)[0].id, "its number")
    notify(desktop, "two", "", replaces=number)
    wait_for(lambda: heard(desktop, 2)[1].id == number, "the same number")
    assert [each.replaces_id for each in heard(desktop, 2)] == [0, number]


def test_no_notification_daemon_starts_by_itself(desktop: Desktop) -> None:
    reply = notify(desktop, "nobody", "hears it")
    assert reply.header.message_type is MessageType.error
    assert [each.id for each in heard(desktop)] == [None]
    desktop.start_dunst()
    desktop.stop_dunst()
    assert notify(desktop, "nobody", "again").header.message_type is MessageType.error


@pytest.mark.skipif(bool(missing()), reason="a virtual desktop needs what is missing here")
def test_everything_started_ends_with_the_desktop_even_after_a_failure() -> None:
    others = set(psutil.Process().children())
    started: set[psutil.Process] = set()
    folder = ""

    def use_and_fail() -> None:
        nonlocal folder
        with Desktop() as desktop:
            folder = desktop.env["HOME"]
            desktop.start_tray()
            desktop.start_dunst()
            show(start_icon(desktop), "green")
            wait_for(desktop.tray_icon, "an icon")
            started.update(set(psutil.Process().children()) - others)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert len(started) == 5
    assert not [process for process in started if process.is_running()]
    assert not os.path.exists(folder)


def test_a_desktop_ends_well_without_its_screen_and_its_bus(desktop: Desktop) -> None:
    desktop.start_dunst()
    desktop.stop_bus()
    desktop.stop_screen()
    assert desktop.notifications() == []


def test_a_program_that_ends_at_once_is_reported_with_what_it_printed(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(desktop.env, "DISPLAY", ":nothing")
    with pytest.raises(AssertionError, match="trayer ended with 1") as caught:
        desktop.start_tray()
    assert "cannot open display" in "".join(caught.value.__notes__)


def test_a_click_arrives_at_the_docked_icon(desktop: Desktop) -> None:
    desktop.start_tray()
    icon = start_icon(desktop)
    show(icon, "green")
    desktop.click_tray_icon()
    wait_for(lambda: "clicked" in desktop.log("icon"), "the click")


def test_a_screenshot_is_the_whole_screen(desktop: Desktop) -> None:
    path = desktop.folder / "screen.png"
    desktop.screenshot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert desktop.pixels().size == (800, 600)
    assert desktop.pixels(Box(10, 20, 30, 40)).size == (30, 40)
