"""Measures the history: the size of a year, the time of a look at 90 days, a write, its memory.

A measurement, not a test: `.venv/bin/python benchmarks/history.py` takes about two minutes. The
year is made up: six faults a day, a handshake every 30 s, a heartbeat every 5 s.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psutil

from support.polling import wait_for
from support.traymon_process import IsolatedTraymon, end
from traymon.core.events import Event, EventType, iso
from traymon.core.facts import Fact
from traymon.core.histogram import Histogram
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.periods import Condition
from traymon.core.reliability import measure_days
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.sim.gateway import HEALTHY, running
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.retention import DAY, KEEP_EVENTS, KEEP_MINUTES
from traymon.storage.history.values import SENSOR_NUMBERS
from traymon.ui.dashboard import read_dashboard
from traymon.ui.past import describe

BEGAN = 1_760_000_000.0 // 3600 * 3600
DAYS, FAULTS_A_DAY = 365, 6
TARGET = Target("bot")
SENSORS = {SensorName.HANDSHAKE: 2, SensorName.SESSION: 12}  # answers a minute
WRITES = 500
RUNS, SETTLED_AFTER = 3, 20.0  # of the memory; seconds
MIB = 2**20


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        write_year(path)
        print(f"a year of one target: {path.stat().st_size / 1e6:.2f} MB")
        until = BEGAN + DAYS * DAY
        since, reader = until - 90 * DAY, HistoryFile(path)
        show("a look at 90 days", lambda: look_at(reader, since, until))
        show("the incidents of 90 days", lambda: reader.read_incidents("bot", since, until))
        read = partial(reader.read_latency, TARGET.name, SensorName.SESSION)
        show("the latency of a day", lambda: read(until - DAY, until, 600.0))
        show("the latency of 30 days", lambda: read(until - 30 * DAY, until, 3600.0))
        show("the page's dashboard", lambda: read_dashboard(reader, "bot", until))
        for name, cost in costs_of_writing(path).items():
            print(f"{name}: {cost * 1000:.2f} ms")
    with running(HEALTHY) as gateway:
        on, off = (resident_memory(gateway.port, history) for history in ("on", "off"))
    print(f"memory of a traymon without a tray: {on:.1f} MiB, without a history {off:.1f} MiB")


def write_year(path: Path) -> None:
    """Write what a year leaves in the file."""
    database, chance = Database(path), random.Random(1)
    run = Run(TARGET.name, BEGAN, "traymon 0.1.0, Python 3.11.7, Linux-6.1-x86_64-with-glibc2.36")
    database.transaction(lambda db: write_flips(db, run))
    database.transaction(write_events)
    last = BEGAN + DAYS * DAY
    database.transaction(lambda db: write_latencies(db, chance, last))
    database.transaction(lambda db: db.keep_alive(run, last))
    database.close()


def write_flips(database: Database, run: Run) -> None:
    """Write the flips of the year."""
    for row in flips(random.Random(2)):
        database.add_flip(run, row)


def write_events(database: Database) -> None:
    """Write the events that are kept of the year: of each fault two lights, two notifications."""
    rows = [*flips(random.Random(2))]
    first = BEGAN + DAYS * DAY - KEEP_EVENTS
    for before, row in pairwise(rows):
        if row.at < first:
            continue
        shown = {"code": row.code, "light": row.light.word}
        earlier = {"code": before.code, "light": before.light.word}
        data = {
            "before": earlier,
            "after": shown,
            "since": iso(row.at),
            "expected": False,
            "muted": False,
            "headline": row.description.headline,
        }
        database.add_event(Event(EventType.LIGHT, row.at, TARGET.name, data))
        told = {
            "kind": "fault",
            "code": row.code,
            "title": row.description.headline,
            "channel": "dbus",
            "outcome": "delivered",
            "why": "",
        }
        database.add_event(Event(EventType.NOTIFICATION, row.at, TARGET.name, told))


def flips(chance: random.Random) -> Iterator[FlipRow]:
    """Yield the flips of the year."""
    good = describe(status(Diagnosis("healthy", Light.GREEN)))
    bad = describe(status(Diagnosis("port-refused", Light.RED, {Fact.PORT: 7497})))
    up = FlipRow(BEGAN, Condition.UP, "healthy", Light.GREEN, description=good)
    yield up
    for number in range(DAYS * FAULTS_A_DAY):
        at = BEGAN + (number + chance.random() / 2) * DAY / FAULTS_A_DAY
        yield FlipRow(at, Condition.DOWN, "port-refused", Light.RED, description=bad)
        yield FlipRow(at + 300, Condition.UP, "healthy", Light.GREEN, description=good)


def status(diagnosis: Diagnosis) -> Status:
    """Return a status with as much evidence as is usual."""
    evidence = Evidence(TARGET, BEGAN)
    for sensor, symptom in (
        (SensorName.LISTENER, Symptom.NOBODY_LISTENS),
        (SensorName.HANDSHAKE, Symptom.REFUSED),
        (SensorName.SESSION, Symptom.LOST),
    ):
        detail = "nobody listens on port 7497, says the table of connections"
        evidence = evidence.with_reading(Reading(sensor, symptom, detail, at=BEGAN))
    return Status(TARGET, diagnosis, BEGAN, BEGAN, evidence, BEGAN)


def write_latencies(database: Database, chance: random.Random, last: float) -> None:
    """Write two weeks of minutes, and hours of the year."""
    first_minute, number = last - KEEP_MINUTES, database._target_number(TARGET.name)
    for hour in range(int(DAYS * DAY / 3600)):
        at = BEGAN + 3600 * hour
        if at >= first_minute:
            for minute in range(60):
                values = {each: measured(chance, answers) for each, answers in SENSORS.items()}
                database.add_minute(TARGET.name, at + 60 * minute, values)
        else:  # its minutes are gone
            for sensor, answers in SENSORS.items():
                key = int(at // 3600), number, SENSOR_NUMBERS[sensor]
                database._merge("hour", key, measured(chance, answers * 60))


def measured(chance: random.Random, answers: int) -> Histogram:
    """Return latencies of a few milliseconds."""
    values = Histogram()
    for _ in range(answers):
        values.add(chance.lognormvariate(-5.5, 0.4))
    return values


def look_at(reader: HistoryFile, since: float, until: float) -> None:
    """Read 90 days and add them up by the day."""
    measure_days(reader.read_periods(TARGET.name, since, until), since, until, None)


def show(name: str, action: Callable[[], object]) -> None:
    """Print how long something takes."""
    times = [timed(action) for _ in range(9)]
    print(f"{name}: {statistics.median(times) * 1000:.1f} ms")


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def costs_of_writing(path: Path) -> dict[str, float]:
    """Return the seconds that each kind of write takes, with its commit."""
    database, at = Database(path), BEGAN + DAYS * DAY
    run = Run(TARGET.name, at, "again")
    row = FlipRow(at, Condition.UP, "healthy", Light.GREEN)
    values = {sensor: Histogram({40: 6}) for sensor in SENSORS}
    kinds: dict[str, Callable[[Database], None]] = {
        "a flip": lambda db: db.add_flip(run, row),
        "a sign of life": lambda db: db.keep_alive(run, at),
        "a minute of latencies": lambda db: db.add_minute(TARGET.name, at, values),
        "the removal of what is old": lambda db: db.prune(run, at),
    }
    costs = {}
    for name, write in kinds.items():
        commit = partial(database.transaction, write)
        costs[name] = statistics.median(timed(commit) for _ in range(WRITES))
    database.close()
    return costs


def is_green(user: IsolatedTraymon) -> bool:
    """Tell whether the user's traymon shows green."""
    return user.run("status").returncode == 0


def resident_memory(port: int, history: str) -> float:
    """Return what a traymon without a tray weighs in MiB; the median of some."""
    weights = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as home:
            user = IsolatedTraymon(Path(home), TRAYMON_NOTIFY="off", TRAYMON_HISTORY=history)
            traymon = subprocess.Popen(
                user.command("run", "--no-tray", "--port", str(port)),
                cwd=user.cwd,
                env=user.env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            wait_for(partial(is_green, user), "green")
            time.sleep(SETTLED_AFTER)
            weights.append(psutil.Process(traymon.pid).memory_info().rss / MIB)
            end(traymon)
    return statistics.median(weights)


if __name__ == "__main__":
    main()
