"""A channel is added to alerts.toml, and nothing that the user has written there is lost."""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path

import pytest

from traymon.config.alerts_entry import NO_TABLES, add_ntfy

URL = "https://ntfy.sh/traymon-abcd"
THE_USERS = '# my own\n[[push]]\nname = "Phone" # mine\nkind = "ntfy"\nurl = "https://ntfy.sh/a"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traymon" / "alerts.toml"


def test_a_file_is_made_if_there_is_none_and_only_its_owner_may_read_it(path: Path) -> None:
    add_ntfy(path, URL)
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content == {"push": [{"name": "phone", "kind": "ntfy", "url": URL}]}
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("more", ["", "\n[ping]\nurl = 'https://x' # alive", "\n\n\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_stood_in_the_file_stays(more: str, line_end: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(f"{THE_USERS}{more}".replace("\n", line_end).encode())
    before = tomllib.loads(path.read_bytes().decode().replace("\r\n", "\n"))
    add_ntfy(path, URL)
    after = path.read_text(encoding="utf-8")
    assert after.startswith(f"{THE_USERS}{more}".rstrip())
    added = {"name": "phone-2", "kind": "ntfy", "url": URL}  # names are unique in any spelling
    assert tomllib.loads(after) == {**before, "push": [*before["push"], added]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("push = [{ name = 'a' }]\n", NO_TABLES),
        ("push = 3\n", NO_TABLES),
        ("[push]\nname = 'a'\n", NO_TABLES),
        ("[[push]\n", "it is no TOML"),
    ],
)
def test_a_file_that_no_entry_can_be_added_to_stays_as_it_is(
    content: str, problem: str, path: Path
) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8", newline="\n")
    with pytest.raises(ValueError, match=problem.replace("[", r"\[")):
        add_ntfy(path, URL)
    assert path.read_bytes() == content.encode()


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    real = tmp_path / "dotfiles.toml"
    real.write_text(THE_USERS, encoding="utf-8")
    path.symlink_to(real)
    add_ntfy(path, URL)
    assert path.is_symlink()
    assert URL in real.read_text(encoding="utf-8")
