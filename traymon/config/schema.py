"""Every setting in one table: its key, default, bounds, and what it is for.

Everything else follows from it: the messages about mistakes, `Limits`, .env.example and the table
in the README. Knows neither files nor the environment.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, PlainValidator

from traymon.config.ib_resets import Region
from traymon.core import time_windows
from traymon.core.target import NEWEST_API_VERSION, Limits
from traymon.core.time_windows import NEVER, Schedule

MAX_HOST = 253  # characters, the longest name that DNS allows
MAX_NAME = 40  # characters, so that it fits into menus

MAX_CLIENT_ID = 2**31 - 1  # a signed 32-bit number on the wire

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of a number, and how to say them."""

    least: float
    most: float
    words: str = "a whole number from {} to {}"

    def __contains__(self, number: float) -> bool:
        return self.least <= number <= self.most

    def __str__(self) -> str:
        """`a whole number from 1 to 65535`."""
        return self.words.format(self.least, self.most)


def _seconds(least: float, most: float) -> Bounds:
    return Bounds(least, most, "seconds, from {} to {}")


UNPRIVILEGED_PORT = Bounds(1024, 65_535)
MINUTES = Bounds(1, 1440, "minutes from {} to {}")


# --- what a text must be. Validators raise ValueError; its text, if it has one, is shown.


def _host(text: str) -> str:
    if ":" in text:
        address, _, zone = text.partition("%")
        if "%" in text and not re.fullmatch(r"[A-Za-z0-9._:@~-]{1,64}", zone):
            raise ValueError
        try:
            ipaddress.IPv6Address(address)
        except ValueError:  # it has a port
            raise ValueError from None
    elif not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        raise ValueError
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{0,20}", text):
        raise ValueError
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _contract(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9.]{1,20}( [A-Z]{2,6} [A-Z0-9.]{2,20} [A-Z]{3})?", text):
        raise ValueError
    return text


def _free_or_unprivileged(port: int) -> int:
    if port != 0 and port not in UNPRIVILEGED_PORT:
        raise ValueError
    return port


def _minutes_in_bounds(check: str | int) -> str | int:
    if isinstance(check, int) and check not in MINUTES:
        raise ValueError
    return check


def _parse_hours(text: str) -> Schedule | str:
    return text if text in get_args(AlwaysOrAuto) else time_windows.parse(text)


AlwaysOrAuto = Literal["always", "auto"]
AutoOffOrMinutes = Annotated[Literal["auto", "off"] | int, AfterValidator(_minutes_in_bounds)]
Windows = Annotated[Schedule, PlainValidator(time_windows.parse)]
Hours = Annotated[Schedule | AlwaysOrAuto, PlainValidator(_parse_hours)]


