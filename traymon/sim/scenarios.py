"""The scenarios by name: what to play on a port, and the diagnosis code that it must produce.

The table is both the demo and the test. Codes are plain words here: the simulator must not import
the rest of traymon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from traymon.sim import launcher_log, stage
from traymon.sim.behaviour import Behaviour, Config, Hello, Start
from traymon.sim.scripts import RefusesIds
from traymon.sim.stage import NO_ENV, Prop, Scenario

HALF_CLOSED = 8


def _env(**settings: str) -> Mapping[str, str]:
    return MappingProxyType(settings)


IN_20_DAYS = f"{date.today() + timedelta(days=20):%Y%m%d}"
NEWEST_VERSION = 226  # of ibapi 10.51.1
CLIENT_ID_SET = _env(IB_CLIENT_ID=str(stage.CLIENT_ID))


def _hello(name: str, code: str, hello: Hello, says: str, *props: Prop) -> Scenario:
    """A Gateway that answers the version hello in some way."""
    return Scenario(
        name=name, code=code, says=says, props=(stage.gateway(Behaviour(hello=hello)), *props)
    )


def _session(
    name: str, says_what: str, *, code: str = "", env: Mapping[str, str] = NO_ENV, **behaviour: Any
) -> Scenario:
    """A Gateway that accepts clients, and of which `says_what` tells the rest."""
    return Scenario(
        name=name,
        code=code or name,
        says=f"The Gateway {says_what[0].lower()}{says_what[1:]}",
        props=(stage.gateway(Behaviour(**behaviour)),),
        env=env,
    )


def _login(code: str, says: str, *lines: tuple[float, str]) -> Scenario:
    """A Gateway that has not logged in; its log, with the seconds since each line, says why."""
    begin = lines[0][0] + 1.0
    start = (launcher_log.RESTART, launcher_log.BUILD, launcher_log.STARTED)
    return Scenario(
        name=code,
        code=code,
        says=says,
        props=(
            stage.nobody_listens,
            stage.waiting_gateway(*((begin, line) for line in start), *lines),
        ),
        linux_only=True,
        machine_wide=True,
    )


def _dialog(code: str, title: str) -> Scenario:
    """A Gateway that serves nobody, while it shows a window."""
    return Scenario(
        name=code,
        code=code,
        says=f"The Gateway runs, its port is closed, and it shows the window “{title}”.",
        props=(stage.nobody_listens, stage.process_name("ibgateway"), stage.dialog(title)),
        needs_screen=True,
        machine_wide=True,
    )


_ALL = (
    Scenario(
        name="healthy",
        code="healthy",
        says="A Gateway that answers as it should.",
        props=(stage.gateway(),),
    ),
    # Nobody has met these two. traymon can read them, and some libraries cannot.
    _hello(
        "byte-by-byte",
        "healthy",
        Hello.BYTE_BY_BYTE,
        "The answer arrives byte by byte. ib_insync can read it, IBKR's own library cannot.",
    ),
    _hello(
        "news-first",
        "healthy",
        Hello.NEWS_FIRST,
        "A news message arrives before the version. ib_insync can read it, IBKR's own library "
        "cannot.",
    ),
    _hello("foreign-time", "healthy", Hello.FOREIGN_TIME, "The connection time is not in UTF-8."),
    # --- the port ---
    Scenario(
        name="app-not-running",
        code="app-not-running",
        says="Nothing listens on the port, and neither TWS nor Gateway runs.",
        props=(stage.nobody_listens,),
    ),
    Scenario(
        name="api-port-closed",
        code="api-port-closed",
        says="The Gateway runs, but nothing listens on the port.",
        props=(stage.nobody_listens, stage.process_name("ibgateway")),
        linux_only=True,
        machine_wide=True,
    ),
    _dialog("session-elsewhere", "Existing session detected"),
    _dialog("relogin-required", "Re-login is required"),
    _dialog("write-access-asked", "API client needs write access action confirmation"),
    _dialog("dialog-open", "Password Notice"),
    Scenario(
        name="wrong-port",
        code="wrong-port",
        says="Nothing listens on the port, but a Gateway answers on another one.",
        props=(stage.nobody_listens, stage.gateway_on_another_port),
        machine_wide=True,
    ),
    Scenario(
        name="port-refused",
        code="port-refused",
        says="The port is forwarded to another computer, where nothing listens.",
        props=(stage.nobody_listens,),
        env=_env(TRAYMON_FORWARDED="yes"),
    ),
    Scenario(
        name="host-unresolved",
        code="host-unresolved",
        says="No computer has this name.",
        props=(stage.nobody_listens,),
        host="a" * 64,  # a label has at most 63 characters, so no name server is asked
    ),
    Scenario(
        name="host-unreachable",
        code="host-unreachable",
        says="The host cannot be reached over the network.",
        props=(stage.nobody_listens,),
        host="127.255.255.255",  # a broadcast address: Linux refuses it without sending a packet
        linux_only=True,
    ),
    Scenario(
        name="port-filtered",
        code="port-filtered",
        says="Connection attempts are dropped without an answer.",
        props=(stage.full_backlog,),
        linux_only=True,
    ),
    Scenario(
        name="not-the-api-port",
        code="not-the-api-port",
        says="The port is the Gateway's, but for IBC's commands. Its API is on another one.",
        props=(
            stage.gateway(Behaviour(hello=Hello.SILENT)),
            stage.gateway_beside,
            stage.process_name("ibgateway"),
        ),
        linux_only=True,
        machine_wide=True,
    ),
    _hello("foreign-listener", "foreign-listener", Hello.HTTP, "A web server uses the port."),
    _hello("foreign-ssh", "foreign-listener", Hello.SSH, "An SSH server uses the port."),
    _hello("foreign-garbage", "foreign-listener", Hello.GARBAGE, "The answer is garbage."),
    _hello(
        "foreign-huge-length",
        "foreign-listener",
        Hello.HUGE_LENGTH,
        "The answer claims to be four gigabytes long.",
    ),
    _hello(
        "foreign-version-abc",
        "foreign-listener",
        Hello.VERSION_ABC,
        "The version in the answer is not a number.",
    ),
    # --- the login ---
    _login(
        "two-factor-pending",
        "The Gateway waits for the user's approval on the phone.",
        *((35.0, launcher_log.LOGIN), (30.0, launcher_log.AUTH_IB_KEY)),
        *((30.0, launcher_log.CHALLENGE), (5.0, launcher_log.HEARTBEAT)),
        (0.0, launcher_log.WAITS),
    ),
    _login(
        "two-factor-lapsed",
        "Nobody has approved the login on the phone in time.",
        *((300.0, launcher_log.AUTH_IB_KEY), (300.0, launcher_log.CHALLENGE)),
        *((60.0, launcher_log.CLOSED), (0.0, launcher_log.WAITS)),
    ),
    _login(
        "login-refused",
        "IBKR has refused the password.",
        *((60.0, launcher_log.LOGIN), (58.0, launcher_log.WRONG_PASSWORD)),
        (0.0, launcher_log.WAITS),
    ),
    _login(
        "login-throttled",
        "After too many failed logins, IBKR makes the Gateway wait for five minutes.",
        *((90.0, launcher_log.WRONG_PASSWORD), (60.0, launcher_log.THROTTLED)),
        (0.0, launcher_log.WAITS),
    ),
    _login(
        "login-idle",
        "The Gateway runs, and nobody has logged in for an hour.",
        *((3600.0, launcher_log.RESTARTS_DAILY), (0.0, launcher_log.WAITS)),
    ),
    _login(
        "version-refused",
        "IBKR no longer lets this version of the Gateway log in.",
        *((60.0, launcher_log.LOGIN), (58.0, launcher_log.OLD_VERSION)),
        (0.0, launcher_log.WAITS),
    ),
    _login(
        "restarting-itself",
        "The Gateway restarts at its daily time, with its saved login.",
        *((20.0, launcher_log.AUTO_RESTART), (0.0, launcher_log.LOGIN)),
    ),
    # --- the handshake ---
    Scenario(
        name="just-started",
        code="just-started",
        says="The Gateway has just started and does not answer yet.",
        props=(stage.gateway(Behaviour(hello=Hello.SILENT)), stage.process_name("ibgateway")),
        linux_only=True,
        machine_wide=True,
    ),
    _hello(
        "connection-rejected",
        "connection-rejected",
        Hello.CLOSE,
        "The Gateway accepts the connection and closes it without an answer.",
    ),
    _hello(
        "connection-reset",
        "connection-rejected",
        Hello.RESET,
        "The Gateway accepts the connection and resets it without an answer.",
    ),
    _hello(
        "handshake-silent",
        "handshake-silent",
        Hello.SILENT,
        "The Gateway accepts the connection and does not answer.",
    ),
    _hello(
        "listener-wedged",
        "listener-wedged",
        Hello.SILENT,
        "The Gateway does not answer, and half-closed connections pile up.",
        stage.half_closed_connections(HALF_CLOSED),
    ),
    _hello("tls-expected", "tls-expected", Hello.TLS, "The Gateway answers over TLS only."),
    Scenario(
        name="server-too-old",
        code="server-too-old",
        says="The Gateway's version is older than the client libraries accept.",
        props=(stage.gateway(Behaviour(server_version=100)),),
    ),
    Scenario(
        name="handshake-slow",
        code="handshake-slow",
        says="The Gateway answers after 2.6 seconds.",
        props=(stage.gateway(Behaviour(delay=2.6)),),
    ),
    # --- the session ---
    _session("start-silent", "Logs the client on and then says nothing.", start=Start.SILENT),
    _session(
        "start-rejected",
        "Closes the connection when the client starts its session.",
        start=Start.CLOSE,
    ),
    _session(
        "paper-notice-unanswered",
        "Turns every client away until the paper-trading notice is accepted.",
        start=Start.CLOSE,
        says_first=(
            (10141, "Paper trading disclaimer must first be accepted for API connection."),
        ),
    ),
    _session("session-hung", "Starts the session and then answers no heartbeat.", tells_time=False),
    _session("no-accounts", "Starts the session with an empty account list.", accounts=()),
    _session(
        "wrong-account",
        "Is logged in to another account than the .env names.",
        env=_env(IB_ACCOUNT="DU654321"),
    ),
    _session(
        "wrong-environment",
        "Is logged in to a live account where the .env names a paper one.",
        accounts=("U123456",),
        env=_env(IB_ACCOUNT="DU123456"),
    ),
    _session(
        "unexpected-live-account",
        "Is logged in to a live account, and TRADING_MODE says paper.",
        accounts=("U123456",),
        env=_env(TRADING_MODE="paper"),
    ),
    _session(
        "unexpected-paper-account",
        "Is logged in to a paper account, and TRADING_MODE says live.",
        env=_env(TRADING_MODE="live"),
    ),
    _session(
        "ib-link-down",
        "Has lost IB's servers.",
        says=((1100, "Connectivity between IBKR and Trader Workstation has been lost."),),
    ),
    _session(
        "data-lost",
        "Has its link to IB's servers back, and has lost every data subscription.",
        says=((1101, "Connectivity between IBKR and TWS has been restored - data lost."),),
    ),
    _session(
        "version-ends",
        "Runs a version that IBKR supports for 20 more days.",
        says=(
            (
                2172,
                "The version of the application you are running, 1045.1, needs to be upgraded, as "
                f"it will be desupported on {IN_20_DAYS}. The minimum supported version at that "
                "time will be 1050.1.",
            ),
        ),
    ),
    _session(
        "data-farm-down",
        "Has lost a data farm, for less than five minutes yet.",
        code="healthy",
        says=((2103, "Market data farm connection is broken:usfarm"),),
    ),
    _session(
        "competing-session",
        "Says that another session of the same user has the market data.",
        says=((10197, "No market data during competing live session"),),
    ),
    _session(
        "paper-not-acknowledged",
        "Waits for the paper-trading disclaimer.",
        says=((2139, "Real paper-trading has not been acknowledged yet."),),
    ),
    _session(
        "client-outdated",
        "Says that the client is out of date.",
        says=((357, "Your client version is out of date."),),
    ),
    # --- TWS's own settings ---
    _session(
        "read-only-api",
        "Refuses orders, since its setting Read-Only API is on.",
        server_version=NEWEST_VERSION,
        config=Config(read_only=True),
        env=_env(TRAYMON_TWS_SETTINGS="yes"),
    ),
    _session(
        "master-client-id",
        "Has the client ID 10 as its Master API client ID.",
        server_version=NEWEST_VERSION,
        config=Config(master_client_id=stage.CLIENT_ID),
        env=_env(IB_CLIENT_ID=str(stage.CLIENT_ID), TRAYMON_TWS_SETTINGS="yes"),
    ),
    # --- client IDs ---
    Scenario(
        name="client-id-clash",
        code="client-id-clash",
        says="Another program holds the client ID 10.",
        props=(stage.gateway(), stage.other_program),
        env=CLIENT_ID_SET,
    ),
    Scenario(
        name="client-id-stuck",
        code="client-id-stuck",
        says="A program that held the client ID 10 has gone, and the Gateway has not noticed.",
        props=(stage.gateway(), stage.stuck_client_id),
        env=CLIENT_ID_SET,
    ),
    Scenario(
        name="client-id-refused",
        code="client-id-refused",
        says="The Gateway closes the connection of client ID 10 without error 326.",
        props=(stage.gateway(script=RefusesIds(stage.CLIENT_ID, with_326=False)),),
        env=CLIENT_ID_SET,
    ),
    Scenario(
        name="all-client-ids-refused",
        code="all-client-ids-refused",
        says="The Gateway says of every client ID that it is in use.",
        props=(stage.gateway(script=RefusesIds(refuses=lambda client_id: True)),),
    ),
    # A single check at the beginning finds that the user's own program holds the ID, as it should.
    Scenario(
        name="client-id-held-by-earlier-run",
        code="healthy",
        says="A trading program holds its client ID, and 20 seconds later it is started again.",
        props=(stage.gateway(), stage.second_run(after=20.0)),
    ),
    Scenario(
        name="no-free-slot",
        code="no-free-slot",
        says="Thirty-two clients are connected, and the Gateway serves no more.",
        props=(stage.gateway(), stage.other_sessions(32)),
    ),
    _session("clock-skew", "Has a clock that is ten seconds ahead.", clock_ahead=10.0),
    _hello("half-frame", "answer-unfinished", Hello.HALF_FRAME, "Only half of the answer arrives."),
    _hello("drip", "answer-unfinished", Hello.DRIP, "The answer arrives slowly and never ends."),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({s.name: s for s in _ALL})
