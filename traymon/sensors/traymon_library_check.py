"""Let the client libraries of a Python into TWS, and print what came of it.

A program of its own, for any Python from 3.8 on: `traymon_library_check.py MARKER first|all LIMIT`.
It imports nothing of traymon. It imports the libraries, waits for one line of JSON on stdin (host,
port, client_ids, timeout), starts a session with each of them and leaves. Of a library it uses the
low-level client alone: IB.connect() would ask for positions and orders. Each line that it prints is
MARKER and a JSON object. It ends with its parent, and after LIMIT seconds.

`sensors/program_identity.py` knows the process by this file's name.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

NAMES = ("ib_insync", "ib_async", "ibapi")
CLOSE_TIMEOUT = 1.0  # seconds for the connection to close, which frees the client ID
CLIENT_ID_IN_USE = 326
MAX_TEXT = 300  # characters of one text
MAX_MESSAGES = 20


class Heard:
    """What one session has brought so far. Errors arrive from any thread."""

    def __init__(self) -> None:
        self.server_version: int | None = None
        self.said: list[list[Any]] = []  # code and text of TWS's errors and messages
        self.accounts: str | None = None
        self.has_order_id = False
        self.problem = ""  # in the library's words
        self.ended = threading.Event()  # begun, refused or over

    def take_error(self, *rest: Any) -> None:
        """Record a message: code and text, after the request and, in newer ibapis, the time."""
        values = [value for value in rest if not is_time(value)]
        numbers = [value for value in values if isinstance(value, int)]
        texts = [value for value in values if isinstance(value, str) and value]
        if numbers and len(self.said) < MAX_MESSAGES:
            self.said.append([numbers[0], texts[0][:MAX_TEXT] if texts else ""])

    def fail(self, problem: str) -> None:
        """Record why there will be no session; the first reason counts."""
        self.problem = self.problem or problem[:MAX_TEXT]
        self.ended.set()

    def check_begun(self) -> None:
        """End the wait once the account list and the next order ID are here."""
        if self.accounts is not None and self.has_order_id:
            self.ended.set()

    @property
    def begun(self) -> bool:
        """Whether a session has begun."""
        return self.accounts is not None and self.has_order_id

    @property
    def id_taken(self) -> bool:
        """Whether another client has the ID."""
        return any(code == CLIENT_ID_IN_USE for code, _ in self.said)


def is_time(value: Any) -> bool:
    """Tell whether an argument of an error is the time of it: 0, or more than any code."""
    return isinstance(value, int) and (value == 0 or value > 1_000_000)


class Callbacks:
    """What ib_insync's and ib_async's client calls; all but a few of the calls are ignored."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.server_version: Callable[[], int] | None = None

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: None

    def connectAck(self) -> None:
        """Record the API version that was agreed."""
        assert self.server_version is not None
        self._heard.server_version = self.server_version()

    def error(self, request_id: int, *rest: Any) -> None:
        """Record a message of TWS."""
        self._heard.take_error(*rest)


async def start_session(client_module: Any, order: dict[str, Any], client_id: int) -> Heard:
    """Start a session with ib_insync's or ib_async's low-level client, and end it."""
    heard = Heard()
    callbacks = Callbacks(heard)
    client = client_module.Client(callbacks)
    callbacks.server_version = client.serverVersion
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(problem: str) -> None:
        heard.fail(problem)
        if not over.done():
            over.set_result(None)

    def fail_closed(problem: str) -> None:
        fail(problem or "the connection was closed")

    client.apiError += fail
    client.conn.disconnected += fail_closed
    address = order["host"], order["port"], client_id, order["timeout"]
    attempt = asyncio.ensure_future(client.connectAsync(*address))
    await asyncio.wait([attempt, over], return_when=asyncio.FIRST_COMPLETED)
    if client.isReady():
        heard.accounts, heard.has_order_id = ",".join(client.getAccounts()), True
    attempt.cancel()
    results = await asyncio.gather(attempt, return_exceptions=True)
    for error in results:
        if isinstance(error, Exception):
            heard.fail(str(error) or type(error).__name__)
    client.apiError -= fail
    client.conn.disconnected -= fail_closed
    client.disconnect()
    deadline = time.monotonic() + CLOSE_TIMEOUT
    while client.conn.isConnected() and time.monotonic() < deadline:
        await asyncio.sleep(0.005)
    return heard


