"""The user is notified after a restart of what they missed; every attempt to notify is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.polling import wait_for
from traymon.core.facts import Fact
from traymon.core.model import Change, Diagnosis, Evidence, Status, Update
from traymon.core.notification import Outcome, Unannounced
from traymon.core.notification_memory import MAX_UNANNOUNCED_AGE
from traymon.core.notification_record import NotificationRecord
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis.catalogue import ENTRIES
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks, Settle
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.past import describe

BEGAN = 1_790_000_000.0
NIGHT = BEGAN + 8 * 3600  # its end
TARGET = Target("bot", port=7497)
STOP_TIMEOUT = 30.0


@dataclass
class Screen:
    """A channel that keeps what it shows."""

    outcome: Outcome | None = Outcome.DELIVERED  # None: it fails
    name: str = "screen"
    clickable: bool = True
    shown: list[NotificationText] = field(default_factory=list)
    settle: list[Settle] = field(default_factory=list)

    def prepare(self) -> None:
        """Nothing has to be loaded."""

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        if self.outcome is None:
            raise ChannelError("it is dark")
        self.shown.append(text)
        self.settle.append(settle)
        return self.outcome

    def withdraw(self, key: str | None = None) -> None:
        """Nothing is taken back."""

    def close(self) -> None:
        """Nothing is held."""


class Traymon:
    """One run of traymon, with a history."""

    def __init__(self, path: Path, now: float, outcome: Outcome | None = Outcome.DELIVERED) -> None:
        self.now, self.screen = now, Screen(outcome)
        self.notifier = Notifier(Clicks(print), lambda why: None)
        self.notifier.prefer(self.screen)
        self.restored: list[tuple[Unannounced, ...]] = []
        self.recorder = HistoryRecorder(path, describe, "test", on_missed=self._restore)
        self.dispatcher = NotificationDispatcher(self.notifier, lambda: self.now, self.recorder)

    def _restore(self, target: str, faults: tuple[Unannounced, ...]) -> None:
        self.dispatcher.remember_unannounced(target, faults)
        self.restored.append(faults)

    def publish(self, at: float, code: str, port: int = 7497) -> None:
        self.now = at
        entry = ENTRIES[code]
        diagnosis = Diagnosis(code, entry.light, {Fact.PORT: port}, announce=entry.announce)
        status = Status(
            TARGET,
            diagnosis,
            since=at,
            light_since=at,
            evidence=Evidence(TARGET, at),
            checked_at=at,
            quiet_until=NIGHT if at < NIGHT else None,
        )
        update = Update(status, None, Change.NOTHING)
        self.dispatcher.on_update(update)
        self.recorder.on_update(update)

    def end(self) -> None:
        self.notifier.stop()
        self.recorder.stop(STOP_TIMEOUT)

    @property
    def bodies(self) -> list[str]:
        return [f"{text.title} | {text.body}" for text in self.screen.shown]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def night_with_a_fault(path: Path) -> None:
    traymon = Traymon(path, BEGAN)
    traymon.publish(BEGAN, "healthy")
    traymon.publish(BEGAN + 3600, "port-refused")
    traymon.publish(BEGAN + 3900, "healthy")
    traymon.end()
    assert traymon.screen.shown == []


def test_what_was_missed_in_quiet_hours_is_told_by_the_next_traymon(path: Path) -> None:
    night_with_a_fault(path)
    after = Traymon(path, BEGAN + 7200)
    after.publish(BEGAN + 7200, "starting")
    wait_for(lambda: after.restored, "what was missed")
    after.publish(BEGAN + 7210, "healthy")
    assert after.screen.shown == []
    after.publish(NIGHT, "healthy")
    after.end()
    (told,) = after.bodies
    assert "refuses connections to port 7497" in told


def test_it_is_told_once(path: Path) -> None:
    night_with_a_fault(path)
    for at in (NIGHT, NIGHT + 3600):
        later = Traymon(path, at)
        later.publish(at, "starting")
        if at == NIGHT:
            wait_for(later.restored.copy, "what was missed")
        later.publish(at + 10, "healthy")
        later.end()
        assert len(later.screen.shown) == (at == NIGHT)


def test_a_fault_that_was_going_on_at_the_end_ended_at_the_last_sign_of_life(path: Path) -> None:
    traymon = Traymon(path, BEGAN)
    traymon.publish(BEGAN, "healthy")
    traymon.publish(BEGAN + 3600, "port-refused")
    traymon.publish(BEGAN + 3700, "port-refused")
    traymon.end()
    after = Traymon(path, NIGHT)
    after.publish(NIGHT, "starting")
    wait_for(lambda: after.restored, "what was missed")
    after.end()
    ((fault,),) = after.restored
    assert (fault.began, fault.ended) == (BEGAN + 3600, BEGAN + 3700)


def test_what_was_missed_weeks_ago_is_not_told(path: Path) -> None:
    night_with_a_fault(path)
    at = BEGAN + 3900 + MAX_UNANNOUNCED_AGE
    after = Traymon(path, at)
    after.publish(at, "starting")
    wait_for(lambda: after.restored, "what was missed")
    after.publish(at + 10, "healthy")
    after.end()
    assert after.screen.shown == []


def test_a_code_that_no_longer_exists_is_not_told(path: Path) -> None:
    traymon = Traymon(path, NIGHT)
    gone = Unannounced(Diagnosis("gone-since", Light.RED), NIGHT - 60, NIGHT - 50)
    traymon.dispatcher.remember_unannounced("bot", (gone,))
    traymon.publish(NIGHT, "healthy")
    traymon.end()
    assert traymon.screen.shown == []


def kept_notifications(path: Path) -> list[tuple[str, str, str, str, str]]:
    records = HistoryFile(path).read_notifications("bot", 0, 2 * BEGAN)
    return [(one.kind, one.code, one.channel, one.outcome, one.why) for one in records]


def test_a_notification_is_kept_with_its_channel(path: Path) -> None:
    traymon = Traymon(path, NIGHT)
    traymon.publish(NIGHT, "port-refused")
    traymon.end()
    assert kept_notifications(path) == [("fault", "port-refused", "screen", "delivered", "")]
    (record,) = HistoryFile(path).read_notifications("bot", 0, 2 * BEGAN)
    assert isinstance(record, NotificationRecord)
    assert record.title == traymon.screen.shown[0].title
    assert record.at == NIGHT


def test_one_that_fails_is_kept_with_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traymon.ui.notify.channel.CHANNELS", {})
    monkeypatch.setattr("traymon.ui.notify.channel.FALLBACK", lambda clicks: Screen(None, "other"))
    traymon = Traymon(path, NIGHT, None)
    traymon.publish(NIGHT, "port-refused")
    traymon.end()
    kept = kept_notifications(path)
    assert ("fault", "port-refused", "screen", "failed", "it is dark") in kept


@pytest.mark.parametrize("settled", [Outcome.DELIVERED, Outcome.FAILED])
def test_an_unknown_one_is_kept_with_what_becomes_of_it(path: Path, settled: Outcome) -> None:
    traymon = Traymon(path, NIGHT, Outcome.UNKNOWN)
    traymon.publish(NIGHT, "port-refused")
    wait_for(lambda: traymon.screen.settle, "the delivery")
    traymon.screen.settle[0](settled, "" if settled is Outcome.DELIVERED else "nobody saw it")
    traymon.end()
    outcomes = {channel: outcome for _, _, channel, outcome, _ in kept_notifications(path)}
    assert outcomes["screen"] == settled.name.lower()


def test_without_a_history_notifications_come_as_ever() -> None:
    screen = Screen()
    notifier = Notifier(Clicks(print), lambda why: None)
    notifier.prefer(screen)
    dispatcher = NotificationDispatcher(notifier, lambda: NIGHT)
    entry = ENTRIES["port-refused"]
    evidence = Evidence(TARGET, NIGHT)
    status = Status(TARGET, Diagnosis(entry.code, entry.light), NIGHT, NIGHT, evidence, NIGHT)
    dispatcher.on_update(Update(status, None, Change.NOTHING))
    notifier.stop()
    assert len(screen.shown) == 1
