"""The names of this computer and its user are found, and missing ones are no error."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path, PurePosixPath

import pytest

from traymon.core.redaction import Redactor, Removed
from traymon.ui.own_names import own_names


def test_they_are_taken_out_of_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "jane.doe")
    monkeypatch.setattr(Path, "home", lambda: PurePosixPath("/srv/people/jane"))
    monkeypatch.setattr(platform, "node", lambda: "trading-pc.example.com")
    redact = Redactor(own_names("XY12"))
    text = "jane.doe (jane) on trading-pc or TRADING-PC.example.com, in /srv/people/jane, for XY12"
    assert redact(text) == "[user] ([user]) on [host] or [host], in [path], for [account]"


def test_what_is_not_known_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("no such user")

    def has_none() -> Path:
        raise RuntimeError("no home folder")

    monkeypatch.setattr(getpass, "getuser", fail)
    monkeypatch.setattr(Path, "home", has_none)
    monkeypatch.setattr(platform, "node", lambda: "")
    names = own_names()
    assert not names[Removed.USER]
    assert Redactor(names)("refused by 127.0.0.1") == "refused by 127.0.0.1"
