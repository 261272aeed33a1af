"""What the README says of settings and commands is what there is."""

from __future__ import annotations

import re

import typer.main

from support.repository import ROOT
from traymon.cli import main
from traymon.config.schema import FIELDS, default_text

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_stands_there_with_its_default() -> None:
    rows = re.findall(r"^\| `((?:IB|TRAYMON)_[A-Z_]+)` \| (?:`(.*?)`)? *\|", README, re.M)
    assert rows == [(key, default_text(key)) for key in FIELDS]


def test_every_command_stands_there() -> None:
    commands = typer.main.get_command(main.app).commands  # type: ignore[attr-defined]
    described = set(re.findall(r"^\| `traymon ([a-z-]+)", README, re.M))
    assert described == set(commands) - {"run"}
