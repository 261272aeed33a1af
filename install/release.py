"""Makes a release: docs/releasing.md.

    python3 install/release.py version 1.2.3      sets the version and dates the changelog
    python3 install/release.py build              makes dist/ from the last commit
        --address https://HOST/OWNER/traymon      where the repository can be read
        --setup FILE                              the setup for Windows, to be offered beside it
        --maintainer "NAME <ADDRESS>"             builds the packages for Debian and Ubuntu, too

Uploads nothing. Must not build what is not committed: a release can be made again by anybody.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import release_texts
from environment import ROOT, prepare, run_main
from installers import BIN, EXE
from subprocesses import InstallError, clean_environ, say

SUMS = "SHA256SUMS"


class Offer(NamedTuple):
    """What is offered beside wheel and sdist."""

    address: str = ""  # where the repository can be read
    setup: "Path | None" = None  # for Windows
    maintainer: str = ""  # of the packages for Debian and Ubuntu, which are not built without one


def main(arguments: "list[str]") -> int:
    options = parse(arguments)
    if options.command == "version":
        set_version(ROOT, options.number, datetime.now(UTC).date())
        return 0
    python = prepare("test")
    if Path(sys.prefix) != python.parent.parent:  # the manifests are written with its packages
        command = [str(python), __file__, *arguments]
        return subprocess.call(command, env=clean_environ())
    offer = Offer(options.address.rstrip("/"), options.setup, options.maintainer)
    build(ROOT, ROOT / "dist", offer)
    for path in sorted((ROOT / "dist").rglob("*")):
        print(path.relative_to(ROOT))
    return 0


def parse(arguments: "list[str]") -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    version = commands.add_parser("version", help="set the version and date the changelog")
    version.add_argument("number")
    command = commands.add_parser("build", help="make dist/ from the last commit")
    command.add_argument("--address", default="", help="where the repository can be read")
    command.add_argument("--setup", type=Path, help="the setup for Windows")
    command.add_argument("--maintainer", default="", help="of the packages for Debian and Ubuntu")
    options = parser.parse_args(arguments)
    if options.command == "build" and not re.fullmatch(r"(https://[^/\s]+/\S+)?", options.address):
        parser.error(f"--address must begin with https:// and name a repository: {options.address}")
    return options


def set_version(root: Path, version: str, day: date) -> None:
    """Write version and changelog, or neither. Raises InstallError."""
    module, changelog = root / "traymon" / "__init__.py", root / "CHANGELOG.md"
    try:
        texts = {
            module: release_texts.with_version(module.read_text(encoding="utf-8"), version),
            changelog: release_texts.with_release(
                changelog.read_text(encoding="utf-8"), version, day
            ),
        }
    except ValueError as error:
        raise InstallError(f"{error}.") from None
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")


def build(root: Path, dist: Path, offer: Offer) -> None:
    """Make the files of a release of the last commit. Raises InstallError."""
    setup = None if offer.setup is None else read_setup(offer.setup)  # which may lie in dist/
    if run("git", "status", "--porcelain", cwd=root):
        raise InstallError("There are changes that are not committed: a release would lack them.")
    commit, seconds = run("git", "log", "-1", "--format=%H %ct", cwd=root).split()
    empty(dist)
    with tempfile.TemporaryDirectory() as name:
        again = Path(name, "again")
        for folder, tree in ((dist, Path(name, "one")), (again, Path(name, "two"))):
            check_out(root, tree, offer.address, commit)
            # --no-isolation: with the locked build tools
            run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(tree),
                cwd=Path(name), SOURCE_DATE_EPOCH=seconds)  # fmt: skip
        compare(dist, again)
        (wheel,) = dist.glob("*.whl")
        version = wheel.name.split("-")[1]
        run(sys.executable, "-m", "twine", "--no-color", "check", "--strict",
            *map(str, dist.iterdir()), cwd=root)  # fmt: skip
        list_components(root, wheel, dist / f"traymon-{version}.cdx.json", Path(name))
    if offer.maintainer:
        from debian import build as debian_package  # with packages of .venv

        for release in debian_package.RELEASES.values():
            debian_package.build(release, offer.maintainer, dist)
    if setup is not None:
        (dist / f"traymon-{version}-setup.exe").write_bytes(setup)
    write_sums(dist)
    if setup is not None:
        day = datetime.fromtimestamp(int(seconds), UTC).date()
        write_manifests(dist, version, day, offer.address)


def read_setup(setup: Path) -> bytes:
    """Return the setup's bytes. Raises InstallError."""
    try:
        return setup.read_bytes()
    except OSError as error:
        raise InstallError(f"The setup cannot be read: {error}") from None


