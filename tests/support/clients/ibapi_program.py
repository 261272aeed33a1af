"""A trading program on IBKR's own library: `ibapi_program.py MODE CLIENT_ID PORT...`.

MODE `visit`: at each port it connects, asks what programs ask, and has a second connection refused.
`try`: it only tries to get in. `settings`: it asks for TWS's settings, as the newest library can.
It prints one line of JSON for each port. Which version of the library that is, PYTHONPATH decides.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract, ContractDetails
from ibapi.wrapper import EWrapper

PATIENCE = 20.0  # seconds
HURRY = 3.0  # seconds after the first got in, in which the others do where they do


class App(EWrapper, EClient):  # type: ignore[misc]
    """Keeps what it hears."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.heard: dict[str, Any] = {}
        self.errors: list[tuple[int, int, str]] = []  # request, code, text
        self.closed = False

    def managedAccounts(self, accountsList: str) -> None:
        self.heard["accounts"] = accountsList

    def nextValidId(self, orderId: int) -> None:
        self.heard["next ID"] = orderId

    def currentTime(self, time: int) -> None:
        self.heard["time"] = time

    def contractDetails(self, reqId: int, contractDetails: ContractDetails) -> None:
        about = contractDetails.contract
        self.heard["contract"] = [
            *(reqId, about.symbol, about.exchange, about.currency, about.conId),
            *(contractDetails.tradingHours, contractDetails.liquidHours),
            *(contractDetails.timeZoneId, contractDetails.stockType),
        ]

    def contractDetailsEnd(self, reqId: int) -> None:
        self.heard["end"] = reqId

    def configResponseProtoBuf(self, configResponseProto: Any) -> None:
        settings, ends = configResponseProto.api.settings, configResponseProto.lockAndExit
        self.heard["settings"] = [
            *(configResponseProto.reqId, settings.readOnlyApi, settings.socketPort),
            *(settings.masterClientId, settings.allowLocalhostOnly, [*settings.trustedIPs]),
            *(ends.autoLogoffTime, ends.autoLogoffPeriod, ends.autoLogoffType),
        ]

    def error(self, reqId: int, *rest: Any) -> None:
        # The newer ones give the time of the error first: 0, or more than any code.
        code, text = [value for value in rest if value != "" and not is_moment(value)][:2]
        self.errors.append((reqId, code, text))

    def connectionClosed(self) -> None:
        self.closed = True

    def has_code(self, code: int) -> bool:
        return any(known == code for _, known, _ in self.errors)


def is_moment(value: Any) -> bool:
    return isinstance(value, int) and (value == 0 or value > 1_000_000)


def wait_until(condition: Callable[[], Any]) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def follow(app: App, port: int, client_id: int) -> None:
    """Connect and run in a thread; what the library raises in there is kept."""

    def talk() -> None:
        try:
            app.connect("127.0.0.1", port, client_id)
            app.heard["connect returned"] = True
            app.run()
        except Exception as error:
            app.heard["raised"] = repr(error)

    threading.Thread(target=talk, daemon=True).start()


def spy() -> Contract:
    contract = Contract()
    contract.symbol, contract.secType = "SPY", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


def visit(port: int, client_id: int) -> dict[str, Any]:
    """Return what a program hears from a Gateway."""
    app, second = App(), App()
    follow(app, port, client_id)
    wait_until(lambda: "connect returned" in app.heard or app.heard.get("raised"))
    if wait_until(lambda: {"accounts", "next ID"} <= app.heard.keys() or "raised" in app.heard):
        app.reqCurrentTime()
        app.reqContractDetails(5, spy())
        wait_until(
            lambda: (
                ("time" in app.heard and ("end" in app.heard or app.has_code(200)))
                or "raised" in app.heard
                or app.closed
            )
        )
        follow(second, port, client_id)
        wait_until(lambda: second.closed or "raised" in second.heard)
    return {
        **app.heard,
        "version": app.serverVersion(),
        "errors": app.errors,
        "closed": app.closed,
        "refused": [code for _, code, _ in second.errors],
    }


def ask_for_settings(port: int, client_id: int) -> dict[str, Any]:
    """Return what a program hears of TWS's settings, and of the clock."""
    from ibapi.protobuf.ConfigRequest_pb2 import ConfigRequest

    app, second = App(), App()
    follow(app, port, client_id)
    wait_until(lambda: {"accounts", "next ID"} <= app.heard.keys() or "raised" in app.heard)
    app.reqCurrentTime()
    app.reqConfigProtoBuf(ConfigRequest(reqId=5))
    wait_until(lambda: "time" in app.heard and ("settings" in app.heard or app.has_code(10357)))
    follow(second, port, client_id)
    wait_until(lambda: second.closed or "raised" in second.heard)
    return {
        **app.heard,
        "version": app.serverVersion(),
        "errors": app.errors,
        "refused": [code for _, code, _ in second.errors],
    }


def try_to_get_in(ports: list[int], client_id: int) -> list[bool]:
    """Tell for each Gateway whether a program gets its accounts soon."""
    apps = [App() for _ in ports]
    for app, port in zip(apps, ports, strict=True):
        follow(app, port, client_id)
    wait_until(lambda: any("accounts" in app.heard for app in apps))
    time.sleep(HURRY)
    return ["accounts" in app.heard for app in apps]


if __name__ == "__main__":
    what, number, *words = sys.argv[1:]
    if what in ("visit", "settings"):
        act = visit if what == "visit" else ask_for_settings
        for word in words:
            print(json.dumps(act(int(word), int(number))))
    else:
        for got_in in try_to_get_in([int(word) for word in words], int(number)):
            print(json.dumps(got_in))
    sys.stdout.flush()
    os._exit(0)  # a library that hangs keeps its threads
