"""A user with a fresh home who installs traymon from its sources, without a network.

The packages of the lock are small wheels, which lend those of the environment that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from support import client_setup
from support.repository import ROOT
from support.user_env import NO_RESETS, inherited_env
from support.wheels import make_wheel, pin

SCRIPTS = (
    *("install.py", "installers.py", "running.py", "questions.py"),
    *("environment.py", "subprocesses.py", "install.sh"),
)
# What the developer who runs the tests may have set.
SETTINGS = ("PIP_", "PYTHON", "XDG_", "UV_", "PIPX_", "IB_", "TRAYMON_")

# Names of Python's own modules that the set-up and its tools import, and of pip.
SHADOWS = (
    *("calendar", "contextlib", "ensurepip", "json", "logging", "pathlib", "pip", "shutil"),
    *("site", "subprocess", "tempfile", "tokenize", "venv", "zipfile"),
)


@dataclass(frozen=True)
class User:
    """A user with a fresh home, and the sources of traymon somewhere else."""

    home: Path
    sources: Path
    env: dict[str, str]

    @property
    def programs(self) -> Path:
        """The one folder on this user's PATH."""
        return Path(self.env["PATH"])

    def command(self, *arguments: str) -> list[str]:
        return ["sh", str(self.sources / "install" / "install.sh"), *arguments]

    def install(
        self, *arguments: str, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.home,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def files(self) -> set[str]:
        """Every file and link in the home; folders that every home has come and go."""
        return {
            path.relative_to(self.home).as_posix()
            for path in self.home.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }


def copy_sources(folder: Path) -> Path:
    """Copy the sources into a new folder, with a lock of small wheels beside them; return it."""
    (folder / "install").mkdir(parents=True)
    for name in SCRIPTS:
        shutil.copy(ROOT / "install" / name, folder / "install")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("traymon", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    lent = folder / "lent"
    lent.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(("traymon", "_editable", "__editable", "pip")):
            (lent / package.name).symlink_to(package)
    wheels = folder / "wheels"
    wheels.mkdir()
    lock = []
    for name in _needed_packages():
        make_wheel(wheels, name, version(name), {f"{name}.pth": str(lent)})
        lock.append(pin(wheels, name, version(name)))
    (folder / "install" / "requirements.txt").write_text("\n".join(lock) + "\n")
    return folder


def _needed_packages() -> Iterator[str]:
    """Yield the names of what traymon needs here, to run and to be built."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needs = pyproject["project"]["dependencies"] + pyproject["build-system"]["requires"]
    for need in map(Requirement, needs):
        if need.marker is None or need.marker.evaluate():
            yield need.name.replace("-", "_")


def new_user(sources: Path, folder: Path) -> User:
    """Return a user on whose PATH lies this very Python, and neither uv nor pipx."""
    home, programs, runtime = (folder / name for name in ("home", "programs", "run"))
    for new in (home, programs, runtime):
        new.mkdir(mode=0o700)
    base = getattr(sys, "_base_executable", sys.executable)
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{base}" "$@"\n')
    (programs / "python3").chmod(0o755)
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    env = inherited_env(*SETTINGS) | NO_RESETS
    env.update(HOME=str(home), PATH=str(programs), XDG_RUNTIME_DIR=str(runtime))
    env.update(TMPDIR=str(folder))  # where a lock may lie, too
    wheels = (sources / "wheels").as_uri()  # pip splits a list at spaces
    env.update(PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1", PIP_FIND_LINKS=wheels)
    return User(home, sources, env)


def provide(user: User, way: str) -> str:
    """Put what this way of installing needs on the user's PATH; return the value for --with."""
    if way == "venv":
        return way
    if reason := client_setup.why_not(client_setup.INSTALLERS):
        pytest.skip(reason)
    fetched = client_setup.place(client_setup.INSTALLERS)
    if "uv" in way:
        (user.programs / "uv").symlink_to(fetched / "bin" / "uv")
    if "pipx" in way:
        script = user.programs / "pipx"
        code = f"import sys; sys.path.insert(0, {str(fetched)!r}); from pipx.main import cli; cli()"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -c "{code}" "$@"\n')
        script.chmod(0o755)
    return way.split()[0]
