"""The icon in XFCE's panel, as an indicator and as an X11 icon; and where there is no panel."""

from __future__ import annotations

from pathlib import Path

import pytest
from jeepney import DBusAddress, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from PIL import Image, ImageChops

from support.bus import TIMEOUT
from support.colours import GREEN, GREY, RED
from support.desktop_traymon import Traymon, log_of, wait_until_it_shows
from support.gtk import INDICATOR, indicator_is_here
from support.indicator import Indicator
from support.polling import PATIENCE, wait_for
from support.virtual_desktop import Box, Desktop
from support.xfce import WATCHER, panel_is_here, start_panel, stop_panel
from traymon.sim.gateway import Behaviour, Running

# so that a Gateway that ends is seen at once
HELD = {"TRAYMON_SESSION": "hold", "TRAYMON_FORWARDED": "yes"}


pytestmark = pytest.mark.skipif(
    not (panel_is_here() and indicator_is_here()),
    reason="needs: apt install xfce4-panel gir1.2-ayatanaappindicator3-0.1 python3-gi, "
    "of this Python's version",
)


def test_the_icon_in_the_panel_follows_the_light_and_its_menu_opens_the_fix(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **INDICATOR, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    item = Indicator(desktop)
    assert item.title.startswith(f"Programs can connect to port {gateway.port}\n")
    assert item.labels()[:3] == [
        f"✓ Programs can connect to port {gateway.port}",
        "Check now",
        "Pause",
    ]
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")

    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    fault = f"127.0.0.1 refuses connections to port {gateway.port}"
    wait_for(lambda: item.title.startswith(fault), "the tooltip")
    wait_for(lambda: item.labels()[0] == f"✗ {fault}", "the menu")

    desktop.click_tray_icon()
    wait_for(desktop.menu, "the menu on the screen")
    desktop.press("Down", "Return")
    page = wait_for(traymon.opened, "the fix page")[0]
    assert fault in page
    assert traymon.end() == 0


def test_the_menu_pauses_and_quits(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **INDICATOR)
    wait_until_it_shows(desktop, GREEN, "green")
    choose(desktop, "Down", "Down", "Down")  # the headline, Check now, Pause
    wait_until_it_shows(desktop, GREY, "grey")
    wait_for(lambda: "Resume" in Indicator(desktop).labels(), "the other word")
    choose(desktop, "Up")  # Quit, the last one
    assert traymon.process.wait(PATIENCE) == 0


def test_a_panel_that_comes_late_or_again_gets_the_icon(desktop: Desktop, gateway: Running) -> None:
    desktop.start_dunst()
    Traymon(desktop, gateway.port, **INDICATOR)
    wait_for(lambda: "No tray on this desktop yet" in desktop.log("traymon"), "the word of it")
    notification = wait_for(desktop.notifications, "the notification")[0]
    assert notification.title == "This desktop has no tray for traymon's icon"
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")
    stop_panel(desktop)
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")


def picture_file(desktop: Desktop) -> Path:
    """Return the file that the panel reads while the light is green."""
    return Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "icons" / "green.png"


@pytest.mark.parametrize("moment", ["before the panel ends", "before the next panel starts"])
def test_a_panel_that_comes_again_gets_a_picture_although_the_file_was_removed(
    desktop: Desktop, gateway: Running, moment: str
) -> None:
    start_panel(desktop)
    Traymon(desktop, gateway.port, **INDICATOR)
    wait_until_it_shows(desktop, GREEN, "green")
    picture = picture_file(desktop)
    picture.unlink()
    stop_panel(desktop)
    wait_for(picture.exists, "the file")
    if moment == "before the next panel starts":
        picture.write_bytes(b"")  # as a full disk leaves it
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")


def test_where_panels_and_their_register_are_programs_of_their_own_a_new_panel_gets_a_picture(
    desktop: Desktop, gateway: Running
) -> None:
    """As in KDE: the panel starts again, and the watcher stays."""
    address = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
    with open_dbus_connection(address) as watcher:
        watcher.send_and_get_reply(message_bus.RequestName(WATCHER), timeout=TIMEOUT)
        Traymon(desktop, gateway.port, **INDICATOR)
        picture = picture_file(desktop)
        wait_for(picture.exists, "the file")
        wait_for(lambda: "healthy" in log_of(desktop), "the first look")

        def starts_a_panel_and_there_is_the_file() -> bool:
            signal = DBusAddress("/StatusNotifierWatcher", interface=WATCHER)
            watcher.send(new_signal(signal, "StatusNotifierHostRegistered"))
            return picture.exists()

        picture.unlink()
        wait_for(starts_a_panel_and_there_is_the_file, "the file")


def test_where_the_state_folder_cannot_be_used_the_icon_is_there(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    folder = picture_file(desktop).parent
    folder.parent.mkdir(parents=True)
    folder.write_text("a file in the folder's place")
    traymon = Traymon(desktop, gateway.port, **INDICATOR, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    assert traymon.end() == 0


def test_it_goes_on_when_the_session_bus_ends(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **INDICATOR, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")
    desktop.stop_bus()
    gateway.stop()
    fault = f"127.0.0.1 refuses connections to port {gateway.port}"
    wait_for(lambda: fault in desktop.log("traymon"), "the fault in the terminal")
    assert traymon.end() == 0


def test_where_only_an_x11_tray_stands_the_icon_is_there(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port, **INDICATOR, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    choose(desktop, "Down")  # the headline
    page = wait_for(traymon.opened, "the fix page")[0]
    assert f"127.0.0.1 refuses connections to port {gateway.port}" in page
    assert "No tray on this desktop yet" not in desktop.log("traymon")
    assert traymon.end() == 0


def test_without_a_session_bus_the_x11_tray_has_it(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    desktop.stop_bus()
    traymon = Traymon(desktop, gateway.port, **INDICATOR)
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end() == 0


def test_an_x11_icon_in_the_panel_stands_on_the_panels_own_ground(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    gateway.behaviour = Behaviour(delay=2.0)
    traymon = Traymon(desktop, gateway.port, **{**HELD, "TRAYMON_TIMEOUT": "5"})
    wait_until_it_shows(desktop, GREY, "grey")  # a square
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")  # an octagon
    cell = wait_for(desktop.tray_icon, "the icon")
    pixels = desktop.pixels(Box(0, 0, 60, cell.height - 1))
    ground = pixels.getpixel((50, 16))
    icon = ImageChops.difference(pixels, Image.new("RGB", pixels.size, ground)).getbbox()
    assert icon is not None
    left, top, right, bottom = icon
    assert {
        pixels.getpixel((x, y))
        for x in (left, left + 2, right - 3, right - 1)
        for y in (top, top + 2, bottom - 3, bottom - 1)
    } == {ground}
    assert traymon.end() == 0


def choose(desktop: Desktop, *keys: str) -> None:
    """Open the menu, go to an item by keys and take it."""
    desktop.click_tray_icon()
    wait_for(desktop.menu, "the menu on the screen")
    desktop.press(*keys, "Return")
    wait_for(lambda: not desktop.menu(), "the end of the menu")
