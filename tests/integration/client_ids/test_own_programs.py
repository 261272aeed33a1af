"""Which programs the listener recognises as the user's: real processes, a made-up socket table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from traymon.core.target import OwnProgram, Target
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.own_programs import OwnPrograms

PORT = 7497
WAIT = "import sys; print(flush=True); sys.stdin.read()"


@dataclass(frozen=True)
class End:
    ip: str
    port: int


@dataclass(frozen=True)
class Entry:
    """A row of the socket table: a client's end of a connection."""

    pid: int | None
    status: str = psutil.CONN_ESTABLISHED
    laddr: End = End("127.0.0.1", 50_000)
    raddr: End = End("127.0.0.1", PORT)


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[int]:
    """Run Python in a folder; give its process ID once it runs."""
    command = [sys.executable, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, **pipes) as process:  # type: ignore[call-overload]
        try:
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("bot.py", "idle.py"):
        (folder / name).write_text(WAIT)
    (tmp_path / "foreign.py").write_text(WAIT)
    return folder


def test_the_users_scripts_are_found_connected_or_not(project: Path) -> None:
    target = Target("project", port=PORT, env_file=str(project / ".env"))
    programs = OwnPrograms(ConnectionRegistry(), tuple)
    with ExitStack() as stack:
        bot = stack.enter_context(running(project, "bot.py"))
        idle = stack.enter_context(running(project, "idle.py"))
        shell = stack.enter_context(running(project, "-c", WAIT))
        foreign = stack.enter_context(running(project.parent, "foreign.py"))
        table = [Entry(bot), Entry(shell), Entry(foreign), Entry(None)]
        found = {one.program.label: one for one in programs.find(table, target)}
        assert found.keys() == {"bot.py", "idle.py"}
        assert found["bot.py"].connected
        assert not found["idle.py"].connected
        assert found["idle.py"].program.pid == idle
        # to another port, half closed, or already gone: no connection
        others = [Entry(bot, raddr=End("127.0.0.1", 1)), Entry(bot, psutil.CONN_CLOSE_WAIT)]
        assert not any(one.connected for one in programs.find(others, target))
    assert programs.find([], target) == ()


def test_a_program_that_was_marked_as_mine_is_one_of_them(project: Path) -> None:
    target = Target("project", port=PORT, env_file=str(project / ".env"))
    script = str(project.parent / "foreign.py")
    marked: list[OwnProgram] = []
    programs = OwnPrograms(ConnectionRegistry(), lambda: marked)
    with running(project.parent, "foreign.py") as pid:
        assert programs.find([Entry(pid)], target) == ()
        marked.append(OwnProgram(psutil.Process(pid).exe(), script))
        (one,) = programs.find([Entry(pid)], target)
        assert one.program.label == "foreign.py"


def test_traymons_own_connections_are_nobodys(project: Path) -> None:
    target = Target("project", port=PORT, env_file=str(project / ".env"))
    connections = ConnectionRegistry()
    connections.add(50_000)
    with running(project, "bot.py") as pid:
        (one,) = OwnPrograms(connections, tuple).find([Entry(pid)], target)
        assert not one.connected
