"""The address of a web server, which whoever reads a setting wants checked and never repeated."""

from __future__ import annotations

from urllib.parse import urlsplit

WEB_ADDRESS = "an address that begins with https:// or http://"


def web_address(value: object) -> str:
    """Return an address. Raises ValueError without any text: the address may hold a secret."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        good = False
    if not good or not text.isprintable() or " " in text:
        raise ValueError
    return text
