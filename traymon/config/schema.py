"""Every setting in one table: its key, default, bounds, and what it is for.

Everything else follows from it: the messages about mistakes, `Limits`, .env.example and the table
in the README. Knows neither files nor the environment.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from traymon.config.ib_resets import Region
from traymon.config.in_force import OwnSettings
from traymon.config.value_types import (
    GRACE_MINUTES,
    MINUTES,
    UNPRIVILEGED_PORT,
    Account,
    AutoOffOrMinutes,
    Bounds,
    Contract,
    FreeOrUnprivilegedPort,
    Host,
    Hours,
    Metrics,
    OnOffOrMinutes,
    Printable,
    SecretAddress,
    Token,
    Windows,
    seconds,
)
from traymon.config.web_address import WEB_ADDRESS
from traymon.core import time_windows
from traymon.core.alerts import NO_SECRET, Secret
from traymon.core.target import NEWEST_API_VERSION, Limits
from traymon.core.time_windows import NEVER

MAX_HOST = 253  # characters, the longest name that DNS allows
MAX_NAME = 40  # characters, so that it fits into menus

MAX_CLIENT_ID = 2**31 - 1  # a signed 32-bit number on the wire

LIMITS = Limits()


def _setting(
    key: str,
    default: object,
    summary: str,
    description: str,
    allowed: str | Bounds = "",
    max_length: int | None = None,
) -> Any:
    """Return a field. `summary` is for the README's table, `description` for .env.example.

    Without `allowed`, the field's type says what is: yes or no, or one of some words.
    """
    bounds = allowed if isinstance(allowed, Bounds) else None
    return Field(
        default,
        alias=key,
        description=description,
        json_schema_extra={"summary": summary, "allowed": str(allowed)},
        max_length=max_length,
        ge=None if bounds is None else bounds.least,
        le=None if bounds is None else bounds.most,
    )


class Settings(BaseModel):
    """The settings, parsed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Host = _setting(
        "IB_HOST",
        "127.0.0.1",
        "where TWS or IB Gateway runs",
        "Where TWS or IB Gateway runs. For this computer, use 127.0.0.1 rather than localhost.",
        "a host name or an IP address, without a port",
        max_length=MAX_HOST,
    )
    port: int | None = _setting(
        "IB_PORT",
        None,
        "its Socket port; not set: the first open one of 7497, 7496, 4002, 4001",
        "Its Socket port. TWS: 7496 live, 7497 paper; Gateway: 4001 live, 4002 paper. "
        "Not set: the first open one of 7497, 7496, 4002, 4001.",
        Bounds(1, 65_535),
    )
    account: Account = _setting(
        "IB_ACCOUNT",
        "",
        "the account that your program uses",
        "The account that the trading program uses.",
        "letters and digits only, at most 20",
    )
    name: Printable = _setting(
        "TRAYMON_NAME",
        "",
        "the name shown in icon and notifications; not set: the folder's name",
        "The name shown in icon, page and notifications. Not set: the name of the .env file's "
        "folder.",
        f"at most {MAX_NAME} printable characters",
        max_length=MAX_NAME,
    )
    forwarded: bool = _setting(
        "TRAYMON_FORWARDED",
        False,
        "the port is forwarded (SSH tunnel, container)",
        "yes: the port on this computer is forwarded (SSH tunnel, container), so traymon ignores "
        "which programs run on this computer.",
    )
    session: Literal["hold", "off"] = _setting(
        "TRAYMON_SESSION",
        "hold",
        "keep an API session of traymon's own, or not",
        "hold: keep one API session open. It asks only for the time, and shows which account is "
        "logged in and whether TWS is connected to IB. off: check only port and handshake.",
    )
    own_client_id: int | None = _setting(
        "TRAYMON_CLIENT_ID",
        None,
        "the client ID of that session; not set: chosen once",
        "The client ID of that session. Not set: a high number, chosen once and remembered.",
        # 0 and 1 are never traymon's own
        Bounds(2, MAX_CLIENT_ID, "a whole number from {} to {} that none of your programs uses"),
    )
    client_id_check: AutoOffOrMinutes = _setting(
        "TRAYMON_CLIENT_ID_CHECK",
        "auto",
        "whether traymon tests your programs' client IDs",
        "auto: test whether your programs' client IDs are free by connecting with them for a "
        "moment, only while your programs cannot be about to connect. off: never test. A number: "
        "test every so many minutes if TWS or IB Gateway runs on another computer.",
        f"auto, off, or {MINUTES}",
    )
    programs: OnOffOrMinutes = _setting(
        "TRAYMON_PROGRAMS",
        "on",
        "tell you when a program of yours does not reconnect",
        "on: tell you when a program of yours has not reconnected 5 minutes after the API works "
        "again or the market has opened. A number: after so many minutes. off: do not watch your "
        "programs.",
        f"on, off, or {GRACE_MINUTES}",
    )
    tws_settings: bool = _setting(
        "TRAYMON_TWS_SETTINGS",
        False,
        "ask TWS for its own settings each time it starts",
        "yes: each time TWS or IB Gateway starts, ask it once for its own settings, such as "
        "Read-Only API. Needs version 10.43 or newer. traymon never changes them.",
    )
    interval: FiniteFloat = _setting(
        "TRAYMON_INTERVAL",
        LIMITS.interval,
        "seconds between checks while all is well",
        "Seconds between checks while all is well.",
        seconds(5, 3600),
    )
    quick: FiniteFloat = _setting(
        "TRAYMON_QUICK",
        LIMITS.quick,
        "seconds between checks while something is wrong",
        "Seconds between checks while something is wrong.",
        seconds(2, 600),
    )
    backoff: FiniteFloat = _setting(
        "TRAYMON_BACKOFF",
        LIMITS.backoff,
        "longest pause between checks, in seconds, while the port is open but the API does not "
        "answer",
        "Longest pause between checks, in seconds, while the port is open but the API does not "
        "answer.",
        seconds(5, 3600),
    )
    timeout: FiniteFloat = _setting(
        "TRAYMON_TIMEOUT",
        LIMITS.timeout,
        "seconds to wait for an answer",
        "Seconds to wait for the API's answer.",
        seconds(0.5, 60),
    )
    slow: FiniteFloat = _setting(
        "TRAYMON_SLOW",
        LIMITS.slow,
        "seconds after which an answer counts as slow",
        "Seconds after which an answer counts as slow.",
        seconds(0.01, 60),
    )
    min_version: int = _setting(
        "TRAYMON_MIN_SERVER_VERSION",
        LIMITS.min_version,
        "the lowest API version that your library accepts",
        "The lowest API version that your client library accepts; ib_insync needs 157.",
        Bounds(100, NEWEST_API_VERSION, "a whole number from {} to {} (IBKR's newest API version)"),
    )
    just_started: FiniteFloat = _setting(
        "TRAYMON_JUST_STARTED",
        LIMITS.just_started,
        "seconds that TWS may take to answer after its port opens",
        "Seconds that TWS may take to answer after its port opens.",
        seconds(0, 600),
    )
    half_closed: int = _setting(
        "TRAYMON_HALF_CLOSED",
        LIMITS.half_closed,
        "number of half-closed connections that counts as stuck",
        "Number of half-closed connections at which a silent port counts as stuck.",
        Bounds(1, 10_000),
    )
    notify: Literal["auto", "plyer", "off"] = _setting(
        "TRAYMON_NOTIFY",
        "auto",
        "notifications: best available, plyer only, or off",
        "Desktop notifications: best available, plyer only, or off.",
    )
    quiet: Windows = _setting(
        "TRAYMON_QUIET",
        NEVER,
        "no notifications in these hours",
        "No notifications in these hours, except the most serious. Afterwards, one lists what you "
        "missed.",
        time_windows.HOW_WRITTEN,
    )
    region: Literal[Region, "off"] = _setting(
        "TRAYMON_REGION",
        "america",
        "which region's IB reset times apply",
        "Which region's IB reset times apply. During IB's nightly and weekend resets, faults show "
        "amber; traymon notifies you only if they last longer than the reset. Without this line it "
        "is the region of the servers in TWS's jts.ini; paper accounts are always in america.",
    )
    maintenance: Windows = _setting(
        "TRAYMON_MAINTENANCE",
        NEVER,
        "when your TWS or Gateway restarts",
        "When TWS or IB Gateway restarts by itself (Lock and Exit > Auto restart). Faults during "
        "the "
        "restart show amber, as during IB's resets.",
        time_windows.HOW_WRITTEN,
    )
    hours: Hours = _setting(
        "TRAYMON_HOURS",
        "always",
        "when you trade",
        "When you trade. Outside these hours, you are notified of red once, and 15 minutes before "
        "the open of the current state. auto: IB's own trading hours, including holidays.",
        f"always, auto, or {time_windows.HOW_WRITTEN}",
    )
    hours_contract: Contract = _setting(
        "TRAYMON_HOURS_CONTRACT",
        "SPY",
        "whose trading hours `auto` uses",
        "Whose trading hours TRAYMON_HOURS=auto uses: a stock symbol, or symbol, type, exchange "
        "and currency.",
        "a stock symbol such as SPY, or a contract such as ES FUT CME USD",
    )
    page_port: FreeOrUnprivilegedPort = _setting(
        "TRAYMON_PAGE_PORT",
        0,
        "port of traymon's own page; 0: any free port",
        "The port on 127.0.0.1 for traymon's own page with the fix steps. 0: any free port.",
        f"0, or {UNPRIVILEGED_PORT}",
    )
    metrics: Metrics = _setting(
        "TRAYMON_METRICS",
        "off",
        "where Prometheus may collect metrics: a port of this computer, or an address with one",
        "Where Prometheus may collect metrics, at /metrics: a port of this computer alone, such as "
        "9464, or an address with a port, such as 0.0.0.0:9464. off: nowhere.",
        "off, a port from 1024 to 65535, or an IP address of this computer with such a port",
    )
    metrics_token: Token = _setting(
        "TRAYMON_METRICS_TOKEN",
        NO_SECRET,
        "the secret that Prometheus must send; needed if other computers may collect metrics",
        "The secret that Prometheus must send (Authorization: Bearer). Needed if TRAYMON_METRICS "
        "is an address that other computers reach.",
        "16 to 512 letters, digits and signs without a blank",
    )
    reload: Literal["ask", "auto"] = _setting(
        "TRAYMON_RELOAD",
        "ask",
        "when the `.env` changes: ask, or use it at once",
        "What to do when this file changes while traymon runs. ask: show it in icon and page, and "
        "use the new settings after a click. auto: use them at once.",
    )
    history: Literal["on", "off"] = _setting(
        "TRAYMON_HISTORY",
        "on",
        "keep what happened: outages, latency, notifications",
        "on: keep what happened (outages, latency, notifications) in a file on this computer that "
        "only you can read. off: keep nothing.",
    )
    alerts: Printable = _setting(
        "TRAYMON_ALERTS",
        "",
        "the file that says who is alerted beside the desktop; not set: `alerts.toml` in your "
        "configuration folder",
        "The file that says who is alerted beside the desktop (docs/push.md). Not set: alerts.toml "
        "in your configuration folder.",
        "the path of a file",
    )
    ntfy: SecretAddress = _setting(
        "TRAYMON_NTFY",
        NO_SECRET,
        "send notifications to this topic of ntfy as well",
        "Send notifications to a phone as well, through this topic of ntfy, such as "
        "https://ntfy.sh/<topic>. Whoever knows the address can read them.",
        WEB_ADDRESS,
    )
    webhook: SecretAddress = _setting(
        "TRAYMON_WEBHOOK",
        NO_SECRET,
        "send notifications to this address as JSON as well",
        "Send notifications as JSON to this address as well.",
        WEB_ADDRESS,
    )
    ping: SecretAddress = _setting(
        "TRAYMON_PING",
        NO_SECRET,
        "call this address while traymon is well (dead-man's switch)",
        "Call this address every minute while traymon itself is well, so that a service such as "
        "Healthchecks tells you if it no longer is.",
        WEB_ADDRESS,
    )
    update_hint: Literal["off", "on"] = _setting(
        "TRAYMON_UPDATE_HINT",
        "off",
        "say when a newer traymon was released: off or on",
        "on: once a week, ask where traymon's releases are published whether there is a newer one, "
        "and say so in the icon's menu and on the page. The request holds nothing about you.",
    )
    log: Literal["info", "debug"] = _setting(
        "TRAYMON_LOG", "info", "log level: info or debug", "Log level."
    )


FIELDS = {str(field.alias): field for field in Settings.model_fields.values()}
# Those of traymon itself, whatever it watches; all others are of one target.
OWN = frozenset(str(Settings.model_fields[row.name].alias) for row in fields(OwnSettings))
SECRET = frozenset(key for key, field in FIELDS.items() if field.annotation is Secret)


def allowed(key: str) -> str:
    """Return what a key may be set to, in words."""
    if words := _extra(key, "allowed"):
        return words
    if FIELDS[key].annotation is bool:
        return "yes or no"
    *first, last = get_args(FIELDS[key].annotation)
    return f"{', '.join(first)} or {last}"


def summary(key: str) -> str:
    """Return what a key is for, in a few words."""
    return _extra(key, "summary")


def _extra(key: str, name: str) -> str:
    extra = FIELDS[key].json_schema_extra
    return str(extra[name]) if isinstance(extra, dict) else ""


def default_text(key: str) -> str:
    """Return a key's default as it would be written in a file; "" if it is not set."""
    default = FIELDS[key].default
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default in (None, NEVER) else str(default)
