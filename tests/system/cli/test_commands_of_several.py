"""Every command beside several targets: each is named, one can be chosen, and none is mistaken."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.gateway_process import GatewayProcess
from support.polling import PATIENCE, wait_for
from support.traymon_process import IsolatedTraymon, end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its processes end in another way")

NAMES = ("live", "paper", "Research")
NO_MARGIN = ("--margin", "0")  # the weekly login is near once a week


class User(IsolatedTraymon):
    """A user whose targets.toml names three simulated Gateways, the last of them muted."""

    def __init__(self, home: Path, gateways: dict[str, GatewayProcess]) -> None:
        super().__init__(home, TRAYMON_NOTIFY="off")
        self.file = home / "targets.toml"
        self.gateways = gateways
        self.write()

    def write(self, more: str = "") -> None:
        """Write the file; `more` is a further entry."""
        entries = [
            f'[[target]]\nname = "{name}"\nport = {gateway.port}\nregion = "off"\n'
            f"muted = {'true' if name == 'Research' else 'false'}\n"
            for name, gateway in self.gateways.items()
        ]
        self.file.write_text("\n".join([*entries, more]))

    def start_resident(self) -> subprocess.Popen[bytes]:
        """Start the traymon that stays; return once it has checked every target."""
        process = subprocess.Popen(
            self.command("run", "--no-tray"),
            cwd=self.cwd,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: self.run("status").stdout.count("green: ") == len(NAMES), "all green")
        return process

    def gate(self, *words: str) -> dict[str, Any]:
        done = self.run("gate", *NO_MARGIN, "--json", *words)
        answer: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if answer["open"] else 1), done.stderr
        return answer

    def status(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("status", "--json").stdout)
        return found


@pytest.fixture
def gateways() -> Iterator[dict[str, GatewayProcess]]:
    with GatewayProcess() as live, GatewayProcess() as paper, GatewayProcess() as research:
        yield dict(zip(NAMES, (live, paper, research), strict=True))


@pytest.fixture
def user(tmp_path: Path, gateways: dict[str, GatewayProcess]) -> User:
    return User(tmp_path, gateways)


@pytest.fixture
def resident(user: User) -> Iterator[subprocess.Popen[bytes]]:
    process = user.start_resident()
    try:
        yield process
    finally:
        end(process)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["target"]["name"] for one in found]


def test_check_looks_at_all_side_by_side_and_the_worst_that_is_heard_counts(user: User) -> None:
    done = user.run("check")
    assert (done.returncode, done.stderr) == (0, "")
    headings = [line for line in done.stdout.splitlines() if line.startswith("traymon check: ")]
    assert [line.split()[2].rstrip(",") for line in headings] == ["Research", "live", "paper"]
    assert headings[0].endswith(", muted")
    assert done.stdout.count("✓ GREEN: ") == len(NAMES)

    user.gateways["Research"].kill()
    assert user.run("check", "port").returncode == 0, "a muted one does not count"
    assert user.run("check", "port", "--target", "research").returncode == 1

    user.gateways["live"].kill()
    done = user.run("check", "--brief")
    assert done.returncode == 1
    assert done.stdout.index("check: Research") < done.stdout.index("check: paper")
    assert done.stdout.index("✓ GREEN: ") < done.stdout.index("check: live")
    as_json = user.run("check", "port", "--json")
    found = json.loads(as_json.stdout)
    assert (as_json.returncode, names(found)) == (1, list(NAMES))
    assert [one["passed"] for one in found] == [False, True, False]
    assert [one["muted"] for one in found] == [False, False, True]


def test_one_target_is_chosen_by_its_name(user: User) -> None:
    done = user.run("check", "handshake", "--json", "--target", "PAPER")
    found = json.loads(done.stdout)
    assert (done.returncode, found["target"]["port"]) == (0, user.gateways["paper"].port)
    for words in (("check",), ("config",), ("calendar",), ("logs", "--print"), ("wait",)):
        done = user.run(*words, "--target", "papr")
        assert (done.returncode, done.stdout) == (3, ""), words
        says = "no target 'papr'. Did you mean paper? It knows: live, paper, Research.\n"
        assert done.stderr.endswith(says), words


def test_a_broken_entry_is_named_and_the_others_are_checked(user: User) -> None:
    user.write('[[target]]\nname = "broken"\nport = 74970\n')
    line = user.file.read_text().splitlines().index("port = 74970") + 1
    done = user.run("check", "port", "--json")
    assert names(json.loads(done.stdout)) == list(NAMES)
    assert f"targets.toml, line {line}: port" in done.stderr
    assert done.returncode == 3, "green says that all was looked at"
    user.gateways["live"].kill()
    assert user.run("check", "port").returncode == 1
    assert user.run("check", "port", "--target", "paper").returncode == 0


def test_a_broken_entry_is_no_all_clear_and_closes_no_gate_of_the_others(user: User) -> None:
    user.write('[[target]]\nname = "broken"\nport = 74970\n')
    process = user.start_resident()
    try:
        wait_for(lambda: user.gate("--target", "live")["open"], "its own settings are in force")
        done = user.run("status")
        assert done.stdout.count("a target is left out") == len(NAMES)
        assert done.returncode == 3, "green says that all is watched"
        assert user.run("status", "--target", "live").returncode == 0
        assert not user.gate("--target", "broken")["open"]
        more = '[[target]]\nname = "{}"\nport = {}\n'
        user.write(more.format("broken", 74970) + more.format("new", 7000))
        changed = ("status", "--target", "live")
        wait_for(lambda: "new settings" in user.run(*changed).stdout, "the change is seen")
        assert user.run("status").returncode == 3, "it is still not watched"
    finally:
        end(process)


def test_wait_starts_a_program_for_one_target_and_for_no_uncertain_one(user: User) -> None:
    program = ("--", sys.executable, "-c", "print('trades')")
    done = user.run("wait", *program)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Use --target with one of: live, paper, Research.\n" in done.stderr
    user.gateways["live"].kill()
    done = user.run("wait", "--target", "paper", "--then-watch", *program)
    assert (done.returncode, done.stdout) == (0, "trades\n")
    assert f"127.0.0.1:{user.gateways['paper'].port} is ready" in done.stderr


def test_config_shows_the_settings_of_each_with_where_they_stand(user: User) -> None:
    done = user.run("config", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in ("live", "paper", "Research, muted")] == [
        *("live", "paper", "Research, muted")
    ]
    ports = [line.split() for line in lines if line.startswith("IB_PORT")]
    assert [row[1] for row in ports] == [str(user.gateways[name].port) for name in NAMES]
    where = [n for n, text in enumerate(user.file.read_text().splitlines(), 1) if "port =" in text]
    assert [row[-1] for row in ports] == [str(number) for number in where]
    one = user.run("config", "--target", "paper").stdout
    assert one.count("IB_PORT") == 1


def test_a_check_prints_commands_for_its_target_that_work_where_they_are_pasted(
    user: User,
) -> None:
    report = user.run("check", "--report", "--target", "Research").stdout
    assert report.startswith("# IB Connection Diagnosis Results: Research\n")
    line = next(one for one in report.split("`") if " check " in one and one.endswith(" port"))
    assert "--target Research" in line
    done = subprocess.run(
        ["bash", "-c", f"{line} --json"],
        cwd=user.home,
        env=user.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (found["target"]["name"], found["test"]) == ("Research", "port")


def test_the_gate_opens_for_the_target_that_is_named_and_for_no_other(
    user: User, resident: subprocess.Popen[bytes]
) -> None:
    ports = {name: str(gateway.port) for name, gateway in user.gateways.items()}
    user.run("gate", *NO_MARGIN, "--wait", "--timeout", "60", "--target", "paper")
    answer = user.gate()
    assert [one["code"] for one in answer["reasons"]] == ["several-targets"]
    for name, port in ports.items():
        assert f"{name} (127.0.0.1:{port})" in answer["reasons"][0]["text"]
    named = user.gate("--target", "PAPER")
    assert (named["open"], named["target"]["name"]) == (True, "paper")
    assert user.gate("--port", ports["Research"])["target"]["name"] == "Research"
    for words in (("--target", "pap"), ("--target", "paper", "--port", ports["live"])):
        assert [one["code"] for one in user.gate(*words)["reasons"]] == ["not-watched"]
    user.gateways["paper"].kill()
    wait_for(lambda: not user.gate("--target", "paper")["open"], "the gate to close")
    assert user.gate("--target", "live")["open"], "another target's fault is its own"


def test_status_mute_and_snooze_are_about_the_target_that_is_named(
    user: User, resident: subprocess.Popen[bytes]
) -> None:
    user.gateways["live"].kill()
    wait_for(lambda: user.run("status").returncode == 1, "red")
    assert names(user.status()) == ["live", "paper", "Research"]
    assert user.run("status", "--target", "paper").returncode == 0

    done = user.run("mute", "LIVE")
    assert (done.returncode, done.stderr) == (0, "")
    assert "live, 127.0.0.1:" in done.stdout
    assert " · muted" in done.stdout
    assert user.run("status").returncode == 0
    assert user.run("check", "port").returncode == 0, "check knows what was muted"
    assert user.run("unmute", "live").returncode == 0
    assert user.run("status").returncode == 1
    refused = user.run("unmute", "Research")
    assert (refused.returncode, refused.stderr) == (
        *(3, "Research is still muted, as its settings say.\n"),
    )
    unknown = user.run("mute", "lives")
    assert unknown.stderr.startswith("The running traymon watches no target 'lives'. Did you mean")

    assert user.run("snooze", "1h", "--target", "paper").returncode == 0

    def snoozed() -> list[str]:
        return [one["target"]["name"] for one in user.status() if one["snoozed_until"]]

    wait_for(lambda: snoozed() == ["paper"], "a snooze of one target")


def test_the_past_of_each_is_told_under_its_name_the_worst_first(
    user: User, resident: subprocess.Popen[bytes]
) -> None:
    user.gateways["paper"].kill()
    wait_for(lambda: "red: " in user.run("status").stdout)
    wait_for(lambda: "✗ " in user.run("history").stdout, "the fault to be written")
    shown = user.run("history").stdout
    heads = [line.split()[2].rstrip(",") for line in shown.splitlines() if "History of" in line]
    assert heads == ["paper", "live", "Research"]
    found = json.loads(user.run("history", "--json").stdout)
    assert [one["target"] for one in found] == list(NAMES)
    assert json.loads(user.run("history", "--json", "--target", "LIVE").stdout)["target"] == "live"
    rows = list(csv.DictReader(io.StringIO(user.run("history", "--csv").stdout)))
    assert {row["target"] for row in rows} == set(NAMES)
    page = user.run("report", "-o", "-").stdout
    for name in NAMES:
        assert f"How reliable the API of {name} was" in page
    assert user.run("incident").stdout.startswith("# API incident: ")
    none = user.run("incident", "--target", "live")
    assert none.stdout == "No incident is recorded.\n"
    calendar = json.loads(user.run("calendar", "--json", "--target", "live").stdout)
    assert all(event["targets"] == [] for event in calendar["events"])
