"""The test alarm on a real desktop: shown, clicked, and proven by that; no light is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.colours import AMBER, GREEN
from support.desktop_traymon import Traymon, shows, wait_until_it_shows
from support.polling import wait_for
from support.push_server import push_server
from support.virtual_desktop import Desktop
from traymon.core.drill import DAY
from traymon.sim.gateway import Running

TITLE = "Drill: this is a test alarm"


def drill(desktop: Desktop, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "traymon", "drill", *arguments]
    return subprocess.run(command, env=desktop.env, capture_output=True, text=True, timeout=60)


def proofs(desktop: Desktop) -> dict[str, Any]:
    answer = json.loads(drill(desktop, "status", "--json").stdout)
    return {channel["name"]: channel for channel in answer["channels"]}


def of_type(desktop: Desktop, kind: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "traymon", "events", "--json"]
    lines = subprocess.check_output(command, env=desktop.env, text=True, timeout=60).splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def alerts(desktop: Desktop, text: str) -> str:
    file = desktop.folder / "alerts.toml"
    file.write_text(text)
    return str(file)


def test_a_click_on_the_notification_proves_the_desktop(desktop: Desktop, gateway: Running) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    with push_server() as server:
        push = f'[[push]]\nname = "phone"\nkind = "webhook"\nurl = "{server.url}"\n'
        file = alerts(desktop, f"{push}[drill]\n")
        Traymon(desktop, gateway.port, TRAYMON_ALERTS=file)
        wait_until_it_shows(desktop, GREEN, "green")
        wait_for(lambda: drill(desktop, "status").returncode == 0, "the drill to be set up")
        before = desktop.pixels(desktop.tray_icon()).tobytes()
        ran = drill(desktop, "run")
        assert ran.returncode == 0, ran.stderr
        wait_for(lambda: [n.title for n in desktop.notifications()] == [TITLE], "the test alarm")
        wait_for(lambda: server.received, "the message")
        assert server.received[0].json["drill"] is True
        assert proofs(desktop)["desktop"]["awaits_answer"]
        assert desktop.pixels(desktop.tray_icon()).tobytes() == before
        desktop.click_notification()
        wait_for(lambda: proofs(desktop)["desktop"]["proven"] is not None, "the proof")
        assert not proofs(desktop)["phone"]["proven"]
        answered = drill(desktop, "answer")
        assert answered.stdout == "Alarm last proven today (desktop, phone).\n", answered.stderr
        again = drill(desktop, "answer", "phone")
        assert (again.returncode, again.stdout) == (3, "")
        assert "No test alarm is waiting" in again.stderr
        wait_for(lambda: len(of_type(desktop, "drill")) == 3, "the events")
        changes = [event["data"]["change"] for event in of_type(desktop, "drill")]
        assert changes == ["sent", "answered", "answered"]
        kept = of_type(desktop, "notification")
        assert {(event["target"], event["data"]["kind"]) for event in kept} == {(None, "drill")}
        lights = [event["data"]["after"]["light"] for event in of_type(desktop, "light")]
        assert lights == ["green"], "the history has seen the drill"


def test_the_icon_is_amber_while_the_target_is_green_if_no_alarm_was_proven_for_long(
    desktop: Desktop, gateway: Running
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    folder = Path(desktop.env["XDG_STATE_HOME"]) / "traymon"
    folder.mkdir(parents=True)
    began = 1_700_000_000.0
    kept = {
        "drill": {"since": began, "last": began + DAY, "channels": {"desktop": {"since": began}}}
    }
    (folder / "state.json").write_text(json.dumps(kept))
    file = alerts(desktop, '[drill]\nweekly = "Sat 10:00"\namber_after = 14\n')
    traymon = Traymon(desktop, gateway.port, TRAYMON_ALERTS=file)
    wait_until_it_shows(desktop, AMBER, "amber")
    status = [sys.executable, "-m", "traymon", "status"]
    assert subprocess.run(status, env=desktop.env, check=False).returncode == 0, "a target's light"
    wait_for(lambda: proofs(desktop)["desktop"]["awaits_answer"], "the drill that was missed")
    traymon.post("/drill/answer/desktop")
    wait_until_it_shows(desktop, GREEN, "green")
    assert not shows(desktop, AMBER)
