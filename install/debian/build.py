"""Builds a package for Debian or Ubuntu: `python install/debian/build.py --release bookworm`.

For developers; runs in `.venv` on Linux, needs dpkg-deb. The libraries that traymon needs are newer
than those of the releases, so the package carries them, with hashes checked, in an environment that
no other program uses: /usr/lib/traymon. Compiled libraries fit one minor version of Python, hence a
package for each release. numpy, the largest of them, comes from the release itself.

The same sources give the same bytes: SOURCE_DATE_EPOCH dates everything, by default with the last
commit.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from debian.carried import licences, options  # noqa: E402
from environment import ROOT, run_main  # noqa: E402
from subprocesses import InstallError, isolated, output_of, run_or_fail  # noqa: E402

from traymon import __version__  # noqa: E402
from traymon.config.push_services import SYSTEM_PACKAGE  # noqa: E402

ENVIRONMENT = "usr/lib/traymon"
PROGRAMS = ("traymon", "traymon-tray")
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/traymon",
    "zsh": "usr/share/zsh/vendor-completions/_traymon",
    "fish": "usr/share/fish/vendor_completions.d/traymon.fish",
}
NOT_CARRIED = ("bin", "include", "share", "__pycache__", "tests", "*.pyi", "*.pyx")


@dataclass(frozen=True)
class Release:
    """A release of Debian or Ubuntu; `suffix` lets the package of a newer one replace it."""

    suffix: str
    python: tuple[int, int]


RELEASES = {
    "bookworm": Release("deb12", (3, 11)),
    "noble": Release("ubuntu24.04", (3, 12)),
    "trixie": Release("deb13", (3, 13)),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Build a package for Debian or Ubuntu.")
    parser.add_argument("--release", choices=RELEASES, required=True)
    parser.add_argument("--maintainer", required=True, help="NAME <ADDRESS>, as Debian writes it")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder (dist)")
    wish = parser.parse_args(arguments)
    print(build(RELEASES[wish.release], wish.maintainer, wish.out))
    return 0


def build(release: Release, maintainer: str, out: Path) -> Path:
    """Build the package and return it. Raises InstallError."""
    os.umask(0o022)
    date = source_date()
    version = f"{__version__}-1~{release.suffix}"
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"traymon_{version}_amd64.deb"
    with tempfile.TemporaryDirectory(prefix="traymon-deb-") as folder:
        tree = Path(folder, "tree")
        tree.mkdir()
        put_environment(tree / ENVIRONMENT, release, Path(folder))
        put_programs(tree)
        put_documents(tree, version, maintainer, date)
        put_control(tree, release, version, maintainer)
        for path in [tree, *tree.rglob("*")]:
            os.utime(path, (date, date), follow_symlinks=False)
        run_or_fail(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(package)],
            "dpkg-deb could not build the package.",
            {"SOURCE_DATE_EPOCH": str(date)},
        )
    return package


def source_date() -> int:
    """Return when the sources were last changed, in seconds since 1970. Raises InstallError."""
    said = os.environ.get("SOURCE_DATE_EPOCH") or output_of(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    )
    if not said or not said.isdecimal():
        raise InstallError("Set SOURCE_DATE_EPOCH to the date of the sources, in seconds.")
    return int(said)


def put_environment(environment: Path, release: Release, work: Path) -> None:
    """Lay out a virtual environment of the release's own Python, with all that is carried.

    So `sys.executable` starts traymon's other processes with the same packages. Its site-packages
    come before those of the release, and the user's and those in /usr/local do not come at all.
    """
    major, minor = release.python
    site = environment / f"lib/python{major}.{minor}/site-packages"
    pip = isolated(sys.executable, "-m", "pip", "--quiet")
    install = [*pip, "install", "--target", str(work / "site"), "--no-deps", "--no-compile"]
    run_or_fail(
        [*install, *options(release.python, work)],
        "pip could not fetch the packages that traymon carries.",
    )
    run_or_fail(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(work), str(ROOT)],
        "pip could not build traymon's wheel.",
    )
    (wheel,) = work.glob("traymon-*.whl")
    run_or_fail([*install, "--no-index", str(wheel)], "pip could not unpack traymon's wheel.")
    shutil.copytree(work / "site", site, ignore=shutil.ignore_patterns(*NOT_CARRIED))
    for path in site.rglob("*"):  # wheels bring modes of their own, and pip where it took them from
        if path.name in ("direct_url.json", "RECORD", "INSTALLER", "REQUESTED"):
            path.unlink()
        else:
            path.chmod(0o755 if path.is_dir() else 0o644)
    put(site / "release.pth", "/usr/lib/python3/dist-packages\n")
    put(
        environment / "pyvenv.cfg",
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {major}.{minor}\n",
    )
    put(environment / SYSTEM_PACKAGE, "")
    (environment / "bin").mkdir()
    (environment / "bin/python3").symlink_to("../../../bin/python3")


def put_programs(tree: Path) -> None:
    """Add what starts traymon: from a terminal, from a menu of programs, and at login."""
    (tree / "usr/bin").mkdir()
    for name in PROGRAMS:
        put(tree / ENVIRONMENT / "bin" / name, (HERE / "launcher.py").read_bytes(), 0o755)
        (tree / "usr/bin" / name).symlink_to(f"../lib/traymon/bin/{name}")
    put(
        tree / "usr/share/applications/traymon.desktop",
        (HERE / "traymon.desktop").read_bytes(),
    )
    put(
        tree / "usr/share/icons/hicolor/scalable/apps/traymon.svg",
        (ROOT / "assets/icons/traymon.svg").read_bytes(),
    )
    for shell, place in COMPLETIONS.items():
        put(tree / place, printed_by("-m", "traymon", "completion", shell))


def put_documents(tree: Path, version: str, maintainer: str, date: int) -> None:
    """Add the man page, the licences of all that is carried, and the changelogs."""
    manual = tree / "usr/share/man/man1"
    page = printed_by(str(ROOT / "install/manpage.py"), SOURCE_DATE_EPOCH=str(date))
    put(manual / "traymon.1.gz", packed(page))
    (manual / "traymon-tray.1.gz").symlink_to("traymon.1.gz")
    documents = tree / "usr/share/doc/traymon"
    (site,) = (tree / ENVIRONMENT).glob("lib/*/site-packages")
    put(documents / "copyright", licences(site))
    put(documents / "changelog.gz", packed((ROOT / "CHANGELOG.md").read_bytes()))
    entry = (
        f"traymon ({version}) unstable; urgency=medium\n\n"
        f"  * The package of traymon {__version__}; changelog.gz has its changes.\n\n"
        f" -- {maintainer}  {formatdate(date)}\n"
    )
    put(documents / "changelog.Debian.gz", packed(entry.encode()))
    put(tree / "usr/share/lintian/overrides/traymon", (HERE / "lintian-overrides").read_bytes())


def put_control(tree: Path, release: Release, version: str, maintainer: str) -> None:
    """Add what dpkg reads: description, sums, and what it runs."""
    files = [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()]
    sums = (f"{md5(path)}  {path.relative_to(tree)}\n" for path in files)
    major, minor = release.python
    control = (HERE / "control").read_text(encoding="utf-8")
    put(tree / "DEBIAN/md5sums", "".join(sums))
    put(
        tree / "DEBIAN/control",
        control.format(
            version=version,
            maintainer=maintainer,
            size=sum(path.stat().st_size for path in files) // 1024,
            python=f"{major}.{minor}",
            next_python=f"{major}.{minor + 1}",
        ),
    )
    for name in ("postinst", "prerm"):
        put(tree / "DEBIAN" / name, (HERE / name).read_bytes(), 0o755)


def put(path: Path, content: "str | bytes", mode: int = 0o644) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def printed_by(*arguments: str, **settings: str) -> bytes:
    """Return what our Python prints when it runs this. Raises InstallError."""
    done = subprocess.run(
        isolated(sys.executable, *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **settings},
        check=False,
    )
    if done.returncode:
        raise InstallError(
            f"{' '.join(arguments)} failed.\n\n{done.stderr.decode(errors='replace').strip()}"
        )
    return done.stdout


if __name__ == "__main__":
    run_main(main)
