"""Any bytes in a launcher log are read, and none of them get out."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from support.login_logs import NOISE, START, STARTED, T0, line, log
from traymon.core.facts import Fact
from traymon.sensors.login_log_lines import read_lines
from traymon.sensors.login_phase import read_phase
from traymon.sensors.login_runs import time_of_daily_restart
from traymon.sim import launcher_log

MESSAGES = [value for name, value in vars(launcher_log).items() if name.isupper()]
MESSAGES = [value for value in MESSAGES if isinstance(value, str)]
lines = st.tuples(st.floats(-100, 10_000), st.sampled_from(MESSAGES) | st.text(max_size=60)).map(
    lambda made: line(T0 + timedelta(seconds=made[0]), made[1]).encode("utf-8", "replace")
)
pieces = lines | st.binary(max_size=80) | st.sampled_from([*(text.encode() for text in NOISE)])
logs = st.lists(pieces, max_size=30).map(lambda made: log(*START, noise=False) + b"".join(made))
TEXTS = {Fact.SECOND_FACTOR, Fact.LOGIN_REFUSED_WHY, Fact.LOGIN_TROUBLE, Fact.TWS_VERSION}
KNOWN = re.compile(
    r"\d{2}\.\d{1,2}\.\d{1,2}[a-z]?|IBKR Mobile on your phone|wrong user name or password|"
    r"the saved login is no longer valid|a passkey is required|IBKR.* did not answer|"
    r"no secure connection to IBKR's servers|IBKR asks for the weekly login"
)


@fuzz
@given(logs, st.integers(0, 4000), st.floats(-100, 1e6), st.booleans())
def test_whatever_is_in_a_log_only_times_and_fixed_reasons_come_of_it(
    data: bytes, end: int, after: float, cut: bool
) -> None:
    read = read_lines(data[: len(data) - end] if end else data, cut=cut)
    found = read_phase(read, STARTED, STARTED + after, STARTED + after)
    time_of_daily_restart(read, STARTED + after)
    for fact, value in found.facts.items():
        assert KNOWN.fullmatch(value) if fact in TEXTS else isinstance(value, float)
    assert found.detail.isprintable()
