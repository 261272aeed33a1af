"""The demo's story, played by a simulated Gateway and monitored by the real traymon.

Needs no TWS, no account and no settings; uses only the loopback network.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from traymon.app import App
from traymon.config.in_force import TargetConfig
from traymon.core.calendar import Calendar
from traymon.core.model import Update
from traymon.core.target import Limits, Target
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, Running, running
from traymon.ui.terminal import Terminal
from traymon.wiring import Options

DWELL = 20.0  # seconds that a chapter stays after the diagnosis shows: time to read its page
CHAPTER_TIMEOUT = 60.0  # seconds for the diagnosis to show


@dataclass(frozen=True, slots=True)
class Chapter:
    """One turn of the story and the diagnosis that must show."""

    says: str
    code: str
    behaviour: Behaviour | None  # None: the Gateway is gone


STORY = (
    Chapter("the Gateway answers as it should", "healthy", HEALTHY),
    Chapter("the Gateway stops answering", "handshake-silent", Behaviour(hello=Hello.SILENT)),
    Chapter(
        "the Gateway closes every connection", "connection-rejected", Behaviour(hello=Hello.CLOSE)
    ),
    Chapter("the Gateway shuts down", "port-refused", None),
    Chapter("the Gateway is back", "healthy", HEALTHY),
)


def play(*, console: Console, want_tray: bool, once: bool, speed: float) -> bool:
    """Play the story and, in a terminal, ask after each round; return whether no chapter failed."""
    with running() as gateway:
        target = Target(
            name="demo",
            port=gateway.port,
            # keeps the sensors away from this machine's processes and from a real Gateway
            forwarded=True,
            demo=True,
            limits=Limits(
                interval=3 / speed,
                quick=1 / speed,
                backoff=2 / speed,
                timeout=max(0.3, 1.5 / speed),
                slow=1.0,
                just_started=0.0,
            ),
        )
        watched = TargetConfig(target, Calendar(), {}, None)
        app = App(
            Options(targets=[watched], terminal=partial(Terminal, console), want_tray=want_tray)
        )
        keys = None if once else Keys.of_this_terminal()
        story = _Story(app, gateway, console, DWELL / speed, keys)
        app.monitor.subscribe(story.on_update)
        threading.Thread(target=story.play, name="story", daemon=True).start()
        app.run()
        return not story.failed


class Keys:
    """The Enter key of the terminal in which the demo runs."""

    def __init__(self) -> None:
        self._pressed = threading.Event()
        threading.Thread(target=self._read, name="keys", daemon=True).start()

    @classmethod
    def of_this_terminal(cls) -> Keys | None:
        """Return the terminal's keys; None if there is no terminal, or this is a background job.

        Reading would stop a background job.
        """
        if sys.stdin is None or not sys.stdin.isatty():
            return None
        if sys.platform != "win32" and os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
            return None
        return cls()

    def _read(self) -> None:
        for _ in sys.stdin:
            self._pressed.set()

    def wait(self, timeout: float | None) -> bool:
        """Wait for Enter; return whether it was pressed, now or since the last wait ended."""
        pressed = self._pressed.wait(timeout)
        self._pressed.clear()
        return pressed


class _Story:
    """Takes the Gateway from chapter to chapter, each after the last one has shown."""

    def __init__(
        self, app: App, gateway: Running, console: Console, dwell: float, keys: Keys | None
    ) -> None:
        self._app, self._gateway, self._console = app, gateway, console
        self._dwell, self._keys = dwell, keys
        self._shown = threading.Condition()
        self._code = ""
        self._gone = False
        self.failed = False

    def on_update(self, update: Update) -> None:
        """Note the diagnosis; a subscriber of the monitor."""
        with self._shown:
            self._code = update.status.diagnosis.code
            self._shown.notify_all()

    def play(self) -> None:
        """Play rounds until the user has seen enough; without keys, one."""
        try:
            enter = "" if self._keys is None else " Press Enter for the next chapter."
            self._say(
                "everything here is simulated; no TWS is involved. "
                f"{len(STORY)} chapters of {self._dwell:g} s.{enter} Press Ctrl-C to end the demo."
            )
            while self._play_round() and self._keys is not None:
                self._say("that was all. Press Enter to play it again, Ctrl-C to end the demo.")
                self._keys.wait(None)
        finally:  # even if the console is gone; nothing else would end the program
            self._app.quit()

    def _play_round(self) -> bool:
        return all(self._play_chapter(number, one) for number, one in enumerate(STORY, 1))

    def _play_chapter(self, number: int, chapter: Chapter) -> bool:
        self._say(chapter.says, f" {number}/{len(STORY)}")
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
            self.failed = True
            self._say(f"{chapter.code} did not show; it was {self._code}")
            return False
        if self._keys is None:
            threading.Event().wait(self._dwell)  # gives the user time to read
        else:
            self._keys.wait(self._dwell)
        return True

    def _say(self, text: str, chapter: str = "") -> None:
        self._console.print(f"demo{chapter}: {text}")
