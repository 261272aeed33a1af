"""What became of a client library that was let into TWS as an independent witness.

Frozen values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LibraryOutcome(StrEnum):
    """What became of one library, or of the Python that should have run it.

    Each has its words in `assets/client_library.toml`.
    """

    CONNECTED = "connected"
    NEEDS_EVENT_LOOP = "needs-event-loop"  # connected, but a program must set an event loop first
    NOT_LET_IN = "not-let-in"
    LIBRARY_TOO_OLD = "library-too-old"  # TWS says so, or it offers less than what is let in
    SERVER_TOO_OLD = "server-too-old"  # the library refuses this API version
    NO_FREE_ID = "no-free-id"  # every client ID that was tried is in use: no verdict
    IMPORT_FAILED = "import-failed"
    EVENTKIT_BROKEN = "eventkit-broken"  # removed or replaced by the other library's
    NOT_INSTALLED = "not-installed"  # none of the libraries is
    NO_INTERPRETER = "no-interpreter"  # it cannot be started
    HUNG = "hung"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"  # it printed something else, or too much


# A session began.
LET_IN = frozenset({LibraryOutcome.CONNECTED, LibraryOutcome.NEEDS_EVENT_LOOP})
# TWS and the library did not come together. All others say nothing about TWS.
KEPT_OUT = frozenset(
    {LibraryOutcome.NOT_LET_IN, LibraryOutcome.LIBRARY_TOO_OLD, LibraryOutcome.SERVER_TOO_OLD}
)


@dataclass(frozen=True, slots=True)
class LibraryResult:
    """What became of one library."""

    name: str  # `ib_insync`; "" if the outcome concerns no single library
    outcome: LibraryOutcome
    version: str = ""  # as its installation names it: `0.9.86`
    detail: str = ""  # the evidence in words; untrusted text
    max_version: int | None = None  # the highest API version that it offers
    session_version: int | None = None  # the API version that was agreed
    took: float = 0.0  # seconds
