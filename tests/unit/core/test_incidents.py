"""Periods become incidents: what counts as one fault, and what is known of its ends."""

from __future__ import annotations

import pytest

from traymon.core.incidents import Incident, find_incidents
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Condition, Period
from traymon.core.vocabulary import Light

C = Condition
# letter: condition, code, light, transient
KINDS = {
    "u": (C.UP, "healthy", Light.GREEN, False),
    "r": (C.DOWN, "app-not-running", Light.RED, False),
    "l": (C.DOWN, "ib-link-down", Light.RED, False),
    "a": (C.DEGRADED, "data-farm-down", Light.AMBER, False),
    "v": (C.DEGRADED, "version-ends", Light.AMBER, False),
    "t": (C.DEGRADED, "session-lost", Light.AMBER, True),
    "x": (C.EXPECTED, "reset-window", Light.AMBER, False),
    "z": (C.ASLEEP, "", Light.GREY, False),
    "n": (C.UNOBSERVED, "", Light.GREY, False),
}


def record(letters: str) -> list[Period]:
    """Return a period of ten seconds per letter."""
    return [
        Period(10.0 * n, 10.0 * (n + 1), condition, code, light, transient=transient, number=n + 1)
        for n, (condition, code, light, transient) in enumerate(KINDS[each] for each in letters)
    ]


def drawn(letters: str) -> str:
    """Return which incident each letter belongs to: `.` for none."""
    marks = ["."] * len(letters)
    for number, incident in enumerate(find_incidents(record(letters))):
        for one in incident.periods:
            marks[one.number - 1] = str(number)
    return "".join(marks)


@pytest.mark.parametrize(
    ("letters", "incidents"),
    [
        ("uuu", "..."),
        ("uru", ".0."),
        ("urlu", ".00."),  # the cause changes: still one outage
        ("utru", ".00."),  # "connection lost, checking why" is its beginning
        ("urtu", ".00."),  # and "just started" its end
        ("urtru", ".000."),
        ("utu", ".0."),
        ("uttu", ".00."),
        ("urau", ".01."),  # red is over, something else is amber
        ("uvrvu", ".012."),  # a warning of weeks is no outage of weeks
        ("vavu", "012."),
        ("atru", "011."),  # red claims what lies between
        ("atau", "000."),
        ("ratur", "011.2"),  # not what lies beyond a good time
        ("uxu", ".0."),
        ("uxtu", ".00."),
        ("uxru", ".01."),  # it outlived the reset
        ("urzru", ".000."),  # nobody watched meanwhile
        ("urnu", ".0.."),
        ("nrn", ".0."),
        ("uruxuru", ".0.1.2."),
        ("ururu", ".0.1."),
    ],
)
def test_what_belongs_together_is_one_incident(letters: str, incidents: str) -> None:
    assert drawn(letters) == incidents


def only(letters: str) -> Incident:
    (incident,) = find_incidents(record(letters))
    return incident


def test_an_incident_is_named_by_its_worst_cause() -> None:
    assert only("utru").code == "app-not-running"
    assert only("utru").condition is C.DOWN
    assert only("urlu").code == "app-not-running"  # the first of them
    assert only("uxtu").condition is C.EXPECTED
    assert only("utu").code == "session-lost"


def test_time_in_which_nobody_watched_does_not_count() -> None:
    assert only("urzru").lasted == 20
    assert only("utrtu").lasted == 30


def test_an_end_that_nobody_saw_is_no_end() -> None:
    assert not only("uru").began_unseen
    assert not only("uru").ended_unseen
    assert only("nru").began_unseen
    assert only("ru").began_unseen
    assert only("urn").ended_unseen
    assert only("ur").ongoing
    assert not only("urn").ongoing


def test_its_number_and_its_ends_are_those_of_its_periods() -> None:
    incident = only("utru")
    assert (incident.number, incident.start, incident.end) == (2, 10, 30)


def test_notifications_belong_to_the_incident_before_them() -> None:
    told = [
        NotificationRecord(at, "fault", "", "", "dbus", "delivered") for at in (5, 12, 21, 35, 41)
    ]
    first, second = find_incidents(record("uruur"), told)
    assert [one.at for one in first.notifications] == [12, 21]
    assert [one.at for one in second.notifications] == [41]
