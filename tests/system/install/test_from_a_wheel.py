"""The wheel of a release, installed as its users do: by name, from an index, in a fresh home.

With uv, pipx and pip as they are. The index is a folder, and the packages beside traymon are small
wheels, so nothing is asked of a network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import traymon
from support.installing import User, copy_sources, new_user, provide
from support.repository import ROOT
from traymon.sim.gateway import running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the small wheels are POSIX's")


@dataclass(frozen=True)
class Way:
    """How a user installs and removes traymon; `{home}` and `{python}` are filled in."""

    install: tuple[str, ...]
    remove: tuple[str, ...]
    command: str  # where the command then is, in the home
    lock: str = ""  # that the installer keeps for itself


WAYS = {
    "uv": Way(
        ("uv tool install --python {python} traymon",),
        ("uv tool uninstall traymon",),
        ".local/bin/traymon",
    ),
    "pipx": Way(
        ("pipx install --python {python} traymon",),
        ("pipx uninstall traymon",),
        ".local/bin/traymon",
        ".local/share/pipx/venvs/.traymon.lock",
    ),
    "venv": Way(  # pip, in an environment of the user's own
        ("{python} -m venv {home}/own", "{home}/own/bin/python -m pip install traymon"),
        ("{home}/own/bin/python -m pip uninstall --yes traymon",),
        "own/bin/traymon",
    ),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources beside an index that has traymon's wheel and what it needs."""
    sources = copy_sources(tmp_path_factory.mktemp("wheel") / "sources")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    command += [str(sources / "wheels"), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return sources


@pytest.fixture
def user(sources: Path, tmp_path: Path) -> User:
    user = new_user(sources, tmp_path)
    user.env["UV_CACHE_DIR"] = str(tmp_path / "cache")
    index = str(sources / "wheels")  # pip's is set already; pipx may use either
    user.env.update(UV_NO_INDEX="1", UV_OFFLINE="1", UV_FIND_LINKS=index)
    return user


def do(user: User, line: str) -> None:
    python = getattr(sys, "_base_executable", sys.executable)
    words = line.format(home=user.home, python=python).split()
    program = shutil.which(words[0], path=user.env["PATH"]) or words[0]
    done = subprocess.run(
        [program, *words[1:]], cwd=user.home, env=user.env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", WAYS)
def test_it_is_installed_works_and_is_removed_without_a_trace(name: str, user: User) -> None:
    provide(user, name)
    way = WAYS[name]
    for line in way.install:
        do(user, line)
    command = user.home / way.command

    with running() as gateway:
        user.env["IB_PORT"] = str(gateway.port)
        assert traymon_says(user, command, "--version") == (0, f"traymon {traymon.__version__}\n")
        code, said = traymon_says(user, command, "check")
        assert (code, "green" in said.lower() or "✓" in said) == (0, True), said
        code, said = traymon_says(user, command, "status")
        assert (code, "not running" in said) == (3, True), said
    kept = {path for path in user.files() if path.startswith((".local/state/traymon", ".config"))}

    for line in way.remove:
        do(user, line)

    assert not command.exists()
    left = {path for path in user.files() if "traymon" in path}
    assert left - {way.lock} == kept


def traymon_says(user: User, command: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(command), *arguments], cwd=user.home, env=user.env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
