"""What a message about the settings repeats of them."""

from __future__ import annotations

import pytest

from traymon.errors import Mistake


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://ntfy.sh/private-topic", "https://ntfy.sh/***"),
        ("https://user:geheim@ntfy.sh:8080/private-topic?x=1", "https://ntfy.sh:8080/***"),
        ("https://user:geheim@ntfy.sh", "https://ntfy.sh/***"),
        ("https://ntfy.sh?auth=geheim", "https://ntfy.sh/***"),
        ("http://x", "http://x"),  # a host that was to be one without a scheme
        ("4001", "4001"),
    ],
)
def test_a_private_address_is_not_repeated_whatever_key_it_was_written_to(
    value: str, shown: str
) -> None:
    assert str(Mistake(".env, line 3", "TRAYMON_NTFYY", value, "no such setting")) == (
        f".env, line 3: TRAYMON_NTFYY={shown}: no such setting"
    )
    assert value not in str(Mistake("", f"TRAYMON_NTFY {value}", "", "x")) or value == shown
