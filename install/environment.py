"""Prepares `.venv`, the environment in the repository that holds the locked packages.

Shared by the scripts beside it. Must parse and run on Python 3.6, so that an old Python gets as far
as the sentence that says what to do. Installs nothing outside `.venv`, and writes nothing to
stdout, which belongs to traymon.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from subprocesses import (
    InstallError,
    exclusive_lock,
    isolated,
    output_of,
    run_or_fail,
    say,
)

MIN_PYTHON = (3, 11)  # as in pyproject's requires-python, which an old Python cannot parse
END_PYTHON = (3, 15)  # the first version that is too new
READY, OUTDATED, UNUSABLE = "ready", "outdated", "unusable"
EXIT_CANNOT_SET_UP = 3

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "traymon-stamp.json"  # describes what .venv holds; written last
LOCK_FILE = VENV / "traymon-turn"  # locked by the process that is changing .venv
SITE_PACKAGES = "Lib/site-packages" if sys.platform == "win32" else "lib/python*/site-packages"
LOCKS = {"run": HERE / "requirements.txt", "test": HERE / "requirements-test.txt"}


def run_main(main: "Callable[[list[str]], int]") -> "NoReturn":
    """Exit with main's exit code. Print an InstallError and exit with EXIT_CANNOT_SET_UP."""
    try:
        check_python()
        sys.exit(main(sys.argv[1:]))
    except InstallError as error:
        say(str(error))
        sys.exit(EXIT_CANNOT_SET_UP)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)


def prepare(kind: str) -> Path:
    """Make `.venv` ready for the kind (`run`, `test`) and return its Python.

    Prints nothing if it is ready already. Raises InstallError.
    """
    if venv_state(kind) == READY:
        return PYTHON
    check_venv_module()
    try:
        VENV.mkdir(exist_ok=True)
        with exclusive_lock(
            LOCK_FILE, "Another start of traymon is setting up .venv. Waiting for it to finish."
        ):
            state = venv_state(kind)  # another process may have done it meanwhile
            if state == UNUSABLE:
                say("Setting up traymon in .venv. This takes about a minute, the first time only.")
                recreate_venv()
            elif state == OUTDATED:
                say("Updating .venv: its list of packages has changed.")
            if state != READY:
                install_packages(kind)
    except OSError as error:
        raise InstallError(
            f"Cannot write {error.filename or VENV} ({error.strerror}). traymon keeps its packages"
            f" in its own folder, in .venv.\nMake {ROOT} writable for you, or copy it to a folder"
            " that is. If traymon is running from it, quit it first."
        ) from error
    return PYTHON


# --- the state of .venv ---


def venv_state(kind: str) -> str:
    """Return READY, OUTDATED (works, but holds other packages) or UNUSABLE (recreate it)."""
    digests = {name: digest(name) for name in LOCKS}
    return judge(kind, read_stamp(), venv_python(), digests, modules())


def judge(
    kind: str,
    stamp: "dict[str, Any] | None",
    python: "str | None",
    digests: "dict[str, str]",
    present: "set[str]",
) -> str:
    """Return the state of `.venv`.

    `stamp` is None if `.venv` was not made by us, `python` the version of its Python, `present`
    what `modules` returns.
    """
    if python is None or not supported(python):
        return UNUSABLE
    if stamp is None:
        return OUTDATED
    # Its Python was upgraded, or the folder was moved, so that paths inside point elsewhere.
    if stamp.get("python") != python or stamp.get("place") != str(VENV):
        return UNUSABLE
    # Something was removed. pip would trust its records of what is installed, and repair nothing.
    if not present.issuperset(stamp.get("modules", ())):
        return UNUSABLE
    installed = stamp.get("kind", "")
    is_current = installed in (kind, "test") and stamp.get("digest") == digests[installed]
    return READY if is_current and stamp.get("modules") else OUTDATED


def modules() -> "set[str]":
    """Return the names of the packages, modules and .pth files that are installed in `.venv`."""
    return {
        path.name
        for path in VENV.glob(SITE_PACKAGES + "/*")
        if path.suffix not in (".dist-info", ".libs") and path.name != "__pycache__"
    }


