"""What the user is told of newer releases without a desktop."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.polling import PATIENCE
from support.published_package import published_package
from support.traymon_process import IsolatedTraymon, ResidentTraymon, end
from traymon.sim.gateway import running

PAGE = "https://releases.example/traymon"
HINT = (
    f'<a href="{PAGE}" target="_blank" rel="noreferrer">'
    "traymon 99.1.0 is available: what is new</a>"
)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        user = ResidentTraymon(tmp_path, gateway)
        folder = tmp_path / "state" / "traymon"
        folder.mkdir(parents=True)
        state = {"release_asked_at": time.time(), "newest_release": "99.1.0"}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
        user.env |= published_package(tmp_path, "http://127.0.0.1:1/", PAGE)
        yield user


@pytest.mark.parametrize(("wanted", "shown"), [("on", True), ("off", False), ("", False)])
def test_the_page_names_a_newer_release_if_the_user_wants_to_know(
    user: ResidentTraymon, wanted: str, shown: bool
) -> None:
    traymon = user.start_resident(**({"TRAYMON_UPDATE_HINT": wanted} if wanted else {}))
    try:
        page = user.ask("GET", "/").decode()
    finally:
        end(traymon)
    assert "<footer>" in page
    assert (HINT in page) is shown


def test_a_build_that_does_not_know_where_releases_are_published_says_so(tmp_path: Path) -> None:
    with running() as gateway:
        user = IsolatedTraymon(tmp_path, TRAYMON_UPDATE_HINT="on")
        with user.start("run", "--no-tray", "--port", str(gateway.port)) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == (
                "TRAYMON_UPDATE_HINT: this build does not know where releases are published.\n"
            )
            process.terminate()
            process.communicate(timeout=PATIENCE)
