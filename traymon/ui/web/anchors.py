"""Where the page of each target is, beside the one of all.

Light: known before anybody opens a page.
"""

from __future__ import annotations

from urllib.parse import quote

from traymon.core.model import Status
from traymon.diagnosis.fix_pages import clean


def place_of(status: Status) -> str:
    """Return a target's name as a part of an address."""
    return quote(clean(status.target.name), safe="")


def anchor_of(status: Status) -> str:
    """Return what leads from the live page of all targets to the one of this target."""
    return f"#{place_of(status)}"
