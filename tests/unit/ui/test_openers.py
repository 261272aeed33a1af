"""What opens pages and folders, and whether it is noticed that nothing opened."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("its openers are no programs", allow_module_level=True)

from support.polling import wait_for
from traymon.ui.openers import CannotOpen, open_folder, open_in_browser, open_secret_address


class Programs:
    """A folder of programs that write down what they are asked, and PATH's only folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, then: str = "exit 0") -> str:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "$@" >> "{path}.asked"\n{then}\n')
        path.chmod(0o755)
        return str(path)

    def asked(self, name: str) -> str:
        record = self.folder / f"{name}.asked"
        return record.read_text().strip() if record.exists() else ""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("BROWSER", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return Programs(tmp_path / "bin")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def test_the_browser_that_the_user_has_named_comes_first(
    programs: Programs, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("xdg-open")
    programs.add("mine")
    monkeypatch.setenv("BROWSER", "gone:mine --new %s")
    open_in_browser(page)
    assert programs.asked("mine") == f"--new {page.as_uri()}"
    assert not programs.asked("xdg-open")


@pytest.mark.parametrize("broken", ["exit 3", "kill -9 $$"])
def test_an_opener_that_fails_gives_way_to_the_next(
    programs: Programs, page: Path, broken: str
) -> None:
    programs.add("xdg-open", broken)
    programs.add("gio", broken)
    programs.add("firefox")
    open_in_browser(page)
    assert programs.asked("firefox") == page.as_uri()


def test_when_all_of_them_fail_each_is_named(
    programs: Programs, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("xdg-open", "exit 4")
    monkeypatch.setenv("BROWSER", "/no/such/browser")
    with pytest.raises(CannotOpen) as caught:
        open_in_browser(page)
    assert "/no/such/browser: No such file or directory" in str(caught.value)
    assert "xdg-open ended with exit code 4" in str(caught.value)
    with pytest.raises(CannotOpen, match="exit code 4"):
        open_folder(page.parent)


def test_without_display_and_browser_it_says_so(
    programs: Programs, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    programs.add("xdg-open")
    with pytest.raises(CannotOpen, match="no display"):
        open_in_browser(page)


def test_a_browser_that_does_not_return_has_opened_it_and_holds_nobody_up(
    programs: Programs, page: Path, tmp_path: Path
) -> None:
    programs.add("xdg-open", f'while [ ! -e "{tmp_path}/enough" ]; do /bin/sleep 0.05; done')
    began = time.monotonic()
    open_in_browser(page)
    assert time.monotonic() - began < 15
    assert programs.asked("xdg-open") == page.as_uri()
    (tmp_path / "enough").touch()


@pytest.mark.parametrize("named", [True, False], ids=["in BROWSER", "by its name alone"])
def test_a_browser_for_terminals_is_never_started_without_one(
    programs: Programs, page: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.delenv("DISPLAY")
    programs.add("lynx")
    (programs.folder / "my-browser").symlink_to("lynx")
    if named:
        monkeypatch.setenv("BROWSER", "lynx:my-browser")
    with pytest.raises(CannotOpen, match="my-browser needs a terminal" if named else "no display"):
        open_in_browser(page)
    assert not programs.asked("lynx")


def test_in_the_askers_own_terminal_it_runs_until_the_user_leaves_it(
    programs: Programs, page: Path, tmp_path: Path
) -> None:
    programs.add("lynx", '[ -t 0 ] && [ -t 1 ] && /bin/sleep 0.2; echo left >> "$0.asked"')
    script = (
        "import sys; from pathlib import Path; from traymon.ui.openers import open_in_browser; "
        "open_in_browser(Path(sys.argv[1]), in_terminal=True); print('asker goes on')"
    )
    ours, theirs = pty.openpty()
    env = {**os.environ, "BROWSER": "lynx", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(page)], stdin=theirs, stdout=theirs, env=env
    ) as asker:
        assert asker.wait(60) == 0
    os.close(theirs)
    os.close(ours)
    assert programs.asked("lynx").split() == [page.as_uri(), "left"]


def test_xdg_open_is_not_let_fall_back_to_a_browser_for_terminals(
    programs: Programs, page: Path
) -> None:
    programs.add("xdg-open", 'echo "$BROWSER" >> "$0.asked"')
    open_in_browser(page)
    assert "x-www-browser" in programs.asked("xdg-open")
    assert "lynx" not in programs.asked("xdg-open")


def test_an_opener_has_a_session_of_its_own_and_so_no_terminal(
    programs: Programs, page: Path
) -> None:
    leads = "import os, sys; sys.exit(os.getsid(0) != os.getpid())"
    programs.add("xdg-open", f'exec {sys.executable} -c "{leads}"')
    open_in_browser(page)


def test_where_the_folder_cannot_be_written_to_another_one_takes_the_secret(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add("xdg-open")
    (tmp_path / "state").write_text("a file")
    open_secret_address("http://127.0.0.1:1/open/secret", tmp_path / "state")
    asked = wait_for(lambda: programs.asked("xdg-open"))
    lead = Path(asked.removeprefix("file://"))
    assert lead.stat().st_mode & 0o777 == 0o600
    assert "/open/secret" in lead.read_text()
    assert "secret" not in asked
    lead.unlink()


def test_files_of_commands_that_have_ended_are_removed(programs: Programs, tmp_path: Path) -> None:
    programs.add("xdg-open")
    old = tmp_path / "traymon-0123abcd.html"
    old.touch()
    os.utime(old, (0, 0))
    open_secret_address("http://127.0.0.1:1/open/secret", tmp_path)
    assert not old.exists()
