"""When a configured client ID may be probed: a table, without sockets, processes or a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traymon.core.target import Program
from traymon.sensors.client_id_gate import (
    GateFacts,
    ProbeHistory,
    Reason,
    Refusal,
    TableAge,
    check_gate,
)
from traymon.sensors.client_id_report import skip_text

NOW = 10_000.0
OPEN = GateFacts(
    enabled=True,
    table_complete=True,
    anyone_connected=True,
    port_age=None,
    just_started=60.0,
    interval=0.0,
    history=ProbeHistory(),
    table=TableAge(read_at=NOW, changed_at=NOW - 3.0),
    settle_time=3.0,
)
NOBODY = replace(OPEN, anyone_connected=False)
HIDDEN = replace(OPEN, table_complete=False, anyone_connected=False, table=None)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (OPEN, None),
        (replace(OPEN, enabled=False), Reason.TURNED_OFF),
        (NOBODY, Reason.NOBODY_CONNECTED),
        # with nobody connected: on request, and to see that a clash is over
        (replace(NOBODY, history=ProbeHistory(requested=True)), None),
        (replace(NOBODY, history=ProbeHistory(retry_due=True)), None),
        (replace(NOBODY, enabled=False, history=ProbeHistory(requested=True)), Reason.TURNED_OFF),
        (replace(NOBODY, port_age=1.0, history=ProbeHistory(requested=True)), None),
        (
            replace(NOBODY, port_age=1.0, history=ProbeHistory(retry_due=True)),
            Reason.JUST_STARTED,
        ),
        (replace(OPEN, port_age=1.0, history=ProbeHistory(requested=True)), Reason.JUST_STARTED),
        (replace(OPEN, port_age=59.9), Reason.JUST_STARTED),
        (replace(OPEN, port_age=60.0), None),
        (replace(OPEN, history=ProbeHistory(id_unreleased=True)), Reason.ID_NOT_RELEASED),
        (replace(OPEN, history=ProbeHistory(busy_until=NOW + 0.1)), Reason.MACHINE_BUSY),
        (replace(OPEN, history=ProbeHistory(busy_until=NOW)), None),
        (replace(OPEN, table=TableAge(NOW, NOW - 2.9)), Reason.CONNECTIONS_CHANGED),
        (replace(OPEN, table=TableAge(NOW - 0.1, NOW - 3.0)), Reason.TABLE_OUTDATED),
        (replace(OPEN, table=TableAge(NOW - 100.0, None)), None),
        # where connections are hidden: the first time, on request, and every so often
        (HIDDEN, None),
        (replace(HIDDEN, history=ProbeHistory(last_probe_at=0.0)), Reason.CONNECTIONS_HIDDEN),
        (replace(HIDDEN, history=ProbeHistory(last_probe_at=0.0, requested=True)), None),
        (
            replace(HIDDEN, interval=60.0, history=ProbeHistory(last_probe_at=NOW - 59.9)),
            Reason.CONNECTIONS_HIDDEN,
        ),
        (replace(HIDDEN, interval=60.0, history=ProbeHistory(last_probe_at=NOW - 60.0)), None),
        # a port whose probe was not answered by a close stays closed, whoever asks
        (
            replace(HIDDEN, history=ProbeHistory(id_unreleased=True, requested=True)),
            Reason.ID_NOT_RELEASED,
        ),
    ],
)
def test_the_gate_opens_only_where_nobody_is_disturbed(
    facts: GateFacts, reason: Reason | None
) -> None:
    assert check_gate(NOW, facts) is reason


def test_what_the_user_turned_off_is_said_before_anything_else() -> None:
    history = ProbeHistory(id_unreleased=True, busy_until=NOW + 1)
    facts = replace(OPEN, enabled=False, anyone_connected=False, port_age=1.0, history=history)
    assert check_gate(NOW, facts) is Reason.TURNED_OFF


@pytest.mark.parametrize("reason", [*Reason])
def test_every_reason_has_words(reason: Reason) -> None:
    text = skip_text(Refusal(reason, Program("python", 4711, script="/home/x/run.py")))
    assert text
    assert ("run.py (pid 4711)" in text) == (reason is Reason.PROGRAM_STARTING)


def test_without_a_refusal_there_is_nothing_to_say() -> None:
    assert skip_text(None) == ""
