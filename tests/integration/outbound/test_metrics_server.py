"""The port of the metrics: who is answered, and that nobody can hold it up."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.a_fortnight import NOW, TARGET, write_fortnight
from support.polling import PATIENCE, wait_for
from support.statuses import status
from traymon.core.addresses import ListenAddress
from traymon.core.alerts import MetricsAccess, Secret
from traymon.core.history import HistoryError, HistoryReader
from traymon.core.model import Change, Status, Update
from traymon.outbound.base import Surroundings
from traymon.outbound.metrics.outlet import NOT_SERVED, Metrics
from traymon.serving.connections import BoundedProtocol

TOKEN = "zt7Hq-secret-of-the-scraper"


@dataclass
class Served:
    """Metrics that are served, and the troubles that were reported."""

    outlet: Metrics
    troubles: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        assert self.outlet.port is not None
        return self.outlet.port

    def get(self, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


@contextmanager
def served(
    token: str = "",
    history: HistoryReader | None = None,
    shown: Status | None = None,
    port: int = 0,
) -> Iterator[Served]:
    """Serve the metrics of one target until the context ends."""
    shown = shown or status()
    troubles: list[str] = []
    around = Surroundings(
        now=lambda: shown.evidence.now,
        report_trouble=lambda why, source: troubles.append(why),
        statuses=lambda: (shown,),
        history=history,
    )
    outlet = Metrics(MetricsAccess(ListenAddress("127.0.0.1", port), Secret(token)), around)
    outlet.on_update(Update(shown, None, Change.NOTHING))
    outlet.start()
    try:
        if not port:
            wait_for(lambda: outlet.port is not None, "the port")
        yield Served(outlet, troubles)
    finally:
        outlet.stop(PATIENCE)
    assert outlet.port is None


def test_a_scraper_of_this_computer_gets_the_text_format() -> None:
    with served() as metrics:
        code, text = metrics.get()
        assert code == 200
        assert 'traymon_light{light="green",target="bot"} 1.0' in text
        assert text.endswith("\n")
        assert metrics.get("/")[0] == 404
        assert metrics.get(method="POST")[0] == 405


def test_with_a_token_nobody_else_is_answered() -> None:
    with served(TOKEN) as metrics:
        assert metrics.get(Authorization=f"Bearer {TOKEN}")[0] == 200
        for given in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
            code, text = metrics.get(**given)
            assert code == 401
            assert "traymon_light" not in text
            assert TOKEN not in text
        assert metrics.get("/", Authorization="Bearer wrong")[0] == 401


def test_with_a_token_any_name_will_do() -> None:
    with served(TOKEN) as metrics:
        known = {"Authorization": f"Bearer {TOKEN}", "Host": "gateway-7.example:9464"}
        assert metrics.get(**known)[0] == 200


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1", "[::1]:{port}"])
def test_without_a_token_names_of_this_computer_are_answered(host: str) -> None:
    with served() as metrics:
        assert metrics.get(Host=host.format(port=metrics.port))[0] == 200


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com:{port}", "10.0.0.1", ""])
def test_without_a_token_no_name_of_somebody_else_is_answered(host: str) -> None:
    with served() as metrics:
        code, text = metrics.get(Host=host.format(port=metrics.port))
        assert code in (400, 421)
        assert "traymon_light" not in text


def test_who_says_nothing_is_cut_off_and_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 2 * PATIENCE)
    with served() as metrics, ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", metrics.port), PATIENCE))
            for _ in range(BoundedProtocol.MAX_WAITING + 5)
        ]
        assert metrics.get()[0] == 200
        wait_for(lambda: has_ended(silent[0]), "the oldest to end")


def test_who_drips_and_who_stays_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 0.3)
    with served() as metrics:
        for request in (b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", metrics.port), PATIENCE) as connection:
                connection.sendall(request)
                while connection.recv(65_536):
                    pass
        assert metrics.get()[0] == 200


def test_a_flood_of_requests_is_answered_from_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def text(exposition: object) -> bytes:
        made.append(time.monotonic())
        return b"made_once 1\n"

    monkeypatch.setattr("traymon.outbound.metrics.exposition.Exposition.text", text)
    with served() as metrics:
        for _ in range(100):
            assert metrics.get() == (200, "made_once 1\n")
        assert len(made) <= 1 + time.monotonic() - made[0]


def test_a_port_in_use_is_told_and_served_once_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traymon.outbound.metrics.server.RETRY_INTERVAL", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with served(port=port) as metrics:
            wait_for(lambda: metrics.troubles == [NOT_SERVED], "the trouble")
            other.close()
            wait_for(lambda: metrics.outlet.port == port, "the port")
            assert metrics.troubles == [NOT_SERVED, ""]
            assert metrics.get()[0] == 200


def test_reliability_comes_from_the_history(tmp_path: Path) -> None:
    with served(
        history=write_fortnight(tmp_path / "history.db"), shown=status(TARGET, now=NOW)
    ) as metrics:
        found = 'traymon_reliability_ratio{hours="all",target="bot",window="7d"} 0.9'
        wait_for(lambda: found in metrics.get()[1], "the reliability")
        assert 'window="90d"' not in metrics.get()[1]  # only a fortnight was watched


def test_a_history_that_cannot_be_read_costs_the_reliability_alone() -> None:
    asked: list[str] = []

    class Unreadable:
        def read_extent(self, target: str) -> None:
            asked.append(target)
            raise HistoryError("the disk is gone")

    with served(history=Unreadable()) as metrics:  # type: ignore[arg-type]
        wait_for(lambda: asked == ["bot"], "the history to be read")
        code, text = metrics.get()
        assert code == 200
        assert "traymon_reliability_ratio{" not in text


def has_ended(connection: socket.socket) -> bool:
    """Tell whether the peer has closed or reset a connection."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
