"""Builds the setup program for Windows: `python install/windows/build.py`, on Windows or on Linux.

PyInstaller makes one folder of programs (traymon.spec), NSIS a setup program of it (traymon.nsi).
Linux takes Wine with the Windows Python of the tests. The same sources give the same bytes; a
signature with a server's time does not, so the hash of the unsigned setup is written as well.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import signing  # noqa: E402
from environment import ROOT, prepare, run_main  # noqa: E402
from subprocesses import (  # noqa: E402
    InstallError,
    clean_environ,
    isolated,
    output_of,
    run_or_fail,
)

WINDOWS = sys.platform == "win32"
PROGRAMS = ("traymon.exe", "traymon-tray.exe")
NSIS_ON_WINDOWS = r"C:\Program Files (x86)\NSIS\makensis.exe"


def main(arguments: "list[str]") -> int:
    options = parse_options(arguments)
    os.environ.setdefault("SOURCE_DATE_EPOCH", time_of_the_sources())
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    program = options.program or build_program(folder)
    if options.program_only:
        print(program)
        return 0
    setup = folder / f"traymon-{version()}-setup.exe"
    work = folder / "work"
    work.mkdir(exist_ok=True)
    if options.certificate:
        unsigned = work / setup.name
        make_setup(program, unsigned, work, quick=options.quick)
        write_hash(unsigned, setup.with_name(f"{setup.name}.unsigned.sha256"))
        program = signed_copy(program, work / "signed", options)
    sign_with = signing.as_command(options) if options.certificate else []
    make_setup(program, setup, work, quick=options.quick, sign_with=sign_with)
    write_hash(setup, setup.with_name(f"{setup.name}.sha256"))
    print(setup)
    return 0


def parse_options(arguments: "list[str]") -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Build the setup program for Windows.", parents=[signing.options()]
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to put it")
    parser.add_argument("--program", type=Path, help="a folder that PyInstaller has already made")
    parser.add_argument("--program-only", action="store_true", help="stop after PyInstaller")
    parser.add_argument("--quick", action="store_true", help="pack less tightly, for tests")
    options = parser.parse_args(arguments)
    if bool(options.certificate) != bool(options.password_file):
        parser.error("--certificate and --password-file go together")
    return options


def version() -> str:
    """Return traymon's version."""
    text = (ROOT / "traymon" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found is not None
    return found.group(1)


def time_of_the_sources() -> str:
    """Return when they were last changed, in Unix seconds. Raises InstallError."""
    seconds = output_of(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"])
    if not seconds:
        raise InstallError("This folder is not a git repository: set SOURCE_DATE_EPOCH.")
    return seconds


# --- the program


class WindowsPython(NamedTuple):
    """A Python for Windows that has traymon's packages and PyInstaller."""

    command: "list[str]"
    settings: "dict[str, str]"  # of its environment
    drive: str  # what its paths begin with

    def path(self, path: Path) -> str:
        """Return a path as this Python knows it."""
        return str(path) if not self.drive else self.drive + str(path).replace("/", "\\")


def build_program(folder: Path) -> Path:
    """Build the folder of programs in this folder and return it. Raises InstallError."""
    python = own_python() if WINDOWS else wine_python()
    run_or_fail(
        [
            *(*python.command, "-m", "PyInstaller", "--noconfirm"),
            python.path(HERE / "traymon.spec"),
            *("--distpath", python.path(folder), "--workpath", python.path(folder / "work")),
        ],
        "PyInstaller could not build the program.",
        {**python.settings, "PYTHONHASHSEED": "0"},
    )
    return folder / "traymon"


def own_python() -> WindowsPython:
    """Return the Python of `.venv`, with PyInstaller added. Raises InstallError."""
    python = prepare("run")
    run_or_fail(
        isolated(
            *(python, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"),
            *("-r", str(HERE / "requirements.txt")),
        ),
        "pip could not install PyInstaller.",
    )
    return WindowsPython([str(python)], {}, "")


def wine_python() -> WindowsPython:
    """Return the Windows Python of the tests, under Wine. Raises InstallError."""
    code = (
        "import json, wine_setup as w; w.prepare(); setup = w.setup_folder();"
        " print(json.dumps([str(setup), w.environment(setup)]))"
    )
    done = subprocess.run(
        [str(prepare("test")), "-c", code],
        env=dict(clean_environ(), PYTHONPATH=str(ROOT / "tests" / "support")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode:
        raise InstallError(f"No Windows under Wine: {done.stderr.decode('utf-8', 'replace')}")
    setup, settings = json.loads(done.stdout.decode())
    python = WindowsPython(["wine", f"{setup}/python/python.exe"], settings, "Z:")
    packages = ";".join(map(python.path, (ROOT, Path(setup, "site"))))
    python.settings.update(PYTHONPATH=packages, LC_ALL="C.UTF-8")
    return python


# --- the setup


def make_setup(
    program: Path, setup: Path, work: Path, *, quick: bool, sign_with: "Sequence[str]" = ()
) -> None:
    """Pack a folder of programs into a setup program; raises InstallError.

    `sign_with` is a command that signs the file named after it.
    """
    write_list(program, work / "delete.nsh")
    touch_all(program)
    values = {
        "VERSION": version(),
        "PROGRAM": program.resolve(),
        "LISTS": work,
        "ICON": ROOT / "assets" / "icons" / "traymon.ico",
        "BANNER": HERE / "banner.bmp",
        "OUT": setup,
        # 64 bit, which Wine takes without 32; NSIS for Windows comes with 32 bit alone
        "TARGET": "x86-unicode" if WINDOWS else "amd64-unicode",
    }
    if quick:
        values["QUICK"] = ""
    if sign_with:
        join = subprocess.list2cmdline if WINDOWS else shlex.join
        values["SIGN"] = join(sign_with)
    run_or_fail(
        [
            *(makensis(), "-V2", "-WX", "-INPUTCHARSET", "UTF8"),
            *(f"-D{name}={value}" for name, value in values.items()),
            str(HERE / "traymon.nsi"),
        ],
        "NSIS could not make the setup program.",
        {"LC_ALL": "C.UTF-8"},
    )


def signed_copy(program: Path, signed: Path, options: argparse.Namespace) -> Path:
    """Copy a folder of programs and sign them there; return the copy. Raises InstallError."""
    if signed.exists():
        shutil.rmtree(str(signed))
    shutil.copytree(str(program), str(signed))
    for name in PROGRAMS:
        signing.sign(signed / name, options)
    return signed


def makensis() -> str:
    """Return NSIS's compiler. Raises InstallError."""
    found = shutil.which("makensis")
    if found is None and WINDOWS and Path(NSIS_ON_WINDOWS).is_file():
        found = NSIS_ON_WINDOWS
    if found is None:
        how = "winget install NSIS.NSIS" if WINDOWS else "sudo apt install nsis"
        raise InstallError(f"NSIS is missing. Install it: {how}")
    return found


def write_list(program: Path, list_file: Path) -> None:
    """Write the lines of NSIS that delete each file and folder of the program, and nothing else."""
    paths = sorted(program.rglob("*"), key=lambda path: path.as_posix())

    def line(verb: str, path: Path) -> str:
        name = str(path.relative_to(program)).replace("/", "\\").replace("$", "$$")
        return f'{verb} "$INSTDIR\\{name}"\n'

    lines = [line("Delete", path) for path in paths if path.is_file()]
    lines += [line("RMDir", path) for path in reversed(paths) if path.is_dir()]
    list_file.write_bytes("".join(lines).encode())


def touch_all(program: Path) -> None:
    """Give all files the time of the sources: NSIS stores it, and setups would differ by it."""
    seconds = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in (program, *program.rglob("*")):
        os.utime(str(path), (seconds, seconds))


def write_hash(setup: Path, file: Path) -> None:
    """Write the setup's hash as `sha256sum --check` reads it."""
    digest = hashlib.sha256(setup.read_bytes()).hexdigest()
    file.write_bytes(f"{digest}  {setup.name}\n".encode())


if __name__ == "__main__":
    run_main(main)