# --- the table


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

    host: Annotated[str, AfterValidator(_host)] = _setting(
        "IB_HOST",
        "127.0.0.1",
        "where TWS or IB Gateway runs",
        "Where TWS or IB Gateway runs. Better 127.0.0.1 than localhost on this computer.",
        "a host name or an address, without a port",
        max_length=MAX_HOST,
    )
    port: int | None = _setting(
        "IB_PORT",
        None,
        "its Socket port; not set: the first of 7497, 7496, 4002, 4001 that listens",
        "Its Socket port. TWS: 7496 live, 7497 paper; Gateway: 4001 live, 4002 paper. "
        "Not set: the first of 7497, 7496, 4002, 4001 that listens.",
        Bounds(1, 65_535),
    )
    account: Annotated[str, AfterValidator(_account)] = _setting(
        "IB_ACCOUNT",
        "",
        "the account that your program uses",
        "The account that the trading program uses.",
        "letters and digits",
    )
    name: Annotated[str, AfterValidator(_printable)] = _setting(
        "TRAYMON_NAME",
        "",
        "what traymon calls it; not set: the folder's name",
        "What traymon calls this target. Not set: the name of the .env file's folder.",
        f"up to {MAX_NAME} printable characters",
        max_length=MAX_NAME,
    )
    forwarded: bool = _setting(
        "TRAYMON_FORWARDED",
        False,
        "the port leads elsewhere (SSH tunnel, container)",
        "yes: the port of this computer leads elsewhere (an SSH tunnel, a container), so that "
        "this computer's programs tell nothing about it.",
    )
    session: Literal["hold", "off"] = _setting(
        "TRAYMON_SESSION",
        "hold",
        "hold a session of its own, or not",
        "hold: keep one API session of traymon's own, which asks for nothing but the time; it "
        "tells what TWS says of its links and accounts. off: look at port and handshake only.",
    )
    own_client_id: int | None = _setting(
        "TRAYMON_CLIENT_ID",
        None,
        "that session's client ID; not set: chosen once",
        "The client ID of that session. Not set: a high one, chosen once and remembered.",
        # 0 and 1 are never traymon's own
        Bounds(2, MAX_CLIENT_ID, "a whole number from {} to {}, and none of your programs' IDs"),
    )
    client_id_check: AutoOffOrMinutes = _setting(
        "TRAYMON_CLIENT_ID_CHECK",
        "auto",
        "whether your programs' client IDs are tried",
        "auto: see whether your programs' client IDs are taken, by trying them for a moment while "
        "other programs are connected and yours cannot be about to connect. off: never try. A "
        "number: also every so many minutes where TWS or IB Gateway runs on another computer.",
        f"auto, off, or {MINUTES}",
    )
    interval: FiniteFloat = _setting(
        "TRAYMON_INTERVAL",
        LIMITS.interval,
        "seconds between looks while all is well",
        "Between looks while all is well.",
        _seconds(5, 3600),
    )
    quick: FiniteFloat = _setting(
        "TRAYMON_QUICK",
        LIMITS.quick,
        "seconds between looks while something is wrong",
        "Between looks while something is wrong.",
        _seconds(2, 600),
    )
    backoff: FiniteFloat = _setting(
        "TRAYMON_BACKOFF",
        LIMITS.backoff,
        "the longest pause, in seconds, while a port is open but not served",
        "The longest pause while the port is open but not served.",
        _seconds(5, 3600),
    )
    timeout: FiniteFloat = _setting(
        "TRAYMON_TIMEOUT",
        LIMITS.timeout,
        "seconds to wait for an answer",
        "How long to wait for the API's answer.",
        _seconds(0.5, 60),
    )
    slow: FiniteFloat = _setting(
        "TRAYMON_SLOW",
        LIMITS.slow,
        "an answer that takes longer, in seconds, is slow",
        "An answer that takes longer is called slow.",
        _seconds(0.01, 60),
    )
    min_version: int = _setting(
        "TRAYMON_MIN_SERVER_VERSION",
        LIMITS.min_version,
        "the lowest API version that your library accepts",
        "The lowest API version that your client library accepts; ib_insync wants 157.",
        Bounds(100, NEWEST_API_VERSION, "a whole number from {} to {}, IBKR's newest API version"),
    )
    just_started: FiniteFloat = _setting(
        "TRAYMON_JUST_STARTED",
        LIMITS.just_started,
        "seconds that a port which has just opened may stay silent",
        "How long a port that has just opened may stay silent.",
        _seconds(0, 600),
    )
    half_closed: int = _setting(
        "TRAYMON_HALF_CLOSED",
        LIMITS.half_closed,
        "so many half-closed connections mean a stuck port",
        "So many half-closed connections at a silent port mean that it is stuck.",
        Bounds(1, 10_000),
    )
    notify: Literal["auto", "plyer", "off"] = _setting(
        "TRAYMON_NOTIFY",
        "auto",
        "the best notices that there are, plyer's only, or none",
        "Desktop notifications: the best that this desktop has, plyer's only, or none.",
    )
    quiet: Windows = _setting(
        "TRAYMON_QUIET",
        NEVER,
        "no notices in these hours",
        "No notices in these hours, but for the gravest; afterwards one says what was missed.",
        time_windows.HOW_WRITTEN,
    )
    region: Literal[Region, "off"] = _setting(
        "TRAYMON_REGION",
        "america",
        "whose reset times of IB's servers hold",
        "Where your account lies: in the nightly reset of IB's servers there, and in that of the "
        "weekend, a fault is shown amber and told only if it outlives the reset.",
    )
    maintenance: Windows = _setting(
        "TRAYMON_MAINTENANCE",
        NEVER,
        "when your TWS or Gateway restarts",
        "When TWS or IB Gateway restarts by itself (Lock and Exit > Auto restart): the same there.",
        time_windows.HOW_WRITTEN,
    )
    hours: Hours = _setting(
        "TRAYMON_HOURS",
        "always",
        "when you trade",
        "When you trade. Outside, red is told once and nothing else; 15 minutes before the opening "
        "one notice says how things stand. auto: the hours that IB gives, holidays included.",
        f"always, auto, or {time_windows.HOW_WRITTEN}",
    )
    hours_contract: Annotated[str, AfterValidator(_contract)] = _setting(
        "TRAYMON_HOURS_CONTRACT",
        "SPY",
        "whose hours, with `auto`",
        "Whose hours, with TRAYMON_HOURS=auto: a stock's symbol, or symbol, type, exchange and "
        "currency.",
        "SPY, or as in ES FUT CME USD",
    )
    page_port: Annotated[int, AfterValidator(_free_or_unprivileged)] = _setting(
        "TRAYMON_PAGE_PORT",
        0,
        "the page's port; 0: a free one",
        "The port on 127.0.0.1 on which the page with the fix steps is served. 0: a free one.",
        f"0, or {UNPRIVILEGED_PORT}",
    )
    reload: Literal["ask", "auto"] = _setting(
        "TRAYMON_RELOAD",
        "ask",
        "what to do when the `.env` has changed: ask, or use it",
        "What to do when this file has changed while traymon runs. ask: say so in icon and page, "
        "and use it on a click. auto: use it at once.",
    )
    log: Literal["info", "debug"] = _setting(
        "TRAYMON_LOG", "info", "how much the log tells", "How much the log file tells."
    )


FIELDS = {str(field.alias): field for field in Settings.model_fields.values()}


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
