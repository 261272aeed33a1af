"""When to ask the Gateway for a sign of life, and when to stop believing that it is alive.

Pure: the time is an argument, and nothing is sent from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BEAT_INTERVAL = 5.0  # seconds between two heartbeats
BEAT_TIMEOUT = 4.0  # seconds to wait for an answer
RECHECK_INTERVAL = 1.0  # seconds between two reports of the same missing answer
MAX_UNANSWERED = 20.0  # seconds for which other messages count as life in place of an answer


@dataclass(frozen=True, slots=True)
class Overdue:
    """A heartbeat that was not answered in time."""

    waited: float  # seconds since it was sent
    alive: bool  # other messages arrived meanwhile: a sign of life, if a weaker one


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """The oldest heartbeat that still waits for its answer."""

    sent_at: float
    check_at: float  # when to report it as overdue, for the first time or again


class Heartbeat:
    """The heartbeats of one session, the first of which is due at once."""

    def __init__(self, now: float) -> None:
        self._next_beat = now
        self._unanswered: _Unanswered | None = None

    def next_wake(self) -> float:
        """Return the time at which there is something to do, if no traffic comes before."""
        if self._unanswered is None:
            return self._next_beat
        return min(self._next_beat, self._unanswered.check_at)

    def is_due(self, now: float) -> bool:
        """Return whether to send a heartbeat."""
        return now >= self._next_beat

    def record_sent(self, now: float) -> None:
        """Record that a heartbeat was sent."""
        self._next_beat = now + BEAT_INTERVAL
        if self._unanswered is None:
            self._unanswered = _Unanswered(now, now + BEAT_TIMEOUT)

    def record_answer(self) -> None:
        """Record that an answer arrived: it shows life, whichever heartbeat it belongs to."""
        self._unanswered = None

    def check_overdue(self, now: float, heard: bool) -> Overdue | None:
        """Return the overdue heartbeat that is to be reported now, if there is one.

        `heard`: whether a message arrived since the last heartbeat was sent. For MAX_UNANSWERED
        seconds that is life; afterwards only an answer is. Silence is reported every
        RECHECK_INTERVAL.
        """
        waiting = self._unanswered
        if waiting is None or now < waiting.check_at:
            return None
        waited = now - waiting.sent_at
        alive = heard and waited < MAX_UNANSWERED
        pause = BEAT_TIMEOUT if alive else RECHECK_INTERVAL
        self._unanswered = replace(waiting, check_at=now + pause)
        return Overdue(waited, alive)
