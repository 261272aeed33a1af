"""What ib_insync calls fills the inbox; a misspelt attribute is an error."""

from __future__ import annotations

import pytest

from traymon.core.vocabulary import Symptom
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.session_connection import (
    Inbox,
    SessionConnection,
    StartFailure,
    SystemMessage,
    _Callbacks,
    _start_failure,
)


def test_a_misspelt_attribute_is_an_error() -> None:
    connection = SessionConnection(ConnectionRegistry())
    for owner in (connection, connection.inbox):
        with pytest.raises(AttributeError):
            getattr(owner, "anwser")  # noqa: B009
    with pytest.raises(AttributeError):
        connection.inbox.anwser = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _Callbacks(Inbox())._inbxo  # noqa: B018


def test_callbacks_of_no_interest_are_ignored() -> None:
    callbacks = _Callbacks(Inbox())
    assert callbacks.openOrder(1, object(), object(), object()) is None
    assert callbacks.priceSizeTick is callbacks.position


def test_the_inbox_hands_out_each_thing_once() -> None:
    inbox = Inbox()
    inbox.take_error(b"4\x002\x00-1\x002104\x00Market data farm connection is OK:usfarm\x00\x00")
    inbox.take_error(b"4\x002\x001\x00200\x00No security definition\x00")
    first = SystemMessage(2104, "Market data farm connection is OK:usfarm")
    assert inbox.take_messages() == [first, SystemMessage(200, "No security definition")]
    assert inbox.take_messages() == []
    assert inbox.take_hours() == "200: No security definition"
    assert inbox.take_hours() is None


@pytest.mark.parametrize(
    ("inbox", "failure"),
    [
        (Inbox(version=176, accounts=(), has_order_id=True), None),
        (Inbox(version=176, id_taken=True, dropped="closed"), Symptom.CLIENT_ID_TAKEN),
        (Inbox(dropped="closed"), Symptom.START_REJECTED),
        (Inbox(), Symptom.START_SILENT),
        (Inbox(version=176, dropped="closed"), Symptom.START_REJECTED),
        (Inbox(version=176, accounts=("DU1",)), Symptom.START_SILENT),
    ],
    ids=["started", "id-taken", "dropped", "no-version", "rejected", "silent"],
)
def test_what_arrived_says_why_a_session_did_not_begin(
    inbox: Inbox, failure: Symptom | None
) -> None:
    found = _start_failure(inbox, 9100)
    assert (None if found is None else found.symptom) is failure
    assert found is None or isinstance(found, StartFailure)


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
    inbox = Inbox()
    inbox.take_error(frame)
    assert inbox.words.text == words


def test_ten_thousand_messages_of_any_length_are_bounded() -> None:
    inbox = Inbox()
    for number in range(10_000):
        inbox.take_error(b"4\x002\x00-1\x00%d\x00" % number + b"x" * 60_000)
    assert len(inbox.messages) <= 1_000
    assert max(len(message.text) for message in inbox.messages) <= 2_000
