"""`traymon events`, as programs use it: over restarts, into pipes that close, without a history."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.polling import PATIENCE, wait_for
from support.traymon_process import IsolatedTraymon, ResidentTraymon, end
from traymon.core.events import Event, EventType
from traymon.sim.gateway import HEALTHY, Running, running
from traymon.storage.history.database import Database

AT = 1_790_000_000.0


@pytest.fixture
def user(tmp_path: Path) -> IsolatedTraymon:
    return IsolatedTraymon(tmp_path)


def history_of(user: IsolatedTraymon) -> Path:
    return Path(user.env["XDG_STATE_HOME"]) / "traymon" / "history.db"


def write(user: IsolatedTraymon, *events: Event) -> list[int]:
    """Keep events; return the ids of all that are kept."""
    from traymon.storage.history.reader import HistoryFile

    database = Database(history_of(user))
    for event in events:
        database.transaction(lambda db, one=event: db.add_event(one))  # type: ignore[misc]
    database.close()
    kept = HistoryFile(history_of(user)).read_events(0, 1000)
    return [event.number or 0 for event in kept]


PAUSED = Event(EventType.PAUSE, AT, "bot", {"paused": True})
SNOOZED = Event(EventType.SNOOZE, AT, "paper", {"until": None})
STARTED = Event(EventType.START, AT, None, {"version": "0.1.0"})


@contextmanager
def following(user: IsolatedTraymon, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A command that follows; it is killed at the end if it still runs."""
    process = user.start("events", "--json", "--follow", *options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_event(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    event: dict[str, Any] = json.loads(process.stdout.readline())
    return event


def read_until(
    process: subprocess.Popen[str], wanted: Callable[[dict[str, Any]], bool]
) -> list[Any]:
    events = [next_event(process)]
    while not wanted(events[-1]):
        events.append(next_event(process))
    return events


def test_events_are_objects_or_lines_for_readers(user: IsolatedTraymon) -> None:
    first, second, third = write(user, STARTED, PAUSED, SNOOZED)
    done = user.run("events", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["id"] for event in events] == [first, second, third]
    assert events[1] == {
        "schema": 1,
        "id": second,
        "type": "pause",
        "target": "bot",
        "time": "2026-09-21T14:13:20.000+00:00",
        "data": {"paused": True},
    }
    lines = user.run("events").stdout.splitlines()
    when = f"{datetime.fromtimestamp(AT):%Y-%m-%d %H:%M:%S}"
    assert lines == [
        f"{when} #{first} traymon 0.1.0 has started",
        f"{when} #{second} bot: paused",
        f"{when} #{third} paper: the snooze is over",
    ]
    of_bot = user.run("events", "--json", "--target", "bot").stdout.splitlines()
    assert [json.loads(line)["id"] for line in of_bot] == [first, second]


def test_a_reader_goes_on_where_it_was_and_is_told_what_is_gone(user: IsolatedTraymon) -> None:
    ids = write(user, PAUSED, PAUSED, PAUSED)
    rest = user.run("events", "--json", "--since", str(ids[0])).stdout.splitlines()
    assert [json.loads(line)["id"] for line in rest] == ids[1:]
    assert user.run("events", "--json", "--since", str(ids[-1])).stdout == ""
    long_ago = user.run("events", "--json", "--since", str(ids[0] - 5)).stdout.splitlines()
    missed = json.loads(long_ago[0])
    assert (missed["type"], missed["id"]) == ("missed", ids[0] - 1)
    assert missed["data"] == {"from": ids[0] - 4, "to": ids[0] - 1}
    assert len(long_ago) == 4


def test_what_cannot_be_done_is_one_clear_line(user: IsolatedTraymon) -> None:
    ids = write(user, PAUSED)
    ahead = user.run("events", "--json", "--since", str(ids[0] + 1))
    assert (ahead.returncode, ahead.stdout) == (3, "")
    assert ahead.stderr == f"There is no event {ids[0] + 1} yet. The newest is {ids[0]}.\n"
    off = user.run("events", "--json", TRAYMON_HISTORY="off")
    assert (off.returncode, off.stdout) == (3, "")
    assert off.stderr == "No events are kept: TRAYMON_HISTORY=off.\n"
    history_of(user).write_bytes(b"no database " * 100)
    damaged = user.run("events", "--json")
    assert (damaged.returncode, damaged.stdout) == (3, "")
    assert "cannot be read" in damaged.stderr


def test_without_a_history_nothing_is_printed_and_a_follower_waits(user: IsolatedTraymon) -> None:
    done = user.run("events", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with following(user, "--since", "0") as process:
        (number,) = write(user, PAUSED)
        assert next_event(process)["id"] == number


@pytest.mark.skipif(sys.platform == "win32", reason="it sends no SIGINT to one process")
def test_a_follower_ends_quietly_on_ctrl_c(user: IsolatedTraymon) -> None:
    write(user, PAUSED)
    with following(user, "--since", "0") as process:
        next_event(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="it tells of the end only at the next event")
def test_a_follower_ends_when_nobody_reads_any_more_though_nothing_happens(
    user: IsolatedTraymon,
) -> None:
    write(user, PAUSED)
    with following(user, "--since", "0") as process:
        next_event(process)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stdout = None  # nothing is left to be read of it


def test_a_follower_costs_next_to_nothing(user: IsolatedTraymon) -> None:
    write(user, PAUSED)
    with following(user, "--since", "0") as process:
        next_event(process)
        times = psutil.Process(process.pid).cpu_times
        before = sum(times()[:2])
        (_, number) = write(user, PAUSED)
        assert next_event(process)["id"] == number
        assert sum(times()[:2]) - before < 0.2


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(HEALTHY) as gateway:
        yield gateway


def test_a_follower_goes_on_over_a_restart_and_a_removed_history(
    tmp_path: Path, gateway: Running
) -> None:
    user = ResidentTraymon(tmp_path, gateway)
    with following(user, "--since", "0") as process:
        first = user.start_resident()
        seen = read_until(process, lambda event: event["type"] == "light")
        end(first)
        seen += read_until(process, lambda event: event["type"] == "stop")
        second = user.start_resident()
        seen += read_until(process, lambda event: event["type"] == "light")
        second.kill()
        second.wait()
        ids = [event["id"] for event in seen]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert [event["type"] for event in seen if event["target"] is None] == [
            *("start", "stop", "start")
        ]
        assert seen[1]["data"]["after"] == {"code": "healthy", "light": "green"}
        assert seen[1]["data"]["headline"]

        for path in history_of(user).parent.glob("history.db*"):
            path.unlink()
        # a new file begins at the seconds since 1970: not while the numbers of this busy test lead
        wait_for(lambda: time.time() > ids[-1] + 10, "a second for each number")
        third = user.start_resident()
        # the second one may have written more before it was killed
        *more, lost = read_until(process, lambda event: event["type"] == "missed")
        started = next_event(process)
        assert lost["data"]["from"] == ids[-1] + len(more) + 1
        assert (started["type"], started["id"]) == ("start", lost["id"] + 1)
        end(third)


def test_a_snooze_is_an_event(tmp_path: Path, gateway: Running) -> None:
    user = ResidentTraymon(tmp_path, gateway)
    traymon = user.start_resident()
    assert user.run("snooze", "1h").returncode == 0
    with following(user, "--since", "0") as process:
        event = read_until(process, lambda event: event["type"] == "snooze")[-1]
        assert event["data"]["until"] is not None
    end(traymon)
