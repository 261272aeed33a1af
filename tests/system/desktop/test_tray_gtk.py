"""The same icon through GTK, where the system's PyGObject is there: with a menu, and its traps."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
from support.gtk import DEBIAN, GTK, choose, gtk_is_here, indicator_is_here
from support.polling import PATIENCE, wait_for
from support.virtual_desktop import Desktop
from traymon.sim.gateway import running

# What Python runs at its start: AppIndicator is not to be had, as where nobody installed it.
WITHOUT_INDICATOR = """
import gi
there = gi.require_version
def require_version(name, version):
    if "AppIndicator" in name:
        raise ValueError(f"Namespace {name} not available")
    there(name, version)
gi.require_version = require_version
"""

pytestmark = pytest.mark.skipif(
    not gtk_is_here(),
    reason="needs: apt install python3-gi gir1.2-gtk-3.0, of this Python's version",
)


def test_the_icon_follows_the_light_and_a_left_click_opens_the_fix(desktop: Desktop) -> None:
    desktop.start_tray()
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **GTK)
        wait_until_it_shows(desktop, GREEN, "green")
        gateway.behaviour = SILENT
        wait_until_it_shows(desktop, RED, "red")
        desktop.click_tray_icon()
        page = wait_for(traymon.opened, "the fix page")[0]
        assert "TWS does not answer programs" in page
        assert traymon.end() == 0


def test_gtk_is_found_where_appindicator_is_missing(desktop: Desktop) -> None:
    desktop.start_tray()
    (desktop.folder / "sitecustomize.py").write_text(WITHOUT_INDICATOR)
    automatic = {"PYTHONPATH": f"{desktop.folder}:{DEBIAN}", "PYSTRAY_BACKEND": ""}
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **{**GTK, **automatic})
        wait_until_it_shows(desktop, GREEN, "green")
        assert "tray backend: gtk" in log_of(desktop)
        desktop.click_tray_icon(button=3)
        wait_for(desktop.menu, "the menu, which the xorg backend does not have")
        assert traymon.end() == 0


def test_a_tray_host_that_comes_late_or_again_gets_the_icon(desktop: Desktop) -> None:
    with running() as gateway:
        Traymon(desktop, gateway.port, **GTK)
        wait_for(lambda: "No tray on this desktop yet" in desktop.log("traymon"), "the word of it")
        desktop.start_tray()
        wait_until_it_shows(desktop, GREEN, "green")
        desktop.stop_tray()
        desktop.start_tray()
        wait_until_it_shows(desktop, GREEN, "green")


@pytest.mark.skipif(
    not (shutil.which("weston") and shutil.which("Xwayland")),
    reason="needs: apt install weston xwayland",
)
def test_on_wayland_it_docks_in_the_x11_tray_that_stands_there(desktop: Desktop) -> None:
    screen = ("--backend=headless-backend.so", "--xwayland", "--socket=wayland-9")
    desktop.spawn("weston", "weston", *screen)
    listening = re.compile(r"xserver listening on display (:\d+)").search
    number = wait_for(lambda: listening(desktop.log("weston")), "X")[1]
    both = {"WAYLAND_DISPLAY": "wayland-9", "DISPLAY": number}
    desktop.spawn("trayer", "trayer", "--edge", "bottom", **both)
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **GTK, **both)
        named = ["xdotool", "search", "--onlyvisible", "--name", "Programs can connect to port"]
        seen = {**desktop.env, **both}
        wait_for(lambda: subprocess.run(named, env=seen, stdout=-3).returncode == 0, "the icon")
        assert traymon.end() == 0


def test_ctrl_c_ends_it_cleanly_although_pystray_takes_the_handler_away(desktop: Desktop) -> None:
    desktop.start_tray()
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **GTK)
        wait_until_it_shows(desktop, GREEN, "green")
        assert traymon.end(signal.SIGINT) == 0
        log = Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "log" / "traymon.log"
        assert "ended" in log.read_text()


def test_it_starts_and_ends_without_a_session_bus(desktop: Desktop) -> None:
    desktop.start_tray()
    desktop.stop_bus()
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **GTK)
        wait_until_it_shows(desktop, GREEN, "green")
        assert traymon.end() == 0


@pytest.fixture(params=["gtk", "appindicator"])
def backend(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "appindicator" and not indicator_is_here():
        pytest.skip("needs: apt install gir1.2-ayatanaappindicator3-0.1")
    return {**GTK, "PYSTRAY_BACKEND": request.param}


def test_when_the_display_is_gone_it_ends_in_order(
    desktop: Desktop, backend: dict[str, str]
) -> None:
    desktop.start_tray()
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **backend)
        wait_until_it_shows(desktop, GREEN, "green")
        desktop.stop_screen()
        assert traymon.process.wait(PATIENCE) == 0
    assert "the display is gone, and there is no terminal" in log_of(desktop)
    assert log_of(desktop).endswith("traymon.app: ended\n")


def test_when_the_display_is_gone_it_goes_on_in_its_terminal(
    desktop: Desktop, backend: dict[str, str]
) -> None:
    desktop.start_tray()
    with running() as gateway:
        command = [sys.executable, "-m", "traymon", "--port", str(gateway.port)]
        start = ["traymon", sys.executable, "-c", ON_A_TERMINAL, *command]
        process = desktop.spawn(*start, **{**FAST, **backend})
        wait_until_it_shows(desktop, GREEN, "green")
        desktop.stop_screen()
        wait_for(lambda: "The display is gone" in desktop.log("traymon"), "the word of it")
        gateway.behaviour = SILENT
        wait_for(lambda: "✗ TWS does not answer programs" in desktop.log("traymon"), "the fault")
        assert process.stdin is not None
        process.stdin.write(b"\x03")  # Ctrl-C
        process.stdin.flush()
        assert process.wait(PATIENCE) == 0


def test_the_menu_pauses_resumes_and_quits(desktop: Desktop) -> None:
    desktop.start_tray()
    with running() as gateway:
        traymon = Traymon(desktop, gateway.port, **{**GTK, "TRAYMON_TIMEOUT": "10"})
        wait_until_it_shows(desktop, GREEN, "green")
        choose(desktop, "Down", "Down", "Down")  # the headline, Check now, Pause
        wait_until_it_shows(desktop, GREY, "grey")
        looks = len(gateway.conversations)
        choose(desktop, "Down", "Down")  # Check now, which a pause does not heed
        choose(desktop, "Down", "Down", "Down")  # Resume
        wait_until_it_shows(desktop, GREEN, "green")
        assert len(gateway.conversations) == looks + 1
        choose(desktop, "Up")  # Quit, the last one
        assert traymon.process.wait(PATIENCE) == 0


def test_the_menu_says_who_has_the_client_id_and_lets_the_user_call_him_his_own(
    desktop: Desktop,
) -> None:
    desktop.start_tray()
    desktop.start_dunst()  # without a service, the menu has one more item that says so
    with running() as gateway, clashing(desktop, gateway, **GTK):
        choose(desktop, "Down", "Down", "Down")  # the headline, Client IDs, That one is mine
        wait_until_it_shows(desktop, GREEN, "green")
