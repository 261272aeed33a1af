"""Stories: what shows, minute by minute, and the notifications that the user gets for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.core.calendar import BEFORE_OPEN
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, Flip, Status
from traymon.core.notification import Kind, Notification, Outcome, Unannounced
from traymon.core.notification_memory import RETRY_INTERVAL, STEADY_AFTER, Memory, record_delivery
from traymon.core.notification_policy import MAX_FLIPS, REMINDER_INTERVALS, decide
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis.catalogue import CATALOGUE, ENTRIES

STEP = 60.0
TICK = 5.0
TARGET = Target("project")


@cache
def diagnosis(told: str) -> Diagnosis:
    """Return the diagnosis of a code; `code/light` or `code@once` where it has several."""
    name, _, once = told.partition("@")
    code, _, light = name.partition("/")
    wanted = Light[light.upper()] if light else ENTRIES[code].light
    if code == "stale":
        return Diagnosis(code, wanted)
    entry = next(e for e in CATALOGUE if (e.code, e.light) == (code, wanted))
    return Diagnosis(
        code,
        wanted,
        announce=entry.announce,
        once=once,
        never_held_back=entry.never_held_back,
        recurs=entry.recurs,
    )


@dataclass
class Life:
    """One target's life with a user who is told of it, in steps of the monitor's own tick."""

    code: str = "healthy"
    now: float = 0.0
    comes_out: bool = True
    demo: bool = False
    snoozed: bool = False
    quiet: bool = False
    closed: bool = False
    opens_at: float | None = None
    memory: Memory = field(default_factory=Memory)
    told: list[tuple[float, Notification]] = field(default_factory=list)
    since: float = 0.0
    light_since: float = 0.0

    def show(self, code: str, slept: float | None = None) -> Life:
        """The settled diagnosis becomes another one."""
        before, after = diagnosis(self.code), diagnosis(code)
        if slept is not None:
            after = replace(after, facts={Fact.SLEPT: slept})
        self.since = self.now
        self.light_since = self.light_since if before.light is after.light else self.now
        self.code = code
        self._decide(Flip(self.now, before, after))
        return self

    def on(self, seconds: float, tick: float = TICK) -> Life:
        """Time goes by."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + tick)
            self._decide(None)
        return self

    def status(self, flip: Flip | None) -> Status:
        return Status(
            replace(TARGET, demo=self.demo),
            diagnosis(self.code) if flip is None else flip.after,
            self.since,
            self.light_since,
            Evidence(TARGET, self.now),
            self.now,
            snoozed_until=self.now + 1 if self.snoozed else None,
            quiet_until=self.now + 1 if self.quiet else None,
            closed=self.closed,
            opens_at=self.opens_at,
            paused=self.code == "paused",
        )

    def _decide(self, flip: Flip | None) -> None:
        self.memory, notification = decide(self.memory, self.status(flip), flip, self.now)
        if notification is not None:
            outcome = Outcome.DELIVERED if self.comes_out else Outcome.FAILED
            self.memory = record_delivery(self.memory, notification, outcome, self.now)
            if self.comes_out:
                self.told.append((self.now, notification))

    @property
    def kinds(self) -> list[str]:
        return [str(notification.kind) for _, notification in self.told]

    def codes(self, number: int = -1) -> list[str]:
        """Return the faults that a summary names."""
        return [one.diagnosis.code for one in self.told[number][1].unannounced]


def tell(*codes: str) -> list[Notification | None]:
    """Flip through the codes, one a minute, and return what each of them brought."""
    life = Life(codes[0])
    notifications: list[Notification | None] = []
    for code in codes[1:]:
        before = len(life.told)
        life.on(STEP).show(code).on(TICK)
        assert len(life.told) <= before + 1
        notifications.append(life.told[-1][1] if len(life.told) > before else None)
    return notifications


F, R = Kind.FAULT, Kind.RECOVERY
_: Final = None


