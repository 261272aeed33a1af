"""Which notification the balloon on the screen is: Windows shows one, and lets the others wait.

Pure: the time is an argument. Shells that do not say what they show leave the newest one.
"""

from __future__ import annotations

from collections import deque

TAKEN_WITHIN = 5.0  # seconds in which Windows shows what waits, once nothing is on the screen


class BalloonKeys:
    """The keys of the balloons that wait, and of the one that is on the screen."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, float]] = deque()  # key, and when it was sent
        self._newest = ""
        self._shown: str | None = None
        self._free_since = 0.0  # when the last balloon left the screen

    @property
    def clicked(self) -> str:
        """The key that a click means now; "" before the first balloon."""
        return self._newest if self._shown is None else self._shown

    def is_reachable(self, key: str | None) -> bool:
        """Tell whether a balloon may be on the screen: the key's, or any."""
        return key in (None, self._shown, self._newest)

    def sent(self, key: str, now: float) -> None:
        """Take a balloon that Windows has accepted."""
        if self._shown is None and now - self._free_since > TAKEN_WITHIN:
            # those were not shown at all: the user did not want to be disturbed
            self._waiting = deque(one for one in self._waiting if now - one[1] <= TAKEN_WITHIN)
        self._waiting.append((key, now))
        self._newest = key

    def appeared(self) -> None:
        """Take Windows' word that the next balloon is on the screen."""
        if self._waiting:
            self._shown, _ = self._waiting.popleft()

    def left(self, now: float) -> None:
        """Take Windows' word that no balloon is on the screen any more."""
        self._shown, self._free_since = None, now
