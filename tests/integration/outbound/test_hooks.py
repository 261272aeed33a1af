"""The user's own programs, run for real: what they are told, how long they may take."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.outlet_scene import OutletScene, outlet_scene
from support.polling import wait_for
from support.push_scene import AMBER, GREEN, NOON, RED
from traymon.config.schema import SECRET
from traymon.core.alerts import Hooks
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis
from traymon.core.vocabulary import Light
from traymon.outbound.base import Surroundings
from traymon.outbound.hooks import MAX_LINES, HookRunner

PAUSED = "paused"
Command = tuple[str, ...]
# Writes what it was told into a file of its own.
TELLS = """
    import json, os, sys, time
    told = {k: v for k, v in os.environ.items() if k.startswith("TRAYMON_")}
    order = json.loads(sys.stdin.read())
    name = os.path.join(sys.argv[1], f"{time.time_ns()}.part")
    with open(name, "w", encoding="utf-8") as file:
        json.dump({"told": told, "order": order, "arguments": sys.argv[2:]}, file)
    os.rename(name, name.replace(".part", ".json"))
"""


class Programs:
    """Programs that are written for a test, and what they have noted."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.mkdir()
        self._folder = folder
        self._count = 0

    def write(self, code: str, *arguments: str) -> Command:
        """Return the command of a program; its first argument is the folder for its notes."""
        self._count += 1
        path = self._folder / f"program{self._count}.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        return (sys.executable, str(path), str(self.notes), *arguments)

    def noted(self) -> list[dict[str, Any]]:
        """Return what was noted, in order."""
        return [json.loads(path.read_bytes()) for path in sorted(self.notes.glob("*.json"))]

    def wait_for_notes(self, count: int) -> list[dict[str, Any]]:
        return wait_for(
            lambda: noted if len(noted := self.noted()) >= count else None, f"{count} notes"
        )


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


@contextmanager
def hooks(
    timeout: float = 30.0,
    on_red: Sequence[str] = (),
    on_green: Sequence[str] = (),
    on_flip: Sequence[str] = (),
) -> Iterator[OutletScene[HookRunner]]:
    entry = Hooks(tuple(on_red), tuple(on_green), tuple(on_flip), timeout)
    with outlet_scene(lambda around: HookRunner(entry, around)) as scene:
        yield scene


def wait_until_idle(scene: OutletScene[HookRunner]) -> None:
    runner = scene.outlet
    wait_for(lambda: not runner._running and not any(runner._waiting.values()), "the hooks")


def test_a_program_is_told_by_variables_and_by_the_event_on_its_stdin(programs: Programs) -> None:
    with hooks(on_red=programs.write(TELLS, "--now", "")) as scene:
        scene.see(GREEN)
        scene.see(RED, muted=True)
        (noted,) = programs.wait_for_notes(1)
    told, order = noted["told"], noted["order"]
    assert noted["arguments"] == ["--now", ""]
    assert (order["type"], order["id"], order["target"]) == ("light", None, "bot")
    assert order["data"]["after"] == {"code": RED, "light": "red"}
    assert told["TRAYMON_HEADLINE"] == order["data"]["headline"] != ""
    assert told["TRAYMON_SINCE"] == order["data"]["since"]
    names = ("TARGET", "LIGHT", "CODE", "BEFORE_LIGHT", "BEFORE_CODE", "MUTED")
    assert [told[f"TRAYMON_{name}"] for name in names] == [
        *("bot", "red", RED, "green", GREEN, "yes")
    ]


def test_no_text_becomes_a_part_of_a_command(programs: Programs, tmp_path: Path) -> None:
    hostile = f"\"; touch {tmp_path}/owned; $(touch {tmp_path}/owned) & %PATH% `é漢` 'x"
    with hooks(on_red=programs.write(TELLS)) as scene:
        scene.see(GREEN, hostile)
        diagnosis = Diagnosis("ib-link-down", Light.RED, {Fact.TWS_WORDS: hostile})
        scene.see(RED, hostile, diagnosis=diagnosis)
        (noted,) = programs.wait_for_notes(1)
    assert noted["told"]["TRAYMON_TARGET"] == noted["order"]["target"] == hostile
    assert not (tmp_path / "owned").exists()


