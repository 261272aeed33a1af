"""Whether a configured client ID may be probed now, and why not.

Pure: the time is an argument. Probing a free ID occupies it for a moment, so a trading program that
connects in that moment would be refused; docs/client-ids.md explains the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from traymon.core.target import Program

MAX_PROBES = 8  # IDs probed after one change


class Reason(Enum):
    """Why no ID is probed."""

    TURNED_OFF = auto()  # by the user's settings
    NOBODY_CONNECTED = auto()  # nothing points to a clash, so it waits for the user's request
    JUST_STARTED = auto()  # TWS still refuses IDs that are free, and programs reconnect
    CONNECTIONS_HIDDEN = auto()  # without them a probe is made only on request
    ID_NOT_RELEASED = auto()  # the last probe may still occupy its ID
    MACHINE_BUSY = auto()  # too slow to send an ID right after reading the process list
    CONNECTIONS_CHANGED = auto()  # the programs that are connected have not settled yet
    TABLE_OUTDATED = auto()  # the socket table was last read before they could settle
    PROGRAM_STARTING = auto()  # a program of the user's may be about to connect
    TOO_MANY_DUE = auto()  # more IDs are due than are probed at once


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason, with the program that it is about."""

    reason: Reason
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class ProbeHistory:
    """What the probes of one port session so far mean for the next one."""

    last_probe_at: float | None = None
    busy_until: float | None = None
    id_unreleased: bool = False
    requested: bool = False  # the user has asked for a check that is still to be made
    retry_due: bool = False  # an ID that the user's programs cannot have is due again

    def interval_passed(self, now: float, interval: float) -> bool:
        """Return whether the first probe is due, or one that repeats every `interval` seconds.

        An interval of 0 means never to repeat.
        """
        if self.last_probe_at is None:
            return True
        return interval > 0 and now >= self.last_probe_at + interval


@dataclass(frozen=True, slots=True)
class TableAge:
    """When the socket table was read, and when it last showed a change."""

    read_at: float | None = None
    changed_at: float | None = None

    def is_settling(self, now: float, settle_time: float) -> bool:
        """Return whether the last change is too recent to trust."""
        return self.changed_at is not None and now < self.changed_at + settle_time

    def shows_settled(self, settle_time: float) -> bool:
        """Return whether the table was read after the last change had settled."""
        if self.changed_at is None:
            return True
        return self.read_at is not None and self.read_at >= self.changed_at + settle_time


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All that the decision depends on. Times are monotonic seconds."""

    enabled: bool
    table_complete: bool  # the socket table shows every client
    anyone_connected: bool
    port_age: float | None  # seconds since the port opened, if that is known
    just_started: float  # seconds for which a port counts as just opened
    interval: float  # seconds between two probes if connections are hidden; 0: never repeat
    history: ProbeHistory
    table: TableAge | None  # None: the socket table cannot be read
    settle_time: float  # seconds for which connections must not have changed


def check_gate(now: float, facts: GateFacts) -> Reason | None:
    """Return why no ID may be probed now; None if probing is allowed.

    The process list has to be checked afterwards, right before each probe.
    """
    history = facts.history
    hidden = not facts.table_complete
    nobody = facts.table_complete and not facts.anyone_connected
    just_started = facts.port_age is not None and facts.port_age < facts.just_started
    refused = {
        Reason.TURNED_OFF: not facts.enabled,
        Reason.NOBODY_CONNECTED: nobody and not (history.requested or history.retry_due),
        # with nobody connected there is nobody to disturb, and `traymon wait` waits for the answer
        Reason.JUST_STARTED: just_started and not (nobody and history.requested),
        Reason.CONNECTIONS_HIDDEN: hidden
        and not history.requested
        and not history.interval_passed(now, facts.interval),
        Reason.ID_NOT_RELEASED: history.id_unreleased,
        Reason.MACHINE_BUSY: history.busy_until is not None and now < history.busy_until,
        Reason.CONNECTIONS_CHANGED: facts.table is not None
        and facts.table.is_settling(now, facts.settle_time),
        Reason.TABLE_OUTDATED: facts.table is not None
        and not facts.table.shows_settled(facts.settle_time),
    }
    return next((reason for reason, applies in refused.items() if applies), None)
