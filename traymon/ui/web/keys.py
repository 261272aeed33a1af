"""The secrets by which the live page knows this user's browser and this user's commands."""

from __future__ import annotations

import secrets
import time

OPEN_PATH = "/open/"  # a one-time token completes it to an address
ONE_TIME_LIFETIME = 120.0  # seconds for which a one-time address is valid


class Keys:
    """The secrets of one run: the page's key, the owner key, its counterpart, one-time tokens.

    A browser trades a one-time token for the page's key. The owner key is for commands: it lies in
    a file that only this user can read. So does the proof, by which traymon shows a program at the
    gate that it is traymon.
    """

    def __init__(self) -> None:
        self.page = secrets.token_urlsafe(32)
        self.owner = secrets.token_urlsafe(32)
        self.proof = secrets.token_urlsafe(32)
        self._one_time: dict[str, float] = {}  # when each expires, by token

    def one_time(self) -> str:
        """Return a token that opens the page once."""
        now = time.monotonic()
        self._one_time = {token: end for token, end in self._one_time.items() if now < end}
        token = secrets.token_urlsafe(32)
        self._one_time[token] = now + ONE_TIME_LIFETIME
        return token

    def redeem(self, token: str) -> bool:
        """Use up a one-time token; return whether it was valid."""
        known = next((t for t in list(self._one_time) if constant_time_equal(t, token)), None)
        return known is not None and time.monotonic() < self._one_time.pop(known)


def constant_time_equal(one: str, other: str) -> bool:
    """Compare two secrets; the time it takes does not reveal where they differ."""
    return secrets.compare_digest(one.encode(), other.encode())
