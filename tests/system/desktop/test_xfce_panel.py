"""The icon in XFCE's panel, which shows StatusNotifierItems and X11 icons; and where it is not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image, ImageChops

from support.colours import GREEN, GREY, RED
from support.desktop_traymon import (
    FAST,
    ON_A_TERMINAL,
    SILENT,
    Traymon,
    clashing,
    log_of,
    wait_until_it_shows,
)
from support.indicator import Indicator, items
from support.loaded_modules import LoadedModules
from support.polling import PATIENCE, wait_for
from support.virtual_desktop import Box, Desktop
from support.xfce import ANYWHERE, choose, panel_is_here, start_panel, stop_panel
from traymon.sim.gateway import Behaviour, Running

# so that a Gateway that ends is seen at once
HELD = {"TRAYMON_SESSION": "hold", "TRAYMON_FORWARDED": "yes"}
WITHOUT_X11 = {**ANYWHERE, "DISPLAY": ""}


pytestmark = pytest.mark.skipif(not panel_is_here(), reason="needs: apt install xfce4-panel xfconf")


def wait_for_the_heartbeat(gateway: Running) -> None:
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")


def test_the_icon_follows_the_light_and_a_left_click_opens_the_fix(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    item = Indicator(desktop)
    assert item.title.startswith(f"Programs can connect to port {gateway.port}\n")
    assert item.labels()[:3] == [
        f"✓ Programs can connect to port {gateway.port}",
        "Check now",
        "Pause",
    ]
    wait_for_the_heartbeat(gateway)

    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    fault = f"127.0.0.1 refuses connections to port {gateway.port}"
    wait_for(lambda: item.title.startswith(f"{fault}\n"), "the tooltip")
    wait_for(lambda: item.labels()[0] == f"✗ {fault}", "the menu")
    desktop.click_tray_icon()
    page = wait_for(traymon.opened, "the fix page")[0]
    assert fault in page
    assert traymon.end() == 0
    wait_for(lambda: items(desktop) == [], "the end of the icon")


def test_it_opens_no_connection_to_the_display_where_a_panel_has_the_icon(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    loaded = LoadedModules(desktop.folder)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, **loaded.env)
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end() == 0
    assert {"pystray", "jeepney"} <= loaded.packages()
    assert not loaded.packages() & {"Xlib", "gi"}


def test_the_pointer_on_the_icon_shows_the_tooltip(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    Traymon(desktop, gateway.port, **ANYWHERE)
    wait_until_it_shows(desktop, GREEN, "green")
    below = Box(0, 40, 300, 40)
    assert not desktop.pixels(below).getbbox()  # the screen is black
    desktop.point(*wait_for(desktop.tray_icon, "the icon").middle)
    wait_for(lambda: desktop.pixels(below).getbbox(), "the tooltip")


def test_the_menu_pauses_resumes_and_quits(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, TRAYMON_TIMEOUT="10")
    wait_until_it_shows(desktop, GREEN, "green")
    choose(desktop, "Down", "Down", "Down")  # the headline, Check now, Pause
    wait_until_it_shows(desktop, GREY, "grey")
    wait_for(lambda: "Resume" in Indicator(desktop).labels(), "the other word")
    looks = len(gateway.conversations)
    choose(desktop, "Down", "Down")  # Check now, which a pause does not heed
    choose(desktop, "Down", "Down", "Down")  # Resume
    wait_until_it_shows(desktop, GREEN, "green")
    assert len(gateway.conversations) == looks + 1
    choose(desktop, "Up")  # Quit, the last one
    assert traymon.process.wait(PATIENCE) == 0


def test_the_submenu_snoozes(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    Traymon(desktop, gateway.port, **ANYWHERE)
    wait_until_it_shows(desktop, GREEN, "green")
    choose(desktop, "Down", "Down", "Down", "Down", "Right")  # Snooze: 15 minutes
    wait_for(lambda: any("snoozed" in label for label in Indicator(desktop).labels()), "the snooze")


def test_the_menu_says_who_has_the_client_id_and_lets_the_user_call_him_his_own(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    desktop.start_dunst()  # without a service, the menu has one more item that says so
    with clashing(desktop, gateway, **ANYWHERE):
        choose(desktop, "Down", "Down", "Down")  # the headline, Client IDs, That one is mine
        wait_until_it_shows(desktop, GREEN, "green")


def test_a_menu_that_is_open_while_the_light_changes_stays_open_and_whole(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)  # and no notification service: with red, the menu gets one more item
    Traymon(desktop, gateway.port, **ANYWHERE, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for_the_heartbeat(gateway)
    desktop.click_tray_icon(button=3)
    menu = wait_for(desktop.menu, "the menu on the screen")
    _, *others = Indicator(desktop).labels()
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    wait_for(lambda: Indicator(desktop).labels()[0].startswith("✗"), "the headline")
    assert Indicator(desktop).labels()[1:] == others
    assert desktop.menu() == menu
    desktop.press("Escape")
    wait_for(lambda: not desktop.menu(), "the end of the menu")
    trouble = "Notifications are not"
    wait_for(lambda: Indicator(desktop).labels()[1].startswith(trouble), "the new item")
    desktop.click_tray_icon(button=3)
    higher = wait_for(desktop.menu, "the menu again")
    assert higher.height > menu.height


# --- panels that come late, go, and come again


def test_a_panel_that_comes_late_or_again_gets_the_icon(desktop: Desktop, gateway: Running) -> None:
    desktop.start_dunst()
    Traymon(desktop, gateway.port, **ANYWHERE)
    wait_for(lambda: "No tray on this desktop yet" in desktop.log("traymon"), "the word of it")
    notification = wait_for(desktop.notifications, "the notification")[0]
    assert notification.title == "This desktop has no tray for traymon's icon"
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")
    assert len(wait_for(lambda: items(desktop), "it in the panel")) == 1
    stop_panel(desktop)
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")
    assert len(wait_for(lambda: items(desktop), "it in the panel")) == 1


def test_an_x11_tray_has_the_icon_until_a_panel_comes_and_again_after_it(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    assert "No tray on this desktop yet" not in desktop.log("traymon")
    start_panel(desktop)
    wait_for(lambda: items(desktop), "it in the panel")
    wait_for(lambda: not x11_icons(desktop), "its end in the X11 tray")
    wait_until_it_shows(desktop, GREEN, "green")
    stop_panel(desktop)
    desktop.end("trayer")  # which is no tray any more: the panel has taken that over, too
    desktop.start_tray()
    wait_for(lambda: x11_icons(desktop), "it in the X11 tray")
    wait_for_the_heartbeat(gateway)
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    desktop.click_tray_icon()
    page = wait_for(traymon.opened, "the fix page")[0]
    assert f"127.0.0.1 refuses connections to port {gateway.port}" in page
    assert traymon.end() == 0


def x11_icons(desktop: Desktop) -> list[Box]:
    return desktop.windows_of("traymonSystemTrayIcon")


# --- without a display


def test_without_x11_the_panel_has_the_icon(desktop: Desktop, gateway: Running) -> None:
    """As on Wayland: only the bus leads to the panel."""
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **WITHOUT_X11, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    stop_panel(desktop)
    wait_for(lambda: "the icon is nowhere" in log_of(desktop), "the word of it")
    start_panel(desktop)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for_the_heartbeat(gateway)
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    assert traymon.end() == 0
    assert "Traceback" not in desktop.log("traymon")


@pytest.mark.skipif(
    not (shutil.which("weston") and shutil.which("Xwayland")),
    reason="needs: apt install weston xwayland",
)
def test_on_wayland_it_docks_in_the_x11_tray_that_stands_there(
    desktop: Desktop, gateway: Running
) -> None:
    screen = ("--backend=headless-backend.so", "--xwayland", "--socket=wayland-9")
    desktop.spawn("weston", "weston", *screen)
    listening = re.compile(r"xserver listening on display (:\d+)").search
    number = wait_for(lambda: listening(desktop.log("weston")), "X")[1]
    both = {"WAYLAND_DISPLAY": "wayland-9", "DISPLAY": number}
    desktop.spawn("trayer", "trayer", "--edge", "bottom", **both)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, **both)
    named = ["xdotool", "search", "--onlyvisible", "--classname", "traymonSystemTrayIcon"]
    seen = {**desktop.env, **both}
    wait_for(lambda: subprocess.run(named, env=seen, stdout=-3).returncode == 0, "the icon")
    assert traymon.end() == 0


def test_when_the_display_is_gone_it_ends_in_order(desktop: Desktop, gateway: Running) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE)
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.stop_screen()
    assert traymon.process.wait(PATIENCE) == 0
    assert "the display is gone, and there is no terminal" in log_of(desktop)
    assert log_of(desktop).endswith("traymon.app: ended\n")


def test_when_the_display_is_gone_it_goes_on_in_its_terminal(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    command = [sys.executable, "-m", "traymon", "--port", str(gateway.port)]
    start = ["traymon", sys.executable, "-c", ON_A_TERMINAL, *command]
    process = desktop.spawn(*start, **{**FAST, **ANYWHERE})
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.stop_screen()
    wait_for(lambda: "The display is gone" in desktop.log("traymon"), "the word of it")
    gateway.behaviour = SILENT
    wait_for(lambda: "✗ TWS does not answer programs" in desktop.log("traymon"), "the fault")
    assert process.stdin is not None
    process.stdin.write(b"\x03")  # Ctrl-C
    process.stdin.flush()
    assert process.wait(PATIENCE) == 0


# --- without a bus


def test_when_the_bus_ends_the_x11_tray_has_the_icon_and_the_panel_once_both_are_back(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    traymon = Traymon(desktop, gateway.port, **ANYWHERE, **HELD)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for_the_heartbeat(gateway)
    desktop.stop_bus()
    wait_for(lambda: "the session bus is gone" in log_of(desktop), "the word of it")
    desktop.end("xfce4-panel")
    desktop.start_tray()
    wait_until_it_shows(desktop, GREEN, "green")
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    desktop.stop_tray()

    desktop.end("xfconfd")
    desktop.restart_bus()
    start_panel(desktop)
    wait_for(lambda: items(desktop), "it in the panel")
    wait_until_it_shows(desktop, RED, "red")
    assert traymon.end() == 0


def test_without_a_session_bus_the_x11_tray_has_it(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    desktop.stop_bus()
    traymon = Traymon(desktop, gateway.port, **ANYWHERE)
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end() == 0


# --- what is asked for


def test_a_name_that_is_no_kind_of_icon_here_is_told_and_the_best_one_taken(
    desktop: Desktop, gateway: Running
) -> None:
    start_panel(desktop)
    Traymon(desktop, gateway.port, PYSTRAY_BACKEND="appindicator")
    wait_until_it_shows(desktop, GREEN, "green")
    assert "PYSTRAY_BACKEND=appindicator: here there is only sni and xorg" in log_of(desktop)


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
