"""How the page sets up alerts on a phone: what it may ask for, and what was chosen so far.

Light: loaded at start, when nobody has opened that page yet.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_SERVER = "https://ntfy.sh"  # ntfy's public one
TOPIC_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is easily taken for another
TOPIC_GROUPS, GROUP_LENGTH = 4, 4  # 79 bits, and short enough to be typed on a phone
_HOST = re.compile(r"[a-z0-9.:_-]{1,253}")
SERVER_ALLOWED = "Enter the server as https://ntfy.example.com, without a path."


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSetup:
    """What the page asks for. Both block; from any thread but the monitor's."""

    send_test: Callable[[str], str]  # to this address of a topic; returns why it was not delivered
    keep: Callable[[str], str]  # alert this address from now on; returns the file that says so
    # raises OSError, or ValueError with what is wrong with that file


def new_topic() -> str:
    """Return a topic that nobody guesses, as a person can type it."""
    groups = (
        "".join(secrets.choice(TOPIC_LETTERS) for _ in range(GROUP_LENGTH))
        for _ in range(TOPIC_GROUPS)
    )
    return "-".join(["traymon", *groups])


@dataclass(frozen=True, slots=True)
class PhoneDraft:
    """A topic of ntfy, from which a phone is alerted once the user has confirmed it."""

    server: str = DEFAULT_SERVER
    topic: str = field(default_factory=new_topic, repr=False)  # whoever knows it reads the alerts
    delivered: bool = False  # the server has taken a test message
    kept_in: str = ""  # the file that names it; "" before that

    @property
    def url(self) -> str:
        """The address that messages are sent to."""
        return f"{self.server}/{self.topic}"

    @property
    def link(self) -> str:
        """The link by which ntfy's app for Android subscribes (docs.ntfy.sh/subscribe/phone)."""
        scheme, _, host = self.server.partition("://")
        return f"ntfy://{host}/{self.topic}" + ("?secure=false" if scheme == "http" else "")


def server_address(text: str) -> str:
    """Return the address of a server of ntfy in its plain form. Raises ValueError."""
    address = text.strip().removesuffix("/")
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError(SERVER_ALLOWED) from None
    host = parts.hostname or ""
    is_web = parts.scheme in ("http", "https") and address.isprintable()
    has_more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if not is_web or has_more or not _HOST.fullmatch(host):
        raise ValueError(SERVER_ALLOWED)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
