"""How long a check of a scenario waits for an answer."""

from __future__ import annotations

from traymon.sim.stage import Scenario

# What these show is that nothing comes, or not all of it, however long one waits.
SHOWN_BY_SILENCE = {
    *("answer-unfinished", "handshake-silent", "just-started", "listener-wedged", "no-free-slot"),
    *("not-the-api-port", "port-filtered", "tls-expected"),
}
AS_LONG_AS_IT_TAKES = 30.0  # seconds; a busy machine is no diagnosis


def timeout_of(scenario: Scenario, in_vain: float) -> str:
    """Return the value of TRAYMON_TIMEOUT; `in_vain`: seconds to wait for what never comes."""
    return f"{in_vain if scenario.code in SHOWN_BY_SILENCE else AS_LONG_AS_IT_TAKES:g}"
