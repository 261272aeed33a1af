"""What asks TWS for its settings costs nothing until somebody wants them."""

from __future__ import annotations

import subprocess
import sys

LATE = {"traymon.sensors.tws_settings_session", "traymon.sensors.protobuf"}
START = """
import sys, traymon.app
from traymon.core.target import Target
from traymon.monitoring.one_shot import run_once
from traymon.sim.gateway import Behaviour, running
with running(Behaviour(server_version=226)) as gateway:
    run_once(Target("project", port=gateway.port, own_client_id=9_100, tws_settings={wanted}))
print(*sys.modules)
"""


def loaded(*, wanted: bool) -> set[str]:
    code = START.format(wanted=wanted)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "traymon.sensors.tws_settings" in done.stdout.split(), done.stderr
    return {*done.stdout.split()}


def test_without_a_wish_nothing_that_asks_is_loaded() -> None:
    assert not LATE & loaded(wanted=False)
    assert loaded(wanted=True) >= LATE
