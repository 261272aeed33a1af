"""What every way of installing takes: the locked files alone, and nothing of the folder around it.

With uv and pipx as they are (`support/client_setup.py` fetches them).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from support.installing import SHADOWS, User, copy_sources, new_user, provide
from support.wheels import make_wheel, sha256_of

WAYS = ("uv", "pipx", "pipx with uv", "venv")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = copy_sources(tmp_path_factory.mktemp("supply") / "the sources")
    return sources


@pytest.fixture
def user(sources: Path, tmp_path: Path) -> User:
    """A user with wheels of their own, which a test may tamper with."""
    user = new_user(sources, tmp_path)
    wheels = shutil.copytree(sources / "wheels", tmp_path / "wheels")
    user.env["PIP_FIND_LINKS"] = wheels.as_uri()
    return user


def wheels_of(user: User) -> Path:
    return user.home.parent / "wheels"


def installed_program(user: User) -> Path:
    """Return the command that was installed, whichever way."""
    (command,) = [path for path in user.home.rglob("bin/traymon") if not path.is_symlink()]
    return command


@pytest.mark.parametrize("way", WAYS)
def test_a_package_with_another_content_is_refused(user: User, way: str) -> None:
    (wheel,) = wheels_of(user).glob("psutil-*.whl")
    version = wheel.name.split("-")[1]
    make_wheel(wheels_of(user), "psutil", version, {"psutil.py": "raise SystemExit('tampered')"})

    done = user.install("--with", provide(user, way))

    assert done.returncode == 3
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not list(user.home.rglob("bin/traymon"))


@pytest.mark.parametrize("way", WAYS)
def test_neither_newer_build_tools_nor_the_folder_around_are_executed(user: User, way: str) -> None:
    mark = user.home.parent / "executed"
    trap = f"open({str(mark)!r}, 'a').write(__file__)\n"
    wheels = wheels_of(user)
    for name in ("hatchling", "six"):
        tools = {f"{name}/__init__.py": trap, f"{name}/build.py": trap, f"a_{name}.pth": ""}
        make_wheel(wheels, name, "99.0", {**tools, f"b_{name}.pth": f"import os; {trap}"})
    folder = user.home / "the trading project"
    folder.mkdir()
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(trap)
    settings = {
        "PYTHONPATH": ":/nowhere",  # its first entry is the current folder
        "UV_FIND_LINKS": wheels.as_uri(),
        "UV_INDEX": "http://127.0.0.1:9/",  # where nobody listens
        "UV_OVERRIDE": str(user.home / "overrides"),
    }
    (user.home / "overrides").write_text("hatchling==99.0\nsix==99.0\n")
    config = user.home / ".config" / "uv"
    config.mkdir(parents=True)
    (config / "uv.toml").write_text(f'find-links = ["{wheels.as_uri()}"]\n')

    done = user.install("--with", provide(user, way), cwd=folder, **settings)

    assert done.returncode == 0, done.stderr
    assert not mark.exists(), mark.read_text()
    said = subprocess.check_output([installed_program(user), "--version"], text=True)
    assert said.startswith("traymon ")
    assert not mark.exists(), mark.read_text()


@pytest.mark.parametrize("way", ["uv", "pipx", "venv"])
def test_no_package_is_built_for_its_build_tools_are_in_no_lock(
    user: User, sources: Path, tmp_path: Path, way: str
) -> None:
    """An index that hides a wheel offers the genuine source, whose hash the lock holds as well."""
    mark = tmp_path / "executed"
    wheels = wheels_of(user)
    (wheel,) = wheels.glob("psutil-*.whl")
    version = wheel.name.split("-")[1]
    wheel.unlink()
    archive = wheels / f"psutil-{version}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {
            "pyproject.toml": "[build-system]\nrequires = ['setuptools']\n",
            "PKG-INFO": f"Metadata-Version: 2.1\nName: psutil\nVersion: {version}\n",
        }.items():
            entry = tarfile.TarInfo(f"psutil-{version}/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    trap = f"open({str(mark)!r}, 'a').write(__file__)\n"
    make_wheel(wheels, "setuptools", "99.0", {"setuptools/__init__.py": trap})
    ours = shutil.copytree(sources, tmp_path / "sources", symlinks=True)
    lock = ours / "install" / "requirements.txt"
    lines = lock.read_text().splitlines()
    lines = [
        f"{line} --hash=sha256:{sha256_of(archive)}" if line.startswith("psutil==") else line
        for line in lines
    ]
    lock.write_text("\n".join(lines) + "\n")
    user = User(user.home, ours, user.env)

    done = user.install("--with", provide(user, way))

    assert done.returncode == 3
    assert f"No matching distribution found for psutil=={version}" in done.stderr
    assert not mark.exists()
