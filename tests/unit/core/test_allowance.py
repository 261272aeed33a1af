from __future__ import annotations

import pytest

from traymon.core.allowance import Allowance


def test_a_burst_is_free_and_what_follows_is_paced() -> None:
    allowance, spent = Allowance(rate=2.0, burst=10.0), []
    now = 100.0
    while now < 200.0:
        if now >= allowance.free_at:
            spent.append(now)
            allowance.spend(1, now)
        now += 0.25
    assert spent[:10] == [100.0 + number / 4 for number in range(10)]
    assert len(spent) == pytest.approx(10 + 100 * 2, abs=2)


def test_what_costs_more_than_there_is_is_waited_for() -> None:
    allowance = Allowance(rate=0.2, burst=0.3)
    allowance.spend(0.2, 10.0)
    assert allowance.free_at <= 10.0
    allowance.spend(0.3, 10.0)
    assert allowance.free_at == pytest.approx(11.0)


def test_no_more_than_a_burst_is_saved_up() -> None:
    allowance = Allowance(rate=1.0, burst=2.0)
    allowance.spend(1, 0.0)
    for _ in range(3):
        allowance.spend(1, 1_000.0)
    assert allowance.free_at == 1_001.0
