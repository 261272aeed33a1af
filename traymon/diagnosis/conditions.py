"""Named statements about evidence, from which the catalogue's entries are built.

Pure: the evidence is all that they see. A condition answers with its witnesses, the sensors
whose readings bear it, or with None where it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import SensorName, Symptom

Witnesses = frozenset[SensorName]
NO_WITNESS: Witnesses = frozenset()

MOST_CLIENTS = 32  # at once, traymon's own included (TWS API documentation, "Connectivity")
PAPER, LIVE = ("DU", "DF"), ("U", "F")  # how account numbers begin


@dataclass(frozen=True, slots=True)
class Condition:
    """A statement about evidence; `&`, `|` and `~` join statements."""

    witnesses: Callable[[Evidence], Witnesses | None]

    def __and__(self, other: Condition) -> Condition:
        def both(evidence: Evidence) -> Witnesses | None:
            one = self.witnesses(evidence)
            two = None if one is None else other.witnesses(evidence)
            return None if one is None or two is None else one | two

        return Condition(both)

    def __or__(self, other: Condition) -> Condition:
        def either(evidence: Evidence) -> Witnesses | None:
            one = self.witnesses(evidence)
            return other.witnesses(evidence) if one is None else one

        return Condition(either)

    def __invert__(self) -> Condition:
        def neither(evidence: Evidence) -> Witnesses | None:
            return NO_WITNESS if self.witnesses(evidence) is None else None

        return Condition(neither)


def if_seen(condition: Condition) -> Condition:
    """Holds in any case, and counts the condition's witnesses where it holds too."""
    return Condition(lambda e: condition.witnesses(e) or NO_WITNESS)


def given(condition: Condition) -> Condition:
    """Holds where the condition does, without counting its witnesses."""
    return Condition(lambda e: None if condition.witnesses(e) is None else NO_WITNESS)


def sees(sensor: SensorName, *symptoms: Symptom) -> Condition:
    """`sensor` sees one of the symptoms now."""
    return Condition(lambda e: frozenset({sensor}) if e.symptom(sensor) in symptoms else None)


def handshake(*symptoms: Symptom) -> Condition:
    """A new client that says hello sees one of the symptoms."""
    return sees(SensorName.HANDSHAKE, *symptoms)


def listener(*symptoms: Symptom) -> Condition:
    """The socket table shows one of the symptoms."""
    return sees(SensorName.LISTENER, *symptoms)


def session(*symptoms: Symptom) -> Condition:
    """The held session shows one of the symptoms."""
    return sees(SensorName.SESSION, *symptoms)


def tws_says(sensor: SensorName, symptom: Symptom) -> Condition:
    """TWS itself said so over a session that is served: two witnesses, its word and its life."""
    return sees(sensor, symptom) & session(Symptom.OK)


def lasts(sensor: SensorName, seconds: float) -> Condition:
    """The sensor's reading has stood unchanged for some time."""

    def holds(evidence: Evidence) -> bool:
        reading = evidence.fresh(sensor)
        return reading is not None and evidence.now - reading.at >= seconds

    return _plain(holds)


def monitor(*symptoms: Symptom) -> Condition:
    """traymon itself is in one of the states."""
    return sees(SensorName.MONITOR, *symptoms)


def at_time_of(symptom: Symptom) -> Condition:
    """The calendar says so; it explains what others see, and sees nothing itself."""
    return given(sees(SensorName.CALENDAR, symptom))


def _plain(holds: Callable[[Evidence], bool]) -> Condition:
    """A statement that narrows another down and bears no witness of its own."""
    return Condition(lambda e: NO_WITNESS if holds(e) else None)


@_plain
def never_looked(evidence: Evidence) -> bool:
    """No handshake has been tried yet."""
    return SensorName.HANDSHAKE not in evidence.readings


@Condition
def a_sensor_crashed(evidence: Evidence) -> Witnesses | None:
    """Some sensor's own code failed."""
    crashed = (name for name in evidence.readings if evidence.symptom(name) is Symptom.CRASHED)
    return frozenset(crashed) or None


@_plain
def an_app_runs_here(evidence: Evidence) -> bool:
    """A TWS or Gateway process runs on this machine."""
    return (evidence.fact(SensorName.LISTENER, Fact.APPS) or 0) > 0


@_plain
def no_app_runs_here(evidence: Evidence) -> bool:
    """The process list was read, and no TWS or Gateway is in it."""
    return evidence.fact(SensorName.LISTENER, Fact.APPS) == 0


@_plain
def another_port_answers_as_ib(evidence: Evidence) -> bool:
    """Another port of this machine gave a version reply."""
    return evidence.fact(SensorName.HANDSHAKE, Fact.OPEN_PORT) is not None


@_plain
def port_just_opened(evidence: Evidence) -> bool:
    """The port opened within the time that the API needs after login."""
    ages = (
        evidence.fact(sensor, Fact.PORT_OPENED)
        for sensor in (SensorName.HANDSHAKE, SensorName.LISTENER)
    )
    return any(age is not None and age <= evidence.target.limits.just_started for age in ages)


@Condition
def half_closed_pile_up(evidence: Evidence) -> Witnesses | None:
    """Connections that their program gave up pile up unclosed at the listener."""
    count = evidence.fact(SensorName.LISTENER, Fact.HALF_CLOSED) or 0
    return frozenset({SensorName.LISTENER}) if count >= evidence.target.limits.half_closed else None


@Condition
def all_slots_are_taken(evidence: Evidence) -> Witnesses | None:
    """As many other clients are connected as TWS serves."""
    count = evidence.fact(SensorName.LISTENER, Fact.CLIENTS) or 0
    return frozenset({SensorName.LISTENER}) if count >= MOST_CLIENTS else None


@_plain
def a_later_run_is_about(evidence: Evidence) -> bool:
    """A program of the user's own holds the ID, and another one of his cannot get in."""
    return evidence.fact(SensorName.CLIENT_IDS, Fact.NEWER) is not None


@_plain
def nobody_holds_it(evidence: Evidence) -> bool:
    """The ID is refused, and no program is connected that could hold it."""
    return evidence.fact(SensorName.CLIENT_IDS, Fact.HOLDER) is None


def _accounts(evidence: Evidence) -> tuple[str, ...]:
    return evidence.fact(SensorName.SESSION, Fact.ACCOUNTS) or ()


def is_paper(account: str) -> bool | None:
    """Tell paper from live by an account number; None where it tells neither."""
    if account.startswith(PAPER):
        return True
    return False if account.startswith(LIVE) else None


@_plain
def configured_account_is_missing(evidence: Evidence) -> bool:
    """IB_ACCOUNT is set, and is not among the session's accounts."""
    wanted, accounts = evidence.target.account, _accounts(evidence)
    return bool(wanted and accounts) and wanted not in accounts


@_plain
def paper_and_live_are_mixed_up(evidence: Evidence) -> bool:
    """IB_ACCOUNT is paper and every account of the session is live, or the reverse."""
    wanted = is_paper(evidence.target.account)
    kinds = {is_paper(account) for account in _accounts(evidence)}
    return wanted is not None and kinds == {not wanted}


@_plain
def clocks_differ(evidence: Evidence) -> bool:
    """This machine's clock and IB's are surely more than two seconds apart."""
    skew = evidence.fact(SensorName.SESSION, Fact.CLOCK_SKEW)
    return skew is not None and abs(skew) > 2.0
