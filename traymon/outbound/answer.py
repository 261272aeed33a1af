"""What became of a request that was sent outside. Shared by traymon and its short-lived process."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Verdict(StrEnum):
    """What became of a request."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the peer will not take it however often it is asked
    FAILED = "failed"  # it may be taken later


class Answer(NamedTuple):  # no dataclass: importing those takes a sixth of a ping's CPU time
    """The verdict, and what is to be said of it."""

    verdict: Verdict
    why: str = ""  # in words for the user, without any secret
    retry_after: float | None = None  # seconds, if the peer has asked for some
    said: str = ""  # what it answered, if it was asked something


def read_answer(found: Any) -> Answer:
    """Return the answer that plain values hold. Raises what is wrong with them."""
    after = found["retry_after"]
    return Answer(
        Verdict(found["verdict"]),
        str(found["why"]),
        None if after is None else float(after),
        str(found["said"]),
    )
