"""Every command that traymon prints, run as it is printed, in a shell in another folder.

This traymon is that of the checkout, which no PATH holds.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.a_fortnight import write_fortnight
from support.traymon_process import IsolatedTraymon
from traymon import assets
from traymon.cli.own_command import own_commands
from traymon.core.facts import FACTS
from traymon.core.target import Commands
from traymon.diagnosis import fix_pages, library_words, settings_words
from traymon.diagnosis.catalogue import ENTRIES
from traymon.sim.gateway import Behaviour, Running, running
from traymon.ui.web import live_html, side_pages

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs them in a POSIX shell")

CODE = re.compile(r"<code[^>]*>(.*?)</code>|`([^`\n]+)`", re.DOTALL)
# the names of commands: what follows the program's name in something that is to be typed
NAMES = (
    "run|open|status|check|gate|wait|calendar|history|report|incident|snooze|test-notify|push|drill|"
    "autostart|explain|logs|config|completion|demo|simulate|mute|unmute|quit|restart"
)
BARE = re.compile(rf"traymon (?:{NAMES})\b.*")
USAGE_ERROR = 3


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(Behaviour(server_version=226)) as gateway:  # of which settings can be asked for
        yield gateway


@pytest.fixture
def user(tmp_path: Path, gateway: Running) -> IsolatedTraymon:
    """A user whose project lies in a folder with a space and a quote in its name."""
    project = tmp_path / "Ann's $bot"
    (project / "live").mkdir(parents=True)
    settings = f"IB_PORT={gateway.port}\nIB_CLIENT_ID=10\n"
    (project / ".env").write_text(settings)
    return IsolatedTraymon(tmp_path, project)


def texts(commands: Commands) -> Iterator[str]:
    """Yield everything that names commands: pages, notifications, words of the checks."""
    facts = fix_pages.general_facts(commands)
    values = {fact: "1" if fact.several else 1 for fact in FACTS.values()}
    every_fact = values | dict(facts)
    for code in ENTRIES:
        for known in (facts, every_fact):
            yield fix_pages.to_html(fix_pages.page(code).markdown, known)
        yield side_pages.explain_page(code, commands)
    yield live_html.live_page(commands.traymon)
    tables = (library_words.words(), settings_words.words())
    others = [text for table in tables for words in table.values() for text in words.values()]
    for file in (assets.folder() / "notifications").glob("*.md"):
        others += fix_pages.notification_text(file.stem)
    for text in others:
        for name, command in (("traymon", commands.traymon), ("check", commands.check)):
            text = text.replace(f"{{{name}}}", command)
        yield text


def printed_commands(commands: Commands, more: str = "") -> set[str]:
    """Return the commands in all texts, as they are printed."""
    found = set()
    for text in [*texts(commands), more]:
        for match in CODE.finditer(text):
            words = html.unescape(match[1]) if match[1] else match[2]
            found |= {line.strip() for line in words.splitlines()}
    program = commands.traymon
    assert not [line for line in found if BARE.fullmatch(line)]
    return {line for line in found if line.startswith(program + " ")}


def run_in_a_shell(user: IsolatedTraymon, line: str) -> subprocess.CompletedProcess[str]:
    """Run a printed line in the user's home, which is not the project's folder."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=user.home,
        env=user.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_every_printed_command_works_where_it_is_pasted(
    user: IsolatedTraymon, gateway: Running
) -> None:
    env_file = str(user.cwd / ".env")
    commands = own_commands(["--env", env_file])
    lines = printed_commands(commands)
    assert {f"{commands.check} handshake", f"{commands.check} session"} <= lines
    (user.home / "live").mkdir()
    (user.home / "live" / "run_live.py").touch()
    for line in sorted(lines):
        typed = line.replace("--python PATH", f"--python {sys.executable}")
        done = run_in_a_shell(user, typed.replace("-- python ", f"-- {sys.executable} "))
        assert "command not found" not in done.stderr, line
        # nothing runs that these could ask or find
        asks_what_runs = line.removeprefix(commands.traymon).split()[0] in (
            *("open", "status"),
            "logs",
        )
        usage = USAGE_ERROR if asks_what_runs else None
        assert done.returncode in ({usage} if usage else {0, 1, 2}), (line, done.stderr)
        if " check" in line and "--report" not in line:
            assert done.returncode == 0, (line, done.stdout)


def test_a_check_that_fails_prints_commands_for_this_terminal(
    user: IsolatedTraymon, gateway: Running
) -> None:
    gateway.stop()
    done = user.run("check", COLUMNS="500")
    commands = own_commands()
    assert done.returncode == 1
    shown = re.search(r"Everything about it: (.*), or while traymon runs: (.*)", done.stdout)
    assert shown
    assert shown[1] == f"{commands.check} --full"
    assert shown[2] == f"{commands.traymon} open"
    report = user.run("check", "--report").stdout
    assert f"`{commands.check} port`" in report


def test_settings_that_were_named_are_named_again(user: IsolatedTraymon) -> None:
    """From another folder `--env` is given, so that the printed command needs it too."""
    elsewhere = IsolatedTraymon(user.home, user.home)
    report = elsewhere.run("check", "--env", f"{user.cwd.name}/.env", "--report").stdout
    commands = own_commands(["--env", str(user.cwd / ".env")])
    assert f"`{commands.check} port`" in report
    done = run_in_a_shell(user, f"{commands.check} --json")
    assert json.loads(done.stdout)["target"]["port"] == int(
        (user.cwd / ".env").read_text().split()[0].removeprefix("IB_PORT=")
    )


def test_the_commands_about_the_past_name_each_other(user: IsolatedTraymon) -> None:
    write_fortnight(Path(user.env["XDG_STATE_HOME"]) / "traymon" / "history.db", until=time.time())
    refused = user.run("incident", "99999").stderr
    shown = re.fullmatch(r"There is no incident 99999\. (.*) lists them\.\n", refused)
    assert shown
    assert shown[1] == f"{own_commands().traymon} history"
    done = run_in_a_shell(user, shown[1])
    assert (done.returncode, done.stderr) == (0, "")
    number = re.search(r"^ +(\d+)  .*refuses connections", done.stdout, re.M)
    assert number
    report = run_in_a_shell(user, f"{own_commands().traymon} incident {number[1]}")
    assert report.stdout.startswith("# API incident: ")
