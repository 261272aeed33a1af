"""Judges what was seen in a chaotic time. Pure, and knows nothing of how traymon decides.

The rules, each a function below:

- an outage that lasted while a notification could be shown was announced;
- no announcement was shown twice, unless the second one took the first one's place;
- nothing was announced while nothing was wrong;
- the end of an announced outage was told;
- in the end one traymon runs, its icon and its command say that all is well, and it holds no more
  than before.

Times are seconds of one clock. What happens in one life of traymon is judged by itself: a traymon
that was started in a new session knows nothing of what the last one said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

REACTION = 15.0  # seconds until a frozen Gateway is proven to be frozen
REPEAT = 30.0  # seconds after which a notification that failed has been tried again
POOL_THREADS = 5  # that start when more than ever before is to be done at once, and stay
AFTERMATH = 30.0  # seconds after an outage in which the Gateway is not yet well again


@dataclass(frozen=True)
class Span:
    """A time from `begins` to `ends`."""

    begins: float
    ends: float

    @property
    def length(self) -> float:
        return max(0.0, self.ends - self.begins)

    def common(self, other: Span) -> Span:
        """Return the time that both share."""
        return Span(max(self.begins, other.begins), min(self.ends, other.ends))


@dataclass(frozen=True)
class Shown:
    """A notification that a service took and answered with its number."""

    at: float
    title: str
    urgent: bool
    replaces: bool = False  # it took the place of the one before it on the screen
    unstable: bool = False  # says that the API comes and goes; nothing more is told for minutes


@dataclass(frozen=True)
class Use:
    """What a process holds."""

    threads: int
    descriptors: int


@dataclass(frozen=True)
class Life:
    """One traymon that watched, and what it held at rest before and after the chaos."""

    span: Span
    before: Use | None = None
    after: Use | None = None


@dataclass
class Record:
    """What was done and seen."""

    outages: list[Span] = field(default_factory=list)
    reachable: list[Span] = field(default_factory=list)  # traymon ran, a service could be called
    shown: list[Shown] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    residents: int = 1  # traymons that watch in the end
    status_code: int = 0  # of `traymon status` in the end, when all is well
    icon_is_green: bool = True  # in the end


def faults(record: Record) -> list[str]:
    """Return what was wrong, a sentence each; none if all was right."""
    found = [fault for life in record.lives for fault in _faults_of_a_life(record, life)]
    if record.residents != 1:
        found.append(f"{record.residents} traymons watch in the end")
    if record.status_code != 0:
        found.append(f"`traymon status` ends with {record.status_code} though all is well")
    if not record.icon_is_green:
        found.append("no green icon is in the tray though all is well")
    return found


def _faults_of_a_life(record: Record, life: Life) -> Iterator[str]:
    shown = [one for one in record.shown if life.span.begins <= one.at <= life.span.ends]
    for whole in record.outages:
        outage = whole.common(life.span)
        if outage.length:
            yield from _unannounced(outage, record.reachable, shown)
            yield from _told_twice(outage, shown)
            yield from _not_ended(outage, life, record.reachable, shown)
    yield from _false_alarms(record.outages, shown)
    yield from _leaks(life)


def _unannounced(outage: Span, reachable: Iterable[Span], shown: list[Shown]) -> Iterator[str]:
    """An outage that lasted while a notification could be shown was announced."""
    proven = Span(outage.begins + REACTION, outage.ends)
    if _longest(proven, reachable) >= REPEAT and not _announcements(outage, shown):
        yield f"the outage at {outage.begins:.0f} s ({outage.length:.0f} s) was not announced"


def _told_twice(outage: Span, shown: list[Shown]) -> Iterator[str]:
    """No announcement was shown twice, unless the second one took the first one's place.

    A cause that comes back after another one was announced is news.
    """
    following = pairwise(_announcements(outage, shown))
    repeated = {b.title for a, b in following if a.title == b.title and not b.replaces}
    for title in sorted(repeated):
        yield f"told more than once in the outage at {outage.begins:.0f} s: {title}"


def _not_ended(
    outage: Span, life: Life, reachable: Iterable[Span], shown: list[Shown]
) -> Iterator[str]:
    """The end of an announced outage was told."""
    calm = Span(outage.ends + REACTION, life.span.ends)
    told = any(one.at >= outage.ends and not one.urgent for one in shown)
    unstable = any(one.unstable for one in shown)
    announced = _announcements(outage, shown)
    if announced and _longest(calm, reachable) >= REPEAT and not (told or unstable):
        yield f"the end of the outage at {outage.begins:.0f} s was not told"


def _false_alarms(outages: Iterable[Span], shown: list[Shown]) -> Iterator[str]:
    """Nothing was announced while nothing was wrong."""
    wrong = [Span(outage.begins, outage.ends + AFTERMATH) for outage in outages]
    for one in shown:
        if one.urgent and not any(span.begins <= one.at <= span.ends for span in wrong):
            yield f"announced at {one.at:.0f} s, when nothing was wrong: {one.title}"


def _leaks(life: Life) -> Iterator[str]:
    """In the end traymon holds no more than before."""
    if life.before is None or life.after is None:
        return
    before, after = life.before, life.after
    if after.threads > before.threads + POOL_THREADS:
        yield f"threads: {before.threads} before, {after.threads} after"
    if after.descriptors > before.descriptors:
        yield f"descriptors: {before.descriptors} before, {after.descriptors} after"


def _announcements(outage: Span, shown: list[Shown]) -> list[Shown]:
    """Return what was said of an outage: what is urgent or calls it unstable, in its time."""
    during = Span(outage.begins, outage.ends + AFTERMATH)
    return [
        one
        for one in shown
        if (one.urgent or one.unstable) and during.begins <= one.at <= during.ends
    ]


def _longest(span: Span, reachable: Iterable[Span]) -> float:
    """Return the longest time within the span in which a notification could be shown."""
    return max((span.common(one).length for one in reachable), default=0.0)
