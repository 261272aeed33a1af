"""Why a session did not begin, by what arrived."""

from __future__ import annotations

import pytest

from traymon.core.vocabulary import Symptom
from traymon.sensors.inbox import Inbox
from traymon.sensors.session_connection import StartFailure, _start_failure
from traymon.sensors.session_messages import Accounts


@pytest.mark.parametrize(
    ("inbox", "failure"),
    [
        (Inbox(version=176, accounts=Accounts((), True), has_order_id=True), None),
        (Inbox(version=176, id_taken=True, dropped="closed"), Symptom.CLIENT_ID_TAKEN),
        (Inbox(dropped="closed"), Symptom.START_REJECTED),
        (Inbox(), Symptom.START_SILENT),
        (Inbox(version=176, dropped="closed"), Symptom.START_REJECTED),
        (Inbox(version=176, accounts=Accounts(("DU1",), True)), Symptom.START_SILENT),
        (Inbox(version=176, dropped="no message", garbled=True), Symptom.GARBLED),
    ],
    ids=["started", "id-taken", "dropped", "no-version", "rejected", "silent", "garbled"],
)
def test_what_arrived_says_why_a_session_did_not_begin(
    inbox: Inbox, failure: Symptom | None
) -> None:
    found = _start_failure(inbox, 9100)
    assert (None if found is None else found.symptom) is failure
    assert found is None or isinstance(found, StartFailure)
