"""How soon another session may begin after one that ended or failed, and when to trust it again.

Pure: durations are arguments.
"""

from __future__ import annotations

MIN_RETRY_DELAY, MAX_RETRY_DELAY = 2.0, 60.0  # seconds before a session after a failed one
SHORT = 10.0  # seconds; a session that ended sooner ended "at once"
MIN_REFUSED_DELAY = 10.0  # seconds before the next client IDs are tried
MIN_SHORT_DELAY = 10.0  # seconds before a session after one that ended at once
UNSTABLE = 3  # sessions in a row that ended at once are no accident
STEADY = 60.0  # seconds that a session must hold after so many


class SessionPace:
    """The ends of the sessions so far."""

    def __init__(self) -> None:
        self.delay = 0.0  # seconds before the next session
        self.short_in_a_row = 0  # sessions that ended at once

    def record_failure(self) -> None:
        """Record a session that did not begin."""
        self.delay = min(max(MIN_RETRY_DELAY, self.delay * 2), MAX_RETRY_DELAY)

    def record_refused_ids(self) -> None:
        """Record that TWS refused several client IDs in a row."""
        self.delay = min(max(MIN_REFUSED_DELAY, self.delay * 2), MAX_RETRY_DELAY)

    def record_end(self, held: float) -> None:
        """Record a session that ended after `held` seconds."""
        if held < SHORT:
            self.short_in_a_row += 1
            self.delay = min(MIN_SHORT_DELAY * 2.0 ** min(self.short_in_a_row - 1, 10), 60.0)
        elif not self.is_on_probation(held):
            self.short_in_a_row, self.delay = 0, 0.0

    def is_on_probation(self, held: float) -> bool:
        """Tell whether a session that has held for so long may still end like the last ones."""
        if not self.short_in_a_row:
            return False
        return held < (STEADY if self.short_in_a_row >= UNSTABLE else SHORT)
