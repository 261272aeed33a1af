"""What arrives over a session becomes a state of bounded size, or is called no message of TWS."""

from __future__ import annotations

import tracemalloc

import pytest

from traymon.core.facts import Fact
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.frame_reader import MAX_KEPT, NotIB
from traymon.sensors.inbox import HOURS_REQUEST_ID, Inbox, TimeAnswer
from traymon.sensors.session_messages import MAX_ACCOUNTS, Accounts, TradingHours
from traymon.sim import messages
from traymon.sim.behaviour import HEALTHY

NOW, EPOCH = 50.0, 1_000.0
FARM_OK = b"4\x002\x00-1\x002104\x00Market data farm connection is OK:usfarm\x00\x00"


def started(*frames: bytes) -> Inbox:
    """Return the inbox of a session of version 176 in which these messages arrived."""
    inbox = Inbox(version=176)
    for frame in frames:
        inbox.add(frame, NOW, EPOCH)
    return inbox


def said(code: int, text: str) -> bytes:
    return b"4\x002\x00-1\x00%d\x00%s\x00\x00" % (code, text.encode())


def test_a_misspelt_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError):
        Inbox().anwser = 1  # type: ignore[attr-defined]


def test_the_version_comes_first_and_news_may_come_before_it() -> None:
    inbox = Inbox()
    for frame in (FARM_OK, b"176\x0020261123 10:15:30 UTC\x00", b"15\x001\x00DU1,DU2,\x00"):
        inbox.add(frame, NOW, EPOCH)
    assert (inbox.version, inbox.accounts) == (176, Accounts(("DU1", "DU2"), True))
    assert inbox.words.text == "2104: Market data farm connection is OK:usfarm"
    inbox.add(b"9\x001\x0017\x00", NOW, EPOCH)
    assert inbox.started


def test_each_answer_is_handed_out_once() -> None:
    inbox = started(FARM_OK)
    inbox.wants_hours = True
    inbox.beats_sent_at.append(NOW - 2)
    for frame in (b"4\x002\x001\x00200\x00No such contract\x00", b"49\x001\x001700000000\x00"):
        inbox.add(frame, NOW, EPOCH)
    assert [inbox.take_hours() for _ in range(2)] == ["200: No such contract", None]
    answer = TimeAnswer(2.0, 1_700_000_000)
    assert [inbox.take_time_answer() for _ in range(2)] == [answer, None]


@pytest.mark.parametrize("version", [100, 109, 110, 157, 163, 164, 176, 181, 182, 193])
def test_the_trading_hours_are_found_in_every_layout(version: int) -> None:
    behaviour = HEALTHY.__class__(hours="20261123:0930-20261123:1600;20261126:CLOSED")
    asked = ["9", "8", str(HOURS_REQUEST_ID), "0", "SPY", "STK", *[""] * 4, "SMART", "", "USD"]
    inbox = Inbox(version=version, wants_hours=True)
    inbox.add(messages.contract_details(behaviour, version, asked)[4:], NOW, EPOCH)
    days = ("20261123:0930-20261123:1600", "20261126:CLOSED")
    assert inbox.take_hours() == TradingHours(days, "America/New_York")


def test_hours_that_nobody_has_asked_for_are_no_answer() -> None:
    asked = ["9", "8", "1"]
    details = messages.contract_details(HEALTHY.__class__(hours="x:CLOSED"), 176, asked)[4:]
    inbox = started(details, details)
    assert inbox.take_hours() is None
    inbox.wants_hours = True
    inbox.add(b"10\x001\x00SPY\x00", NOW, EPOCH)
    assert inbox.take_hours() == "contract details in a layout that is not known"


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"4\x002\x00-1\x0010141\x00Paper\x00\x00", "10141: Paper"),
        (b"4\x002\x00-1\x0010141\x00Paper", "10141: Paper"),
        (
            b"4\x002\x00-1\x0010141\x00" + "\u884c\u60c5".encode("gbk") + b"\x00",
            "10141: \u884c\u60c5",
        ),
        (b"4\x002\x00-1\x0010141\x00\xff\xfe\x00", "10141: \xff\xfe"),
        (b"4\x002\x00-1\x0010141", "10141: "),
        (b"4\x002\x00-1\x00\x00text\x00", ""),
        (b"4\x00", ""),
        (b"4", ""),
    ],
)
def test_what_tws_says_is_read_in_any_encoding_and_never_fails(frame: bytes, words: str) -> None:
    assert started(frame).words.text == words


@pytest.mark.parametrize(
    "seconds",
    [b"9" * 4_000, b"", b"soon", b"-5", b"1_700_000_000", b" 1700000000", b"1e9", b"\xff", b"1.5"],
    ids=lambda seconds: repr(seconds[:12]),
)
def test_a_time_that_is_none_is_no_message_of_tws(seconds: bytes) -> None:
    inbox = started()
    inbox.beats_sent_at.append(NOW)
    with pytest.raises(NotIB, match="as its time") as caught:
        inbox.add(b"49\x001\x00" + seconds + b"\x00", NOW, EPOCH)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("frame", [b"49", b"49\x00", b"49\x001", b"15", b"15\x001"])
def test_a_message_without_what_it_is_for_is_none_of_tws(frame: bytes) -> None:
    with pytest.raises(NotIB, match="without its"):
        started(frame)


def test_messages_that_concern_others_are_life_and_nothing_else() -> None:
    inbox = started(b"5\x001\x00order", b"104\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x04raw")
    assert inbox.heard
    assert not inbox.system.has_news


def test_the_last_word_on_the_link_counts_however_many_messages_follow() -> None:
    inbox = started(said(1100, "lost"))
    for number in range(5_000):
        inbox.add(said(2119, f"Market data farm is connecting:farm{number}"), NOW, EPOCH)
    (reading,) = inbox.system.take_readings()
    assert (reading.sensor, reading.symptom) == (SensorName.LINK, Symptom.LINK_DOWN)
    assert inbox.system.take_readings() == []


def test_a_farm_that_is_well_again_is_not_named_for_one_that_broke_later() -> None:
    inbox = started(said(2103, "is broken:usfarm"))
    assert inbox.system.take_readings()[0].facts[Fact.FARMS] == "market data (usfarm)"
    inbox.add(said(2103, "is broken:eufarm"), NOW, EPOCH)
    inbox.add(said(2104, "is OK:usfarm"), NOW, EPOCH)
    (reading,) = inbox.system.take_readings()
    assert reading.facts[Fact.FARMS] == "market data (eufarm)"


def test_a_list_of_accounts_that_is_too_long_is_known_to_be_incomplete() -> None:
    many = ",".join(f"U{number:07}" for number in range(MAX_ACCOUNTS + 1)).encode()
    accounts = started(b"15\x001\x00" + many + b"\x00").accounts
    assert accounts is not None
    assert (len(accounts.names), accounts.complete) == (MAX_ACCOUNTS, False)
    cut = started((b"15\x001\x00" + b"U1234567," * 10_000)[:MAX_KEPT]).accounts
    assert cut is not None
    assert set(cut.names) == {"U1234567"}
    assert not cut.complete


def test_ten_thousand_messages_of_any_length_are_bounded() -> None:
    inbox = started()
    tracemalloc.start()
    try:
        for number in range(10_000):
            inbox.add(said(2103, "x" * 2_000 + f":farm{number}"), NOW, EPOCH)
            inbox.add(said(number, "x" * 5_000), NOW, EPOCH)
            inbox.add(b"49\x001\x00%d\x00" % number, NOW, EPOCH)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert len(inbox.system.take_readings()) <= 4
