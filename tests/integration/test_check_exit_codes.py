"""Every scenario, looked at once: no check that concerns what is wrong passes, on any surface."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.polling import PATIENCE
from support.scenario_timeout import timeout_of
from traymon.cli.check import check
from traymon.cli.common import EXIT_OF_LIGHT
from traymon.config import loader
from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.diagnosis.checks import check_steps
from traymon.monitoring import one_shot
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import Scenario, Stage, perform

# Some change what all others on this machine see, so they are played alone.
PLAYABLE = [scenario for scenario in SCENARIOS.values() if not scenario.not_here]
SUCCESS = "✓ IB API handshake completed successfully!"
OWN_ID = "9100"
# What shows in a process that has run for more than a minute, as the one that runs the tests may.
ALSO = {"just-started": ["handshake-silent"]}


@contextmanager
def playing(scenario: Scenario) -> Iterator[Stage]:
    """Play a scenario on a loop in a thread of its own."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    played: list[Stage] = []
    ready = threading.Event()

    async def play() -> None:
        async with perform(scenario) as stage:
            played.append(stage)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(play()))
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the scenario does not play"
        yield played[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(PATIENCE)
        loop.close()


def look(scenario: Scenario, folder: Path) -> Status:
    timeout = timeout_of(scenario, in_vain=1)
    with playing(scenario) as stage:
        options = {"IB_HOST": stage.host, "IB_PORT": str(stage.port), "TRAYMON_TIMEOUT": timeout}
        environ = {"IB_CLIENT_ID": "10", **scenario.env, "TRAYMON_CLIENT_ID": OWN_ID}
        config = loader.load(stage.env_file, environ=environ, folder=folder, options=options)
        return one_shot.run_once(config.target)


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Status]:
    """What one look shows of each scenario, by its name."""
    folder = tmp_path_factory.mktemp("elsewhere")
    alone = [scenario for scenario in PLAYABLE if scenario.machine_wide]
    together = [scenario for scenario in PLAYABLE if not scenario.machine_wide]
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(loader, "user_config_path", lambda _: folder)
        seen = [*pool.map(lambda s: look(s, folder), together), *(look(s, folder) for s in alone)]
    return {s.name: status for s, status in zip((*together, *alone), seen, strict=True)}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has no settings but a client ID."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("IB_CLIENT_ID", "10")  # or there is no check of the IDs
    monkeypatch.setenv("TRAYMON_CLIENT_ID", OWN_ID)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exit_code(*, step: str | None = None, as_json: bool = False) -> int:
    with pytest.raises(SystemExit) as ended:
        check(step, as_json=as_json)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("scenario", PLAYABLE, ids=lambda scenario: scenario.name)
def test_no_check_that_concerns_what_is_wrong_exits_with_zero(
    scenario: Scenario,
    looks: Mapping[str, Status],
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = looks[scenario.name]
    monkeypatch.setattr(one_shot, "run_once", lambda *_: status)
    light, steps = status.diagnosis.light, check_steps(status.evidence)
    assert status.diagnosis.code in (scenario.code, *ALSO.get(scenario.name, ()))

    failing = [s for s in steps if not s.passed and (s.name, s.light) != ("ids", Light.GREY)]
    assert (exit_code() == 0) is (light is Light.GREEN and not failing)
    assert (SUCCESS in capsys.readouterr().out) is (exit_code() == 0)
    capsys.readouterr()

    codes: dict[str, int] = {}
    for number, step in enumerate(steps):
        codes[step.name] = exit_code(step=step.name)
        printed = capsys.readouterr().out
        assert (SUCCESS in printed) is (step.name == "handshake" and light is Light.GREEN)
        assert ("\nFix\n" in printed) is (
            light is Light.RED or (light is Light.AMBER and codes[step.name] != 0)
        )
        passes = all(one.passed for one in steps[: number + 1])
        if not passes or step.light is not Light.GREEN:
            assert codes[step.name] != 0
        assert exit_code(step=step.name, as_json=True) == codes[step.name]
        assert json.loads(capsys.readouterr().out)["passed"] is passes
    if light is not Light.GREEN:
        assert any(codes.values()), "no check concerns what is wrong"


@pytest.mark.parametrize(
    ("name", "session", "passed"),
    [
        ("wrong-environment", Light.RED, False),
        ("wrong-account", Light.AMBER, False),
        ("unexpected-live-account", Light.AMBER, False),
        ("unexpected-paper-account", Light.AMBER, True),
    ],
)
def test_a_wrong_account_fails_the_session_check_and_what_follows_it(
    name: str,
    session: Light,
    passed: bool,
    looks: Mapping[str, Status],
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = looks[name]
    monkeypatch.setattr(one_shot, "run_once", lambda *_: status)
    assert exit_code(step="session", as_json=True) == EXIT_OF_LIGHT[session]
    assert json.loads(capsys.readouterr().out)["passed"] is passed
    assert exit_code(step="handshake") == 0
    assert (exit_code(step="ids") == 0) is passed, "it requires the session"
    assert exit_code(step="session") == EXIT_OF_LIGHT[session]
    assert one_shot.is_ready(status, "session") is passed
