"""The wheel carries the assets, and they are found whichever way traymon was installed.

Must not install anything into the environment that runs the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIND = "from traymon import assets; print(assets.folder())"


def python(*arguments: str, cwd: Path, **settings: str) -> str:
    """Run this Python there, with nothing on its path that the current folder would add."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        env={**environ, "PYTHONDONTWRITEBYTECODE": "1", **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_every_asset_inside_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {
            name.removeprefix("traymon/assets/")
            for name in archive.namelist()
            if name.startswith("traymon/assets/")
        }
    assert carried == files_below(ROOT / "assets")
    assert "fixes/healthy.md" in carried


def test_the_wheel_carries_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert "traymon/py.typed" in archive.namelist()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"traymon"}


def test_the_installed_wheel_finds_its_assets_from_another_folder(
    wheel: Path, tmp_path: Path
) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    python(*pip, str(wheel), cwd=elsewhere)

    found = Path(python("-c", FIND, cwd=elsewhere, PYTHONPATH=str(target)))

    assert found == target / "traymon" / "assets"
    assert files_below(found) == files_below(ROOT / "assets")


def test_the_editable_install_finds_the_assets_beside_the_package(tmp_path: Path) -> None:
    found = Path(python("-c", FIND, cwd=tmp_path))

    assert found == ROOT / "assets"
