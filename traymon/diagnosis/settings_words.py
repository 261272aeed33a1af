"""The words for TWS's own settings: assets/tws_settings.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from traymon import assets


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return the words by setting, and by what was found."""
    path = assets.folder() / "tws_settings.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def finding(setting: str, found: str, **values: object) -> str:
    """Return what was found of a setting, and what to do about it."""
    return words()[setting][found].format(**values)


def not_given(setting: str) -> str:
    """Return that TWS did not give a setting."""
    return words()["not-given"][setting]
