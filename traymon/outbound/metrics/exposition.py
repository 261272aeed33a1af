"""The statuses as Prometheus reads them. docs/metrics.md lists every name; a test holds it equal.

Series follow the targets: none is left of a target that is watched no longer.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, count

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from traymon import __version__
from traymon.core.model import Status, Update
from traymon.core.vocabulary import Light, SensorName
from traymon.diagnosis.fix_pages import clean
from traymon.outbound.metrics.counts import Counts
from traymon.outbound.metrics.reliability import Ratios

TARGET, LIGHT = ("target",), ("target", "light")  # labels
CODE = ("target", "code", "host", "port")
RATIO = ("target", "window", "hours")

Gauge = Callable[[Status, Counts, float], float | None]  # with the time; None: not known

# One series for each target.
GAUGES: Mapping[str, tuple[str, Gauge]] = {
    "traymon_light_seconds": (
        "How long the light has been what it is.",
        lambda status, counts, now: _since(status.light_since, now),
    ),
    "traymon_seconds_since_update": (
        "Time since traymon last judged this target.",
        lambda status, counts, now: _since(status.evidence.now, now),
    ),
    "traymon_seconds_since_answer": (
        "Time since the API last answered traymon; missing before the first answer.",
        lambda status, counts, now: _since(counts.answered_at, now),
    ),
    "traymon_muted": (
        "1 while this target is muted.",
        lambda status, counts, now: status.muted,
    ),
    "traymon_snoozed": (
        "1 while the user has snoozed its notifications.",
        lambda status, counts, now: status.snoozed_until is not None,
    ),
    "traymon_paused": (
        "1 while the user has paused watching it.",
        lambda status, counts, now: status.paused,
    ),
}
HISTOGRAMS: Mapping[str, tuple[str, SensorName]] = {
    "traymon_handshake_seconds": (
        "Time until a new connection was answered.",
        SensorName.HANDSHAKE,
    ),
    "traymon_heartbeat_seconds": (
        "Time until traymon's own session was answered.",
        SensorName.SESSION,
    ),
}


class Exposition(Collector):
    """Counts what happens, and writes it down with the statuses as they are. Thread-safe."""

    def __init__(
        self,
        now: Callable[[], float],
        statuses: Callable[[], Sequence[Status]],
        ratios_of: Callable[[str], Ratios],
        attempts: Callable[[], Mapping[tuple[str, str], int]] = dict,
    ) -> None:
        """`ratios_of` returns at once how reliable a target was, as far as that is known.

        `attempts` counts what became of notifications, by channel and outcome.
        """
        self._now, self._statuses, self._ratios_of = now, statuses, ratios_of
        self._attempts = attempts
        self._lock = threading.Lock()
        self._series: dict[str, tuple[str, Counts]] = {}  # with their label, by target name
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # CPU, memory, start: of Linux alone

    def take(self, update: Update) -> None:
        """Count what is new in a status; returns at once."""
        with self._lock:
            _, counts = self._series_of(update.status)
            counts.take(update)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what is true now."""
        with self._lock:
            statuses, now = self._statuses(), self._now()
            for gone in self._series.keys() - {status.target.name for status in statuses}:
                del self._series[gone]
            rows = [(status, *self._series_of(status)) for status in statuses]
        yield from self._of_traymon(len(rows))  # without the lock, which the monitor would wait for
        yield from self._of_targets(rows, now)

    def _series_of(self, status: Status) -> tuple[str, Counts]:
        name = status.target.name
        if name not in self._series:
            taken = {label for label, _ in self._series.values()}
            self._series[name] = _label(name, taken), Counts()
        return self._series[name]

    def _of_traymon(self, targets: int) -> Iterator[Metric]:
        versions = {
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.system(),
        }
        build = GaugeMetricFamily("traymon_build_info", "The versions in use.", labels=[*versions])
        build.add_metric(list(versions.values()), 1)
        yield build
        yield GaugeMetricFamily("traymon_targets", "How many targets are watched.", targets)
        notifications = CounterMetricFamily(
            "traymon_notifications",
            "What became of notifications, by channel.",
            labels=("channel", "outcome"),
        )
        for (channel, outcome), number in self._attempts().items():
            notifications.add_metric([clean(channel), outcome], number)
        yield notifications

    def _of_targets(
        self, rows: Sequence[tuple[Status, str, Counts]], now: float
    ) -> Iterator[Metric]:
        lights = GaugeMetricFamily(
            "traymon_light", "1 for the light that shows, 0 for the others.", labels=LIGHT
        )
        codes = GaugeMetricFamily(
            "traymon_diagnosis_info", "1 for the code of the diagnosis that shows.", labels=CODE
        )
        flips = CounterMetricFamily(
            "traymon_flips", "Changes of the diagnosis or of its light.", labels=TARGET
        )
        reliability = GaugeMetricFamily(
            "traymon_reliability_ratio",
            "Share of the time in which the API could be used; missing while not enough is known.",
            labels=RATIO,
        )
        for status, label, counts in rows:
            for light in Light:
                lights.add_metric([label, light.word], status.diagnosis.light is light)
            where = clean(status.target.host), str(status.target.port)
            codes.add_metric([label, status.diagnosis.code, *where], 1)
            flips.add_metric([label], counts.flips)
            for (window, hours), ratio in self._ratios_of(status.target.name).items():
                reliability.add_metric([label, window, hours], ratio)
        yield from (lights, codes, flips, reliability)
        for name, (words, value_of) in GAUGES.items():
            gauge = GaugeMetricFamily(name, words, labels=TARGET)
            for status, label, counts in rows:
                if (value := value_of(status, counts, now)) is not None:
                    gauge.add_metric([label], value)
            yield gauge
        for name, (words, sensor) in HISTOGRAMS.items():
            histogram = HistogramMetricFamily(name, words, labels=TARGET)
            for _, label, counts in rows:
                latencies = counts.latencies[sensor]
                histogram.add_metric([label], latencies.cumulative(), latencies.sum)
            yield histogram


def _since(moment: float | None, now: float) -> float | None:
    return None if moment is None else max(0.0, round(now - moment, 3))


def _label(name: str, taken: Collection[str]) -> str:
    """Return what the series of a target are labelled with: its name, without account numbers.

    Names that differ in an account number alone are numbered: of two equal series Prometheus drops
    one.
    """
    label = clean(name)
    numbered = (f"{label} ({number})" for number in count(2))
    return next(one for one in chain([label], numbered) if one not in taken)
