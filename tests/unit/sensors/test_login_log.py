"""Which log is read, when, and how little: files and processes as a test arranges them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from support.login_logs import ENCRYPTED, NOISE, NOT_DAILY, SECRETS, line
from support.polling import wait_for
from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import NOT_ACCEPTED, SensorName, Symptom
from traymon.sensors import login_log, tws_files
from traymon.sensors.login_log import LoginLog
from traymon.sensors.tws_folder import TwsProcess
from traymon.sim import launcher_log
from traymon.sim.launcher_log import (
    AUTH_IB_KEY,
    AUTO_RESTART,
    CHALLENGE,
    RESTART,
    RESTARTS_DAILY,
    STARTED,
    WAITS,
)

S = Symptom
CLOSED_PORT: dict[str, Any] = {"listener": S.NOBODY_LISTENS, "handshake": S.REFUSED}
START = ((30.0, RESTART), (30.0, STARTED))
PENDING = (*START, (20.0, AUTH_IB_KEY), (20.0, CHALLENGE))


class Computer:
    """What runs on this computer, and each process's settings folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[TwsProcess] = []
        self.usual: Path | None = None
        self.opened: list[str] = []

    def run(self, *ports: int, pid: int = 4711, age: float = 60.0) -> Path:
        """Let a Gateway run, which listens on these ports; return its folder."""
        process = TwsProcess(pid, "IB Gateway", time.time() - age, frozenset(ports))
        self.processes.append(process)
        folder = self.folder_of(pid)
        folder.mkdir()
        return folder

    def folder_of(self, pid: int) -> Path:
        return self.folder / f"Jts{pid}"


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    computer = Computer(tmp_path)
    monkeypatch.setattr(login_log, "find_tws_processes", lambda: computer.processes)
    monkeypatch.setattr(login_log, "settings_folder", computer.folder_of)
    monkeypatch.setattr(login_log, "usual_settings_folder", lambda: computer.usual)
    read = tws_files.read_ending

    def counted(folder: Path, name: str, size: int = tws_files.MAX_SIZE) -> tws_files.Ending:
        computer.opened.append(name)
        return read(folder, name, size)

    monkeypatch.setattr(login_log, "read_ending", counted)
    return computer


def write(folder: Path, *lines: tuple[float, str], name: str = "launcher.log") -> Path:
    """Write a log with messages so many seconds ago, and what nobody may see in between."""
    now = datetime.now().astimezone()
    secrets = [(lines[0][0], words) for words in NOISE]
    text = "\n".join(launcher_log.written([*secrets, *lines], now)) + "\n"
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def evidence(target: Target | None = None, **seen: Any) -> Evidence:
    gathered = Evidence(target or Target("bot", port=4002), time.time())
    for sensor, what in seen.items():
        symptom, facts = what if isinstance(what, tuple) else (what, NO_FACTS)
        reading = Reading(SensorName(sensor), symptom, facts=facts, at=time.time())
        gathered = gathered.with_reading(reading)
    return gathered


def look(sensor: LoginLog | None = None, **seen: Any) -> Reading:
    return asyncio.run((sensor or LoginLog()).poll(evidence(**(seen or CLOSED_PORT))))


def test_a_pending_second_factor_is_named_with_its_time_and_program(computer: Computer) -> None:
    write(computer.run(), *PENDING)
    reading = look()
    assert reading.symptom is S.TWO_FACTOR_PENDING
    assert reading.facts[Fact.APP_PID] == 4711
    assert reading.facts[Fact.LOGIN_SINCE] == pytest.approx(time.time() - 20, abs=5)
    assert not [secret for secret in SECRETS if secret in repr(reading)]


