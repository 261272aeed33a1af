"""Texts that UTF-8 can carry. Pure."""

from __future__ import annotations

from typing import Any


def encodable(value: Any) -> Any:
    """Return a value with texts that UTF-8 can carry.

    Python keeps what it cannot decode in a file's name as surrogates, which are shown as `\\udcf6`.
    """
    if isinstance(value, dict):
        return {key: encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [encodable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
