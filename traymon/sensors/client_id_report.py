"""What the client-ID sensor reports: the words and facts of its readings.

Pure. Evidence only: no word here says what a reading means.
"""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.facts import Fact
from traymon.core.model import Reading
from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import SensorName, Symptom, Use
from traymon.sensors.base import FactDict
from traymon.sensors.client_id_clash import Clash
from traymon.sensors.client_id_gate import MAX_PROBES, Reason, Refusal
from traymon.sensors.client_id_ledger import Link
from traymon.sensors.turned_away import TurnedAway

BAD_USES = frozenset({Use.CLASH, Use.STUCK, Use.REFUSED})
GRAVITY = (Use.CLASH, Use.REFUSED, Use.STUCK)  # the first one is reported
CONNECTIONS_CHANGED = "the connected programs have just changed"
REASON_TEXT = {
    Reason.TURNED_OFF: "TRAYMON_CLIENT_ID_CHECK is off",
    Reason.NOBODY_CONNECTED: "nobody else is connected; tested when you ask for a check",
    Reason.JUST_STARTED: "TWS or Gateway has just started",
    Reason.CONNECTIONS_HIDDEN: "this computer does not show who is connected",
    Reason.ID_NOT_RELEASED: "TWS or Gateway did not end the connection of the last test",
    Reason.MACHINE_BUSY: "this computer is too busy to test it without risk",
    Reason.CONNECTIONS_CHANGED: CONNECTIONS_CHANGED,
    Reason.TABLE_OUTDATED: CONNECTIONS_CHANGED,
    Reason.TOO_MANY_DUE: f"more than {MAX_PROBES} IDs are due at once",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a reading of the client IDs reports."""

    usage: tuple[IdUse, ...]
    clash: Clash | None = None
    turned_away: TurnedAway | None = None
    free_id: int | None = None  # that nobody held when it was probed, as a suggestion
    bystanders: tuple[Program, ...] = ()  # the user's, assumed to be no trading programs
    table_complete: bool = True  # the socket table shows every client


def skip_text(refusal: Refusal | None) -> str:
    """Return why IDs were not probed; "" if nothing kept them from it."""
    if refusal is None:
        return ""
    if refusal.reason is Reason.PROGRAM_STARTING and refusal.program is not None:
        program = refusal.program
        return f"{program.label} (pid {program.pid}) may be about to connect"
    return REASON_TEXT[refusal.reason]


def client_ids_reading(found: Findings) -> Reading:
    """Return the reading for the current usage."""
    facts: FactDict = {Fact.ID_USES: found.usage}
    if found.free_id is not None:
        facts[Fact.FREE_CLIENT_ID] = found.free_id
    if found.bystanders:
        facts[Fact.BYSTANDERS] = found.bystanders
    symptom = _name_the_worst(found, facts)
    return Reading(SensorName.CLIENT_IDS, symptom, _detail(found), facts)


def _name_the_worst(found: Findings, facts: FactDict) -> Symptom:
    """Return the gravest symptom, and add the facts about it."""
    if found.clash is not None:
        facts[Fact.CLIENT_ID] = found.clash.client_id
        facts[Fact.HOLDER], facts[Fact.NEWER] = (found.clash.holder,), (found.clash.newer,)
        return Symptom.CLIENT_ID_TAKEN
    if (worst := worst_use(found.usage)) is not None:
        facts[Fact.CLIENT_ID] = worst.client_id
        if worst.programs:
            facts[Fact.HOLDER] = worst.programs
        refused = worst.use is Use.REFUSED
        return Symptom.CLIENT_ID_REFUSED if refused else Symptom.CLIENT_ID_TAKEN
    if (turned := found.turned_away) is not None:
        facts[Fact.TIMES] = turned.series.count
        facts[Fact.TIMES_IN] = turned.series.last - turned.series.began
        if turned.programs:
            facts[Fact.TURNED_AWAY] = turned.programs
        if turned.holder is not None:
            facts[Fact.HOLDER], facts[Fact.CLIENT_ID] = (turned.holder,), turned.client_id
        return Symptom.TURNED_AWAY
    if any(use.use is Use.UNKNOWN and use.client_id for use in found.usage):
        return Symptom.UNKNOWN
    return Symptom.OK


def _detail(found: Findings) -> str:
    parts = [_use_text(use) for use in found.usage]
    if found.turned_away is not None:
        parts.append(f"TWS ended {found.turned_away.series.count} new connections in a row")
    if found.bystanders:
        who = ", ".join(_program_text(program) for program in found.bystanders)
        parts.append(f"assumed not to trade, since it never connected: {who}")
    if not found.table_complete:
        parts.append("this computer does not show who is connected")
    return "; ".join(parts)


def worst_use(usage: tuple[IdUse, ...]) -> IdUse | None:
    """Return the ID to report first, if the user's programs cannot have some."""
    bad = [use for use in usage if use.use in BAD_USES]
    return min(bad, key=lambda use: GRAVITY.index(use.use), default=None)


def link_text(link: Link) -> str:
    """Return who is behind a connection, for the log."""
    return "one whose program has gone" if link.half_closed else _program_text(link.program)


def _use_text(use: IdUse) -> str:
    who = ", ".join(_program_text(program) for program in use.programs)
    more = who or use.detail
    return f"{use.client_id} {use.use.word}" + (f" ({more})" if more else "")


def _program_text(program: Program) -> str:
    """Return a program's name without any time: a detail must not change while nothing does."""
    if program.address:
        return f"a program on {program.address}"
    return (
        f"{program.label} pid {program.pid}"
        if program.pid
        else "a program that is not visible here"
    )