def test_each_hook_runs_for_its_change(programs: Programs) -> None:
    with hooks(
        on_red=programs.write(TELLS, "red"),
        on_green=programs.write(TELLS, "green"),
        on_flip=programs.write(TELLS, "flip"),
    ) as scene:
        for code in (GREEN, RED, "handshake-silent", AMBER, GREEN):
            scene.see(code)
            scene.see(code)
            wait_until_idle(scene)
    ran = [(one["arguments"][0], one["order"]["data"]["after"]["code"]) for one in programs.noted()]
    assert ran == [
        *(("red", RED), ("flip", RED), ("flip", "handshake-silent"), ("flip", AMBER)),
        *(("green", GREEN), ("flip", GREEN)),
    ]


def test_what_traymon_finds_at_its_start_or_after_a_pause_is_no_change(programs: Programs) -> None:
    with hooks(on_red=programs.write(TELLS, "red"), on_green=programs.write(TELLS, "ok")) as scene:
        for code in ("stale", RED, PAUSED, RED):  # red from the first
            scene.see(code)
        wait_until_idle(scene)
        assert programs.noted() == []
        scene.see(PAUSED)
        scene.see(GREEN)  # while nobody looked
        programs.wait_for_notes(1)
    assert [one["arguments"] for one in programs.noted()] == [["ok"]]


def test_one_program_runs_at_a_time_and_the_newest_state_wins(
    programs: Programs, tmp_path: Path
) -> None:
    waits = until_it_is_there(tmp_path / "go")
    with hooks(
        on_red=programs.write(waits + textwrap.dedent(TELLS), "red"),
        on_green=programs.write(TELLS, "green"),
        on_flip=programs.write(TELLS, "flip"),
    ) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_for(lambda: scene.outlet._running, "the first program")
        for code in (GREEN, AMBER, GREEN, RED, AMBER):
            scene.see(code)
        (tmp_path / "go").touch()
        wait_until_idle(scene)
    ran = [(one["arguments"][0], one["order"]["data"]["after"]["code"]) for one in programs.noted()]
    assert ran == [("red", RED), ("flip", AMBER)]


def test_a_light_that_lasts_keeps_its_hook_waiting_while_its_cause_changes(
    programs: Programs, tmp_path: Path
) -> None:
    waits = until_it_is_there(tmp_path / "go")
    with hooks(on_green=programs.write(waits), on_red=programs.write(TELLS, "red")) as scene:
        scene.see(RED)
        scene.see(GREEN)
        wait_for(lambda: scene.outlet._running, "the first program")
        scene.see(RED)
        scene.see("handshake-silent")
        (tmp_path / "go").touch()
        programs.wait_for_notes(1)


