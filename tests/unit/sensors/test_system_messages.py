"""What TWS says of itself, by code: the table of codes, repeats and flaps, texts in any form."""

from __future__ import annotations

from math import inf

import pytest

from traymon.core.facts import Fact
from traymon.core.model import Reading
from traymon.core.vocabulary import Symptom
from traymon.sensors.system_messages import MAX_DETAIL_LENGTH, SystemMessages
from traymon.sensors.tws_words import unescape

S = Symptom
NOW = 1_000.0


def taken(messages: SystemMessages, code: int, text: str = "") -> list[tuple[str, Symptom]]:
    messages.add(code, text, NOW)
    return [(reading.sensor, reading.symptom) for reading in messages.take_readings()]


def only(code: int, text: str) -> Reading:
    messages = SystemMessages()
    messages.add(code, text, NOW)
    (reading,) = messages.take_readings()
    return reading


@pytest.mark.parametrize(
    ("code", "sensor", "symptom"),
    [
        (1100, "link", S.LINK_DOWN),
        (2110, "link", S.LINK_DOWN),
        (2103, "farms", S.FARM_DOWN),
        (2105, "farms", S.FARM_DOWN),
        (2157, "farms", S.FARM_DOWN),
        (1300, "calls", S.PORT_MOVED),
        (1101, "link", S.DATA_LOST),
        (2139, "calls", S.PAPER_NOT_ACKNOWLEDGED),
        (10141, "calls", S.PAPER_NOT_ACKNOWLEDGED),
        (10197, "calls", S.COMPETING_SESSION),
        (357, "calls", S.CLIENT_OUTDATED),
    ],
)
def test_a_code_says_the_same_in_every_language(code: int, sensor: str, symptom: Symptom) -> None:
    for text in ("as documented:usfarm", "连接已断开", r"\u8fde\u63a5", "Verbindung verloren", ""):
        assert taken(SystemMessages(), code, text) == [(sensor, symptom)]


@pytest.mark.parametrize("code", [326, 502, 200, 321, 2100, 2119, 2148, 2150, 0, -1, 99_999])
def test_a_code_that_is_none_of_ours_changes_nothing(code: int) -> None:
    text = "Connectivity between IBKR and Trader Workstation has been lost; usfarm is broken:x"
    assert taken(SystemMessages(), code, text) == []


def test_a_link_that_is_back_and_was_never_lost_is_no_news() -> None:
    assert taken(SystemMessages(), 1102, "Market data farm connection is OK:usfarm") == []


@pytest.mark.parametrize("code", [2104, 2106, 2107, 2108, 2158])
def test_good_news_of_what_was_never_bad_is_news_once(code: int) -> None:
    messages = SystemMessages()
    assert taken(messages, code, "Market data farm connection is OK:usfarm") == [("farms", S.OK)]
    assert taken(messages, code, "Market data farm connection is OK:eufarm") == []


@pytest.mark.parametrize("lost", [1100, 2110])
@pytest.mark.parametrize("back", [1101, 1102])
def test_the_link_is_down_until_either_of_its_codes_brings_it_back(lost: int, back: int) -> None:
    messages = SystemMessages()
    assert taken(messages, lost) == [("link", S.LINK_DOWN)]
    assert taken(messages, back) == [("link", S.DATA_LOST if back == 1101 else S.OK)]
    assert taken(messages, lost) == [("link", S.LINK_DOWN)]


def test_a_repeated_loss_keeps_the_time_of_the_first_one() -> None:
    messages = SystemMessages()
    assert taken(messages, 1100) == [("link", S.LINK_DOWN)]
    # a new reading would begin the 60 s anew
    assert [taken(messages, code) for code in (1100, 2110, 1100)] == [[], [], []]
    assert taken(messages, 1102) == [("link", S.OK)]
    assert taken(messages, 1102) == []


def test_farms_are_down_until_the_last_one_is_well() -> None:
    messages = SystemMessages()
    assert taken(messages, 2103, "is broken:usfarm") == [("farms", S.FARM_DOWN)]
    assert taken(messages, 2103, "is broken:eufarm") == [("farms", S.FARM_DOWN)]
    assert taken(messages, 2103, "is broken:eufarm") == []
    assert taken(messages, 2104, "is OK:usfarm") == [("farms", S.FARM_DOWN)]
    assert messages.facts()[Fact.FARMS] == "market data (eufarm)"
    assert taken(messages, 2104, "is OK:cashfarm") == []
    assert taken(messages, 2104, "is OK:eufarm") == [("farms", S.OK)]
    assert messages.facts() == {}