def empty(dist: Path) -> None:
    """Remove what an earlier build has left: nothing of it may enter this one.

    Raises InstallError.
    """
    try:
        if dist.exists():
            shutil.rmtree(dist)
        dist.mkdir(parents=True)
    except OSError as error:
        raise InstallError(f"{dist} cannot be emptied: {error}") from None


def check_out(root: Path, tree: Path, address: str, commit: str) -> None:
    """Write the commit's files to a folder, with the README as an index shows it."""
    archive = tree.with_suffix(".tar")
    run("git", "archive", "--output", str(archive), commit, cwd=root)
    tree.mkdir()
    # Python unpacks safely from 3.11.4 on, and Debian 12 has 3.11.2
    run("tar", "-xf", str(archive), "--no-same-owner", "-C", str(tree), cwd=root)
    readme = tree / "README.md"
    text = release_texts.for_an_index(readme.read_text(encoding="utf-8"), address, commit)
    readme.write_text(text, encoding="utf-8", newline="\n")


def compare(one: Path, other: Path) -> None:
    """Raise InstallError unless both folders hold the same bytes."""
    if sums(one) != sums(other):
        raise InstallError("Two builds of the same commit differ, so nobody could check one.")


def list_components(root: Path, wheel: Path, bill: Path, scratch: Path) -> None:
    """Write the bill of materials: what the wheel brings along into an empty environment."""
    venv = scratch / "venv"
    python = venv / BIN / f"python{EXE}"
    lock = (root / "install" / "requirements.txt").read_text(encoding="utf-8")
    versions = scratch / "versions.txt"  # a wheel of ours has no hash that a lock could have
    pins = (line.partition(" --hash")[0].rstrip("\\ ") for line in lock.splitlines())
    versions.write_text("\n".join(line for line in pins if re.match(r"[\w.-]+==", line)))
    run(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=scratch)
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet",
        "--only-binary", ":all:", "--constraint", str(versions), str(wheel),
        cwd=scratch)  # fmt: skip
    for record in venv.rglob("direct_url.json"):
        record.unlink()  # it names a folder of this computer
    run(sys.executable, "-m", "cyclonedx_py", "environment", str(python),
        "--output-reproducible", "--output-file", str(bill), cwd=scratch)  # fmt: skip


def write_manifests(dist: Path, version: str, day: date, address: str) -> None:
    """Write the manifests of winget and Scoop; without an address they could point nowhere."""
    if not address:
        say("No manifests for winget and Scoop: they need --address.")
        return
    from windows_manifests import Setup, scoop, winget  # with a package of .venv

    file = dist / f"traymon-{version}-setup.exe"
    url = f"{address}/releases/download/v{version}/{file.name}"
    setup = Setup(version, day, address, url, sha256(file))
    stores = {"winget": winget(setup), "scoop": {"traymon.json": scoop(setup)}}
    for store, texts in stores.items():
        (dist / store).mkdir()
        for name, text in texts.items():
            (dist / store / name).write_text(text, encoding="utf-8", newline="\n")


def write_sums(dist: Path) -> None:
    """Write the hashes of all that is downloaded, as `sha256sum --check` reads them."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums(dist).items())
    (dist / SUMS).write_text(lines, encoding="utf-8", newline="\n")


def sums(folder: Path) -> "dict[str, str]":
    """Return the hashes of all files below a folder, by their names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command: str, cwd: Path, **env: str) -> str:
    """Run a program and return what it prints. Raises InstallError with its words."""
    done = subprocess.run(
        command, cwd=str(cwd), env={**clean_environ(), **env}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise InstallError(f"{' '.join(command[:4])} failed:\n{done.stdout.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    run_main(main)