@pytest.mark.parametrize(
    ("codes", "kinds"),
    [
        (("starting", "healthy"), [_]),
        (("starting", "app-not-running"), [F]),
        (("healthy", "handshake-silent", "healthy"), [F, R]),
        (("healthy", "handshake-slow", "healthy"), [F, R]),
        (("healthy", "sensor-crashed", "healthy"), [F, R]),
        (("healthy", "stale", "healthy"), [F, R]),
        # the cause changes: what to do changed
        (("healthy", "handshake-silent", "listener-wedged", "healthy"), [F, F, R]),
        # a state that only asks to wait is not told, and ends nothing
        (("healthy", "just-started", "healthy"), [_, _]),
        (("healthy", "app-not-running", "just-started", "healthy"), [F, _, R]),
        (("healthy", "just-started", "handshake-silent", "healthy"), [_, F, R]),
        # the machine slept
        (("healthy", "resumed", "healthy"), [_, _]),
        (("healthy", "handshake-silent", "resumed", "healthy"), [F, _, R]),
        (("healthy", "handshake-silent", "resumed", "handshake-silent"), [F, _, _]),
        # the user's own pause ends the story
        (("healthy", "paused", "starting", "healthy"), [_, _, _]),
        (("healthy", "port-refused", "paused", "starting", "healthy"), [F, _, _, _]),
        (("healthy", "port-refused", "paused", "starting", "port-refused"), [F, _, _, F]),
        # TWS lost IB's servers: for less than a minute nobody is told, of neither end
        (("healthy", "ib-link-down/amber", "healthy"), [_, _]),
        (("healthy", "ib-link-down/amber", "ib-link-down/red", "healthy"), [_, F, R]),
        (("healthy", "ib-link-down/amber", "internet-down", "healthy"), [_, F, R]),
        (("healthy", "session-hung", "ib-link-down/amber", "healthy"), [F, _, R]),
        (("healthy", "wrong-environment", "session-hung", "healthy"), [F, F, R]),
        # told once under each name, however often it comes back; its end is not told
        (("healthy", "version-ends@month", "port-refused", "version-ends@month"), [F, F, R]),
        (("healthy", "version-ends@month", "healthy", "version-ends@month"), [F, _, _]),
        (("healthy", "version-ends@month", "version-ends@week", "version-ends@day"), [F, F, F]),
        (("healthy", "version-ends@week", "clock-skew", "version-ends@week"), [F, F, R]),
        # told once, ended once
        (("healthy", "port-refused", "healthy", "just-started", "healthy"), [F, R, _, _]),
    ],
)
def test_notifications(codes: tuple[str, ...], kinds: list[Kind | None]) -> None:
    assert [notification and notification.kind for notification in tell(*codes)] == kinds


def test_a_recovery_names_the_last_cause() -> None:
    *_, recovery = tell("healthy", "app-not-running", "just-started", "handshake-silent", "healthy")
    assert recovery is not None
    assert recovery.ended is not None
    assert recovery.ended.code == "handshake-silent"


def test_every_red_and_no_green_is_announced() -> None:
    told = {entry.light for entry in CATALOGUE if entry.announce}
    silent = {entry.light for entry in CATALOGUE if not entry.announce}
    assert Light.RED not in silent
    assert Light.GREEN not in told


# --- again and again


def test_red_is_reminded_of_ever_less_often_and_amber_is_not() -> None:
    life = Life().show("port-refused").on(3 * 3600)
    assert life.kinds == ["fault", *["reminder"] * 4]
    times = [at for at, _ in life.told]
    assert [b - a for a, b in pairwise(times)] == [*REMINDER_INTERVALS, REMINDER_INTERVALS[-1]]
    assert Life().show("clock-skew").on(3 * 3600).kinds == ["fault"]


