"""One traymon that watches several Gateways: how they are listed, changed and added."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("its processes end in another way", allow_module_level=True)

import pty

from support.polling import PATIENCE, wait_for
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import Ending, Running, running

START_API = 71
BUSY = 3 * PATIENCE  # a second start reads all settings twice, each time in a process


class Several(ResidentTraymon):
    """A user with a trading project for each of several Gateways, and one traymon."""

    def __init__(self, home: Path, gateways: Sequence[Running]) -> None:
        super().__init__(home, gateways[0])
        self.gateways = gateways
        self.targets = home / "config" / "traymon" / "targets.toml"
        self.targets.parent.mkdir(parents=True)
        self.log = home / "state" / "traymon" / "log" / "traymon.log"
        self.cwd = home / "elsewhere"
        self.cwd.mkdir()
        self.env |= {"TRAYMON_SESSION": "hold"}
        for number, one in enumerate(gateways):
            self.project(number).mkdir()
            (self.project(number) / ".env").write_text(f"IB_PORT={one.port}\n")

    def project(self, number: int) -> Path:
        return self.home / f"bot-{number}"

    def entry(self, number: int, *lines: str) -> str:
        return "\n".join(["[[target]]", f'env = "../../bot-{number}/.env"', *lines, "", ""])

    @contextmanager
    def watching(self, *options: str, **settings: str) -> Iterator[None]:
        """Run the traymon that stays, and end it in good order."""
        self._where = None
        process = subprocess.Popen(
            self.command("run", "--no-tray", *options),
            cwd=self.cwd,
            env=self.env | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: self.run("status").stdout, "the page", BUSY)
            yield
        finally:
            end(process)
        assert "Traceback" not in self.log.read_text(encoding="utf-8")

    def shown(self) -> dict[str, Any]:
        """Return what the targets show, by name."""
        statuses = json.loads(self.ask("GET", "/status"))
        assert isinstance(statuses, list)
        return {status["target"]["name"]: status for status in statuses}

    def lights(self) -> dict[str, str]:
        return {name: status["light"] for name, status in self.shown().items()}

    def wait_for_lights(self, **lights: str) -> None:
        wanted = {name.replace("_", "-"): light for name, light in lights.items()}
        wait_for(lambda: self.lights() == wanted, f"{wanted}", BUSY)

    def sessions(self, number: int) -> list[int | None]:
        """Return the client IDs of the sessions that a Gateway has been asked for, in order."""
        conversations = self.gateways[number].conversations
        return [one.client_id for one in conversations if START_API in one.messages]

    def open_sessions(self, number: int) -> list[int | None]:
        conversations = self.gateways[number].conversations
        sessions = [one for one in conversations if START_API in one.messages]
        return [one.client_id for one in sessions if one.ending is Ending.OPEN]


@contextmanager
def user_with(home: Path, count: int) -> Iterator[Several]:
    with ExitStack() as stack:
        yield Several(home, [stack.enter_context(running()) for _ in range(count)])


def test_one_broken_entry_of_ten_is_named_and_the_nine_others_hold_a_session_each(
    tmp_path: Path,
) -> None:
    with user_with(tmp_path, 10) as user:
        entries = [user.entry(number) for number in range(10)]
        entries[6] = user.entry(6, "port = 74970")
        user.targets.write_text("".join(entries), encoding="utf-8")
        broken = user.targets.read_text().splitlines().index("port = 74970") + 1
        with user.watching():
            wait_for(lambda: [*user.lights().values()] == ["green"] * 9, "nine greens", BUSY)
            assert "bot-6" not in user.lights()
            for status in user.shown().values():
                assert status["settings"]["news"] == "incomplete"
                problem = status["settings"]["problem"]
                assert f"targets.toml, line {broken}: port=74970: must be" in problem
            held = [user.sessions(number) for number in range(10)]
            assert [len(sessions) for sessions in held] == [1] * 6 + [0] + [1] * 3
        said = user.run("run", "--no-tray", "--targets", str(user.home / "none.toml"))
        assert said.returncode == 3
        assert "none.toml: there is no such file" in said.stderr


def test_a_reload_adds_changes_and_removes_and_leaves_the_others_sessions_alone(
    tmp_path: Path,
) -> None:
    with user_with(tmp_path, 4) as user:
        own = '[traymon]\nreload = "auto"\n\n'
        user.targets.write_text(own + user.entry(0) + user.entry(1) + user.entry(2))
        with user.watching():
            user.wait_for_lights(bot_0="green", bot_1="green", bot_2="green")
            (user.project(2) / ".env").write_text(f"IB_PORT={user.gateways[3].port}\n")
            user.targets.write_text(
                own + user.entry(0, "muted = true") + user.entry(2) + user.entry(3)
            )
            user.wait_for_lights(bot_0="green", bot_2="green", bot_3="green")
            ports = {name: one["target"]["port"] for name, one in user.shown().items()}
            assert ports["bot-2"] == ports["bot-3"] == user.gateways[3].port
            ids = wait_for(lambda: two if len(two := set(user.sessions(3))) == 2 else None)
            assert None not in ids
            user.targets.write_text(own + user.entry(0) + user.entry(3, 'hours = "never"'))
            wait_for(lambda: user.shown()["bot-3"]["settings"]["news"] == "unusable", "it", BUSY)
            # the one that was spoilt stays as it was
            user.wait_for_lights(bot_0="green", bot_3="green")
            assert len(user.sessions(0)) == 1
            wait_for(lambda: not user.open_sessions(1), "the session of the removed one to end")
        told = user.log.read_text(encoding="utf-8")
        assert "bot-1: no longer watched" in told


@pytest.mark.parametrize("how", ["--add", "y", "n"])
def test_a_second_start_adds_its_project_to_the_running_one(tmp_path: Path, how: str) -> None:
    with user_with(tmp_path, 2) as user:
        first, second = (str(user.project(number) / ".env") for number in range(2))
        with user.watching("--env", first):
            user.wait_for_lights(bot_0="green")
            if how == "--add":
                done = user.run("--no-tray", "--env", second, "--add")
                code, said = done.returncode, done.stdout + done.stderr
            else:
                code, said = answered(user, how, "run", "--no-tray", "--env", second)
                assert "[y/N]" in said
            if how == "n":
                assert code == 3
                assert not user.targets.exists()
                user.wait_for_lights(bot_0="green")
                return
            assert code == 0, said
            assert f"now watches {second} too" in said
            user.wait_for_lights(bot_0="green", bot_1="green")
            assert [user.sessions(number) for number in range(2)] == [user.sessions(0)[:1]] * 2
            written = user.targets.read_text(encoding="utf-8")
            assert [first in written, second in written] == [True, True]
            again = user.run("run", "--no-tray", "--env", second)
            assert (again.returncode, "Opening its page" in again.stdout) == (0, True)
        with user.watching():  # without options, the list is found
            user.wait_for_lights(bot_0="green", bot_1="green")


def answered(user: Several, answer: str, *words: str) -> tuple[int, str]:
    """Run a command in a terminal in which the user answers; return its code and what it said."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        user.command(*words), cwd=user.cwd, env=user.env, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    said = ""
    try:
        while "[y/N]" not in said and (part := os.read(master, 4096)):
            said += part.decode(errors="replace")
        os.write(master, f"{answer}\n".encode())
        while part := os.read(master, 4096):
            said += part.decode(errors="replace")
    except OSError:  # the terminal closes with the process
        pass
    finally:
        os.close(master)
    return process.wait(BUSY), said