@pytest.mark.parametrize(
    ("broken", "good"), [(2103, 2104), (2103, 2108), (2105, 2106), (2105, 2107), (2157, 2158)]
)
def test_each_kind_of_farm_has_its_own_good_news(broken: int, good: int) -> None:
    messages = SystemMessages()
    assert taken(messages, broken, "broken:farm")
    for other in {2104, 2106, 2107, 2108, 2158} - {good}:
        other_kind = SystemMessages()
        assert taken(other_kind, broken, "broken:farm")
        same_kind = {good, other} in ({2104, 2108}, {2106, 2107})
        assert taken(other_kind, other, "OK:farm") == ([("farms", S.OK)] if same_kind else [])
    assert taken(messages, good, "OK:farm") == [("farms", S.OK)]


def test_a_farm_of_one_kind_does_not_heal_its_namesake_of_another() -> None:
    messages = SystemMessages()
    messages.add(2103, "broken:farm", NOW)
    messages.add(2105, "broken:farm", NOW)
    assert taken(messages, 2104, "OK:farm") == [("farms", S.FARM_DOWN)]
    assert messages.facts()[Fact.FARMS] == "historical data (farm)"


def test_a_farm_that_flaps_is_told_each_time_and_a_repeat_never() -> None:
    messages = SystemMessages()
    said = [2103, 2103, 2104, 2104, 2103, 2104]
    told = [bool(taken(messages, code, "x:usfarm")) for code in said]
    assert told == [True, False, True, False, True, True]


def test_the_broken_farms_are_named_with_what_they_serve() -> None:
    messages = SystemMessages()
    messages.add(2105, "HMDS data farm connection is broken:ushmds", NOW)
    messages.add(2103, "Market data farm connection is broken:usfarm.nj ", NOW)
    assert messages.facts()[Fact.FARMS] == "historical data (ushmds), market data (usfarm.nj)"


def test_a_farm_without_a_name_is_still_one() -> None:
    messages = SystemMessages()
    assert taken(messages, 2103, "") == [("farms", S.FARM_DOWN)]
    assert taken(messages, 2104, "") == [("farms", S.OK)]


def test_a_localised_escaped_farm_message_has_the_same_name() -> None:
    messages = SystemMessages()
    assert taken(messages, 2103, "Market data farm connection is broken:usfarm")
    assert taken(messages, 2104, r"\u5e02\u573a\u6570\u636e:usfarm") == [("farms", S.OK)]


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("The port of this connection has been changed to 4001", 4001),
        ("Socket port has been reset. Please reconnect on the new port: 7496.", 7496),
        (r"\u65b0\u7aef\u53e3 7497", 7497),
    ],
)
def test_the_message_of_a_moved_port_names_the_new_one(text: str, port: int) -> None:
    assert only(1300, text).facts == {Fact.OPEN_PORT: port}


@pytest.mark.parametrize("text", ["", "the port moved", "now on port 99999", "now on port 0000"])
def test_what_is_no_port_is_not_named_as_one(text: str) -> None:
    assert only(1300, text).facts == {}


def test_only_a_call_ages_for_no_message_takes_it_back() -> None:
    assert only(10197, "").ttl == 300
    assert only(1300, "").ttl == only(2139, "").ttl == only(357, "").ttl == 600
    assert only(1100, "").ttl == only(2103, "x:y").ttl == inf
    assert only(1101, "").ttl == 300, "nobody says that programs have asked again"


def test_escaped_letters_are_letters_again_and_nothing_else_is_touched() -> None:
    assert unescape(r"\u8fde\u63a5: \n \u12 C:\users") == r"连接: \n \u12 C:\users"
    assert only(1100, r"\u4e2d").detail == "1100: 中"


def test_an_endless_text_is_cut() -> None:
    assert len(only(1100, "x" * 100_000).detail) == len("1100: ") + MAX_DETAIL_LENGTH