def start_session_by_ibapi(order: dict[str, Any], client_id: int) -> Heard:
    """Start a session with IBKR's own library, and end it."""
    from ibapi.client import EClient
    from ibapi.wrapper import EWrapper

    heard = Heard()

    class Wrapper(EWrapper):  # type: ignore[misc]
        def nextValidId(self, orderId: int) -> None:
            heard.has_order_id = True
            heard.check_begun()

        def managedAccounts(self, accountsList: str) -> None:
            heard.accounts = accountsList
            heard.check_begun()

        def error(self, reqId: int, *rest: Any) -> None:
            heard.take_error(*rest)

        def connectionClosed(self) -> None:
            heard.fail("the connection was closed")

    client = EClient(Wrapper())

    def talk() -> None:
        try:
            client.connect(order["host"], order["port"], client_id)
            client.run()
            heard.fail("the connection was closed")
        except Exception as error:
            heard.fail(describe(error))

    threading.Thread(target=talk, daemon=True).start()
    if not heard.ended.wait(order["timeout"]):
        heard.fail("no session within the time")
    heard.server_version = client.serverVersion() or None
    client.disconnect()
    return heard


def let_in(name: str, order: dict[str, Any]) -> dict[str, Any]:
    """Start a session under the first client ID that is not in use; return what came of it."""
    began = time.monotonic()
    heard = Heard()
    for client_id in order["client_ids"]:
        began = time.monotonic()
        if name == "ibapi":
            heard = start_session_by_ibapi(order, client_id)
        else:
            client = importlib.import_module(name + ".client")
            heard = asyncio.run(start_session(client, order, client_id))
        if heard.begun or not heard.id_taken:
            break
    return {
        "connected": heard.begun,
        "server_version": heard.server_version,
        "said": heard.said,
        "id_taken": heard.id_taken,
        "error": "" if heard.begun else heard.problem,
        "took": time.monotonic() - began,
    }


def import_library(name: str) -> dict[str, Any]:
    """Import a library as a trading program does; return what went wrong, if anything did."""
    report: dict[str, Any] = {"name": name, "version": version_of(name)}
    try:
        import_client(name)
    except (Exception, SystemExit) as error:
        report.update(import_error=describe(error), missing=getattr(error, "name", None) or "")
        if isinstance(error, RuntimeError) and "event loop" in str(error):
            # From Python 3.14 on there is no event loop unless the program sets one. With one set,
            # does it work?
            report["needs_event_loop"] = True
            forget(name, "eventkit")
            asyncio.set_event_loop(asyncio.new_event_loop())
            try:
                import_client(name)
            except (Exception, SystemExit) as second:
                report["import_error"] = describe(second)
            else:
                del report["import_error"]
    if "import_error" not in report:
        report["min_version"], report["max_version"] = offered_versions(name)
    return report


def import_client(name: str) -> None:
    """Import what a session takes."""
    importlib.import_module(name)
    importlib.import_module(name + ".client")
    if name == "ibapi":
        importlib.import_module("ibapi.wrapper")


def forget(*names: str) -> None:
    """Let modules that were imported by half be imported again."""
    for known in list(sys.modules):
        if known.partition(".")[0] in names:
            del sys.modules[known]


def offered_versions(name: str) -> list[int | None]:
    """Return the lowest and the highest API version that a library offers."""
    if name == "ibapi":
        versions: Any = importlib.import_module("ibapi.server_versions")
        names = "MIN_CLIENT_VER", "MAX_CLIENT_VER"
    else:
        versions = importlib.import_module(name + ".client").Client
        names = "MinClientVersion", "MaxClientVersion"
    return [getattr(versions, one, None) for one in names]


def version_of(name: str) -> str:
    """Return a library's version; "" if it does not name one."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except Exception:  # whatever a damaged installation brings up; only the version is unknown
        return ""


def installed() -> list[str]:
    """Return the libraries that can be found, without importing them."""
    found = []
    for name in NAMES:
        try:
            if importlib.util.find_spec(name) is not None:
                found.append(name)
        except (ImportError, ValueError):
            continue
    return found


def describe(error: BaseException) -> str:
    """Return an exception in one line."""
    return (type(error).__name__ + ": " + str(error))[:MAX_TEXT]


def exit_with_parent() -> None:
    """End this process when the parent closes its end of stdin, as it also does when it dies."""
    sys.stdin.read()
    os._exit(0)


def main(marker: str, which: str, limit: str) -> None:
    """Do it all; never returns."""
    timer = threading.Timer(float(limit), os._exit, [0])
    timer.daemon = True
    timer.start()
    output = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what libraries print must not mix with the reports

    def report(values: dict[str, Any]) -> None:
        output.write(marker + " " + json.dumps(values) + "\n")
        output.flush()

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    names = installed()[: 1 if which == "first" else None]
    report({"python": "%d.%d.%d" % sys.version_info[:3], "libraries": names})  # noqa: UP031
    reports = [import_library(name) for name in names]
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    threading.Thread(target=exit_with_parent, daemon=True).start()
    order = json.loads(line)
    for values in reports:
        if "import_error" not in values:
            try:
                values.update(let_in(values["name"], order))
            except Exception as error:
                values.update(connected=False, error=describe(error))
        report(values)
    report({"done": True})
    os._exit(0)  # a library that hangs keeps its threads


if __name__ == "__main__":
    main(*sys.argv[1:])
