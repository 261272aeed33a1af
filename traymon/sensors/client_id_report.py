"""What the client-ID sensor reports: the words and facts of its readings.

Pure. Evidence only: no word here says what a reading means.
"""

from __future__ import annotations

from traymon.core.facts import Fact
from traymon.core.model import Reading
from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import SensorName, Symptom, Use
from traymon.sensors.base import FactDict
from traymon.sensors.client_id_clash import Clash
from traymon.sensors.client_id_gate import MAX_PROBES, Reason, Refusal
from traymon.sensors.client_id_ledger import Link

BAD_USES = frozenset({Use.CLASH, Use.STUCK})
CONNECTIONS_CHANGED = "not tried yet: the set of connected programs has just changed"
REASON_TEXT = {
    Reason.TURNED_OFF: "not tried: TRAYMON_CLIENT_ID_CHECK is off",
    Reason.NOBODY_CONNECTED: "nobody else is connected",
    Reason.JUST_STARTED: "not tried yet: TWS or Gateway has just started",
    Reason.CONNECTIONS_HIDDEN: "not tried: who is connected cannot be seen from here",
    Reason.ID_NOT_RELEASED: "not tried: TWS or Gateway did not end the connection of the last try",
    Reason.MACHINE_BUSY: "not tried: this machine is too busy to try without a risk",
    Reason.CONNECTIONS_CHANGED: CONNECTIONS_CHANGED,
    Reason.TABLE_OUTDATED: CONNECTIONS_CHANGED,
    Reason.TOO_MANY_DUE: f"not tried: more than {MAX_PROBES} IDs are due at once",
}


def skip_text(refusal: Refusal | None) -> str:
    """Return why IDs were not probed; "" if nothing kept them from it."""
    if refusal is None:
        return ""
    if refusal.reason is Reason.PROGRAM_STARTING and refusal.program is not None:
        program = refusal.program
        return f"not tried: {program.label} (pid {program.pid}) may be about to connect"
    return REASON_TEXT[refusal.reason]


def client_ids_reading(
    usage: tuple[IdUse, ...], clash: Clash | None, free_id: int | None, table_complete: bool
) -> Reading:
    """Return the reading for the current usage.

    `free_id`: an ID that nobody held when it was probed, as a suggestion.
    """
    facts: FactDict = {Fact.ID_USES: usage}
    if free_id is not None:
        facts[Fact.FREE_CLIENT_ID] = free_id
    detail = "; ".join(_use_text(use) for use in usage)
    if not table_complete:
        detail += "; this machine does not show who is connected"
    worst = worst_use(usage)
    if clash is not None:
        symptom = Symptom.CLIENT_ID_TAKEN
        facts[Fact.CLIENT_ID] = clash.client_id
        facts[Fact.HOLDER], facts[Fact.NEWER] = (clash.holder,), (clash.newer,)
    elif worst is not None:
        symptom = Symptom.CLIENT_ID_TAKEN
        facts[Fact.CLIENT_ID] = worst.client_id
        if worst.programs:
            facts[Fact.HOLDER] = worst.programs
    elif any(use.use is Use.UNKNOWN and use.client_id for use in usage):
        symptom = Symptom.UNKNOWN
    else:
        symptom = Symptom.OK
    return Reading(SensorName.CLIENT_IDS, symptom, detail, facts)


def worst_use(usage: tuple[IdUse, ...]) -> IdUse | None:
    """Return the ID to report first, if any is held by others or by nobody."""
    bad = [use for use in usage if use.use in BAD_USES]
    return min(bad, key=lambda use: use.use is Use.STUCK, default=None)


def link_text(link: Link) -> str:
    """Return who is behind a connection, for the log."""
    return "one that its program left" if link.half_closed else _program_text(link.program)


def _use_text(use: IdUse) -> str:
    who = ", ".join(_program_text(program) for program in use.programs)
    more = who or use.detail
    return f"{use.client_id} {use.use}" + (f" ({more})" if more else "")


def _program_text(program: Program) -> str:
    """Return a program's name without any time: a detail must not change while nothing does."""
    if program.address:
        return f"a program on {program.address}"
    return f"{program.label} pid {program.pid}" if program.pid else "a program not shown here"
