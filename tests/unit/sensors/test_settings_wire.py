"""The messages by which TWS is asked for its settings, and what its answers say."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from traymon.core.tws_settings import TwsSettings
from traymon.sensors import settings_wire
from traymon.sensors.protobuf import Malformed
from traymon.sensors.settings_wire import read_error, read_message, read_settings
from traymon.sensors.wire import TwsError
from traymon.sim.behaviour import Config
from traymon.sim.protobuf_messages import config_response, error, field

LOCAL = ip_address("127.0.0.1")
REQUEST = b"\x08\x01"


def answer(*settings: bytes, lock_and_exit: bytes = b"") -> bytes:
    return field(2, lock_and_exit) + field(4, field(2, b"".join(settings)))


def daily_exit(*texts: str) -> bytes:
    return b"".join(field(number, text) for number, text in enumerate(texts, 1))


def trusts(*addresses: str, seen_from: str | None, localhost_only: int = 0) -> bool | None:
    listed = [field(36, address) for address in addresses]
    body = answer(field(35, localhost_only), *listed)
    found = read_settings(body, None if seen_from is None else ip_address(seen_from))
    assert found is not None
    return found.trusts_this_computer


def test_the_requests_are_these_bytes() -> None:
    assert settings_wire.start_api(977) == b"\0\0\0\x07\0\0\x01\x0f\x08\xd1\x07"
    assert settings_wire.ask_for_settings() == b"\0\0\0\x06\0\0\x01\x34\x08\x01"


def test_an_answer_of_tws_is_read() -> None:
    config = Config(
        read_only=True,
        localhost_only=False,
        trusted_ips=("10.0.0.3", "127.0.0.1"),
        master_client_id=7,
        daily_exit=("12:07", "AM", "restart"),
    )
    message = read_message(config_response(config, 4001, REQUEST)[4:])
    assert message.number == 310
    assert read_settings(message.body, LOCAL) == TwsSettings(
        read_only=True,
        socket_port=4001,
        localhost_only=False,
        trusted_ips=2,
        trusts_this_computer=True,
        master_client_id=7,
        exit_at="00:07",
        restarts=True,
    )


def test_what_tws_does_not_give_is_not_known() -> None:
    assert read_settings(b"", LOCAL) is None
    assert read_settings(field(4, b""), LOCAL) is None
    bare = read_settings(answer(), None)
    assert bare == TwsSettings(trusted_ips=0)


def test_a_port_that_cannot_be_is_not_given() -> None:
    for port in (0, -1, 65_536):
        found = read_settings(answer(field(8, port)), LOCAL)
        assert found is not None
        assert found.socket_port is None


@pytest.mark.parametrize(
    ("texts", "at", "restarts"),
    [
        (("12:07", "AM", "restart"), "00:07", True),
        (("12:00", "PM", "restart"), "12:00", True),
        (("11:59", "PM", "Restart"), "23:59", True),
        (("1:05", "pm", "logoff"), "13:05", False),
        (("9:30:00", "AM", "logoff"), "09:30", False),
        (("23:45", "", "restart"), "23:45", True),
        (("23:45", "PM", "restart"), "", True),
        (("0:10", "AM", "restart"), "", True),
        (("24:00", "", "restart"), "", True),
        (("11:60", "PM", "restart"), "", True),
        (("soon", "PM", "restart"), "", True),
        (("11:45", "noon", "restart"), "", True),
        (("11:45", "PM", "something new"), "23:45", None),
        (("11:45", "PM"), "23:45", None),
        ((), "", None),
    ],
)
def test_the_daily_exit_is_a_time_of_24_hours(
    texts: tuple[str, ...], at: str, restarts: bool | None
) -> None:
    found = read_settings(answer(lock_and_exit=daily_exit(*texts)), LOCAL)
    assert found is not None
    assert (found.exit_at, found.restarts) == (at, restarts)


def test_this_computer_is_trusted_if_its_address_is_listed() -> None:
    assert trusts("10.0.0.3", "10.0.0.4", seen_from="10.0.0.4")
    assert trusts("10.0.0.3, 10.0.0.4", seen_from="10.0.0.4")
    assert trusts("10.0.0.3", "10.0.0.4", seen_from="10.0.0.5") is False
    assert trusts(seen_from="10.0.0.5") is False
    assert trusts("2001:DB8::1", seen_from="2001:db8::1")


def test_tws_on_this_computer_needs_any_loopback_address_or_takes_no_others() -> None:
    assert trusts("127.0.0.1", seen_from="127.0.0.1")
    assert trusts("127.0.0.1", seen_from="::1")
    assert trusts(seen_from="127.0.0.1", localhost_only=1)
    assert trusts("10.0.0.3", seen_from="127.0.0.1") is False
    assert trusts("10.0.0.3", seen_from="10.0.0.4", localhost_only=1) is False


def test_a_name_or_a_range_may_include_this_computer() -> None:
    assert trusts("10.0.0.0/24", seen_from="10.0.0.4") is None
    assert trusts("my-laptop", seen_from="10.0.0.4") is None
    assert trusts("10.0.0.*", "10.0.0.4", seen_from="10.0.0.4")
    assert trusts("10.0.0.4", seen_from=None) is None


def test_an_error_is_read_with_the_request_that_it_is_about() -> None:
    refused = read_message(error(10357, "not\navailable", 1)[4:])
    assert refused.number == 204
    assert read_error(refused.body) == TwsError(1, 10357, "not available")
    assert read_error(read_message(error(326, "in use")[4:]).body) == TwsError(-1, 326, "in use")
    with pytest.raises(Malformed, match="without a code"):
        read_error(field(4, "no code"))


def test_a_frame_without_a_number_is_no_message() -> None:
    with pytest.raises(Malformed, match="a message of 3 bytes"):
        read_message(b"\0\0\1")
