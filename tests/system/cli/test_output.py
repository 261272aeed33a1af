"""Output that cannot be written, folders that are gone, signals: the exit code is what was found.

Exit code 1 means red and nothing else, and no user ever sees a traceback.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("its descriptors, signals and terminals are others", allow_module_level=True)

from support.polling import PATIENCE, wait_for
from support.traymon_process import IsolatedTraymon
from traymon.sim.gateway import Running


class Command(IsolatedTraymon):
    """traymon, run by a shell that redirects its streams."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            TRAYMON_SESSION="off",
            TRAYMON_NOTIFY="off",
            TRAYMON_INTERVAL="5",
            TRAYMON_QUICK="2",
            COLUMNS="200",
        )

    def shell(
        self, script: str, *words: str, cwd: Path | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script in which "$@" is the command; its streams are pipes."""
        return subprocess.run(
            ["bash", "-c", script, "bash", *self.command(*words)],
            cwd=cwd or self.cwd,
            env=self.env | settings,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture
def traymon(tmp_path: Path) -> Command:
    return Command(tmp_path)


# --- stdout and stderr

BROKEN = {
    "stdout closed": '"$@" >&-',
    "stdout full": '"$@" >/dev/full',
    "stdout without a reader": '"$@" | true; exit ${PIPESTATUS[0]}',
    "stderr closed": '"$@" 2>&-',
    "stderr full": '"$@" 2>/dev/full',
    "both closed": '"$@" >&- 2>&-',
    "all three closed": '"$@" <&- >&- 2>&-',
    "unbuffered and full": 'PYTHONUNBUFFERED=1 "$@" >/dev/full',
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_output_that_fails_changes_no_exit_code(
    traymon: Command, gateway: Running, script: str
) -> None:
    cases = {
        ("check", "--port", str(gateway.port)): 0,
        ("check", "--port", "1"): 1,
        ("config", "--env", "none.env"): 3,
    }
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda words: traymon.shell(script, *words), cases))
    assert {words: done.returncode for words, done in zip(cases, ended, strict=True)} == cases
    for done in ended:
        assert "Traceback" not in done.stdout + done.stderr
        assert "Exception" not in done.stderr


def test_what_could_not_be_printed_is_said_once(traymon: Command) -> None:
    done = traymon.shell('"$@" >/dev/full', "explain")
    assert done.stderr == "The output is incomplete: [Errno 28] No space left on device\n"


@contextmanager
def watching(traymon: Command, script: str, gateway: Running) -> Iterator[int]:
    """Run a traymon whose streams a shell has redirected; give its pid once it serves its page."""
    words = ("run", "--no-tray", "--port", str(gateway.port))
    with subprocess.Popen(
        ["bash", "-c", script, "bash", *traymon.command(*words)],
        cwd=traymon.cwd,
        env=traymon.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as shell:
        try:
            wait_for(lambda: traymon.run("status").returncode == 0, "green")
            pid = wait_for(lambda: traymon_pid(traymon))
            yield pid
            os.kill(pid, signal.SIGTERM)
            assert shell.wait(PATIENCE) == 0, shell.stderr and shell.stderr.read()
        finally:
            shell.kill()


def traymon_pid(traymon: Command) -> int:
    (place,) = traymon.home.rglob("traymon.json")
    return int(json.loads(place.read_text())["pid"])


@pytest.mark.parametrize("name", ["stdout closed", "stdout full", "stdout without a reader"])
def test_the_monitor_goes_on_without_its_output_and_ends_well(
    traymon: Command, gateway: Running, name: str
) -> None:
    with watching(traymon, BROKEN[name], gateway):
        gateway.stop()
        wait_for(lambda: traymon.run("status").returncode == 1, "red")


# --- terminals


class OnATerminal:
    """A process that a terminal controls; reads all that it prints."""

    def __init__(self, traymon: Command, *words: str, through: Sequence[str] = ()) -> None:
        """`through`: the command line of a program that starts the rest of its command line."""
        self.output = b""
        command = [*through, *traymon.command(*words)]
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(traymon.cwd)
            os.execvpe(command[0], command, traymon.env)

    def read_until(self, words: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self.output:
            assert time.monotonic() < deadline, self.output
            if not self._read():
                raise AssertionError(self.output)

    def _read(self) -> bool:
        try:
            more = os.read(self._terminal, 4096)
        except OSError:
            return False
        self.output += more
        return bool(more)

    def end(self) -> int:
        """Read to the end; return the status of `waitpid`."""
        while self._read():
            pass
        os.close(self._terminal)
        return os.waitpid(self.pid, 0)[1]

    def hang_up(self) -> None:
        os.close(self._terminal)


HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_wait_gives_the_cursor_back(traymon: Command, number: signal.Signals) -> None:
    terminal = OnATerminal(traymon, "wait", "--port", "1")
    terminal.read_until(HIDE)
    os.kill(terminal.pid, number)
    status = terminal.end()
    if number is signal.SIGINT:
        assert os.waitstatus_to_exitcode(status) == 130
    else:
        assert os.WTERMSIG(status) == number, "whoever started it sees what ended it"
    assert terminal.output.rindex(SHOW) > terminal.output.rindex(HIDE)
    assert b"Traceback" not in terminal.output


def test_a_background_job_prints_in_spite_of_stty_tostop(traymon: Command) -> None:
    shell = 'stty tostop; "$@" & wait $!; echo "rc $?"'
    terminal = OnATerminal(
        traymon, "explain", "healthy", through=("bash", "-m", "-c", shell, "bash")
    )
    terminal.read_until(b"rc 0")
    terminal.end()


def test_it_goes_on_without_its_terminal_and_ends_with_0(
    traymon: Command, gateway: Running
) -> None:
    nohup = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "os.execvp(sys.argv[1], sys.argv[1:])"
    )
    words = ("run", "--no-tray", "--port", str(gateway.port))
    terminal = OnATerminal(traymon, *words, through=(sys.executable, "-c", nohup))
    terminal.read_until(b"Programs can connect")
    terminal.hang_up()
    gateway.stop()
    wait_for(lambda: traymon.run("status").returncode == 1, "red")
    os.kill(terminal.pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 0


# --- wait

STARTED = "import pathlib; pathlib.Path('started').touch()"


@pytest.mark.parametrize(
    "name", ["stdout closed", "stderr closed", "stderr full", "all three closed"]
)
def test_wait_starts_its_command_whatever_happens_to_its_own_output(
    traymon: Command, gateway: Running, name: str
) -> None:
    words = ("wait", "--need", "port", "--port", str(gateway.port), "--timeout", "60", "--")
    done = traymon.shell(BROKEN[name], *words, sys.executable, "-c", STARTED)
    assert done.returncode == 0, done.stderr
    assert (traymon.cwd / "started").exists()


def test_wait_starts_its_command_on_a_terminal_that_takes_no_output(
    traymon: Command, gateway: Running
) -> None:
    gateway.stop()
    words = ("wait", "--need", "port", "--port", str(gateway.port), "--timeout", "60", "--")
    terminal = OnATerminal(traymon, *words, sys.executable, "-c", STARTED)
    terminal.read_until(HIDE)  # and nobody reads on: its buffer is full after a while
    fill_terminal(terminal.pid)
    gateway.start()
    wait_for((traymon.cwd / "started").exists, "the command", timeout=60)
    terminal.end()


def fill_terminal(pid: int) -> None:
    """Write to a process's terminal until it takes no more."""
    terminal = os.open(f"/proc/{pid}/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)

    def takes_no_more() -> bool:
        taken = 0
        with suppress(BlockingIOError):
            while True:
                taken += os.write(terminal, b"x" * 1000)
        time.sleep(0.1)  # the kernel moves what it has taken, which makes room again
        return taken == 0

    wait_for(takes_no_more)
    os.close(terminal)


# --- a name server that never answers

SILENT_NAMES = """
import ctypes, socket, sys, time
def silent(*arguments, **named):
    time.sleep(300)
    raise socket.gaierror(socket.EAI_AGAIN, "no answer")
socket.getaddrinfo = silent
from traymon.cli.main import main
main()
"""


def hung(traymon: Command, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", SILENT_NAMES, *words]


@pytest.mark.parametrize(
    "words", [("wait", "--timeout", "3"), ("check", "--timeout", "1")], ids=["wait", "check"]
)
def test_a_hung_name_server_holds_no_command_up(traymon: Command, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        hung(traymon, (*words, "--host", "gateway.test", "--port", "1")),
        cwd=traymon.cwd,
        env=traymon.env,
        capture_output=True,
        text=True,
        timeout=60,  # a fifth of what the name server takes, and no bound for a busy machine
        check=False,
    )
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr


def test_a_hung_name_server_does_not_hold_ctrl_c_up(traymon: Command) -> None:
    words = ("wait", "--timeout", "60", "--host", "gateway.test", "--port", "1")
    with subprocess.Popen(
        hung(traymon, words),
        cwd=traymon.cwd,
        env=traymon.env,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == ""


# --- folders


@contextmanager
def gone(tmp_path: Path) -> Iterator[str]:
    """Give a script that runs "$@" in a folder that has been removed."""
    folder = tmp_path / "gone"
    folder.mkdir(exist_ok=True)
    yield f'cd "{folder}" && rmdir "{folder}" && "$@"; rc=$?; mkdir -p "{folder}"; exit $rc'


def test_in_a_removed_folder_it_says_so_unless_no_folder_is_needed(
    traymon: Command, gateway: Running, tmp_path: Path
) -> None:
    port = ("--port", str(gateway.port))
    env_file = tmp_path / "bot.env"
    env_file.write_text(f"IB_PORT={gateway.port}\n")
    cases = {
        ("check",): 3,
        ("config",): 3,
        ("wait", "--timeout", "5"): 3,
        ("run", "--no-tray"): 3,
        ("check", *port): 0,
        ("check", "--env", str(env_file)): 0,
        ("check", "--env", "relative.env"): 3,
        ("wait", *port, "--need", "port", "--", sys.executable, "-c", ""): 0,
        ("explain",): 0,
        ("status",): 3,
    }
    for words, code in cases.items():
        with gone(tmp_path) as script:
            done = traymon.shell(script, *words)
        assert done.returncode == code, (words, done.stderr)
        assert "Traceback" not in done.stderr, words
        if code == 3 and "status" not in words and "--env" not in words:
            assert done.stderr.startswith("The current folder no longer exists"), (
                words,
                done.stderr,
            )


UNWRITABLE: dict[str, Callable[[Path], dict[str, str]]] = {
    "no home": lambda home: {"HOME": "/proc/nonexistent", "XDG_STATE_HOME": ""},
    "a file in the state folder's place": lambda home: {"XDG_STATE_HOME": str(file_in(home))},
    "a device": lambda home: {"XDG_STATE_HOME": "/dev/null"},
    "a file system without room": lambda home: {"XDG_STATE_HOME": "/proc"},
}


def file_in(home: Path) -> Path:
    path = home / "file"
    path.write_text("")
    return path


@pytest.mark.parametrize("name", UNWRITABLE)
def test_an_unwritable_state_folder_is_said_once_and_everything_else_goes_on(
    traymon: Command, gateway: Running, tmp_path: Path, name: str
) -> None:
    (tmp_path / "tmp").mkdir()
    traymon.env |= UNWRITABLE[name](tmp_path) | {"TMPDIR": str(tmp_path / "tmp")}
    words = ("run", "--no-tray", "--port", str(gateway.port))
    with traymon.start(*words) as process:
        try:
            wait_for(lambda: traymon.run("status").returncode == 0, "green")
            assert traymon.run("run", "--no-tray").stdout.startswith("traymon is already running")
            assert traymon.run("check", *words[2:]).returncode == 0
            gateway.stop()
            wait_for(lambda: traymon.run("status").returncode == 1, "red")
        finally:
            process.terminate()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "✗" in out
    lines = err.splitlines()
    assert len([line for line in lines if line.startswith("No log can be written")]) == 1
    assert len(lines) <= 2, err
    assert "Traceback" not in err


def test_the_demo_needs_no_disk(traymon: Command, tmp_path: Path) -> None:
    done = traymon.run(
        *("demo", "--once", "--speed", "20", "--no-tray"), XDG_STATE_HOME=str(file_in(tmp_path))
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


# --- the last resort, and the first moments


def test_what_nobody_thought_of_is_one_line_and_exit_code_3(
    traymon: Command, tmp_path: Path
) -> None:
    script = (
        "import traymon.diagnosis.fix_pages as pages\n"
        "def fail(*a): raise LookupError('no such\\x1b[31m thing')\n"
        "pages.page = fail\n"
        "from traymon.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "explain", "healthy"],
        cwd=traymon.cwd,
        env=traymon.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    log = tmp_path / "state" / "traymon" / "log" / "traymon.log"
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"traymon failed: no such [31m thing (log: {log})\n"
    assert "Traceback" in log.read_text()


def test_ctrl_c_while_it_imports_is_silent(traymon: Command) -> None:
    codes = set()
    for moment in range(8):
        with traymon.start("check", "--port", "1") as process:
            wait_for(lambda: process.poll() is not None or catches(process.pid), "Python's start")
            wait_for(lambda: process.poll() is not None or not catches(process.pid), "main")
            time.sleep(moment * 0.05)  # not a condition: the moment is what is tried
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert "Traceback" not in err, moment
        codes.add(process.returncode)
    assert -signal.SIGINT in codes
    assert codes <= {-signal.SIGINT, 130, 1}, "1: it had already ended, red"


def catches(pid: int, number: int = signal.SIGINT) -> bool:
    """Tell whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)


def test_control_characters_of_arguments_are_not_printed(traymon: Command) -> None:
    for words in (
        ("snooze", "\x1b[31m"),
        ("wait", "--need", "\x1b[31m"),
        ("check", "--env", "\x1b"),
    ):
        done = traymon.run(*words)
        assert done.returncode == 3
        assert "\x1b" not in done.stderr
