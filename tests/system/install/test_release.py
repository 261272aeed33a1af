"""`install/release.py`, in a repository of its own, without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
import release
from debian import build as debian_package
from subprocesses import InstallError

from support.installing import copy_sources
from support.repository import ROOT

ADDRESS = "https://example.org/o/traymon"
FOLDERS = ("traymon", "assets", "tests", "install", "docs", "benchmarks")
FILES = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"),
    *(".env.example", "pyproject.toml", ".gitignore"),
)

pytestmark = [
    pytest.mark.skipif(not shutil.which("git"), reason="git is needed"),
    pytest.mark.skipif(sys.platform == "win32", reason="the small wheels take POSIX paths"),
]


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit: these sources, with a lock of small wheels."""
    root = tmp_path_factory.mktemp("release") / "traymon"
    small = copy_sources(root.parent / "small")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, root)
    shutil.copy(small / "install" / "requirements.txt", root / "install")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all of it")
    return root


@pytest.fixture(scope="module")
def released(repository: Path) -> Path:
    """The folder of a release with a setup for Windows, whose content does not matter.

    The setup lies where build.py puts it, beside what an earlier build has left. The packages for
    Debian are built by tests of their own.
    """
    dist = repository.parent / "dist"
    dist.mkdir()
    setup = dist / "traymon-0.1.0-setup.exe"
    setup.write_bytes(b"MZ")
    (dist / "traymon-0.0.9.tar.gz").touch()
    with pytest.MonkeyPatch.context() as patch:
        use_small_wheels(patch, repository)
        patch.setattr(debian_package, "build", put_package)
        release.build(repository, dist, release.Offer(ADDRESS, setup, "Test <test@localhost>"))
    return dist


def put_package(package: debian_package.Release, maintainer: str, out: Path) -> Path:
    file = out / f"traymon_0.1.0-1~{package.suffix}_amd64.deb"
    file.write_text(maintainer)
    return file


def use_small_wheels(patch: pytest.MonkeyPatch, repository: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        patch.delenv(name)
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", (repository.parent / "small" / "wheels").as_uri())


def test_a_release_has_everything_and_the_hash_of_each(released: Path) -> None:
    lines = (released / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(listed) == {
        *("traymon-0.1.0-py3-none-any.whl", "traymon-0.1.0.tar.gz", "traymon-0.1.0.cdx.json"),
        *(f"traymon_0.1.0-1~{it}_amd64.deb" for it in ("deb12", "deb13", "ubuntu24.04")),
        "traymon-0.1.0-setup.exe",
    }
    for name, digest in listed.items():
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest
    files = {path.relative_to(released).as_posix() for path in released.rglob("*.*")}
    assert files - set(listed) == {  # not downloaded, but offered to the stores by hand
        *("winget/traymon.traymon.yaml", "winget/traymon.traymon.installer.yaml"),
        *("winget/traymon.traymon.locale.en-US.yaml", "scoop/traymon.json"),
    }


def test_the_bill_of_materials_lists_what_the_wheel_runs_with(released: Path) -> None:
    text = (released / "traymon-0.1.0.cdx.json").read_text(encoding="utf-8")
    bill = json.loads(text)
    # The small wheels lend all packages of the tests, so what must not be listed is not seen here.
    listed = {one["name"].lower().replace("_", "-"): one for one in bill["components"]}
    assert {"pystray", "pydantic", "ib-insync", "starlette"} <= set(listed)
    assert listed["traymon"]["version"] == "0.1.0"
    assert str(released.parent) not in text


def test_the_readme_leads_an_index_to_the_repository(released: Path) -> None:
    (wheel,) = released.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("traymon-0.1.0.dist-info/METADATA").decode()
    assert f"]({ADDRESS}/blob/" in metadata
    assert "](docs/" not in metadata


def test_another_machine_makes_the_same_bytes(
    repository: Path, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "somewhere" / "else"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    for path in clone.glob("traymon/*.py"):
        os.utime(path, (1, 1))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setattr(release, "list_components", lambda *arguments: None)
    before = os.umask(0o077)
    try:
        release.build(clone, tmp_path / "dist", release.Offer(ADDRESS))
    finally:
        os.umask(before)
    for pattern in ("*.whl", "*.tar.gz"):
        (here,), (there,) = released.glob(pattern), (tmp_path / "dist").glob(pattern)
        assert here.read_bytes() == there.read_bytes()


def test_what_is_not_committed_stops_a_release(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    (clone / "notes.txt").touch()
    with pytest.raises(InstallError, match="not committed"):
        release.build(clone, tmp_path / "dist", release.Offer())
    assert not (tmp_path / "dist").exists()


def test_without_its_setup_nothing_is_removed(repository: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dist" / "kept.whl"
    kept.parent.mkdir()
    kept.touch()
    offer = release.Offer(ADDRESS, tmp_path / "no-setup.exe")
    with pytest.raises(InstallError, match=r"no-setup\.exe"):
        release.build(repository, kept.parent, offer)
    assert kept.exists()


@pytest.mark.parametrize("address", ["o/traymon", "http://example.org/o/traymon", "https://x"])
def test_an_address_that_leads_nowhere_is_refused(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        release.parse(["build", "--address", address])
    assert "--address must begin with https:// and name" in capsys.readouterr().err
    assert release.parse(["build", "--address", ADDRESS]).address == ADDRESS


def test_two_builds_that_differ_are_no_release(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.whl").write_text(name)
    with pytest.raises(InstallError, match="differ"):
        release.compare(tmp_path / "one", tmp_path / "other")


def test_version_and_changelog_are_set_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "traymon").mkdir()
    module, changelog = tmp_path / "traymon" / "__init__.py", tmp_path / "CHANGELOG.md"
    module.write_text('__version__ = "0.1.0"\n')
    changelog.write_text("## [Unreleased]\n\n- A.\n")

    release.set_version(tmp_path, "0.2.0", date(2026, 11, 28))
    assert module.read_text() == '__version__ = "0.2.0"\n'
    assert changelog.read_text() == "## [Unreleased]\n\n## [0.2.0] - 2026-11-28\n\n- A.\n"

    with pytest.raises(InstallError, match="nothing under Unreleased"):
        release.set_version(tmp_path, "0.3.0", date(2026, 11, 29))
    assert module.read_text() == '__version__ = "0.2.0"\n'
