"""What the README says of settings and commands is what there is."""

from __future__ import annotations

import re

import typer.main

from support.repository import ROOT
from traymon.cli import commands
from traymon.config.documents import settings_table

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_made_from_the_settings() -> None:
    table = re.search(r"<!-- settings: .*-->\n(.*?)<!-- end of settings -->", README, re.S)
    assert table is not None
    assert table[1] == settings_table(), "run docs/settings.py"


def test_every_command_stands_there() -> None:
    known = typer.main.get_command(commands.app).commands  # type: ignore[attr-defined]
    described = set(re.findall(r"^\| `traymon ([a-z-]+)", README, re.M))
    assert described == set(known) - {"run"}
