"""The traymon that stays loads no client library, and nothing that only its start needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.loaded_modules import (
    CLIENT_LIBRARIES,
    FOR_THE_START,
    LoadedModules,
)
from support.polling import wait_for
from support.traymon_process import IsolatedTraymon, end
from traymon.sim.gateway import HEALTHY, running

START_API, CURRENT_TIME, CONTRACT_DETAILS = 71, 49, 9


def test_a_session_is_held_without_a_client_library(tmp_path: Path) -> None:
    loaded = LoadedModules(tmp_path)
    user = IsolatedTraymon(tmp_path, TRAYMON_NOTIFY="off", TRAYMON_HOURS="auto")
    user.env |= loaded.env
    with running(HEALTHY) as gateway:

        def wanted() -> set[int]:
            return {number for c in gateway.conversations for number in c.messages}

        traymon = subprocess.Popen(
            user.command("run", "--no-tray", "--port", str(gateway.port)),
            cwd=user.cwd,
            env=user.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: wanted() >= {START_API, CURRENT_TIME, CONTRACT_DETAILS}, "a session")
            wait_for(lambda: user.run("status").returncode == 0, "green")
        finally:
            end(traymon)
    packages = loaded.packages()
    assert {"traymon", "sqlite3"} <= packages
    assert not packages & CLIENT_LIBRARIES
    assert "prometheus_client" not in packages  # nobody wants metrics
    assert "traymon.outbound.update_hint" not in loaded.modules()  # nor to know of releases
    if sys.platform == "linux":  # elsewhere the process that starts is the one that stays
        assert packages & FOR_THE_START <= {"click"}  # which the server of the page imports


def test_without_a_history_there_is_neither_a_file_nor_sqlite(tmp_path: Path) -> None:
    loaded = LoadedModules(tmp_path)
    user = IsolatedTraymon(tmp_path, TRAYMON_NOTIFY="off", TRAYMON_HISTORY="off")
    user.env |= loaded.env
    with running(HEALTHY) as gateway:
        traymon = subprocess.Popen(
            user.command("run", "--no-tray", "--port", str(gateway.port)),
            cwd=user.cwd,
            env=user.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: user.run("status").returncode == 0, "green")
        finally:
            end(traymon)
    assert "traymon" in loaded.packages()
    assert "sqlite3" not in loaded.packages()
    assert not list(tmp_path.rglob("history.db"))