@pytest.mark.parametrize(
    "seen",
    [
        {"listener": S.OK, "handshake": S.OK},
        {"listener": S.OK, "handshake": S.SLOW, "session": S.MUTE},
        {"listener": S.NOT_HERE, "handshake": S.REFUSED},
        {"listener": S.NOBODY_LISTENS},
        {"listener": S.OK, "handshake": S.NOT_IB},
        *({"handshake": one} for one in sorted(NOT_ACCEPTED - {S.REFUSED, S.TIMED_OUT})),
    ],
    ids=str,
)
def test_no_file_is_opened_unless_the_api_is_out_of_service_here(
    seen: dict[str, Any], computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(computer.run(), *PENDING)
    monkeypatch.setattr(login_log, "find_tws_processes", lambda: pytest.fail("looked"))
    reading = look(**seen)
    assert (reading.symptom, reading.facts) == (S.UNKNOWN, NO_FACTS)


@pytest.mark.parametrize("handshake", [S.SILENT, S.CLOSED, S.RESET, S.UNFINISHED, S.TIMED_OUT])
def test_the_log_of_a_port_that_serves_nobody_is_its_owners(
    handshake: Symptom, computer: Computer
) -> None:
    write(computer.run(4002, pid=1), *PENDING)
    write(computer.run(pid=2), *START, (0.0, WAITS))
    owned: Facts = {Fact.PID: 1, Fact.APP: "IB Gateway"}
    assert look(listener=(S.OK, owned), handshake=handshake).symptom is S.TWO_FACTOR_PENDING
    stranger: Facts = {Fact.PID: 99, Fact.PROGRAM: "docker-proxy"}
    assert look(listener=(S.OK, stranger), handshake=handshake).symptom is S.UNKNOWN


def test_a_session_that_does_not_start_is_a_reason_to_read(computer: Computer) -> None:
    write(computer.run(4002), *PENDING)
    owned = (S.OK, {Fact.PID: 4711})
    reading = look(listener=owned, handshake=S.OK, session=S.START_SILENT)
    assert reading.symptom is S.TWO_FACTOR_PENDING


def test_the_file_is_read_again_only_if_it_has_changed(computer: Computer) -> None:
    path, sensor = write(computer.run(), *PENDING), LoginLog()
    for _ in range(3):
        assert look(sensor).symptom is S.TWO_FACTOR_PENDING
    assert computer.opened == ["launcher.log"]
    with path.open("a", encoding="utf-8") as file:
        file.write(launcher_log.written([(0.0, ENCRYPTED)], datetime.now().astimezone())[0] + "\n")
    assert look(sensor).symptom is S.LOGGED_IN
    assert computer.opened == ["launcher.log"] * 2
    asyncio.run(sensor.poll(evidence(handshake=S.OK)))
    assert computer.opened == ["launcher.log"] * 2


@pytest.mark.parametrize(
    ("ports", "open_port", "chosen"),
    [
        ([(), (4001,)], None, S.TWO_FACTOR_PENDING),  # the other one has its own port
        ([(), (5000,)], 5000, S.TWO_FACTOR_PENDING),
        ([(), (7462,)], None, S.UNKNOWN),  # IBC's commands, before and after the login
        ([(), ()], None, S.UNKNOWN),
        ([(4001,), ()], None, S.LOGIN_IDLE),
        ([(4001,), (4001,)], None, S.UNKNOWN),
        ([(7462,)], None, S.TWO_FACTOR_PENDING),
        ([(7496,)], None, S.UNKNOWN),
    ],
)
def test_of_several_the_one_that_serves_no_other_port_is_meant(
    ports: Sequence[tuple[int, ...]],
    open_port: int | None,
    chosen: Symptom,
    computer: Computer,
) -> None:
    logs = (PENDING, ((200.0, RESTART), (200.0, STARTED), (0.0, WAITS)))
    for pid, (listens, lines) in enumerate(zip(ports, logs, strict=False), 1):
        write(computer.run(*listens, pid=pid, age=300.0), *lines)
    elsewhere: Facts = {} if open_port is None else {Fact.OPEN_PORT: open_port}
    reading = look(listener=S.NOBODY_LISTENS, handshake=(S.REFUSED, elsewhere))
    assert reading.symptom is chosen


def test_the_log_of_an_earlier_process_is_not_taken_for_this_ones(computer: Computer) -> None:
    write(computer.run(age=1.0), (900.0, RESTART), (900.0, STARTED), (800.0, CHALLENGE))
    assert look().symptom is S.UNKNOWN


def test_a_log_that_was_moved_away_is_read_together_with_the_new_one(computer: Computer) -> None:
    folder = computer.run(age=300.0)
    write(folder, (200.0, RESTART), (200.0, STARTED), name="launcher.20261126.log")
    write(folder, (20.0, AUTH_IB_KEY), (20.0, CHALLENGE))
    assert look().symptom is S.TWO_FACTOR_PENDING
    (folder / "launcher.log").rename(folder / "launcher.20261127.log")
    assert look().symptom is S.TWO_FACTOR_PENDING


def test_a_log_of_twenty_megabytes_is_read_from_its_end(computer: Computer) -> None:
    folder = computer.run()
    path = write(folder, *PENDING)
    newest = path.read_bytes()
    filler = line(datetime.now().astimezone(), "x" * 1000).encode()
    path.write_bytes(filler * (20_000_000 // len(filler)) + newest)
    began = time.thread_time()
    assert look().symptom is S.TWO_FACTOR_PENDING
    path.write_bytes(newest + filler * (20_000_000 // len(filler)))
    assert look().symptom is S.UNKNOWN  # the beginning is further back than is read
    assert time.thread_time() - began < 5
    assert len(computer.opened) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 10_000, Random(7).randbytes(100_000), b"\n" * 1000, b"no newline"],
    ids=["empty", "zeros", "binary", "blank", "no line"],
)
def test_a_log_that_is_none_says_nothing(content: bytes, computer: Computer) -> None:
    (computer.run() / "launcher.log").write_bytes(content)
    assert look().symptom is S.UNKNOWN


def test_a_folder_without_a_log_or_that_cannot_be_read_says_nothing(computer: Computer) -> None:
    folder = computer.run()
    assert look().symptom is S.UNKNOWN
    folder.rmdir()
    reading = look()
    assert reading.symptom is S.UNKNOWN
    assert str(folder) not in reading.detail


def test_a_tws_that_has_ended_leaves_behind_whether_it_comes_back(computer: Computer) -> None:
    sensor = LoginLog()
    day = 86_400.0
    write(computer.run(), (7200.0, RESTART), (7200.0, STARTED), (7200.0, NOT_DAILY))
    look(sensor)
    computer.processes = []
    reading = look(sensor)
    assert reading.symptom is S.UNKNOWN
    assert reading.facts[Fact.AUTO_RESTART_OFF] == pytest.approx(time.time() - 7200, abs=5)
    resumed = ((AUTO_RESTART, 1), (RESTARTS_DAILY, 1), (ENCRYPTED, 0))
    lines = [(day + 100 + after, message) for message, after in resumed]
    write(computer.folder_of(4711), (day + 102, RESTART), (day + 102, STARTED), *lines)
    reading = look(sensor)
    assert reading.symptom is S.RESTARTING_ITSELF
    assert reading.facts[Fact.LOGIN_SINCE] == pytest.approx(time.time() - 101, abs=5)
    computer.usual = computer.folder_of(4711)
    assert look().symptom is S.RESTARTING_ITSELF, "a new sensor finds the usual folder"
    hours_ago = [(day + 9_000 + after, message) for message, after in resumed]
    write(computer.folder_of(4711), (day + 9_002, RESTART), (day + 9_002, STARTED), *hours_ago)
    reading = look(sensor)
    assert reading.symptom is S.UNKNOWN
    assert Fact.AUTO_RESTART_ON in reading.facts


def test_a_folder_that_hangs_is_waited_for_once(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.run()
    hangs, calls = threading.Event(), []

    def hang(folder: Path) -> tuple[tws_files.FileState, ...]:
        calls.append(folder)
        hangs.wait(20)
        return ()

    monkeypatch.setattr(login_log, "list_logs", hang)
    monkeypatch.setattr(login_log, "READ_TIMEOUT", 0.05)

    async def poll_twice() -> list[Reading]:
        sensor, seen = LoginLog(), evidence(**CLOSED_PORT)
        try:
            return [await sensor.poll(seen), await sensor.poll(seen)]
        finally:
            hangs.set()

    readings = asyncio.run(poll_twice())
    assert [reading.symptom for reading in readings] == [S.UNKNOWN] * 2
    wait_for(lambda: len(calls) == 1, "the one call")
