"""A live page with a real server on loopback, fed by the test."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from support.polling import PATIENCE
from traymon.core.facts import Fact, Facts
from traymon.core.model import Change, Diagnosis, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.actions import UserActions
from traymon.ui.calendar_source import NO_CALENDARS, CalendarSource
from traymon.ui.drill import DrillDesk
from traymon.ui.phone import PhoneSetup
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.reception import Answer
from traymon.ui.web.server import LivePage

NOW = 1_795_000_000.0
FACTS: Facts = {Fact.HOST: "127.0.0.1", Fact.PORT: 7497, Fact.CLIENT_ID: 10}


@dataclass
class Served:
    """A page that is served, and what was asked for on it."""

    loop: asyncio.AbstractEventLoop
    page: LivePage
    asked: list[object] = field(default_factory=list)
    now: float = NOW
    port: int = 0

    @property
    def keys(self) -> Any:
        return self.page.keys

    @property
    def bearer(self) -> str:
        """The header by which the page is known."""
        return f"Bearer {self.keys.page}"

    def show(self, code: str, facts: Facts = FACTS, **more: Any) -> None:
        """Show a status of this code, with whatever else a status can say."""
        readings = Reading(
            SensorName.HANDSHAKE, Symptom.SILENT, "<b>words</b>", at=self.now, took=5.0
        )
        evidence = Evidence(Target("bot", port=7497), self.now).with_reading(readings)
        diagnosis = Diagnosis(code, ENTRIES[code].light, facts)
        self.show_status(
            Status(evidence.target, diagnosis, NOW, NOW, evidence, self.now, streak=3, **more)
        )

    def show_status(self, *statuses: Status) -> None:
        """Show the statuses of all targets as they are."""
        self.page.show(statuses, {status.target.name: ~Change.NOTHING for status in statuses})
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.loop).result(PATIENCE)

    def request(
        self, method: str, path: str, **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        """Send a request as it is; an underscore in a header's name stands for a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        connection.close()
        return answer, text

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Get something as the page itself does."""
        answer, text = self.request("GET", path, **{"Authorization": self.bearer, **headers})
        return answer.status, text

    def shown(self) -> str:
        """Return the part of the page that changes, as an open page gets it."""
        return str(self.first_event()["html"])

    def first_event(self, path: str = "/events") -> dict[str, Any]:
        """Return what an open page is told first."""
        with closing(self.stream(path)) as stream:
            event: dict[str, Any] = json.loads(stream.readline().removeprefix(b"data: "))
            return event

    def stream(self, path: str = "/events") -> http.client.HTTPResponse:
        """Return the events of one more open page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Authorization": self.bearer, "Connection": "close"}
        connection.request("GET", path, headers=headers)
        return connection.getresponse()  # which closes the connection when it is closed

    def trade(self, token: str, **headers: str) -> tuple[int, str]:
        """Trade a one-time token for the page's key, as the page itself does."""
        own = {"Authorization": f"Bearer {token}", "Origin": f"http://127.0.0.1:{self.port}"}
        answer, text = self.request("POST", "/key", **(own | headers))
        return answer.status, text

    def raw(self, request: bytes) -> bytes:
        """Send bytes and return all that comes back until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            answer = b""
            with contextlib.suppress(ConnectionError):  # it may end before all was sent
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65_536):
                    answer += part
            return answer

    def post(self, path: str, **headers: str) -> int:
        """Post as the page itself does, but for what is given; "" leaves a header out."""
        own = {
            "Authorization": self.bearer,
            "Origin": f"http://127.0.0.1:{self.port}",
            "Sec_Fetch_Site": "same-origin",
        } | headers
        answer, _ = self.request("POST", path, **{k: v for k, v in own.items() if v})
        return answer.status


@contextmanager
def served(
    at_gate: Answer = lambda question: {"open": False},
    *,
    calendars: CalendarSource = NO_CALENDARS,
    port: int = 0,
    dashboards: Dashboards | None = None,
    phone: PhoneSetup | None = None,
    drills: DrillDesk | None = None,
    trouble: Callable[[], str] = str,
) -> Iterator[Served]:
    """Serve a page until the context ends; `at_gate` answers programs, `port` 0: a free one."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    asked: list[object] = []

    def ask(what: str, target: str | None) -> None:
        asked.append(what if target is None else (what, target))

    def snooze(wish: str, target: str | None) -> None:
        if not re.fullmatch(r"\d{1,4}[mh]|open|off", wish):
            raise ValueError("Use 30m, 2h, open or off.")
        asked.append(("snooze", wish) if target is None else ("snooze", wish, target))

    def page() -> LivePage:
        actions = UserActions(
            check_now=partial(ask, "check now"),
            pause_or_resume=partial(ask, "pause"),
            mute=lambda target, on: asked.append(("mute", target, on)),
            mark_as_mine=lambda target: asked.append(("mine", target)),
            show_window=lambda target: asked.append(("window", target)),
            open_fix_page=lambda target: asked.append("open"),
            snooze=snooze,
            open_tws_logs=partial(ask, "tws logs"),
            set_viewer_present=lambda on: asked.append(("viewer present", on)),
            phone=phone,
            drills=drills,
        )
        return LivePage(actions, lambda: NOW, at_gate, port, calendars, dashboards, trouble)

    scene = Served(loop, page(), asked)

    def is_ready(port: int) -> None:
        scene.port = port
        ready.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(scene.page.serve(is_ready)))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield scene
    finally:
        loop.call_soon_threadsafe(scene.page.stop)
        thread.join(PATIENCE)
        assert not thread.is_alive(), "open pages hold up the end"
        loop.close()
