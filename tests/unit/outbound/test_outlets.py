"""The outlets that run are those that alerts.toml asks for, whatever one of them does."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from support.push_scene import NOON, RED, status
from traymon.core.alerts import Alerts, Hooks, PushChannel, Secret
from traymon.core.model import Change, Update
from traymon.outbound import outlets
from traymon.outbound.base import Outlet, Surroundings
from traymon.outbound.outlets import NOT_STARTED, SOURCE, Outlets

UPDATE = Update(status(RED, NOON), None, Change.NOTHING)


@dataclass
class Recording:
    """An outlet that keeps what was asked of it, or fails."""

    name: str
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._note("start")

    def on_update(self, update: Update) -> None:
        self._note("update")

    def stop(self, timeout: float) -> None:
        self._note("stop")

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.fails and what != "start":
            raise RuntimeError(f"{what} fails")


class Scene:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Recording] = []
        self.troubles: list[tuple[str, str]] = []
        self.outlets = Outlets(lambda alerts: self.around)
        self.around = Surroundings(lambda: NOON, lambda *trouble: self.troubles.append(trouble))

        def rows(alerts: Alerts, around: Surroundings) -> list[outlets.Row]:
            return [self._row(channel) for channel in alerts.push]

        monkeypatch.setattr(outlets, "rows", rows)

    def _row(self, channel: PushChannel) -> outlets.Row:
        def make() -> Outlet:
            if channel.kind == "broken":
                raise RuntimeError("cannot be made")
            self.made.append(Recording(channel.name, fails=channel.kind == "fails"))
            return self.made[-1]

        return channel, make

    def use(self, *names: str, **kinds: str) -> None:
        channels = [PushChannel(n, kinds.get(n, "ntfy"), Secret("https://x")) for n in names]
        self.outlets.use(Alerts(push=tuple(channels)))


def test_what_is_wanted_no_longer_stops_and_the_others_go_on_undisturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch)
    scene.use("one", "two")
    scene.outlets.on_update(UPDATE)
    scene.use("two", "three")
    scene.outlets.on_update(UPDATE)
    scene.outlets.stop(1.0)
    assert {one.name: one.asked for one in scene.made} == {
        "one": ["start", "update", "stop"],
        "two": ["start", "update", "update", "stop"],
        "three": ["start", "update", "stop"],
    }
    assert scene.troubles == [("", "one")], "its trouble ends with it"


def test_one_that_fails_disturbs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    scene.use("bad", "worse", "good", bad="fails", worse="broken")
    scene.outlets.on_update(UPDATE)
    scene.outlets.stop(1.0)
    assert scene.made[-1].asked == ["start", "update", "stop"]


def test_one_that_cannot_be_started_is_said_until_it_is_wanted_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch)
    for _ in range(2):
        scene.use("good", "worse", worse="broken")
        assert scene.troubles[-1] == (NOT_STARTED, SOURCE)
    scene.use("good")
    assert scene.troubles[-1] == ("", SOURCE)


def test_an_entry_that_changes_gets_a_new_outlet() -> None:
    channel = PushChannel("phone", "ntfy", Secret("https://x"))
    around = Surroundings(lambda: NOON, lambda *_: None)
    before = dict(outlets.rows(Alerts(push=(channel,)), around))
    moved = PushChannel("phone", "ntfy", Secret("https://y"))
    assert not before.keys() & dict(outlets.rows(Alerts(push=(moved,)), around)).keys()
    linked = Surroundings(lambda: NOON, lambda *_: None, page_url="https://me.example/")
    assert not before.keys() & dict(outlets.rows(Alerts(push=(channel,)), linked)).keys()
    assert before.keys() == dict(outlets.rows(Alerts(push=(channel,)), around)).keys()


def test_what_a_new_outlet_reports_outlives_the_one_whose_place_it_takes() -> None:
    troubles: dict[str, str] = {}
    around = Surroundings(lambda: NOON, lambda trouble, source: troubles.update({source: trouble}))
    running = Outlets(lambda alerts: around)
    for program in ("/none", "/none-either"):
        running.use(Alerts(hooks=Hooks(on_red=(program,))))
        assert troubles["hook on_red"] == f"Hook on_red: there is no program {program}"
    running.stop(1.0)
