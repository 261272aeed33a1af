"""What goes wrong in a chaotic minute, and when: a random plan, the same for the same seed.

Pure: starts nothing and waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

LENGTH = 30.0  # seconds in which disturbances begin
MAX_PAUSE = 3.0  # seconds between one disturbance and the next that touches the same things
FEWEST, MOST = 6, 10  # disturbances in a plan, at most once each


class Thing(Enum):
    """What a disturbance touches; two that touch the same thing never overlap."""

    BUS = "session bus"
    DISK = "disk"
    FILES = "program files"
    PLACE = "runtime folder"
    PROCESS = "process"
    SCREEN = "screen"
    SERVICE = "notification service"
    TRAY = "tray host"
    ZONE = "time zone"


class Kind(Enum):
    """A disturbance: its name, what it touches, and how long it lasts, in seconds."""

    SERVICE_REPLACED = "notification service killed and replaced", (Thing.SERVICE,), (0.0, 6.0)
    SERVICE_GONE = "notification service killed and started again", (Thing.SERVICE,), (1.0, 9.0)
    BUS_RESTARTED = "session bus restarted", (Thing.BUS, Thing.SERVICE), (0.0, 5.0)
    TRAY_RESTARTED = "tray host restarted", (Thing.TRAY,), (0.0, 4.0)
    SCREEN_LOST = (
        "display lost, and a new session begun",
        (Thing.SCREEN, Thing.TRAY, Thing.SERVICE, Thing.PROCESS, Thing.FILES, Thing.DISK),
        (0.5, 3.0),
    )
    FILES_MOVED = "program files moved away and back", (Thing.FILES,), (1.0, 9.0)
    DISK_FULL = "disk full", (Thing.DISK,), (2.0, 12.0)
    ZONE_CHANGED = "time zone changed", (Thing.ZONE,), (0.0, 0.0)
    STOPPED = "traymon stopped and continued", (Thing.PROCESS,), (0.5, 8.0)
    FOLDER_REMOVED = "runtime folder removed", (Thing.PLACE,), (0.0, 0.0)
    SECOND_START = "traymon started a second time", (Thing.PLACE, Thing.FILES), (0.0, 0.0)

    def __init__(self, label: str, touches: tuple[Thing, ...], lasts: tuple[float, float]) -> None:
        self.label, self.touches, self.lasts = label, touches, lasts


class Outage(Enum):
    """How the Gateway fails."""

    KILLED = "killed"
    FROZEN = "frozen"
    SILENT = "silent"  # a Gateway that accepts and never answers takes its place


class Service(Enum):
    """Who shows notifications."""

    DUNST = "dunst"
    PLAIN = "a stand-in without actions"
    SLOW = "a stand-in that shows at once and answers late"
    STRICT = "a stand-in that refuses actions and pictures"


@dataclass(frozen=True)
class Disturbance:
    """One disturbance of a plan. Times are seconds after the plan's start."""

    kind: Kind
    begins: float
    ends: float
    service: Service  # what shows notifications afterwards, if the kind replaces it
    package: str  # what is moved away, if the kind moves files

    def __str__(self) -> str:
        more = {Kind.SERVICE_REPLACED: self.service.value, Kind.FILES_MOVED: self.package}
        label = ": ".join(filter(None, (self.kind.label, more.get(self.kind, ""))))
        return f"{self.begins:5.1f} to {self.ends:5.1f} s  {label}"


@dataclass(frozen=True)
class Plan:
    """What happens in an episode; `str` prints it."""

    seed: int
    outage: Outage
    outage_begins: float
    disturbances: tuple[Disturbance, ...]  # in the order in which they begin

    @property
    def needs_own_mounts(self) -> bool:
        """Whether something in it takes a mount namespace."""
        return any(one.kind in NEED_MOUNTS for one in self.disturbances)

    def __str__(self) -> str:
        outage = f"{self.outage_begins:5.1f} s            the Gateway is {self.outage.value}"
        return "\n".join([f"seed {self.seed}", *map(str, self.disturbances), outage])


NEED_MOUNTS = frozenset({Kind.DISK_FULL, Kind.ZONE_CHANGED})
# What a running traymon may still want to import or read: pictures, pages, time zones, itself.
PACKAGES = ("PIL", "jinja2", "tzdata", "jeepney", "plyer", "traymon/assets", "traymon", "")


def plan(seed: int, *, own_mounts: bool = True) -> Plan:
    """Return the plan of a seed; without `own_mounts` it leaves out what needs them."""
    random = Random(seed)
    kinds = random.sample(list(Kind), random.randint(FEWEST, MOST))
    free_from = dict.fromkeys(Thing, 0.0)
    disturbances = []
    for kind in kinds:
        begins = max(
            random.uniform(0.0, LENGTH),
            *(free_from[thing] + random.uniform(0.5, MAX_PAUSE) for thing in kind.touches),
        )
        ends = begins + random.uniform(*kind.lasts)
        service, package = random.choice(list(Service)), random.choice(PACKAGES)
        if begins > LENGTH or (kind in NEED_MOUNTS and not own_mounts):
            continue
        free_from.update(dict.fromkeys(kind.touches, ends))
        disturbances.append(Disturbance(kind, begins, ends, service, package))
    outage = random.choice(list(Outage))
    return Plan(
        seed,
        outage,
        random.uniform(2.0, LENGTH / 2),
        tuple(sorted(disturbances, key=lambda one: one.begins)),
    )
