"""What the tests of client IDs share."""

from __future__ import annotations

import pytest

from traymon.sensors import client_id_session


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was too busy for a probe, as that of the tests may be, tries again soon."""
    monkeypatch.setattr(client_id_session, "BUSY_RETRY_DELAY", 1.0)
