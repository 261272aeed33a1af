"""The demo's story, played by a simulated Gateway and monitored by the real traymon.

Needs no TWS, no account and no settings; uses only the loopback network.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from traymon.app import App
from traymon.core.model import Update
from traymon.core.target import Limits, Target
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, Running, running
from traymon.ui.terminal import Terminal

DWELL = 6.0  # seconds that a chapter stays after the diagnosis shows
CHAPTER_TIMEOUT = 60.0  # seconds for the diagnosis to show


@dataclass(frozen=True, slots=True)
class Chapter:
    """One turn of the story and the diagnosis that must show."""

    says: str
    code: str
    behaviour: Behaviour | None  # None: the Gateway is gone


STORY = (
    Chapter("A simulated Gateway answers as it should.", "healthy", HEALTHY),
    Chapter("It falls silent.", "handshake-silent", Behaviour(hello=Hello.SILENT)),
    Chapter("It hangs up on everybody.", "connection-rejected", Behaviour(hello=Hello.CLOSE)),
    Chapter("It ends.", "port-refused", None),
    Chapter("It is back.", "healthy", HEALTHY),
)


def play(*, console: Console, want_tray: bool, once: bool, speed: float) -> bool:
    """Play the story until the user ends it, or once; return whether every diagnosis showed."""
    with running() as gateway:
        target = Target(
            name="demo",
            port=gateway.port,
            # keeps the sensors away from this machine's processes and from a real Gateway
            forwarded=True,
            limits=Limits(
                interval=3 / speed,
                quick=1 / speed,
                backoff=2 / speed,
                timeout=max(0.3, 1.5 / speed),
                slow=1.0,
            ),
        )
        app = App([target], terminal=partial(Terminal, console), want_tray=want_tray)
        story = _Story(app, gateway, console, DWELL / speed)
        app.monitor.subscribe(story.on_update)
        threading.Thread(target=story.play, args=(once,), name="story", daemon=True).start()
        app.run()
        return story.all_shown


class _Story:
    """Takes the Gateway from chapter to chapter, each after the last one has shown."""

    def __init__(self, app: App, gateway: Running, console: Console, dwell: float) -> None:
        self._app, self._gateway, self._console, self._dwell = app, gateway, console, dwell
        self._shown = threading.Condition()
        self._code = ""
        self._gone = False
        self.all_shown = False

    def on_update(self, update: Update) -> None:
        """Note the diagnosis; a subscriber of the monitor."""
        with self._shown:
            self._code = update.status.diagnosis.code
            self._shown.notify_all()

    def play(self, once: bool) -> None:
        """Play the chapters, once or again and again."""
        try:
            self.all_shown = all(self._play_chapter(chapter) for chapter in STORY)
            while not once and self.all_shown:
                self.all_shown = all(self._play_chapter(chapter) for chapter in STORY)
        finally:  # even if the console is gone; nothing else would end the program
            self._app.quit()

    def _play_chapter(self, chapter: Chapter) -> bool:
        self._console.print(f"[bright_black]demo: {chapter.says}[/]")
        if chapter.behaviour is None:
            self._gateway.stop()
        else:
            self._gateway.behaviour = chapter.behaviour
            if self._gone:
                self._gateway.start()
        self._gone = chapter.behaviour is None
        with self._shown:
            shown = self._shown.wait_for(lambda: self._code == chapter.code, CHAPTER_TIMEOUT)
        if not shown:
            self._console.print(f"demo: {chapter.code} did not show; it was {self._code}")
            return False
        threading.Event().wait(self._dwell)  # gives the user time to read
        return True
