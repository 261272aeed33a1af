"""What is wrong with traymon itself, from several sources, as one line for icon and page."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Troubles:
    """Keeps the newest trouble of each source. Callable from any thread."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        """`show` gets all troubles in one line, "" without any, whenever they change.

        And then those alone for which the icon must not be green, likewise. It returns at once.
        """
        self._show = show
        self._lock = threading.Lock()
        self._by_source: dict[str, str] = {}
        self._grave: set[str] = set()  # the sources of those for which the icon is amber

    def report(self, trouble: str, source: str, *, grave: bool = False) -> None:
        """Take a source's trouble; "" ends it. A grave one turns a green icon amber."""
        with self._lock:
            before = self._line()
            self._by_source[source] = trouble
            if grave:
                self._grave.add(source)
            line = self._line()
            warning = "; ".join(filter(None, map(self._by_source.get, sorted(self._grave))))
            if line != before:
                self._show(line, warning)  # with the lock held: the last that shows is the newest

    def is_news(self, trouble: str, source: str) -> bool:
        """Tell whether a source's trouble is another one than it reported last."""
        with self._lock:
            return trouble != self._by_source.get(source, "")

    @property
    def line(self) -> str:
        """All troubles in one line, "" without any."""
        with self._lock:
            return self._line()

    def _line(self) -> str:
        return "; ".join(filter(None, self._by_source.values()))
