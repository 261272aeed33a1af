"""What is wrong with traymon itself, from several sources, as one line for icon and page."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Troubles:
    """Keeps the newest trouble of each source. Callable from any thread."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """`show` gets all troubles in one line, "" without any, whenever they change."""
        self._show = show
        self._lock = threading.Lock()
        self._by_source: dict[str, str] = {}

    def report(self, trouble: str, source: str) -> None:
        """Take a source's trouble; "" ends it."""
        with self._lock:
            before = self._line()
            self._by_source[source] = trouble
            line = self._line()
        if line != before:
            self._show(line)

    @property
    def line(self) -> str:
        """All troubles in one line, "" without any."""
        with self._lock:
            return self._line()

    def _line(self) -> str:
        return "; ".join(filter(None, self._by_source.values()))
