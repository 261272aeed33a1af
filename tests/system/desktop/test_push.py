"""A tray that pushes as well: a service that hangs delays nothing, and one that fails is told."""

from __future__ import annotations

from support.colours import GREEN, RED
from support.desktop_traymon import SILENT, Traymon, log_of, wait_until_it_shows
from support.loaded_modules import FOR_DRILLS, FOR_PUSH, FOR_SENDING, LoadedModules
from support.polling import wait_for
from support.push_server import HANGS, push_server
from support.virtual_desktop import Desktop
from traymon.sim.gateway import Running

ALWAYS = {"TRAYMON_REGION": "off"}  # IB's resets would make the fault an expected one


def test_icon_and_notification_do_not_wait_for_a_service_that_hangs(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    loaded = LoadedModules(desktop.folder)
    with push_server(HANGS) as server:
        env = {**ALWAYS, **loaded.env, "TRAYMON_WEBHOOK": server.url}
        traymon = Traymon(desktop, gateway.port, **env)
        wait_until_it_shows(desktop, GREEN, "green")
        gateway.behaviour = SILENT
        wait_for(lambda: server.received, "the message")
        wait_until_it_shows(desktop, RED, "red")
        wait_for(lambda: desktop.notifications(), "the notification")
        assert "push webhook failed" not in log_of(desktop), "it hangs no longer"
        assert traymon.end() == 0
    assert loaded.modules() >= FOR_PUSH
    assert not loaded.modules() & FOR_DRILLS
    assert not loaded.modules() & FOR_SENDING


def test_without_a_channel_nothing_is_loaded_for_one(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    loaded = LoadedModules(desktop.folder)
    traymon = Traymon(desktop, gateway.port, **ALWAYS, **loaded.env)
    wait_until_it_shows(desktop, GREEN, "green")
    assert traymon.end() == 0
    assert not loaded.modules() & (FOR_DRILLS | FOR_PUSH | FOR_SENDING)
