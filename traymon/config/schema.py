"""The schema of the settings: every key with its default, its bounds and what it is for.

Knows neither files nor the environment.
"""

from __future__ import annotations

import ipaddress
import re
import textwrap
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from traymon.core import time_windows
from traymon.core.target import Limits

DEFAULTS = Limits()


def _setting(default: Any, key: str, says: str, allowed: str, **bounds: Any) -> Any:
    return Field(
        default, alias=key, description=says, json_schema_extra={"allowed": allowed}, **bounds
    )


def _seconds(default: float, key: str, says: str, least: float, most: float) -> Any:
    allowed = f"seconds, from {least:g} to {most:g}"
    return _setting(default, key, says, allowed, ge=least, le=most, allow_inf_nan=False)


class Settings(BaseModel):
    """Every key that traymon knows, with its default, its bounds and what it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = _setting(
        "127.0.0.1",
        "IB_HOST",
        "Where TWS or IB Gateway runs. Better 127.0.0.1 than localhost on this computer.",
        "a host name or an address, without a port",
        max_length=253,
    )
    port: int | None = _setting(
        None,
        "IB_PORT",
        "Its Socket port. TWS: 7496 live, 7497 paper; Gateway: 4001 live, 4002 paper. "
        "Not set: the first of 7497, 7496, 4002, 4001 that listens.",
        "a whole number from 1 to 65535",
        ge=1,
        le=65_535,
    )
    account: str = _setting(
        "", "IB_ACCOUNT", "The account that the trading program uses.", "letters and digits"
    )
    name: str = _setting(
        "",
        "TRAYMON_NAME",
        "What traymon calls this target. Not set: the name of the .env file's folder.",
        "up to 40 printable characters",
        max_length=40,
    )
    forwarded: bool = _setting(
        False,
        "TRAYMON_FORWARDED",
        "yes: the port of this computer leads elsewhere (an SSH tunnel, a container), so that "
        "this computer's programs tell nothing about it.",
        "yes or no",
    )
    session: Literal["hold", "off"] = _setting(
        "hold",
        "TRAYMON_SESSION",
        "hold: keep one API session of traymon's own, which asks for nothing but the time; it "
        "tells what TWS says of its links and accounts. off: look at port and handshake only.",
        "hold or off",
    )
    own_client_id: int | None = _setting(
        None,
        "TRAYMON_CLIENT_ID",
        "The client ID of that session. Not set: a high one, chosen once and remembered.",
        "a whole number from 2 to 2147483647, and none of your programs' IDs",
        ge=2,
        le=2**31 - 1,
    )
    client_id_check: Literal["auto", "off"] | int = _setting(
        "auto",
        "TRAYMON_CLIENT_ID_CHECK",
        "auto: see whether your programs' client IDs are taken, by trying them for a moment while "
        "other programs are connected and yours cannot be about to connect. off: never try. A "
        "number: also every so many minutes where TWS or IB Gateway runs on another computer.",
        "auto, off, or minutes from 1 to 1440",
    )
    interval: float = _seconds(
        DEFAULTS.interval, "TRAYMON_INTERVAL", "Between looks while all is well.", 5, 3600
    )
    quick: float = _seconds(
        DEFAULTS.quick, "TRAYMON_QUICK", "Between looks while something is wrong.", 2, 600
    )
    backoff: float = _seconds(
        DEFAULTS.backoff,
        "TRAYMON_BACKOFF",
        "The longest pause while the port is open but not served.",
        5,
        3600,
    )
    timeout: float = _seconds(
        DEFAULTS.timeout, "TRAYMON_TIMEOUT", "How long to wait for the API's answer.", 0.5, 60
    )
    slow: float = _seconds(
        DEFAULTS.slow, "TRAYMON_SLOW", "An answer that takes longer is called slow.", 0.01, 60
    )
    min_version: int = _setting(
        DEFAULTS.min_version,
        "TRAYMON_MIN_SERVER_VERSION",
        "The lowest API version that your client library accepts; ib_insync wants 157.",
        "a whole number from 100 to 1000",
        ge=100,
        le=1000,
    )
    just_started: float = _seconds(
        DEFAULTS.just_started,
        "TRAYMON_JUST_STARTED",
        "How long a port that has just opened may stay silent.",
        0,
        600,
    )
    half_closed: int = _setting(
        DEFAULTS.half_closed,
        "TRAYMON_HALF_CLOSED",
        "So many half-closed connections at a silent port mean that it is stuck.",
        "a whole number from 1 to 10000",
        ge=1,
        le=10_000,
    )
    notify: Literal["auto", "plyer", "off"] = _setting(
        "auto",
        "TRAYMON_NOTIFY",
        "Desktop notifications: the best that this desktop has, plyer's only, or none.",
        "auto, plyer or off",
    )
    quiet: str = _setting(
        "",
        "TRAYMON_QUIET",
        "No notices in these hours, but for the gravest; afterwards one says what was missed.",
        time_windows.HOW_WRITTEN,
    )
    region: Literal["america", "europe", "asia", "off"] = _setting(
        "america",
        "TRAYMON_REGION",
        "Where your account lies: in the nightly reset of IB's servers there, and in that of the "
        "weekend, a fault is shown amber and told only if it outlives the reset.",
        "america, europe, asia or off",
    )
    maintenance: str = _setting(
        "",
        "TRAYMON_MAINTENANCE",
        "When TWS or IB Gateway restarts by itself (Lock and Exit > Auto restart): the same there.",
        time_windows.HOW_WRITTEN,
    )
    hours: str = _setting(
        "always",
        "TRAYMON_HOURS",
        "When you trade. Outside, red is told once and nothing else; 15 minutes before the opening "
        "one notice says how things stand. auto: the hours that IB gives, holidays included.",
        f"always, auto, or {time_windows.HOW_WRITTEN}",
    )
    hours_contract: str = _setting(
        "SPY",
        "TRAYMON_HOURS_CONTRACT",
        "Whose hours, with TRAYMON_HOURS=auto: a stock's symbol, or symbol, type, exchange and "
        "currency.",
        "SPY, or as in ES FUT CME USD",
    )
    page_port: int = _setting(
        0,
        "TRAYMON_PAGE_PORT",
        "The port on 127.0.0.1 on which the page with the fix steps is served. 0: a free one.",
        "0, or a whole number from 1024 to 65535",
        ge=0,
        le=65_535,
    )
    log: Literal["info", "debug"] = _setting(
        "info", "TRAYMON_LOG", "How much the log file tells.", "info or debug"
    )

    @field_validator("host")
    @classmethod
    def _host_alone(cls, host: str) -> str:
        if ":" in host:
            ipaddress.IPv6Address(host.partition("%")[0])  # a ValueError: a port was given too
        elif not re.fullmatch(r"[A-Za-z0-9._-]+", host):
            raise ValueError
        return host

    @field_validator("quiet", "maintenance", "hours")
    @classmethod
    def _windows(cls, text: str) -> str:
        if text not in ("", "always", "auto"):
            time_windows.parse(text)
        return text

    @field_validator("quiet", "maintenance")
    @classmethod
    def _no_word(cls, text: str) -> str:
        if text in ("always", "auto"):
            raise ValueError
        return text

    @field_validator("hours_contract")
    @classmethod
    def _contract(cls, text: str) -> str:
        if not re.fullmatch(r"[A-Z0-9.]{1,20}( [A-Z]{2,6} [A-Z0-9.]{2,20} [A-Z]{3})?", text):
            raise ValueError
        return text

    @field_validator("page_port")
    @classmethod
    def _unprivileged(cls, port: int) -> int:
        if 0 < port < 1024:
            raise ValueError
        return port

    @field_validator("client_id_check")
    @classmethod
    def _minutes(cls, check: str | int) -> str | int:
        if isinstance(check, int) and not 1 <= check <= 1440:
            raise ValueError
        return check

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError
        return name

    @field_validator("account")
    @classmethod
    def _account_name(cls, account: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9]{0,20}", account):
            raise ValueError
        return account


FIELDS = {str(field.alias): field for field in Settings.model_fields.values()}


def allowed(key: str) -> str:
    """Return what a key may be set to, in words."""
    extra = FIELDS[key].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def default_text(key: str) -> str:
    """Return a key's default as it would stand in a file."""
    default = FIELDS[key].default
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None else f"{default:g}" if isinstance(default, float) else str(default)


CLIENT_IDS_EXAMPLE = (
    "# The client IDs of the trading programs, so that clashes can be named: IB_CLIENT_ID,",
    "# IB_CLIENT_IDS or any IB_<ROLE>_CLIENT_ID. A number, a list 10,11 or a range 10-12.",
    "#IB_CLIENT_ID=10",
    "#IB_CLIENT_IDS=10,11",
    "#IB_DATA_CLIENT_ID=10",
)


def example() -> str:
    """Return the text of `.env.example`, made from the settings themselves."""
    lines = [
        "# Settings of traymon. They stand in the .env of your trading project; what is not set",
        "# has the default that is shown. The environment beats the file.",
        "",
    ]
    for key, field in FIELDS.items():
        words = f"{field.description} Allowed: {allowed(key)}."
        lines += [f"# {line}" for line in textwrap.wrap(words, 96)]
        lines += [f"#{key}={default_text(key)}", ""]
        if key == "IB_PORT":
            lines += [*CLIENT_IDS_EXAMPLE, ""]
    return "\n".join(lines)
