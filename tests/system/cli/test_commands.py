"""The commands as a user runs them: processes, exit codes, what comes out of a pipe.

Every scenario's code is test_scenarios.py's; here it is how the commands behave.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.polling import PATIENCE
from support.traymon_process import IsolatedTraymon
from traymon import __version__
from traymon.cli.commands import app
from traymon.cli.story import STORY
from traymon.config.documents import env_example
from traymon.config.schema import FIELDS
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.stages import STAGES
from traymon.sim.gateway import Behaviour, Hello, running
from traymon.sim.scenarios import SCENARIOS

ESCAPE = "\x1b"
HANDSHAKE_COMPLETE = "✓ IB API handshake completed successfully!"  # the seed document's line
no_ctrl_c = pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")


class Command(IsolatedTraymon):
    """traymon, run by a user without tray or notifications."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            dev_mode=True,
            TRAYMON_SESSION="off",  # it has tests of its own, in test_scenarios.py
            TRAYMON_NOTIFY="off",
            TRAYMON_QUICK="2",
        )

    def __call__(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        done = self.run(*words, **settings)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def traymon(tmp_path: Path) -> Command:
    return Command(tmp_path)


# --- check


@pytest.mark.parametrize(
    ("behaviour", "slow", "code", "light"),
    [
        (Behaviour(), "20", 0, "✓"),
        (Behaviour(hello=Hello.HTTP), "20", 1, "✗"),
        (Behaviour(delay=0.3), "0.2", 2, "!"),
    ],
    ids=["green", "red", "amber"],
)
def test_the_exit_code_of_check_is_the_light(
    traymon: Command, behaviour: Behaviour, slow: str, code: int, light: str
) -> None:
    with running(behaviour) as gateway:
        port = str(gateway.port)
        all_tests = traymon("check", "--port", port, TRAYMON_SLOW=slow, TRAYMON_TIMEOUT="30")
        alone = traymon("check", "port", "--port", port)
    exit_code, out, err = all_tests
    assert (exit_code, err) == (code, "")
    assert f"{light} Test 2: IB API Handshake" in out
    assert (HANDSHAKE_COMPLETE in out) is (light == "✓")  # only if nothing is wrong
    assert ("Fix" in out) is (light != "✓")
    assert alone[0] == 0, "the port is open all the same"
    assert HANDSHAKE_COMPLETE not in alone[1]


def test_check_ends_with_the_verdict_and_brief_prints_nothing_else(traymon: Command) -> None:
    with running(Behaviour(hello=Hello.HTTP)) as gateway:
        port = ("--port", str(gateway.port))
        whole, brief, full = (traymon("check", *o, *port) for o in ([], ["--brief"], ["--full"]))
    assert {code for code, _, _ in (whole, brief, full)} == {1}
    lines = brief[1].splitlines()
    assert lines[0] == f"✗ RED: Port {gateway.port} is used by something other than TWS"
    assert re.fullmatch("Everything about it: .* --full, or while traymon runs: .* open", lines[-1])
    assert whole[1].splitlines()[-len(lines) :] == lines == full[1].splitlines()[-len(lines) :]
    assert "If that did not help" in full[1]
    assert "If that did not help" not in whole[1]
    assert all(f"Test {number}: " in whole[1] for number in range(1, 6))
    assert "not checked: no IB_CLIENT_ID set" in whole[1]


def test_only_one_form_of_output_can_be_asked_for(traymon: Command) -> None:
    code, out, err = traymon("check", "--brief", "--json")
    assert (code, out, err) == (3, "", "Use only one of --json, --report, --brief and --full.\n")


def test_check_handshake_alone_says_the_line_that_traders_know(traymon: Command) -> None:
    with running() as gateway:
        code, out, err = traymon("check", "handshake", "--port", str(gateway.port))
    assert (code, err) == (0, "")
    assert HANDSHAKE_COMPLETE in out.splitlines()


MISUSE = {
    "unknown option": (["check", "--prot", "1"], "No such option"),
    "unknown command": (["chekc"], "No such command"),
    "unknown test": (["check", "sesion"], "Use port, handshake, session, library, ids or settings"),
    "unknown scenario": (["simulate", "nonsense"], " simulate --list"),
    "unknown code": (["explain", "wrong-prot"], "Did you mean wrong-port?"),
    "bad port": (["check", "--port", "x"], "IB_PORT=x: must be a whole number from 1 to 65535"),
    "bad timeout": (
        ["run", "--timeout", "0"],
        "TRAYMON_TIMEOUT=0: must be a number of seconds from 0.5 to 60",
    ),
    "no such file": (["config", "--env", "none.env"], "none.env: there is no such file"),
    "a folder": (["check", "--env", "."], "is a folder"),
    "an option before the command": (
        ["--port", "4001", "wait", "--", "true"],
        "Options go after the command: traymon wait ...",
    ),
    "too fast": (["demo", "--speed", "99"], "--speed"),
}


def test_misuse_is_exit_code_3_with_one_clear_sentence_and_nothing_else(traymon: Command) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = dict(
            zip(MISUSE, pool.map(lambda case: traymon(*case[0]), MISUSE.values()), strict=True)
        )
    for name, (code, out, err) in results.items():
        assert (code, out) == (3, ""), name
        assert MISUSE[name][1] in " ".join(err.replace("│", " ").split()), name
        assert "Traceback" not in err, name


def test_every_mistake_in_the_file_is_told_at_once(traymon: Command, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IB_PORT=x\nIB_CLIENT_ID=y\nTRAYMON_INTERVALL=3\n")
    code, out, err = traymon("check")
    assert (code, out) == (3, "")
    told = err.replace(f"{tmp_path}{os.sep}", "").splitlines()
    assert told[0] == "traymon cannot use these settings (3 problems):"
    assert [line.split(":")[0] for line in told[1:]] == [f"  .env, line {n}" for n in (1, 2, 3)]


def test_the_report_is_markdown_for_others_to_read(traymon: Command, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IB_ACCOUNT=DU123456\n")
    with running(Behaviour(hello=Hello.SSH)) as gateway:
        code, out, err = traymon("check", "--report", "--port", str(gateway.port))
    assert (code, err) == (1, "")
    assert out.startswith("# IB Connection Diagnosis Results\n")
    assert "DU***456" in out
    assert "DU123456" not in out


# --- explain, config, lists


def test_explain_lists_every_code_and_prints_the_page_of_each(traymon: Command) -> None:
    code, listed, _ = traymon("explain")
    assert code == 0
    rows = [line.split() for line in listed.splitlines() if line.startswith("  ")]
    assert sorted(row[0] for row in rows) == sorted(ENTRIES)
    stages = [line for line in listed.splitlines() if line and not line.startswith(" ")]
    assert stages[:-1] == list(STAGES)
    assert "—" not in listed
    assert "port PORT" in listed
    assert traymon("explain", "wrong-port")[1] == explained("wrong-port")
    for known in ENTRIES:
        page = explained(known)
        assert "If that did not help" in page, known
        assert not re.search(r"\{[a-z_]+\}", page), known


@no_ctrl_c
def test_lists_fit_80_columns_and_keep_every_name_whole(traymon: Command) -> None:
    for words, names in ((["explain"], ENTRIES), (["simulate", "--list"], SCENARIOS)):
        shown = on_a_terminal(traymon, *words)
        assert max(map(len, shown.splitlines())) <= 80
        assert set(names) <= set(shown.split())


def on_a_terminal(traymon: Command, *words: str) -> str:
    """Return what a terminal of 80 columns shows, without colours."""
    shell = f"stty cols 80 rows 24; {shlex.join(traymon.command(*words))}"
    done = subprocess.run(
        ["script", "-qec", shell, "/dev/null"],
        env=traymon.env | {"TERM": "xterm", "NO_COLOR": "1"},
        cwd=traymon.cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", done.stdout).replace("\r", "")


def explained(code: str) -> str:
    """What `traymon explain CODE` prints, without a process for each."""
    result = CliRunner().invoke(app, ["explain", code])
    assert result.exit_code == 0
    return result.output


def test_config_lists_every_key_and_its_source(traymon: Command, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IB_PORT=4002\nIB_ACCOUNT=DU123456\n")
    code, out, err = traymon("config", IB_CLIENT_ID="7", COLUMNS="200")
    assert (code, err) == (0, "")
    table, _, _ = out.partition("\n\n")
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in table.splitlines()}
    assert rows.keys() - {"Setting"} == {*FIELDS, "IB_CLIENT_ID"}
    own = [key.startswith("TRAYMON_") for key in rows]
    assert own == sorted(own), "what is IB's comes first"
    assert rows["IB_PORT"][0] == "4002"
    assert rows["IB_PORT"][1].rstrip().endswith(".env, line 1")
    assert rows["IB_CLIENT_ID"][1].rstrip() == "environment"
    assert rows["IB_ACCOUNT"][0] == "DU***456"
    assert traymon("config", "--example") == (0, env_example(), "")


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is Linux's")
def test_without_a_session_bus_the_test_notification_says_so_in_plain_words(
    traymon: Command,
) -> None:
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": "", "PATH": ""}
    code, out, err = traymon("test-notify", **nowhere)
    assert (code, err) == (3, "")
    assert "D-Bus: failed: this session has no D-Bus" in out
    assert "plyer: failed: " in out


COPY = "To change them, copy that file to: "


def test_config_names_the_file_of_ibs_resets_and_where_ones_own_can_stand(
    traymon: Command, tmp_path: Path
) -> None:
    code, out, err = traymon("config")
    assert (code, err) == (0, "")
    (ours,) = (line for line in out.splitlines() if line.startswith("IB's reset times: "))
    (place,) = (line for line in out.splitlines() if line.startswith(COPY))
    own = Path(place.removeprefix(COPY))
    assert Path(ours.removeprefix("IB's reset times: ")).is_file()
    assert str(own) not in ours
    own.parent.mkdir(parents=True)
    own.write_text('[[window]]\nregion = "all"\nwhen = "12:00-13:00 UTC"\n', encoding="utf-8")
    assert f"IB's reset times: {own}\n" in traymon("config")[1]


def test_logs_names_the_folder_of_tws_and_how_to_read_what_is_encrypted(
    traymon: Command, tmp_path: Path
) -> None:
    none_there = (3, "", "No folder with TWS's logs was found on this computer.\n")
    assert traymon("logs") == none_there
    folder = tmp_path / "Jts"
    folder.mkdir()
    (folder / "launcher.log").touch()
    code, out, err = traymon("logs", "--print", HOME=str(tmp_path))
    assert (code, out.splitlines()[0], err) == (0, str(folder), "")
    for menu in ("Help > Troubleshooting > Diagnostics > API Logs", "File > API Logs"):
        assert menu in out
    code, out, err = traymon("logs", HOME=str(tmp_path))
    assert (code, out.splitlines()[0]) == (0, str(folder))
    assert "cannot be opened here" in err  # without a display


def test_simulate_lists_every_scenario_and_traymon_tells_its_version(traymon: Command) -> None:
    code, out, _ = traymon("simulate", "--list", COLUMNS="200")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(SCENARIOS)
    assert traymon("--version") == (0, f"traymon {__version__}\n", "")


def test_simulate_says_that_a_port_is_in_use(traymon: Command) -> None:
    with running() as gateway:
        code, out, err = traymon("simulate", "healthy", "--port", str(gateway.port))
    assert (code, out) == (3, "")
    assert err.startswith(f"Port {gateway.port} is in use. ")


def test_help_and_version_have_the_aliases_that_people_type(traymon: Command) -> None:
    assert traymon("version") == (0, f"traymon {__version__}\n", "")
    code, whole, _ = traymon("help")
    assert (code, whole) == (0, traymon("--help")[1])
    headings = ["Watch:", "Diagnose:", "Set up:", "Try:"]
    assert [line for line in whole.splitlines() if line in headings] == headings
    assert "..." not in whole.replace("[ARGS]...", ""), "no sentence is cut"
    assert traymon("help", "check") == traymon("check", "--help")
    code, _, err = traymon("help", "chekc")
    assert code == 3
    assert "Did you mean 'check'?" in err


# --- what lives on until it is told to end


class Lines:
    """The lines that a running process prints, as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.all: list[str] = []
        self._process = process
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self.all.append(line.rstrip("\n"))
                self._changed.notify_all()

    def wait_for(self, words: str) -> None:
        with self._changed:
            seen = self._changed.wait_for(lambda: any(words in line for line in self.all), PATIENCE)
        assert seen, (words, self.all)

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit code and what was complained about."""
        self._process.send_signal(number)
        self._thread.join(PATIENCE)
        assert self._process.stderr is not None
        return self._process.wait(PATIENCE), self._process.stderr.read()


@contextlib.contextmanager
def started(process: subprocess.Popen[str]) -> Iterator[Lines]:
    with process:
        try:
            yield Lines(process)
        finally:
            if process.poll() is None:
                process.kill()


@no_ctrl_c
def test_run_prints_one_plain_line_per_change_into_a_pipe(traymon: Command) -> None:
    with running() as gateway:
        process = traymon.start("run", "--no-tray", "--port", str(gateway.port))
        with started(process) as lines:
            lines.wait_for("✓ Programs can connect")
            assert lines.end() == (0, "")
    said = "\n".join(lines.all)
    assert ESCAPE not in said
    watched, _, page = lines.all[0].partition(". Its page: ")
    assert watched == f"traymon is watching TWS / IB Gateway, 127.0.0.1:{gateway.port}"
    assert page.endswith(" open")
    assert all(re.match(r"\d\d:\d\d:\d\d  [✓…] ", line) for line in lines.all[1:]), said
    assert len(lines.all) == len(set(lines.all))


@no_ctrl_c
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--port", "1"], "✗ "),
        (["--no-tray", "--port", "1"], "✗ "),
        (["demo", "--no-tray"], "✓ "),
    ],
    ids=["run without a display", "nothing but options", "demo"],
)
def test_a_signal_ends_it_cleanly(
    traymon: Command, arguments: list[str], words: str, number: signal.Signals
) -> None:
    with started(traymon.start(*arguments)) as lines:
        lines.wait_for(words)
        assert lines.end(number) == (0, "")


def test_the_demo_shows_every_chapter_and_ends_by_itself(traymon: Command) -> None:
    code, out, err = traymon("demo", "--once", "--speed", "10", "--no-tray")
    assert (code, err) == (0, "")
    assert ESCAPE not in out
    place = 0
    for number, chapter in enumerate(STORY, 1):
        place = out.index(f"demo {number}/{len(STORY)}: {chapter.says}", place)
    assert "Press Ctrl-C to end the demo." in out
    shown = [line for line in out.splitlines() if re.match(r"\d\d:\d\d:\d\d  ", line)]
    assert shown
    assert all(line[10:].startswith("DEMO · ") for line in shown), "every line says what it is"
    assert re.findall(r"demo: .* did not show", out) == []


# --- odd terminals


@pytest.mark.parametrize(
    "arguments",
    [["explain"], ["explain", "handshake-silent"], ["check", "--port", "1"], ["simulate"]],
    ids=" ".join,
)
def test_a_console_in_cp1252_gets_question_marks_and_no_traceback(
    traymon: Command, arguments: list[str]
) -> None:
    code, out, err = traymon(*arguments, PYTHONIOENCODING="cp1252")
    assert (code, err) == (1 if arguments[0] == "check" else 0, "")
    assert out


CLOSED_TO = [
    ["explain"],
    ["explain", "healthy"],
    ["config"],
    ["config", "--example"],
    ["check", "--port", "1"],
    ["check", "--json", "--port", "1"],
    ["check", "--report", "--port", "1"],
    ["simulate", "--list"],
    ["demo", "--once", "--no-tray", "--speed", "20"],
    ["--help"],
]


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes end in another way")
def test_a_reader_that_has_left_ends_the_command_without_a_traceback(
    traymon: Command,
) -> None:
    def run(arguments: list[str]) -> str:
        ours, theirs = os.pipe()
        os.close(ours)  # as `| head -1` does once it has its line
        try:
            done = subprocess.run(
                traymon.command(*arguments),
                cwd=traymon.cwd,
                env=traymon.env,
                stdout=theirs,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            os.close(theirs)
        return done.stderr

    with ThreadPoolExecutor(4) as pool:
        complaints = dict(zip(map(tuple, CLOSED_TO), pool.map(run, CLOSED_TO), strict=True))
    assert {arguments: words for arguments, words in complaints.items() if words} == {}
