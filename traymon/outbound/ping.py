"""The dead-man's switch: calls an address while traymon looks and is well. See docs/ping.md.

Whoever is called raises the alarm once the calls cease: it is the one alarm that outlives traymon,
its computer and its network.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from traymon.core import ping_policy
from traymon.core.alerts import Ping
from traymon.core.model import Status, Update
from traymon.core.ping_policy import SOON, TOLD_AFTER, Signal, what_to_send
from traymon.core.vocabulary import Light
from traymon.diagnosis.catalogue import STALE
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.base import Surroundings
from traymon.outbound.courier import Courier
from traymon.ui.presenter import headline, name_mark, worst_first

log = logging.getLogger(__name__)

TIME_LIMIT = 10.0  # seconds for a ping
KUMA_KEYS = frozenset({"status", "msg", "ping"})  # which its address comes with
MAX_LINE = 200  # characters


class Pinger:
    """Pings in a thread of its own."""

    name = "ping"

    def __init__(self, ping: Ping, around: Surroundings, courier: Courier | None = None) -> None:
        self._ping, self._around = ping, around
        self._courier = courier or Courier(TIME_LIMIT)
        self._changed = threading.Condition()
        self._said: Signal | None = None  # what was tried last
        self._failures = 0  # in a row
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin; the first ping goes out as soon as traymon has looked at every target."""
        self._thread.start()

    def on_update(self, update: Update) -> None:
        """Look at all statuses; a change of what is to be said is said soon."""
        with self._changed:
            if self._what()[0] is not self._said:
                self._changed.notify()

    def stop(self, timeout: float) -> None:
        """Ping no more; a ping that is under way is broken off."""
        self._courier.stop()
        with self._changed:
            self._stopped = True
            self._changed.notify()
        with suppress(RuntimeError):  # it was never started
            self._thread.join(timeout)

    def _what(self) -> tuple[Signal, Sequence[Status]]:
        """Return what the newest statuses of all targets allow to say, and those statuses."""
        statuses = worst_first(self._around.statuses())
        if any(status.diagnosis.code == STALE.code for status in statuses):
            return Signal.NOTHING, statuses
        return what_to_send(statuses, self._around.now()), statuses

    # In the thread of its own

    def _run(self) -> None:
        sent_at = -SOON
        while (due := self._wait(sent_at)) is not None:
            sent_at = time.monotonic()
            what, statuses = due
            self._said = what
            try:
                answer = self._courier.send(request(self._ping, what, statuses))
            except Exception:  # the next one shall go out
                log.exception("a ping failed")
                answer = Answer(Verdict.FAILED, "it cannot be sent")
            if not self._stopped:
                self._take(answer)

    def _wait(self, sent_at: float) -> tuple[Signal, Sequence[Status]] | None:
        """Wait until something is to be sent, and return it; None at the end."""
        with self._changed:
            while not self._stopped:
                what, statuses = self._what()
                is_news = what is not self._said
                pause = SOON if is_news else ping_policy.pause(self._ping.every, self._failures)
                left = sent_at + pause - time.monotonic()
                if what is Signal.NOTHING:
                    self._said = what
                    self._changed.wait()  # an update ends the silence
                elif left <= 0:
                    return what, statuses
                else:
                    self._changed.wait(left)
            return None

    def _take(self, answer: Answer) -> None:
        if answer.verdict is Verdict.DELIVERED:
            if self._failures:
                log.info("pings arrive again")
            self._failures = 0
            self._around.report_trouble("", self.name)
            return
        self._failures += 1
        if self._failures == 1:
            log.warning("a ping does not arrive: %s", answer.why)
        if answer.verdict is Verdict.REFUSED or self._failures >= TOLD_AFTER:
            self._around.report_trouble(f"The ping does not arrive: {answer.why}", self.name)


def request(ping: Ping, what: Signal, statuses: Sequence[Status]) -> Mapping[str, Any]:
    """Return what the courier takes to send a ping; `statuses` are ordered, the worst first."""
    line, is_well = state_line(statuses), what is Signal.WELL
    parts = urlsplit(ping.url.reveal())
    if ping.kind == "kuma":
        kept = [pair for pair in parse_qsl(parts.query) if pair[0] not in KUMA_KEYS]
        query = urlencode([*kept, ("status", "up" if is_well else "down"), ("msg", line)])
        return {"kind": "ping", "method": "GET", "url": urlunsplit(parts._replace(query=query))}
    if ping.kind == "healthchecks" and not is_well:
        parts = parts._replace(path=parts.path.rstrip("/") + "/fail")
    return {"kind": "ping", "method": "POST", "url": urlunsplit(parts), "text": line}


def state_line(statuses: Sequence[Status]) -> str:
    """Return the state in one line: `red: Port 7497 is silent (handshake-silent)`."""
    watched = [status for status in statuses if not status.paused]
    worst, *others = [one for one in watched if not one.muted] or watched
    shown = worst.diagnosis
    line = f"{name_mark(worst)}{shown.light.word}: {headline(shown)} ({shown.code})"
    more = sum(one.diagnosis.light is Light.RED for one in others)
    return f"{line}, and {more} more"[:MAX_LINE] if more else line[:MAX_LINE]
