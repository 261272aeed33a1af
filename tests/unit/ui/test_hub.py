"""The hub between monitor and surfaces: who is shown what, when, and who waits for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from traymon.core.model import Change, Diagnosis, Evidence, Status, Update, what_changed
from traymon.core.target import Target
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.hub import REFRESH_INTERVAL, StatusHub

NOON = 1_800_000_000.0
PATIENCE = 20.0


def status(code: str, name: str = "bot") -> Status:
    diagnosis = Diagnosis(code, ENTRIES[code].light)
    target = Target(name, port=7497)
    return Status(target, diagnosis, NOON, NOON, Evidence(target, NOON), NOON)


GREEN, RED = status("healthy"), status("port-refused")


@dataclass
class Shown:
    """A surface that writes down what it is given, and waits where it is told to."""

    shows: Change = Change.HEADLINE
    names_times: bool = False
    name: str = "shown"
    free: threading.Event = field(default_factory=threading.Event)
    calls: list[tuple[list[str], dict[str, Change]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free.set()

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        self.calls.append(([status.diagnosis.code for status in statuses], dict(changes)))
        self.free.wait(PATIENCE)

    def wait_for(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.calls
            time.sleep(0.002)

    @property
    def codes(self) -> list[list[str]]:
        return [codes for codes, _ in self.calls]


class Scene:
    """A hub, a monitor that publishes to it, and the time."""

    def __init__(self, *surfaces: Shown) -> None:
        self.now = NOON
        self.hub = StatusHub(lambda: self.now)
        for surface in surfaces:
            self.hub.add(surface)
        self._published: dict[str, Status] = {}

    def publish(self, *statuses: Status) -> None:
        for status in statuses:
            before = self._published.get(status.target.name)
            self._published[status.target.name] = status
            self.hub.publish(Update(status, None, what_changed(before, status)))


def test_a_surface_is_called_for_the_changes_that_it_shows_alone() -> None:
    headlines, details = Shown(), Shown(Change.DETAILS)
    scene = Scene(headlines, details)
    scene.publish(GREEN, GREEN, replace(GREEN, streak=2), replace(GREEN, snoozed_until=NOON + 9))
    scene.hub.stop()
    assert headlines.codes == [["healthy"]]
    assert all(Change.DETAILS in changes["bot"] for _, changes in details.calls)


def test_a_surface_that_is_busy_gets_the_newest_status_and_every_change() -> None:
    surface = Shown(~Change.NOTHING)
    scene = Scene(surface)
    surface.free.clear()
    scene.publish(GREEN)
    surface.wait_for(lambda: len(surface.calls) == 1)
    scene.publish(RED, replace(RED, snoozed_until=NOON + 9), status("starting", "other"))
    surface.free.set()
    scene.hub.stop()
    (codes, changes) = surface.calls[-1]
    assert surface.codes[1:] == [codes] == [["port-refused", "starting"]]
    assert Change.HEADLINE | Change.MUTE in changes["bot"]
    assert Change.HEADLINE in changes["other"]


def test_a_surface_that_hangs_holds_up_neither_the_monitor_nor_the_others_nor_the_end() -> None:
    hangs, works = Shown(), Shown()
    scene = Scene(hangs, works)
    hangs.free.clear()
    began = time.monotonic()
    scene.publish(GREEN, RED)
    works.wait_for(lambda: works.codes[-1:] == [["port-refused"]])
    scene.hub.stop()
    assert time.monotonic() - began < PATIENCE / 2
    hangs.free.set()


def test_a_surface_that_names_times_is_refreshed_as_time_passes() -> None:
    clock, calm = Shown(names_times=True), Shown()
    scene = Scene(clock, calm)
    scene.publish(GREEN)
    clock.wait_for(lambda: len(clock.calls) == 1)
    scene.publish(GREEN)
    scene.now += REFRESH_INTERVAL
    scene.publish(GREEN)
    clock.wait_for(lambda: len(clock.calls) == 2)
    scene.hub.stop()
    assert len(clock.calls) == 2
    assert clock.calls[1] == (["healthy"], {})
    assert len(calm.calls) == 1


def test_that_the_monitor_stands_still_reaches_every_surface_and_so_does_its_return() -> None:
    surfaces = (Shown(), Shown(Change.HEADLINE | Change.DETAILS, names_times=True))
    scene = Scene(*surfaces)
    listened: list[str] = []
    scene.hub.listen(lambda update: listened.append(update.status.diagnosis.code))
    scene.publish(GREEN)
    for code in ("stale", "healthy"):
        if code == "stale":
            scene.hub.publish_stale()
            scene.hub.publish_stale()
        else:
            scene.publish(GREEN)  # to the monitor, nothing has changed
        for surface in surfaces:
            surface.wait_for(lambda: surface.codes[-1:] == [[code]])  # noqa: B023
    scene.hub.stop()
    assert listened == ["healthy", "stale", "stale", "healthy"]


def test_a_target_is_found_by_its_name_and_without_one_the_worst() -> None:
    scene = Scene()
    assert scene.hub.find("bot") is None
    scene.publish(GREEN, status("port-refused", "other"))
    assert scene.hub.find("gone") is None  # nothing is done to another one in its place
    for name, found in (("bot", "bot"), ("other", "other"), (None, "other")):
        shown = scene.hub.find(name)
        assert shown is not None
        assert shown.target.name == found


def test_a_listener_that_fails_keeps_the_update_from_nobody() -> None:
    hub, heard = StatusHub(lambda: NOON), list[Update]()

    def fail(update: Update) -> None:
        raise ValueError("a mistake of ours")

    hub.listen(fail)
    hub.listen(heard.append)
    hub.publish(Update(GREEN, None, ~Change.NOTHING))
    hub.publish_stale()
    hub.stop()
    assert [update.status.diagnosis.code for update in heard] == ["healthy", "stale"]


def test_a_target_that_is_watched_no_longer_is_forgotten() -> None:
    surface = Shown(~Change.NOTHING)
    heard: list[Update] = []
    scene = Scene(surface)
    scene.hub.listen(heard.append)
    scene.publish(GREEN, status("port-refused", "other"))
    scene.hub.publish(Update(status("port-refused", "other"), None, ~Change.NOTHING, ended=True))
    scene.hub.publish_stale("other")
    scene.hub.stop()
    assert [one.target.name for one in scene.hub.statuses] == ["bot"]
    assert surface.codes[-1] == ["healthy"]
    assert [update.ended for update in heard] == [False, False, True]
    assert scene.hub.find("other") is None


def test_one_target_alone_can_be_shown_as_no_longer_monitored() -> None:
    surface = Shown()
    scene = Scene(surface)
    scene.publish(GREEN, status("healthy", "other"))
    scene.hub.publish_stale("other")
    scene.hub.stop()
    assert surface.codes[-1] == ["healthy", "stale"]
