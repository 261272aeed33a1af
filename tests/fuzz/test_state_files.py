"""Any state file costs at most what cannot be used of it, and any log record is whole lines."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.cli.log import MAX_LENGTH, LogFormatter
from traymon.core.calendar import Calendar
from traymon.core.target import Target
from traymon.diagnosis.formatting import moment
from traymon.storage.state import StateStore

KEYS = ["greeted", "client_id", "own_programs", "snoozed_until", "hours", "bot", "SPY"]
KEYS += ["exe", "script", "days", "zone", "hours_of", "hours_zone"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["America/New_York", "EST", "20261123:0930-20261123:1600", "20261126:CLOSED"]),
)
keys = st.sampled_from(KEYS) | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
)
states = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)
bytes_of_states = states.map(lambda state: json.dumps(state).encode()) | st.binary(max_size=100)
spoiled = st.tuples(bytes_of_states, st.integers(0, 300), st.binary(max_size=3)).map(
    lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
)


def use(state: StateStore) -> None:
    """Do with a state all that a start does."""
    now = time.time()
    state.own_programs()
    state.mark_first_run()
    assert 9_000 <= state.load_or_create_client_id() <= 9_900
    for name in ("bot", "SPY", ""):
        until = state.snoozed_until(Target(name))
        assert until is None or moment(until, now)
        calendar = Calendar(hours=state.hours(name))
        opens = calendar.opens(now)
        assert opens is None or moment(opens, now)
        calendar.closed(now)
    state.keep_snooze(Target("bot"), now + 60)
    assert state.snoozed_until(Target("bot")) == now + 60


@fuzz
@given(bytes_of_states | spoiled)
def test_any_state_can_be_used_and_changed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "state.json").write_bytes(data)
    use(StateStore(tmp_path))
    use(StateStore(tmp_path))


@fuzz
@given(bytes_of_states, spoiled, st.binary(max_size=20))
def test_any_state_of_before_can_be_taken_over(
    tmp_path: Path, kept: bytes, programs: bytes, client_id: bytes
) -> None:
    (tmp_path / "state.json").unlink(missing_ok=True)
    (tmp_path / "kept.json").write_bytes(kept)
    (tmp_path / "own-programs.json").write_bytes(programs)
    (tmp_path / "client-id").write_bytes(client_id)
    use(StateStore(tmp_path))


@fuzz
@given(st.text(), st.text())
def test_any_text_makes_one_record_of_printable_lines(text: str, failure: str) -> None:
    error = ValueError(failure)
    info = (ValueError, error, None)
    record = logging.LogRecord("traymon", logging.INFO, "", 0, "%s", (text,), info)
    shown = LogFormatter("%(asctime)s %(message)s").format(record)
    first, *others = shown.split("\n")
    assert all(line.startswith("    ") for line in others)
    assert all(line.isprintable() for line in (first, *others))
    assert len(shown) <= MAX_LENGTH + 10
    shown.encode("utf-8")