def until_it_is_there(path: Path) -> str:
    """Return the code of a program that waits for a file."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n"


STARTS_ANOTHER = """
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    name = os.path.join(sys.argv[1], "pid")
    with open(name + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(name + ".part", name)
    if "stay" in sys.argv:
        time.sleep(600)
"""


def pids(programs: Programs) -> list[int]:
    path = programs.notes / "pid"
    wait_for(path.exists, "the program")
    return [int(word) for word in path.read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(
    programs: Programs,
) -> None:
    with hooks(timeout=3.0, on_red=programs.write(STARTS_ANOTHER, "stay")) as scene:
        scene.see(GREEN)
        scene.see(RED)
        both = pids(programs)
        wait_for(lambda: all(map(is_gone, both)), "the end of both")
        wait_for(lambda: scene.troubles, "the trouble")
        assert scene.troubles == {
            "hook on_red": "Hook on_red: it did not end within 3 s and was killed"
        }


def test_what_a_program_leaves_behind_when_it_ends_in_time_goes_on(programs: Programs) -> None:
    with hooks(on_red=programs.write(STARTS_ANOTHER)) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_until_idle(scene)
        leader, child = pids(programs)
        assert is_gone(leader)
        assert not is_gone(child)
        psutil.Process(child).kill()
        assert scene.troubles == {}


def test_the_end_of_traymon_ends_the_program_that_runs(programs: Programs) -> None:
    with hooks(on_red=programs.write(STARTS_ANOTHER, "stay")) as scene:
        scene.see(GREEN)
        scene.see(RED)
        both = pids(programs)
    wait_for(lambda: all(map(is_gone, both)), "the end of both")


def test_an_update_is_taken_at_once_while_a_program_runs(programs: Programs) -> None:
    with hooks(on_flip=programs.write("import time; time.sleep(600)")) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_for(lambda: scene.outlet._running, "the program")
        began = time.monotonic()
        for _ in range(100):
            scene.see(GREEN)
            scene.see(RED)
        assert time.monotonic() - began < 1


def test_a_missing_program_is_told_at_the_start_and_when_it_is_wanted(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    with hooks(on_red=(missing,)) as scene:
        at_start = scene.troubles.pop("hook on_red")
        assert at_start == f"Hook on_red: there is no program {missing}"
        scene.see(GREEN)
        scene.see(RED)
        wait_for(lambda: scene.troubles, "the trouble")
        assert scene.troubles["hook on_red"].startswith(f"Hook on_red: {missing} cannot be started")


def test_a_program_that_fails_is_told_until_it_succeeds(programs: Programs) -> None:
    fails_once = """
        import os, sys
        mark = os.path.join(sys.argv[1], "mark")
        if not os.path.exists(mark):
            open(mark, "w").close()
            sys.exit(7)
    """
    with hooks(on_red=programs.write(fails_once)) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_for(lambda: scene.troubles, "the trouble")
        assert scene.troubles == {"hook on_red": "Hook on_red: it ended with code 7"}
        scene.see(GREEN)
        scene.see(RED)
        wait_for(lambda: not scene.troubles, "its end")


def test_what_a_program_prints_is_in_the_log_cleaned_bounded_and_without_secrets(
    programs: Programs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAYMON_PING", "https://hc.example/a-private-address")
    prints = """
        import os, sys
        print("stopped\\x1b[31m bot of DU1234567", os.environ.get("TRAYMON_PING"))
        print("password=hunter2secret", file=sys.stderr, flush=True)
        for number in range(100_000):
            print("line", number)
    """
    with caplog.at_level(logging.INFO), hooks(on_red=programs.write(prints)) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_until_idle(scene)
    said = [r.getMessage() for r in caplog.records if "said" in r.getMessage()]
    assert len(said) == MAX_LINES + 1
    assert any("stopped" in line and "None" in line for line in said)
    for secret in ("\x1b", "DU1234567", "hunter2secret", "a-private-address"):
        assert secret not in "\n".join(said)


def test_no_secret_among_the_settings_reaches_a_program(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in SECRET:
        monkeypatch.setenv(key, "a-secret")
    with hooks(on_red=programs.write(TELLS)) as scene:
        scene.see(GREEN)
        scene.see(RED)
        (noted,) = programs.wait_for_notes(1)
    assert "a-secret" not in noted["told"].values()


def test_a_target_that_comes_and_goes_does_not_keep_the_others_waiting() -> None:
    around = Surroundings(lambda: NOON, lambda trouble, source: None)
    runner = HookRunner(Hooks(on_flip=("/program",)), around)  # whose thread does not run
    scene = OutletScene(runner)
    for code in (GREEN, RED):
        scene.see(code, "bot")
        scene.see(code, "paper")
    asked = []
    for code in (GREEN, RED):
        call = runner._next()
        assert call is not None
        asked.append(call.event.target)
        scene.see(code, "bot")
    assert asked == ["bot", "paper"]


def test_a_program_that_reads_nothing_and_closes_everything_ends_well(programs: Programs) -> None:
    with hooks(on_red=programs.write("import os; [os.close(n) for n in range(3)]")) as scene:
        scene.see(GREEN)
        scene.see(RED)
        wait_until_idle(scene)
        assert scene.troubles == {}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_traymon_s_own_commands_can_be_used_in_a_hook(tmp_path: Path) -> None:
    env = os.environ | {"TRAYMON_LIGHT": "red", "TRAYMON_MUTED": "no", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "traymon", "config"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
