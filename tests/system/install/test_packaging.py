"""What is handed on: the sdist, the wheel that is built from it, and that wheel in an empty place.

Must not install anything into the environment that runs the tests, nor reach a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.repository import ROOT

FIND = "from traymon import assets; print(assets.folder())"
FOLDERS = ("traymon", "assets", "tests", "install", "docs", "benchmarks")
FILES = {
    *(
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE",
        ".env.example",
        "pyproject.toml",
    ),
    *("PKG-INFO", ".gitignore"),  # hatchling adds them by itself
}
# What may lie in a developer's folder and is nobody else's.
LEFT_BEHIND = (
    *(".env", "live/.env", "notes.txt", "dist/traymon-0.0.1-py3-none-any.whl", ".venv/pyvenv.cfg"),
    *("tests/__pycache__/test_cli.cpython-311.pyc", "traymon/__pycache__/cli.cpython-311.pyc"),
    *("traymon/.env", "docs/.env", "tests/.pytest_cache/README.md"),
)


def python(*arguments: str, cwd: Path, executable: Path | str = sys.executable) -> str:
    """Run a Python there, with nothing on its path that the current folder would add."""
    return run(str(executable), "-P", *arguments, cwd=cwd)


def run(*command: str, cwd: Path) -> str:
    """Run it as a user without a desktop would, in a home of his own; return what it prints."""
    ours = ("PYTHONPATH", "PYTHONHOME", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
    kept = {k: v for k, v in os.environ.items() if k not in ours and not k.startswith("TRAYMON_")}
    home = {name: str(cwd) for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **home, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@dataclass(frozen=True)
class Built:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of a folder in which somebody works, and the wheel made from that sdist alone."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES - {"PKG-INFO"}:
        shutil.copy(ROOT / name, source)
    for name in LEFT_BEHIND:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("nobody else's")
    python("-m", "build", "--no-isolation", "--outdir", str(folder), str(source), cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


def test_the_sdist_carries_the_whole_project_and_nothing_that_was_left_about(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        carried = {name.partition("/")[2] for name in archive.getnames()}
    expected = {f"{name}/{file}" for name in FOLDERS for file in files_below(ROOT / name)}
    assert carried == expected | FILES
    assert {
        "LICENSE",
        "tests/system/install/test_packaging.py",
        "assets/icons/traymon.ico",
    } <= carried


def test_the_wheel_carries_every_asset_inside_the_package(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        carried = {
            name.removeprefix("traymon/assets/")
            for name in archive.namelist()
            if name.startswith("traymon/assets/")
        }
    assert carried == files_below(ROOT / "assets")
    assert "fixes/healthy.md" in carried


def test_the_wheel_carries_the_package_and_nothing_beside_it(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        carried = set(archive.namelist())
    modules = {f"traymon/{name}" for name in files_below(ROOT / "traymon")}
    beside = {name for name in carried if not name.startswith("traymon/assets/")} - modules
    assert modules <= carried
    assert {name.partition("/")[0].rpartition(".")[2] for name in beside} == {"dist-info"}
    assert any(name.endswith("/licenses/LICENSE") for name in beside)


def test_an_index_would_take_and_show_both(built: Built) -> None:
    said = python(
        *("-m", "twine", "--no-color", "check", "--strict"),
        *(str(built.sdist), str(built.wheel)),
        cwd=built.wheel.parent,
    )
    assert said.count("PASSED") == 2


@pytest.fixture(scope="module")
def empty_venv(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; its dependencies are those of the tests."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    python("-m", "venv", "--without-pip", str(venv), cwd=venv.parent)
    pip = ["-m", "pip", "--python", str(executable(venv, "python")), "install", "--quiet"]
    python(*pip, "--no-index", "--no-deps", str(built.wheel), cwd=venv.parent)
    packages = python(
        "-c", "import sysconfig; print(sysconfig.get_path('purelib'))",
        cwd=venv.parent, executable=executable(venv, "python"),
    )  # fmt: skip
    # A folder named in a .pth file comes last, and its own .pth files are not read: the editable
    # traymon of the tests is not there.
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv


def executable(venv: Path, name: str) -> Path:
    return venv / (f"Scripts/{name}.exe" if sys.platform == "win32" else f"bin/{name}")


def test_the_installed_wheel_finds_its_assets_from_another_folder(
    empty_venv: Path, tmp_path: Path
) -> None:
    found = Path(python("-c", FIND, cwd=tmp_path, executable=executable(empty_venv, "python")))

    assert found.is_relative_to(empty_venv.resolve())
    assert found.parts[-2:] == ("traymon", "assets")
    assert files_below(found) == files_below(ROOT / "assets")


def test_the_installed_wheel_explains_a_diagnosis(empty_venv: Path, tmp_path: Path) -> None:
    said = run(str(executable(empty_venv, "traymon")), "explain", "wrong-port", cwd=tmp_path)

    assert "In short" in said
    assert "IB_PORT" in said


def test_the_installed_wheel_plays_the_demo(empty_venv: Path, tmp_path: Path) -> None:
    story = ["demo", "--once", "--no-tray", "--speed", "10"]
    said = run(str(executable(empty_venv, "traymon")), *story, cwd=tmp_path)

    assert "demo 5/5: " in said
    assert "did not show" not in said


def test_the_editable_install_finds_the_assets_beside_the_package(tmp_path: Path) -> None:
    found = Path(python("-c", FIND, cwd=tmp_path))

    assert found == ROOT / "assets"
