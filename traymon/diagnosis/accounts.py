"""Paper or live: what an account number is, and what the settings say is meant.

Pure. Compares nothing with the session: that is for conditions and checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.target import USUAL_PORTS, Target, mask_account

PAPER, LIVE = ("DU", "DF"), ("U", "F")  # prefixes of account numbers


@dataclass(frozen=True, slots=True)
class Meant:
    """Whether the settings mean the paper account, and which of them says so."""

    paper: bool
    source: str  # `TRADING_MODE=paper`

    @property
    def kind(self) -> str:
        """`paper` or `live`."""
        return "paper" if self.paper else "live"


def is_paper(account: str) -> bool | None:
    """Tell whether an account number is a paper account's; None if its prefix is unknown."""
    if account.startswith(PAPER):
        return True
    return False if account.startswith(LIVE) else None


def all_paper_or_all_live(accounts: Sequence[str]) -> bool | None:
    """Tell whether all accounts are paper (True) or all are live (False); else None."""
    kinds = {is_paper(account) for account in accounts}
    return kinds.pop() if len(kinds) == 1 else None


def describe(accounts: Sequence[str]) -> str:
    """Return the accounts with what they are: `paper account DU123456`."""
    kind = all_paper_or_all_live(accounts)
    if kind is not None:
        return f"{'paper' if kind else 'live'} account {', '.join(accounts)}"
    words = {True: "paper", False: "live", None: "paper or live: unknown"}
    return f"account{'s' if len(accounts) > 1 else ''} " + ", ".join(
        f"{one} ({words[is_paper(one)]})" for one in accounts
    )


def what_is_meant(target: Target) -> Meant | None:
    """Return what the settings mean: IB_ACCOUNT, else TRADING_MODE, else a usual port.

    A port that traymon found by itself says nothing about what the user means.
    """
    if target.account:
        paper = is_paper(target.account)
        return None if paper is None else Meant(paper, f"IB_ACCOUNT={mask_account(target.account)}")
    if target.trading_mode:
        return Meant(target.trading_mode == "paper", f"TRADING_MODE={target.trading_mode}")
    usual = "" if target.discovered else USUAL_PORTS.get(target.port, "")
    return Meant(usual.endswith("paper"), f"IB_PORT={target.port} ({usual})") if usual else None