def test_what_comes_and_goes_is_told_once_and_once_more_when_it_holds() -> None:
    life = Life()
    for _ in range(10):
        life.show("port-refused").on(30).show("healthy").on(30)
    assert life.kinds == ["fault", "recovery"] * (MAX_FLIPS // 2) + ["unstable"]
    life.on(STEADY_AFTER)
    assert life.kinds[-2:] == ["unstable", "steady"]
    assert len(life.told[-1][1].flips) == 20
    life.on(3600).show("port-refused").on(30).show("healthy")
    assert life.kinds[-3:] == ["steady", "fault", "recovery"]


def test_every_two_factor_request_of_a_login_that_is_tried_again_is_told() -> None:
    life = Life()
    for _ in range(5):
        life.show("two-factor-pending").on(180).show("two-factor-lapsed").on(20)
    life.show("two-factor-pending").on(30).show("healthy").on(30)
    assert life.kinds == ["fault"] * 11 + ["recovery"]


def test_in_a_demo_every_planned_fault_is_told() -> None:
    life = Life(demo=True)
    for _ in range(10):
        life.show("port-refused").on(30).show("healthy").on(30)
    assert life.kinds == ["fault", "recovery"] * 10


def test_a_fault_that_stays_after_the_coming_and_going_is_known_from_the_summary() -> None:
    life = Life()
    for _ in range(4):
        life.show("port-refused").on(30).show("healthy").on(30)
    life.show("port-refused").on(STEADY_AFTER + REMINDER_INTERVALS[0] + TICK).show("healthy")
    assert life.kinds[-4:] == ["unstable", "steady", "reminder", "recovery"]


def test_slow_changes_are_no_coming_and_going() -> None:
    life = Life()
    for _ in range(10):
        life.show("port-refused").on(150).show("healthy").on(150)
    assert life.kinds == ["fault", "recovery"] * 10


# --- when nobody wants to be told


@pytest.mark.parametrize("why", ["snoozed", "quiet"])
def test_silence_is_kept_and_one_summary_tells_what_was_missed(why: str) -> None:
    life = Life()
    setattr(life, why, True)
    life.show("port-refused").on(600).show("healthy").on(600).show("handshake-slow").on(600)
    assert life.kinds == []
    setattr(life, why, False)
    life.on(3600)
    assert life.kinds == ["summary"]
    assert life.codes() == ["port-refused", "handshake-slow"]
    assert life.told[0][1].status.diagnosis.code == "handshake-slow"
    assert life.show("healthy").kinds[-1] == "recovery"


@pytest.mark.parametrize("why", ["snoozed", "quiet"])
def test_after_a_silence_in_which_nothing_was_nothing_is_said(why: str) -> None:
    life = Life()
    setattr(life, why, True)
    life.on(3600)
    setattr(life, why, False)
    assert life.on(3600).kinds == []


def test_a_fault_that_goes_on_when_the_silence_ends_is_told_as_itself() -> None:
    life = Life(snoozed=True).show("port-refused").on(600)
    life.snoozed = False
    assert life.on(TICK).kinds == ["fault"]


def test_no_reminder_and_no_recovery_in_a_silence_and_the_recovery_after_it() -> None:
    life = Life().show("port-refused")
    life.quiet = True
    life.on(7200).show("healthy").on(600)
    assert life.kinds == ["fault"]
    life.quiet = False
    assert life.on(TICK).kinds == ["fault", "recovery"]


GRAVEST = sorted({entry.code for entry in CATALOGUE if entry.never_held_back})


@pytest.mark.parametrize("why", ["snoozed", "quiet", "closed"])
@pytest.mark.parametrize("code", GRAVEST)
def test_the_gravest_breaks_through_once(code: str, why: str) -> None:
    life = Life()
    setattr(life, why, True)
    assert life.show(code).on(7200).kinds == ["fault"]


def test_a_fault_of_the_silence_that_ended_before_a_pause_is_still_told() -> None:
    life = Life(snoozed=True).show("port-refused").on(60).show("healthy").show("paused").on(60)
    life.snoozed = False
    assert life.on(60).kinds == []
    life.show("starting").show("healthy").on(TICK)
    assert life.kinds == ["summary"]


# --- outside the trading hours


def closed(hours: float) -> Life:
    return Life(closed=True, opens_at=hours * 3600)


def test_outside_the_hours_red_is_told_once_and_the_rest_before_the_opening() -> None:
    life = closed(10).show("clock-skew").on(3600)
    assert life.kinds == []
    life.show("port-refused").on(3600).show("healthy").on(600)
    life.show("handshake-silent").on(600).show("healthy")
    # red told once, with the amber before it that nobody had heard of
    assert life.kinds == ["summary", "recovery"] or life.kinds == ["fault", "recovery"]
    life.on(10 * 3600 - BEFORE_OPEN - life.now - TICK)
    assert len(life.told) == 2
    life.on(2 * TICK)
    assert life.kinds[2:] == ["pre-open"]
    assert "handshake-silent" in life.codes()
    life.on(BEFORE_OPEN)
    life.closed, life.opens_at = False, life.now + 86_400
    assert life.on(3600).kinds[2:] == ["pre-open"]


def test_before_the_opening_one_notification_says_how_things_stand() -> None:
    life = closed(1)
    life.on(3600 - BEFORE_OPEN - TICK)
    assert life.kinds == []
    assert life.on(BEFORE_OPEN - TICK).kinds == ["pre-open"]
    life = closed(1).show("port-refused").on(3600 - TICK)
    assert life.kinds == ["fault", "pre-open"]
    assert life.told[-1][1].status.diagnosis.code == "port-refused"
    life.closed, life.opens_at = False, None
    life.on(TICK).show("healthy")
    assert life.kinds == ["fault", "pre-open", "reminder", "recovery"]


def test_amber_outside_the_hours_is_told_when_they_begin_if_the_check_could_not() -> None:
    life = closed(1).show("clock-skew")
    life.quiet = True
    life.on(3600 - TICK)
    life.quiet, life.closed, life.opens_at = False, False, None
    assert life.on(TICK).kinds == ["fault"]


def test_hours_that_begin_while_grey_are_waited_for() -> None:
    life = closed(1)
    life.on(3600 - BEFORE_OPEN - 60).show("resumed", slept=100.0).on(120)
    assert life.kinds == []
    assert life.show("healthy").kinds == ["pre-open"]


# --- what does not come out


def test_a_notification_that_did_not_come_out_is_tried_again_and_ends_nothing() -> None:
    life = Life(comes_out=False).show("port-refused").on(RETRY_INTERVAL * 8)
    assert life.memory.announced is None
    assert life.memory.failures == 4  # after 10, 20, 40 and 80 seconds
    life.comes_out = True
    assert life.on(RETRY_INTERVAL * 16).kinds == ["fault"]
    assert life.memory.failures == 0


def test_a_fault_whose_notification_never_came_out_is_not_ended_but_summed_up() -> None:
    life = (
        Life(comes_out=False)
        .show("port-refused")
        .on(RETRY_INTERVAL * 3)
        .show("healthy")
        .on(RETRY_INTERVAL)
    )
    life.comes_out = True
    assert life.on(600).kinds == ["summary"]
    assert life.codes() == ["port-refused"]


def test_a_notification_on_its_way_is_not_sent_twice_and_what_changes_meanwhile_follows() -> None:
    status = Life("port-refused").status(None)
    memory, first = decide(Memory(), status, None, 0.0)
    assert first is not None
    memory, second = decide(memory, status, None, 5.0)
    assert second is None
    green = Life("healthy").status(None)
    memory, third = decide(memory, green, Flip(6.0, status.diagnosis, green.diagnosis), 6.0)
    assert third is None
    memory = record_delivery(memory, first, Outcome.DELIVERED, 7.0)
    _, recovery = decide(memory, green, None, 8.0)
    assert recovery is not None
    assert recovery.kind is Kind.RECOVERY


# --- sleep


def test_a_sleep_is_no_time_in_which_to_be_reminded() -> None:
    life = Life().show("port-refused").on(600)
    life.now += 8 * 3600
    life.show("resumed", slept=8 * 3600.0).on(20).show("port-refused").on(200)
    assert life.kinds == ["fault"]
    assert life.on(100).kinds == ["fault", "reminder"]


def test_a_clock_set_back_breaks_nothing() -> None:
    life = Life(now=10_000.0).show("port-refused").on(600)
    life.now -= 3600
    life.show("resumed", slept=-3600.0).on(20).show("port-refused").on(300)
    assert life.kinds == ["fault", "reminder"]


# --- whatever happens

COARSE_TICK = 20.0  # an example lives for hours; the stories above use the real tick
CODES = ["healthy", "port-refused", "handshake-silent", "clock-skew", "just-started"]
CODES += ["reset-window", "resumed", "wrong-environment", "ib-link-down/amber"]
EVENTS = st.one_of(
    st.tuples(st.just("show"), st.sampled_from(CODES)),
    st.tuples(st.just("on"), st.sampled_from([5.0, 30.0, 120.0, 400.0, 1000.0, 4000.0])),
    st.tuples(st.sampled_from(["snoozed", "quiet", "closed", "comes_out"]), st.booleans()),
)


@pytest.mark.no_cover  # thousands of examples: other tests reach the same lines
@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_nothing_is_lost_nothing_said_twice_and_no_end_without_a_beginning(
    events: list[tuple[str, object]],
) -> None:
    life = Life()
    faults: list[tuple[str, float]] = []
    for what, value in events:
        if what == "show" and value != life.code:
            life.show(str(value))
            shown = diagnosis(life.code)
            if shown.announce and shown.light is Light.RED:
                faults.append((shown.code, life.now))
        elif what == "on":
            life.on(float(str(value)), COARSE_TICK)
        elif what != "show":
            setattr(life, what, value)
            life.opens_at = (life.now // 86_400 + 1) * 86_400.0 if life.closed else None
    life.comes_out, life.snoozed, life.quiet, life.closed = True, False, False, False
    life.opens_at = None
    if life.code == "resumed":
        life.show("healthy")
    life.on(4000, COARSE_TICK)  # longer than every pause between tries

    open_faults = False
    for (_, one), (_, two) in pairwise([(0.0, None), *life.told]):
        assert two is not None
        if two.kind is Kind.RECOVERY:
            assert open_faults, "an end without a beginning"
        bad = two.status.diagnosis.announce and two.status.diagnosis.light is not Light.GREEN
        open_faults = bad or (two.kind is Kind.UNSTABLE and open_faults)
        assert one is None or said(one) != said(two), "the same twice in a row"
    for code, began in faults:
        assert any(tells_of(notification, code, began) for _, notification in life.told), (
            code,
            began,
        )


def said(notification: Notification) -> object:
    """What a user would take for the same notification; a reminder tells how long it has been."""
    status = notification.status
    about = (notification.kind, status.diagnosis.code, status.diagnosis.light, status.since)
    lasting = status.evidence.now if notification.kind is Kind.REMINDER else None
    return about, lasting, notification.unannounced, notification.flips, status.opens_at


def tells_of(notification: Notification, code: str, began: float) -> bool:
    """Tell whether a notification names a fault: as what is now, as missed, or as come and gone.

    Of a fault that the user knew already when it came again, the earlier notification told.
    """
    shown = notification.status.diagnosis.code == code
    missed = any(
        one.diagnosis.code == code and one.began == began for one in notification.unannounced
    )
    flipped = any(flip.after.code == code and flip.at == began for flip in notification.flips)
    return shown or missed or flipped


def test_a_missed_fault_knows_when_it_was() -> None:
    life = Life(snoozed=True).on(100).show("port-refused").on(60).show("healthy")
    life.snoozed = False
    life.on(TICK)
    (missed,) = life.told[-1][1].unannounced
    assert missed == Unannounced(missed.diagnosis, 100.0, 160.0)
