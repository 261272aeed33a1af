"""What became of a request that was sent outside. Shared by traymon and its short-lived process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What became of a request."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the peer will not take it however often it is asked
    FAILED = "failed"  # it may be taken later


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and what is to be said of it."""

    verdict: Verdict
    why: str = ""  # in words for the user, without any secret
    retry_after: float | None = None  # seconds, if the peer has asked for some


def read_answer(found: Any) -> Answer:
    """Return the answer that plain values hold. Raises what is wrong with them."""
    after = found["retry_after"]
    return Answer(
        Verdict(found["verdict"]), str(found["why"]), None if after is None else float(after)
    )
