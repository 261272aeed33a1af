"""The checks as chips: each says its state in a word, and those that were not made do not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.page_scenes import scene
from traymon.core.target import Target
from traymon.diagnosis.checks import check_steps
from traymon.ui.chips import chips

NAMES = ("Port", "Handshake", "Session", "Client IDs")
PASSED, FAILED, ATTENTION = ("✓", "passed"), ("✗", "failed"), ("!", "needs attention")
UNREACHED, UNCHECKED = ("\N{EN DASH}", "not reached"), ("\N{EN DASH}", "not checked")


@pytest.mark.parametrize(
    ("code", "states"),
    [
        ("healthy", [PASSED, PASSED, PASSED, PASSED]),
        ("handshake-silent", [PASSED, FAILED, UNREACHED, UNREACHED]),
        ("wrong-port", [FAILED, UNREACHED, UNREACHED, UNREACHED]),
        ("client-id-clash", [PASSED, PASSED, PASSED, ATTENTION]),
        ("paused", [UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED]),
    ],
)
def test_each_check_has_its_mark_and_its_word(code: str, states: list[tuple[str, str]]) -> None:
    shown = chips(check_steps(scene(code).evidence))
    assert [chip.label for chip in shown] == list(NAMES)
    assert [(chip.mark, chip.state) for chip in shown] == states


def test_checks_that_are_not_set_up_are_not_left_out_and_say_what_would_set_them_up() -> None:
    evidence = replace(scene("handshake-silent").evidence, target=Target("bot"))
    shown = {chip.label: chip for chip in chips(check_steps(evidence))}
    assert shown["Session"].state == shown["Client IDs"].state == "not checked"
    assert "TRAYMON_SESSION=off" in shown["Session"].finding
    assert "IB_CLIENT_ID" in shown["Client IDs"].finding
