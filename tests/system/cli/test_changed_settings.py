"""A running traymon whose .env changes: it says so, goes on, and uses the new one when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.pipes import make_pipe
from support.polling import wait_for
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import Running, running


class ConfiguredTraymon(ResidentTraymon):
    """A user whose traymon takes its port from the .env of a project."""

    def __init__(self, home: Path, gateway: Running) -> None:
        super().__init__(home, gateway)
        self.cwd = home / "bot"
        self.cwd.mkdir()
        self.log = home / "state" / "traymon" / "log" / "traymon.log"

    def write_env(self, port: int, *others: str) -> None:
        text = "\n".join([f"IB_PORT={port}", *others, ""])
        (self.cwd / ".env").write_text(text, encoding="utf-8")

    @contextmanager
    def watching(self, **settings: str) -> Iterator[None]:
        """Run the traymon that stays, and end it in good order."""
        process = subprocess.Popen(
            self.command("run", "--no-tray"),
            cwd=self.cwd,
            env=self.env | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: self.run("status").returncode == 0, "green")
            yield
        finally:
            end(process)

    def status(self) -> Any:
        """Return what the one target shows."""
        return json.loads(self.ask("GET", "/status"))[0]

    def wait_for(self, light: str, port: int, news: str = "in force") -> None:
        """Wait until the light, the port that is watched and the state of the settings are so."""

        def seen() -> bool:
            status = self.status()
            shown = status["light"], status["target"]["port"], status["settings"]["news"]
            return shown == (light, port, news)

        wait_for(seen, f"{light} for {port}, {news}")

    def click(self) -> None:
        """Click on "Use new settings"."""
        self.ask("POST", "/use-settings")


@pytest.fixture
def user(tmp_path: Path, gateway: Running) -> ConfiguredTraymon:
    return ConfiguredTraymon(tmp_path, gateway)


def test_new_settings_are_said_and_used_after_a_click_unless_they_have_a_mistake(
    user: ConfiguredTraymon,
) -> None:
    old, env = user.gateway.port, user.cwd / ".env"
    user.write_env(old)
    with running() as other, user.watching():
        user.write_env(other.port)
        user.wait_for("green", old, "changed")
        said = user.run("status")
        assert said.returncode == 0  # of the port that is watched
        assert said.stdout.rstrip().endswith("new settings are not in use yet")
        user.click()
        user.wait_for("green", other.port)
        env.write_text("IB_PORT=${TYPO}\n", encoding="utf-8")
        user.wait_for("green", other.port, "unusable")
        assert "names a variable that is not set" in user.status()["settings"]["problem"]
        user.click()
        wait_for(lambda: "cannot be used" in user.log.read_text(encoding="utf-8"))
        user.wait_for("green", other.port, "unusable")
        env.unlink()
        user.wait_for("green", other.port, "gone")
    told = user.log.read_text(encoding="utf-8")
    assert "-> port-refused" not in told  # nothing of this was an outage
    assert "Traceback" not in told


def test_new_settings_are_used_without_a_click_where_that_is_set(user: ConfiguredTraymon) -> None:
    user.write_env(user.gateway.port, "TRAYMON_RELOAD=auto")
    with running() as other, user.watching():
        user.write_env(other.port, "TRAYMON_RELOAD=auto")
        user.wait_for("green", other.port)


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither umask nor pipes in folders"
)
def test_spoiled_and_open_state_keeps_nothing_from_coming_and_is_closed(
    user: ConfiguredTraymon,
) -> None:
    folder = user.home / "state" / "traymon"
    folder.mkdir(parents=True)
    make_pipe(folder / "own-programs.json")
    (folder / "state.json").write_text(
        '{"client_id": 9200, "snoozed_until": {"bot": 253402300800, "other": 1e400}}'
    )
    for path in (folder, folder / "state.json"):
        path.chmod(0o777)
    user.write_env(user.gateway.port)
    before = os.umask(0)
    try:
        with user.watching(TRAYMON_SESSION="hold"):
            assert user.status()["notices"] == ""
            done = user.run("snooze", "1h")
            assert (done.returncode, done.stderr) == (0, "")
            (folder / "state.lock").unlink()
            (folder / "state.lock").mkdir(mode=0o700)  # as on a full disk, nothing can be written
            done = user.run("snooze", "15m")
            assert "snoozed until" in done.stdout
            assert "could not be saved" in done.stderr
    finally:
        os.umask(before)
    written = [folder, *(path for path in folder.rglob("*") if path.name != "own-programs.json")]
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in written}
    assert set(modes.values()) == {"0o600", "0o700"}, modes
    assert {"state.json", "traymon.log"} <= modes.keys()


def test_an_address_in_brackets_is_printed_as_it_is(user: ConfiguredTraymon) -> None:
    done = user.run("check", "port", "--host", "fe80::1%lo", "--port", "1", "--timeout", "0.5")
    assert "[fe80::1%lo]:1" in done.stdout
    refused = user.run("run", "--no-tray", "--host", "::1%[/foo]", "--port", "1")
    assert refused.returncode == 3
    assert "a host name or an IP address, without a port" in refused.stderr
