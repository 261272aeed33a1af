"""What the value of a setting must be: bounds of numbers, and types that check and parse a text.

Validators raise ValueError; its text, if it has one, is shown.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, FiniteFloat, PlainValidator

from traymon.config.web_address import web_address
from traymon.core import time_windows
from traymon.core.addresses import ListenAddress
from traymon.core.alerts import Secret
from traymon.core.time_windows import Schedule


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


def seconds(least: float, most: float) -> Bounds:
    """Return the bounds of a time."""
    return Bounds(least, most, "a number of seconds from {} to {}")


UNPRIVILEGED_PORT = Bounds(1024, 65_535)
MINUTES = Bounds(1, 1440, "a number of minutes from {} to {}")
GRACE_MINUTES = Bounds(0.1, 1440, MINUTES.words)


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


def _grace_in_bounds(programs: str | float) -> str | float:
    if isinstance(programs, float) and programs not in GRACE_MINUTES:
        raise ValueError
    return programs


def _minutes_in_bounds(check: str | int) -> str | int:
    if isinstance(check, int) and check not in MINUTES:
        raise ValueError
    return check


def _token(text: str) -> Secret:
    if not re.fullmatch(r"[!-~]{16,512}", text):
        raise ValueError
    return Secret(text)


def _parse_metrics(text: str) -> ListenAddress | str:
    if text == "off":
        return text
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    try:
        ipaddress.ip_address(host)
    except ValueError:  # whose words are not for users
        raise ValueError from None
    if not re.fullmatch(r"\d{4,5}", port) or int(port) not in UNPRIVILEGED_PORT:
        raise ValueError
    return ListenAddress(host, int(port))


def _parse_hours(text: str) -> Schedule | str:
    return text if text in get_args(AlwaysOrAuto) else time_windows.parse(text)


def _secret_address(text: object) -> Secret:
    return Secret(web_address(text))


Host = Annotated[str, AfterValidator(_host)]
Account = Annotated[str, AfterValidator(_account)]
Printable = Annotated[str, AfterValidator(_printable)]
Contract = Annotated[str, AfterValidator(_contract)]
FreeOrUnprivilegedPort = Annotated[int, AfterValidator(_free_or_unprivileged)]
AlwaysOrAuto = Literal["always", "auto"]
OnOffOrMinutes = Annotated[Literal["on", "off"] | FiniteFloat, AfterValidator(_grace_in_bounds)]
AutoOffOrMinutes = Annotated[Literal["auto", "off"] | int, AfterValidator(_minutes_in_bounds)]
Windows = Annotated[Schedule, PlainValidator(time_windows.parse)]
Metrics = Annotated[ListenAddress | Literal["off"], PlainValidator(_parse_metrics)]
Hours = Annotated[Schedule | AlwaysOrAuto, PlainValidator(_parse_hours)]
Token = Annotated[Secret, PlainValidator(_token)]
SecretAddress = Annotated[Secret, PlainValidator(_secret_address)]
