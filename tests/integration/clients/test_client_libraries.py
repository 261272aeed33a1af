"""The client libraries of this field connect to the simulated Gateway: it is true to the wire."""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
import time
from types import ModuleType
from typing import Any

import pytest
from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from support.polling import wait_for
from traymon.sim.gateway import Behaviour, Ending, Hello, Running, running

DEADLINE = 30.0  # seconds, on a busy machine
# The libraries ask asyncio for its event loop policy, which newer Pythons deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=["ib_insync", "ib_async"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # eventkit takes the current loop when it is imported
    try:
        return importlib.import_module(request.param)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def disconnect(ib: Any) -> None:
    connection = ib.client.conn
    ib.disconnect()
    async with asyncio.timeout(DEADLINE):
        while connection.isConnected():  # it closes lazily
            await asyncio.sleep(0.005)


def test_a_library_connects_at_once_and_finds_an_empty_account(library: ModuleType) -> None:
    async def talk(gateway: Running) -> None:
        ib = library.IB()
        began = time.monotonic()
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=DEADLINE)
        assert time.monotonic() - began < DEADLINE / 2  # no request ran into the timeout
        assert ib.managedAccounts() == ["DU1", "DU2"]
        assert ib.client.getReqId() >= 1000
        assert ib.client.serverVersion() == library.client.Client.MaxClientVersion
        assert (ib.positions(), ib.trades(), ib.fills()) == ([], [], [])
        now = await asyncio.wait_for(ib.reqCurrentTimeAsync(), DEADLINE)
        assert abs(now.timestamp() - time.time()) < 60
        await disconnect(ib)

    behaviour = Behaviour(accounts=("DU1", "DU2"), next_order_id=1000)
    with running(behaviour) as gateway:
        asyncio.run(talk(gateway))
        wait_for(lambda: gateway.conversations[0].closed_at is not None)
        conversation = gateway.conversations[0]
    assert conversation.exchanged_versions
    assert conversation.client_id == 7
    assert conversation.ending is Ending.PEER_CLOSED


@pytest.mark.parametrize("hello", [Hello.BYTE_BY_BYTE, Hello.NEWS_FIRST, Hello.FOREIGN_TIME])
def test_a_library_connects_however_the_answer_comes(library: ModuleType, hello: Hello) -> None:
    async def talk(gateway: Running) -> None:
        ib = library.IB()
        await ib.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=DEADLINE)
        assert ib.managedAccounts() == ["DU123456"]
        await disconnect(ib)

    with running(Behaviour(hello=hello)) as gateway:
        asyncio.run(talk(gateway))


def test_a_library_is_refused_a_client_id_in_use_until_it_is_released(
    library: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, library.__name__)

    async def talk(gateway: Running) -> None:
        first, second, third = library.IB(), library.IB(), library.IB()
        await first.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=DEADLINE)
        codes: list[int] = []
        second.errorEvent += lambda _, code, *__: codes.append(code)
        api_errors: list[str] = []
        second.client.apiError += api_errors.append
        with pytest.raises(asyncio.TimeoutError):
            await second.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=1)
        assert codes == [326]
        assert "clientId 7 already in use?" in api_errors[0]
        await disconnect(first)
        while gateway.conversations[0].closed_at is None:
            await asyncio.sleep(0.005)
        await third.connectAsync("127.0.0.1", gateway.port, clientId=7, timeout=DEADLINE)
        await disconnect(third)

    with running() as gateway:
        asyncio.run(talk(gateway))


class App(EWrapper, EClient):  # type: ignore[misc]
    """An ibapi program that keeps what it hears."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.heard: dict[str, Any] = {}
        self.codes: list[int] = []
        self.closed = False
        self.listener: threading.Thread | None = None

    def connectAck(self) -> None:
        self.listener = self.reader  # disconnect() forgets it while it still runs

    def managedAccounts(self, accountsList: str) -> None:
        self.heard["accounts"] = accountsList

    def nextValidId(self, orderId: int) -> None:
        self.heard["next order ID"] = orderId

    def currentTime(self, time: int) -> None:
        self.heard["time"] = time

    def openOrderEnd(self) -> None:
        self.heard["open orders"] = "end"

    def positionEnd(self) -> None:
        self.heard["positions"] = "end"

    def execDetailsEnd(self, reqId: int) -> None:
        self.heard["executions"] = reqId

    def accountDownloadEnd(self, accountName: str) -> None:
        self.heard["account"] = accountName

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:
        self.codes.append(errorCode)

    def connectionClosed(self) -> None:
        self.closed = True

    def follow(self, port: int, client_id: int) -> threading.Thread:
        def talk() -> None:
            self.connect("127.0.0.1", port, client_id)  # blocks until the version reply
            self.run()

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        return thread

    def leave(self, thread: threading.Thread) -> None:
        self.disconnect()
        for one in (self.listener, thread):
            assert one is not None
            one.join(DEADLINE)
            assert not one.is_alive()


def test_ibapi_connects_and_finds_an_empty_account() -> None:
    from ibapi.execution import ExecutionFilter

    with running() as gateway:
        app = App()
        thread = app.follow(gateway.port, 7)
        wait_for(lambda: {"accounts", "next order ID"} <= app.heard.keys())
        app.reqCurrentTime()
        app.reqOpenOrders()
        app.reqPositions()
        app.reqExecutions(5, ExecutionFilter())
        app.reqAccountUpdates(True, "DU123456")
        wait_for(lambda: len(app.heard) == 7)
        assert app.heard["accounts"] == "DU123456"
        assert app.heard["next order ID"] == 1
        assert abs(app.heard["time"] - time.time()) < 60
        assert app.heard["executions"] == 5
        assert app.heard["account"] == "DU123456"
        assert app.codes == [2104, 2106, 2158]
        assert app.serverVersion() == 157
        app.leave(thread)


def test_ibapi_is_refused_a_client_id_in_use() -> None:
    with running() as gateway:
        first, second, third = App(), App(), App()
        first_thread = first.follow(gateway.port, 7)
        wait_for(lambda: "accounts" in first.heard)
        second_thread = second.follow(gateway.port, 7)
        wait_for(lambda: second.closed)
        assert second.codes[0] == 326
        assert "accounts" not in second.heard
        second.leave(second_thread)
        first.leave(first_thread)
        wait_for(lambda: gateway.conversations[0].closed_at is not None)
        third_thread = third.follow(gateway.port, 7)
        wait_for(lambda: "accounts" in third.heard)
        third.leave(third_thread)
