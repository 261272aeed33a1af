"""The demo: a story played by a simulated Gateway, watched by the real traymon.

No TWS, no account, no configuration; nothing but loopback.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from rich.console import Console

from traymon.app import App
from traymon.core.model import Update
from traymon.core.target import Limits, Target
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, Running, running

DWELL = 6.0  # seconds for which each chapter stays after it shows
PATIENCE = 60.0  # seconds after which a chapter that does not show has failed


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
    """Play the story until the user ends it, or once; return whether every chapter showed."""
    with running() as gateway:
        target = Target(
            name="demo",
            port=gateway.port,
            # so that nothing of this machine is looked at, and no real Gateway is greeted
            forwarded=True,
            limits=Limits(
                interval=3 / speed,
                quick=1 / speed,
                backoff=2 / speed,
                timeout=max(0.3, 1.5 / speed),
                slow=1.0,
            ),
        )
        app = App([target], console=console, want_tray=want_tray)
        story = _Story(app, gateway, console, DWELL / speed)
        app.monitor.subscribe(story.hear)
        threading.Thread(target=story.tell, args=(once,), name="story", daemon=True).start()
        app.run()
        return story.went_well


class _Story:
    """Turns the Gateway from chapter to chapter, each when the last one has shown."""

    def __init__(self, app: App, gateway: Running, console: Console, dwell: float) -> None:
        self._app, self._gateway, self._console, self._dwell = app, gateway, console, dwell
        self._shown = threading.Condition()
        self._code = ""
        self._gone = False
        self.went_well = False

    def hear(self, update: Update) -> None:
        """Note what is shown; a subscriber of the monitor."""
        with self._shown:
            self._code = update.status.diagnosis.code
            self._shown.notify_all()

    def tell(self, once: bool) -> None:
        """Play the chapters, once or for ever."""
        try:
            self.went_well = all(self._play(chapter) for chapter in STORY)
            while not once and self.went_well:
                self.went_well = all(self._play(chapter) for chapter in STORY)
        finally:  # also where the console is gone, or nobody would end the program
            self._app.quit()

    def _play(self, chapter: Chapter) -> bool:
        self._console.print(f"[bright_black]demo: {chapter.says}[/]")
        if chapter.behaviour is None:
            self._gateway.stop()
        else:
            self._gateway.behaviour = chapter.behaviour
            if self._gone:
                self._gateway.start()
        self._gone = chapter.behaviour is None
        with self._shown:
            shown = self._shown.wait_for(lambda: self._code == chapter.code, PATIENCE)
        if not shown:
            self._console.print(f"demo: {chapter.code} did not show; it was {self._code}")
            return False
        threading.Event().wait(self._dwell)  # time for the reader, not for the program
        return True
