"""The address of a web server, which whoever reads a setting wants checked and never repeated."""

from __future__ import annotations

from urllib.parse import urlsplit

WEB_ADDRESS = "an address that begins with https:// or http://"
NOT_ASCII = "must be in ASCII, as a browser copies it: %C3%A9 for é"  # as it is sent


def web_address(value: object) -> str:
    """Return an address. Raises ValueError without the address, which may hold a secret."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        good = False
    if not good or not text.isprintable() or " " in text:
        raise ValueError
    if not text.isascii():
        raise ValueError(NOT_ASCII)
    return text
