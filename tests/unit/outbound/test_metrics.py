"""What Prometheus reads of the statuses, by its own client's parser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from support.repository import ROOT
from support.statuses import NOON, status
from traymon.core.model import Change, Flip, Reading, Status, Update
from traymon.core.notification import Unannounced
from traymon.core.notification_record import NotificationRecord
from traymon.core.vocabulary import SensorName, Symptom
from traymon.outbound.attempts import Attempts
from traymon.outbound.metrics.exposition import Exposition
from traymon.outbound.metrics.reliability import WINDOWS, Ratios

SECONDS = "traymon_handshake_seconds"


def answer(at: float, took: float = 0.012, symptom: Symptom = Symptom.OK) -> Reading:
    return Reading(SensorName.HANDSHAKE, symptom, at=at, took=took)


@dataclass
class Scene:
    """The targets as they are, and what is exported of them."""

    now: float = NOON
    statuses: list[Status] = field(default_factory=list)
    ratios: Ratios = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)

    def __post_init__(self) -> None:
        self.exposition = Exposition(
            lambda: self.now,
            lambda: self.statuses,
            lambda name: self.ratios,
            lambda: self.attempts.counts,
        )

    def publish(self, new: Status, flip: Flip | None = None) -> None:
        """Take a new status in place of the target's last one."""
        others = [one for one in self.statuses if one.target.name != new.target.name]
        self.statuses = [*others, new]
        self.exposition.take(Update(new, flip, Change.NOTHING))

    @property
    def families(self) -> list[Metric]:
        return list(text_string_to_metric_families(self.exposition.text().decode()))

    def samples(self, name: str) -> list[tuple[Mapping[str, str], float]]:
        return [
            (sample.labels, sample.value)
            for family in self.families
            for sample in family.samples
            if sample.name == name
        ]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of the one series that has these labels; None without one."""
        found = [value for given, value in self.samples(name) if labels.items() <= given.items()]
        assert len(found) < 2
        return found[0] if found else None


@pytest.fixture
def scene() -> Scene:
    return Scene()


def everything(scene: Scene) -> None:
    """Let a target have all that can be told of one."""
    scene.ratios = {(window, hours): 0.5 for window in WINDOWS for hours in ("all", "trading")}
    scene.publish(status("bot", "healthy", answer(NOON)))


def attempt(channel: str, outcome: str) -> NotificationRecord:
    return NotificationRecord(NOON, "fault", "session-hung", "title", channel, outcome)


def test_one_light_shows_and_the_others_are_0(scene: Scene) -> None:
    scene.publish(status("bot", "session-hung"))
    lights = {labels["light"]: value for labels, value in scene.samples("traymon_light")}
    assert lights == {"green": 0, "amber": 0, "red": 1, "grey": 0}
    assert scene.samples("traymon_diagnosis_info") == [
        ({"target": "bot", "code": "session-hung", "host": "127.0.0.1", "port": "7497"}, 1)
    ]


def test_ages_are_those_of_the_scrape(scene: Scene) -> None:
    scene.publish(status("bot", "healthy", answer(NOON - 4)))
    scene.now += 10
    assert scene.value("traymon_light_seconds") == 70
    assert scene.value("traymon_seconds_since_update") == 10
    assert scene.value("traymon_seconds_since_answer") == 14


def test_what_was_never_answered_has_no_age(scene: Scene) -> None:
    scene.publish(status("bot", "handshake-silent", answer(NOON, symptom=Symptom.SILENT)))
    assert scene.value("traymon_seconds_since_answer") is None


def test_a_later_failure_leaves_the_last_answer_as_it_was(scene: Scene) -> None:
    scene.publish(status("bot", "healthy", answer(NOON - 30)))
    scene.publish(status("bot", "handshake-silent", answer(NOON, symptom=Symptom.SILENT)))
    assert scene.value("traymon_seconds_since_answer") == 30
    assert scene.value(f"{SECONDS}_count") == 1


def test_an_answer_is_counted_once_however_often_it_is_published(scene: Scene) -> None:
    for at, took in ((NOON, 0.012), (NOON, 0.012), (NOON + 5, 0.7)):
        scene.publish(status("bot", "healthy", answer(at, took)))
    buckets = {labels["le"]: value for labels, value in scene.samples(f"{SECONDS}_bucket")}
    assert buckets == {
        "0.005": 0, "0.02": 1, "0.1": 1, "0.5": 1, "2.0": 2, "5.0": 2, "+Inf": 2
    }  # fmt: skip
    assert scene.value(f"{SECONDS}_count") == 2
    assert scene.value(f"{SECONDS}_sum") == pytest.approx(0.712)


def test_flips_are_counted(scene: Scene) -> None:
    before, after = status("bot", "healthy"), status("bot", "session-hung")
    scene.publish(before)
    assert scene.value("traymon_flips_total") == 0
    scene.publish(after, Flip(NOON, before.diagnosis, after.diagnosis))
    assert scene.value("traymon_flips_total") == 1


def test_notifications_are_counted_by_channel_and_outcome(scene: Scene) -> None:
    for channel, outcome in (("dbus", "failed"), ("dbus", "failed"), ("", "failed")):
        scene.attempts.record_notification("bot", attempt(channel, outcome))
    scene.attempts.record_notification("bot", attempt("push phone", "delivered"))
    name = "traymon_notifications_total"
    assert scene.value(name, channel="dbus", outcome="failed") == 2
    assert scene.value(name, channel="none", outcome="failed") == 1
    assert scene.value(name, channel="push phone", outcome="delivered") == 1


def test_what_is_counted_is_kept_as_well() -> None:
    kept: list[object] = []

    class Keeper:
        def record_notification(self, target: str, record: NotificationRecord) -> None:
            kept.append((target, record))

        def record_missed(self, target: str, faults: tuple[Unannounced, ...]) -> None:
            kept.append((target, faults))

    attempts = Attempts(Keeper())
    attempts.record_notification("bot", attempt("dbus", "delivered"))
    attempts.record_missed("bot", ())
    assert kept == [("bot", attempt("dbus", "delivered")), ("bot", ())]


def test_what_keeps_a_target_quiet_is_told(scene: Scene) -> None:
    scene.publish(replace(status(), muted=True, snoozed_until=NOON + 60, paused=True))
    quiet = [scene.value(f"traymon_{name}") for name in ("muted", "snoozed", "paused")]
    assert quiet == [1, 1, 1]
    scene.publish(status())
    quiet = [scene.value(f"traymon_{name}") for name in ("muted", "snoozed", "paused")]
    assert quiet == [0, 0, 0]


def test_reliability_is_missing_while_it_is_not_known(scene: Scene) -> None:
    scene.publish(status())
    assert scene.samples("traymon_reliability_ratio") == []
    scene.ratios = {("30d", "trading"): 0.9993}
    assert scene.samples("traymon_reliability_ratio") == [
        ({"target": "bot", "window": "30d", "hours": "trading"}, 0.9993)
    ]


def test_nothing_is_left_of_a_target_that_was_removed(scene: Scene) -> None:
    scene.publish(status("paper", "healthy", answer(NOON)))
    scene.publish(status("live", "healthy", answer(NOON)))
    assert scene.value("traymon_targets") == 2
    scene.statuses = [one for one in scene.statuses if one.target.name == "live"]
    assert scene.value("traymon_targets") == 1
    assert "paper" not in scene.exposition.text().decode()
    assert scene.value(f"{SECONDS}_count", target="live") == 1
    scene.publish(status("paper", "healthy", answer(NOON + 60)))  # added again
    assert scene.value(f"{SECONDS}_count", target="paper") == 1


def test_names_are_labels_whatever_is_in_them_but_account_numbers(scene: Scene) -> None:
    names = ['a "quoted"\\ name', "zwei\nZeilen", "DU1234567", "DU7654567"]
    for name in names:
        scene.publish(status(name))
    labels = [labels["target"] for labels, _ in scene.samples("traymon_muted")]
    assert labels == ['a "quoted"\\ name', "zwei Zeilen", "DU***567", "DU***567 (2)"]
    text = scene.exposition.text().decode()
    assert not any(number in text for number in ("1234567", "7654567"))


def test_the_documented_names_and_labels_are_those_exported(scene: Scene) -> None:
    everything(scene)
    scene.attempts.record_notification("bot", attempt("dbus", "delivered"))
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", document, re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    exported = {}
    for family in scene.families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported[name] = family.type, labels
    if "process_open_fds" not in exported:  # of Linux alone
        documented = {name: row for name, row in documented.items() if "process_" not in name}
    assert exported == documented


def test_the_number_of_series_is_the_documented_one(scene: Scene) -> None:
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    stated = re.search(r"at most (\d+) for each target, and (\d+) for traymon itself", document)
    assert stated is not None
    everything(scene)
    count = sum(len(family.samples) for family in scene.families)
    own = sum("target" not in s.labels for family in scene.families for s in family.samples)
    assert count - own == int(stated[1])
    assert own <= int(stated[2])
