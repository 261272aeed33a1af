"""The short-lived process: whatever becomes of it, there is an answer in time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from traymon import child_process
from traymon.outbound import courier
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.courier import Courier

REQUEST = {"kind": "ntfy", "url": "http://127.0.0.1:1/private-topic", "token": "tk_geheim"}


def run_instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(child_process, "command", lambda _: [sys.executable, "-c", code])


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print('x' * 1_000_000)",
        "print('[]')",
        "print('{}')",
        """print('{"verdict": "perhaps", "why": "", "retry_after": null}')""",
        "raise SystemExit(3)",
    ],
)
def test_a_process_that_gives_no_answer_has_failed(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    run_instead(monkeypatch, code)
    answer = Courier().send(REQUEST)
    assert answer == Answer(Verdict.FAILED, "the process that sends it ended without an answer")


def test_a_process_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(courier, "LAST_RESORT", 0.5)
    began = time.monotonic()
    answer = Courier(time_limit=0.5).send(REQUEST)
    assert answer == Answer(Verdict.FAILED, "the process that sends it hangs")
    assert time.monotonic() - began < 60


def test_what_is_being_sent_is_broken_off_and_nothing_more_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_instead(monkeypatch, "import time; time.sleep(600)")
    sending = Courier(time_limit=600.0)
    timer = threading.Timer(0.5, sending.stop)
    timer.start()
    assert sending.send(REQUEST).verdict is Verdict.FAILED
    assert sending.send(REQUEST) == Answer(Verdict.FAILED, "traymon ends")


def test_a_process_that_cannot_be_started_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(child_process, "command", lambda _: [str(tmp_path / "none")])
    answer = Courier().send(REQUEST)
    assert answer.verdict is Verdict.FAILED
    assert answer.why.startswith("no process can be started: ")


@pytest.mark.parametrize("program", [["-m", "traymon.outbound.send"], ["-m", "traymon"]])
def test_the_process_answers_whatever_it_is_asked_and_repeats_no_secret(program: list[str]) -> None:
    # as `python -m` starts it, and as a built program does, which is traymon's command line
    command = [sys.executable, *program]
    if program[-1] == "traymon":
        command += ["-m", "traymon.outbound.send"]
    changes: list[dict[str, object]] = [
        {"kind": "tk_geheim"},
        {"message": {}},
        {"kind": "webhook", "message": {}, "url": "private-topic://x"},
    ]
    for request in (REQUEST | change for change in changes):
        order = json.dumps(request | {"time_limit": 20.0})
        done = subprocess.run(command, input=order, capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        assert answer["verdict"] == "failed"
        assert "geheim" not in done.stdout + done.stderr
        assert REQUEST["url"] not in done.stdout + done.stderr