def digest(kind: str) -> str:
    """Return a hash of everything that determines the packages of an environment of the kind."""
    texts = [path.read_bytes() for path in (LOCKS[kind], ROOT / "pyproject.toml")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def read_stamp() -> "dict[str, Any] | None":
    """Return the stamp: `{}` if `.venv` is incomplete, None if there is no stamp."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(**stamp: "str | list[str]") -> None:
    """Replace the stamp atomically."""
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamp), encoding="utf-8")
    draft.replace(STAMP)


def venv_python() -> "str | None":
    """Return the version (`3.13`) of the Python in `.venv`; None if there is none that starts.

    The program itself has to tell: files in `.venv` still name the old version after an upgrade of
    the system's Python.
    """
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return output_of(isolated(PYTHON, "-S", "-c", code))


def supported(version: str) -> bool:
    """Tell whether traymon supports this version of Python."""
    major, minor = version.split(".")
    return MIN_PYTHON <= (int(major), int(minor)) < END_PYTHON


# --- changes to .venv ---


def recreate_venv() -> None:
    """Empty `.venv` and create a bare virtual environment in it."""
    write_stamp()  # marks it as incomplete
    for path in VENV.iterdir():
        if path in (STAMP, LOCK_FILE):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        else:
            path.unlink()
    run_or_fail(isolated(base_python(), "-m", "venv", str(VENV)), "Python could not make .venv.")


def base_python() -> str:
    """Return the Python that runs this; in a virtual environment, the one it was made from."""
    return getattr(sys, "_base_executable", None) or sys.executable


def install_packages(kind: str) -> None:
    """Install the locked packages and the project itself, then stamp `.venv` as complete."""
    python = venv_python()
    if python is None:
        raise InstallError(f"The new Python in {VENV} does not start.\n{another_python()}")
    pip = isolated(PYTHON, "-m", "pip", "install", "--quiet")
    # A .venv that was not made by us may lack pip.
    if output_of(isolated(PYTHON, "-c", "import pip")) is None:
        run_or_fail(isolated(PYTHON, "-m", "ensurepip"), "Python could not put pip into .venv.")
    base_stamp = {"python": python, "place": str(VENV)}
    write_stamp(**base_stamp)  # works, but holds unknown packages
    run_or_fail(
        [*pip, *locked_packages(kind)],
        "pip could not install traymon's packages. Check your internet connection or proxy"
        " settings, then run this again.",
    )
    # The lock contains the build tools, so they are installed and nothing unlocked is fetched.
    run_or_fail(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        "pip could not install traymon itself.",
    )
    spell_paths_in_ascii()
    write_stamp(kind=kind, digest=digest(kind), modules=sorted(modules()), **base_stamp)


def locked_packages(kind: str) -> "list[str]":
    """Return pip's options for the packages of a lock, with their hashes checked.

    Those for users come without sources: to build them, pip would fetch build tools that no lock
    holds. The tests need one package that exists as source alone.
    """
    wheels_only = ["--only-binary", ":all:"] if kind == "run" else []
    return ["--require-hashes", *wheels_only, "-r", str(LOCKS[kind])]


def spell_paths_in_ascii() -> None:
    """Rewrite the editable install's .pth file so that every locale can read it.

    Before 3.13, `site` reads .pth files in the locale's encoding, but they are written in UTF-8:
    Windows does not find a user folder with an umlaut, and Python does not start under LC_ALL=C.
    Lines that begin with `import` are executed (documentation of the module `site`).
    """
    for path in VENV.glob(SITE_PACKAGES + "/*traymon*.pth"):
        lines = [
            line if line.isascii() else f"import sys; sys.path.append({line!a})"
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")


# --- the Python that runs this ---


def check_python() -> None:
    """Raise InstallError if the Python that runs this is too old or too new for traymon."""
    if MIN_PYTHON <= sys.version_info[:2] < END_PYTHON:
        return
    oldest, newest, this = (
        "{}.{}".format(*version)
        for version in (MIN_PYTHON, (END_PYTHON[0], END_PYTHON[1] - 1), sys.version_info[:2])
    )
    raise InstallError(
        f"traymon needs Python {oldest} to {newest}; this is {this} ({sys.executable}).\n"
        + another_python()
    )


def check_venv_module() -> None:
    """Raise InstallError if this Python cannot create virtual environments."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    if shutil.which("apt-get"):  # Debian and Ubuntu package it separately
        is_default = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
        name = "python3" if is_default else "python{}.{}".format(*sys.version_info[:2])
        fix = f"Install it: sudo apt install {name}-venv"
    else:
        fix = another_python()
    raise InstallError(
        f"This Python ({sys.executable}) cannot make virtual environments: its venv module is"
        f" missing.\n{fix}"
    )


def another_python() -> str:
    """Return the line that helps: a suitable Python on this machine, or how to install one."""
    script = subprocess.list2cmdline([sys.argv[0]])  # quoted if it has spaces
    for minor in (13, 12, 11, 14):
        name = f"python3.{minor}"
        command = ["py", f"-3.{minor}"] if sys.platform == "win32" else [name]
        # Run it, because pyenv's shims exist for versions that are not installed.
        code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        if shutil.which(command[0]) and output_of([*command, "-I", "-c", code]) == name[6:]:
            return "Use the one that is here: " + " ".join([*command, script])
    if sys.platform == "win32":
        return f"Install one: winget install Python.Python.3.13, then: py -3.13 {script}"
    if sys.platform == "darwin":
        return (
            f"Install one from python.org, or: brew install python@3.13, then: python3.13 {script}"
        )
    if shutil.which("apt-get"):
        return (
            f"Install one: sudo apt install python3.11 python3.11-venv, then: python3.11 {script}"
        )
    return f"Install Python 3.13 from your system's packages, then: python3.13 {script}"
