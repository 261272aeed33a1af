"""traymon on a real desktop: the icon's pixels, real notifications on a real bus, real clicks."""

from __future__ import annotations

import os
import signal
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
from support.loaded_modules import (
    CLIENT_LIBRARIES,
    FOR_THE_PAGE,
    FOR_THE_START,
    LoadedModules,
)
from support.polling import PATIENCE, wait_for
from support.user_env import RecordingBrowser
from support.virtual_desktop import Desktop
from traymon.sim.gateway import HEALTHY, Running
from traymon.ui.openers import GRAPHICAL_BROWSERS


def test_a_gateway_that_falls_silent_turns_the_icon_red_and_a_click_opens_the_fix(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    assert desktop.notifications() == []

    gateway.behaviour = SILENT
    wait_until_it_shows(desktop, RED, "red")
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == f"TWS does not answer programs (port {gateway.port})"
    assert "Accept incoming connection" in notification.body
    assert notification.body.endswith("Click for all steps. · traymon")
    assert notification.actions == ["default", "Show fix steps", "snooze", "Snooze 1 hour"]
    assert notification.hints["urgency"] == 2

    desktop.click_notification()
    page = wait_for(traymon.opened, "the fix page")[0]
    assert "Enable ActiveX and Socket Clients" in page
    assert str(gateway.port) in page

    gateway.behaviour = HEALTHY
    wait_until_it_shows(desktop, GREEN, "green")
    recovery = wait_for(lambda: desktop.notifications()[1:], "the recovery notification")[0]
    assert recovery.title == f"The API works again on port {gateway.port}"
    assert "Down for" in recovery.body
    assert traymon.end() == 0
    assert len(desktop.notifications()) == 2


def test_the_notification_of_a_clash_has_a_button_to_say_that_the_program_is_ones_own(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    with clashing(desktop, gateway) as pid:
        notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
        assert notification.title == "Client ID 10 is in use by another program"
        assert f"other_app.py (pid {pid}, since" in notification.body
        assert notification.actions[2:] == ["mine", "That one is mine", "snooze", "Snooze 1 hour"]
        desktop.click_notification(button=2)  # its menu, of which "mine" is taken, else "Snooze"
        wait_until_it_shows(desktop, GREEN, "green")


def test_a_notification_has_a_button_for_an_hour_of_silence(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    gateway.behaviour = SILENT
    Traymon(desktop, gateway.port)
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.actions[2:] == ["snooze", "Snooze 1 hour"]
    desktop.click_notification(button=2)  # its menu, of which "mine" is taken, else "Snooze"
    kept = Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "state.json"
    wait_for(lambda: kept.exists() and "snoozed_until" in kept.read_text(), "the snooze")


def test_a_test_notification_goes_through_every_channel_and_its_click_is_seen(
    desktop: Desktop,
) -> None:
    desktop.start_dunst()
    asking = desktop.spawn("asking", sys.executable, "-m", "traymon", "test-notify")
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == "This is a test from traymon"
    wait_for(lambda: "D-Bus: sent; reports clicks" in desktop.log("asking"), "its word")
    desktop.click_notification()
    wait_for(lambda: "The click arrived" in desktop.log("asking"), "the click")
    assert asking.wait(PATIENCE) == 0
    assert "plyer: " in desktop.log("asking")
    assert "The click arrived (D-Bus)." in desktop.log("asking")
    named = [each for each in desktop.notifications() if "looks like (D-Bus)" in each.body]
    assert named, "each notification names its channel"


def test_without_a_notification_service_the_test_says_so(desktop: Desktop) -> None:
    asking = desktop.spawn("asking", sys.executable, "-m", "traymon", "test-notify")
    assert asking.wait(PATIENCE) == 3
    assert "D-Bus: failed" in desktop.log("asking")
    assert "Warning" not in desktop.log("asking")


def test_a_monitor_that_stands_still_turns_the_icon_grey_and_is_told(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    stop = desktop.folder / "stop"
    stalling = f"""
import functools, os, time
import traymon.app, traymon.service
from traymon.monitoring.monitor import Monitor
traymon.service.Watchdog = functools.partial(traymon.service.Watchdog, interval=0.2)
traymon.monitoring.target_monitor.TICK = 0.1
publish = Monitor._publish
def stall(self, *published):
    publish(self, *published)
    while os.path.exists({str(stop)!r}):
        time.sleep(0.05)
Monitor._publish = stall
from traymon.cli.main import main
main()
"""
    desktop.spawn(
        "traymon",
        *(sys.executable, "-c", stalling, "--port", str(gateway.port)),
        **{**FAST, "PYSTRAY_BACKEND": "xorg"},
    )
    wait_until_it_shows(desktop, GREEN, "green")
    stop.touch()
    wait_until_it_shows(desktop, GREY, "grey")
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == f"traymon has stopped checking port {gateway.port}"
    assert "in stall" in log_of(desktop)
    stop.unlink()
    wait_until_it_shows(desktop, GREEN, "green")


def test_with_the_session_held_a_gateway_that_ends_shows_without_waiting_for_a_look(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    hour = {"TRAYMON_INTERVAL": "3600", "TRAYMON_QUICK": "600", "TRAYMON_SESSION": "hold"}
    # forwarded: a real TWS on this machine is neither looked for nor greeted
    Traymon(desktop, gateway.port, **hour, TRAYMON_FORWARDED="yes")
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "the heartbeat")
    gateway.stop()
    wait_until_it_shows(desktop, RED, "red")
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == f"127.0.0.1 refuses connections to port {gateway.port}"


def test_a_left_click_on_the_icon_opens_the_fix(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.click_tray_icon()
    page = wait_for(traymon.opened, "the fix page")[0]
    assert "Programs can connect to port" in page


def test_a_tray_host_that_comes_late_or_again_gets_the_icon(
    desktop: Desktop, gateway: Running
) -> None:
    Traymon(desktop, gateway.port)
    wait_for(lambda: "No tray on this desktop yet" in desktop.log("traymon"), "the word of it")
    desktop.start_tray()
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.stop_tray()
    desktop.start_tray()
    wait_until_it_shows(desktop, GREEN, "green")


def test_a_tray_host_that_was_replaced_while_the_icon_was_busy_is_asked_but_once(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    for _ in range(5):  # trayer shows an icon that asked twice only now and then
        if sys.platform == "win32":
            pytest.skip("POSIX alone")
        traymon.process.send_signal(signal.SIGSTOP)
        desktop.stop_tray()
        desktop.start_tray()
        traymon.process.send_signal(signal.SIGCONT)
        wait_until_it_shows(desktop, GREEN, "green")


def test_without_a_notification_service_it_carries_on_and_says_so_in_the_log(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    gateway.behaviour = SILENT
    wait_until_it_shows(desktop, RED, "red")
    wait_for(lambda: "no notification through D-Bus" in log_of(desktop), "the word in the log")
    desktop.click_tray_icon()
    wait_for(traymon.opened, "the fix page")
    assert traymon.end() == 0


def test_a_notification_service_that_comes_back_gets_the_next_notification(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    gateway.behaviour = SILENT
    wait_for(desktop.notification, "the notification on the screen")
    # a service that ends before it has answered would be sent it once more
    wait_for(lambda: desktop.notifications()[0].id, "the answer to it")
    desktop.stop_dunst()
    desktop.start_dunst()
    gateway.behaviour = HEALTHY
    wait_for(lambda: len(desktop.notifications()) == 2, "the recovery notification", timeout=20)
    wait_for(desktop.notification, "it on the screen")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_it_cleanly(desktop: Desktop, gateway: Running, name: str) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end(signal.Signals[name]) == 0
    assert "Traceback" not in desktop.log("traymon")
    assert "did not end" not in log_of(desktop)


def test_it_carries_on_without_its_session_bus(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    gateway.behaviour = SILENT
    wait_until_it_shows(desktop, RED, "red")
    wait_for(desktop.notification, "the notification on the screen")
    desktop.stop_bus()
    gateway.behaviour = HEALTHY
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end() == 0
    assert "Traceback" not in desktop.log("traymon")


def test_it_ends_with_the_display_where_it_has_no_terminal(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    traymon = Traymon(desktop, gateway.port)
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.stop_screen()
    assert traymon.process.wait(PATIENCE) == 0
    assert "the display is gone, and there is no terminal" in log_of(desktop)
    assert "Traceback" not in desktop.log("traymon")


def test_it_goes_on_in_its_terminal_until_one_starts_that_has_a_display(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    command = [sys.executable, "-m", "traymon", "--port", str(gateway.port)]
    env = {**FAST, "PYSTRAY_BACKEND": "xorg", "TERM": "xterm"}
    first = desktop.spawn("first", sys.executable, "-c", ON_A_TERMINAL, *command, **env)
    wait_until_it_shows(desktop, GREEN, "green")
    with Desktop() as next_session:  # of the same user, after a new login
        next_session.start_tray()
        session = {name: next_session.env[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        browser = RecordingBrowser(desktop.folder)
        asking = {**env, **session, **browser.env}
        desktop.spawn("second", *command, **asking)
        wait_for(browser.opened, "the page of the first one, which has its icon")
        desktop.stop_screen()
        wait_for(lambda: "The display is gone" in desktop.log("first"), "the word of it")
        gateway.behaviour = SILENT
        wait_for(lambda: "✗ TWS does not answer" in desktop.log("first"), "red in the terminal")
        login = [*command[:3], "run", "--at-login", *command[3:]]
        desktop.spawn("third", *login, **asking)
        wait_until_it_shows(next_session, RED, "red")
        assert first.wait(PATIENCE) == 0
        assert "Another traymon has started in a session with a desktop" in desktop.log("first")
        assert len(browser.opened()) == 1
        desktop.end("third")


def test_a_page_that_does_not_open_is_told_after_a_click(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    failing = desktop.folder / "failing"
    failing.mkdir()
    for name in ("xdg-open", "gio", *GRAPHICAL_BROWSERS):
        (failing / name).symlink_to("/bin/false")
    path = f"{failing}{os.pathsep}{os.environ['PATH']}"
    Traymon(desktop, gateway.port, BROWSER="/no/such/browser", PATH=path)
    wait_until_it_shows(desktop, GREEN, "green")
    desktop.click_tray_icon()
    notification = wait_for(lambda: desktop.notifications()[-1:], "the notification")[0]
    assert notification.title == "No browser could be opened · traymon"
    assert " open --print-url" in notification.body
    assert "/no/such/browser: No such file" in notification.body


def test_without_a_display_it_says_so_in_one_line_and_shows_the_status_in_the_terminal(
    desktop: Desktop, gateway: Running
) -> None:
    traymon = Traymon(desktop, gateway.port, DISPLAY="")
    wait_for(lambda: "✓ Programs can connect" in desktop.log("traymon"), "the green line")
    lines = desktop.log("traymon").splitlines()
    assert sum("No system tray here" in line for line in lines) == 1
    assert traymon.end() == 0
    assert "Traceback" not in desktop.log("traymon")


def test_with_its_icon_and_a_session_it_loads_no_client_library(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    loaded = LoadedModules(desktop.folder)
    traymon = Traymon(desktop, gateway.port, TRAYMON_SESSION="hold", **loaded.env)
    wait_until_it_shows(desktop, GREEN, "green")
    wait_for(lambda: any(49 in c.messages for c in gateway.conversations), "a session")
    looks = len(gateway.conversations)
    traymon.post("/check-now")
    wait_for(lambda: len(gateway.conversations) > looks, "another look")
    assert traymon.end() == 0
    assert "pystray" in loaded.packages()
    assert not loaded.packages() & CLIENT_LIBRARIES


def test_icon_and_notification_need_nothing_of_what_the_start_and_the_page_need(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    loaded = LoadedModules(desktop.folder)
    traymon = Traymon(desktop, gateway.port, **loaded.env)
    wait_until_it_shows(desktop, GREEN, "green")
    gateway.behaviour = SILENT
    wait_for(lambda: desktop.notifications(), "the notification")
    assert traymon.end() == 0
    assert {"pystray", "jeepney"} <= loaded.packages()
    assert not loaded.packages() & (FOR_THE_START | FOR_THE_PAGE)
