"""The user's programs as values: when they are expected, how it is with them, what is remembered.

Pure. `program_rules` has what follows from what; docs/programs.md says it in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType

from traymon.core.program_habits import Hours, Visit
from traymon.core.target import Program, SeenProgram
from traymon.core.time_windows import Span

GRACE = 300.0  # seconds in which a program may reconnect, by default


class Expectation(StrEnum):
    """When the user expects a program. The words are in state.json, so they are never renamed."""

    EXPECTED = "expected"  # whenever the API can be used and the market is open
    HOURS = "hours"  # at its usual hours
    OFF = "off"  # never


class Standing(StrEnum):
    """How it is with a program now. The words are in JSON, so they are never renamed."""

    CONNECTED = "connected"
    AWAITED = "awaited"  # it is expected and has some time left
    MISSING = "missing"  # it is expected and has had its time
    API_DOWN = "api-down"  # it cannot connect
    CLOSED = "closed"  # the market is closed
    NOT_EXPECTED = "not-expected"  # usually it is not connected at this hour, or it is new
    OFF = "off"  # the user does not want to hear of it


@dataclass(frozen=True, slots=True)
class ProgramState:
    """One of the user's programs, as every surface shows it."""

    key: str
    name: str
    standing: Standing
    since: float  # it was connected or away for as long
    running: bool
    runs: int = 0  # how many processes of it are connected
    client_id: int | None = None  # the last one that it was seen to hold, if that is known
    expectation: Expectation = Expectation.HOURS
    usual: Hours = ()
    lacks_before_open: bool = False  # the market is closed, and usually it is connected by now
    away_since: float = 0.0  # before it was connected: since when it was away
    doubled: bool = False  # it is connected more often at once than it usually is
    visit: Visit | None = None  # the newest one

    @property
    def missing(self) -> bool:
        """Whether it is expected, has had its time, and is not connected."""
        return self.standing is Standing.MISSING


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen at one moment."""

    at: float
    looked_at: float  # when the programs were seen
    programs: tuple[SeenProgram, ...] | None  # the user's; None: it cannot be seen who is connected
    client_ids: Mapping[str, int]  # by key; only those that are known for sure
    good: bool  # the API can be used, and nothing else explains that a program is missing
    closed: bool  # the market is closed


@dataclass(frozen=True, slots=True)
class Habit:
    """What is usual for a program, worked out now and then."""

    minute: int = 0  # for which `now` holds
    now: bool | None = None  # it is usually connected now; None: too little is known
    hour: int = 0  # for which `hours` holds
    hours: Hours = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of one program."""

    key: str
    name: str
    visits: tuple[Visit, ...]  # in order
    connected: bool = False
    running: bool = False
    runs: int = 0
    gone_since: float | None = None  # None: it is connected and has stayed so
    away_since: float | None = None  # the last time that it was away
    put_out: bool = False  # it left in a fault
    missing: bool = False
    doubled_since: float | None = None
    habit: Habit = Habit()

    @property
    def last(self) -> Visit:
        """The newest visit."""
        return self.visits[-1]


NO_PROGRAMS: Mapping[str, Known] = MappingProxyType({})
NO_EXPECTATIONS: Mapping[str, Expectation] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Programs:
    """What is remembered of the programs of one target."""

    known: Mapping[str, Known] = field(default_factory=lambda: NO_PROGRAMS)  # by key
    good_times: tuple[Span, ...] = ()  # in which the API could be used, in order
    good_since: float | None = None  # None: it cannot be used
    open_since: float | None = None  # None: the market is closed
    visible: bool = False  # it can be seen who is connected


def program_key(program: Program) -> str:
    """Return what a program is recognised by, which gives away no path."""
    identity = (program.script or program.exe).encode("utf-8", "surrogatepass")
    return blake2b(identity, digest_size=8).hexdigest()
