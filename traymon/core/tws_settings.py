"""TWS's own settings, as TWS gives them through its API. Frozen values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TwsSettings:
    """What matters to a trading program; None and "": TWS did not give it.

    No address is kept, since these values appear on the page, in JSON and in reports.
    """

    read_only: bool | None = None  # Read-Only API
    socket_port: int | None = None
    localhost_only: bool | None = None  # Allow connections from localhost only
    trusted_ips: int | None = None  # how many addresses are listed
    trusts_this_computer: bool | None = None  # whether its address is one of them
    master_client_id: int | None = None
    exit_at: str = ""  # when TWS restarts or logs off each day, in its own time: `23:45`
    restarts: bool | None = None  # whether it restarts then; otherwise it logs off
    zone: str = ""  # of that time, if it is known: `America/New_York`
