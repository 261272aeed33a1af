"""The ways in which traymon is installed for a user: uv, pipx, or a private environment.

All take the versions that the lock names. None writes outside the user's own folders.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from environment import (
    LOCKS,
    OLDEST,
    ROOT,
    TOO_NEW,
    check_venv_module,
    must,
    output_of,
    supported,
)

BIN, EXE = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
NETWORK = " Is there a network (or a proxy to name)? Start again when there is."
SYSTEM_PYTHON = "/usr/bin/python3"
LINK = Path(os.path.expanduser("~/.local/bin/traymon"))  # not on Windows, whose PATH has no such


class Uv:
    """An environment of uv's own."""

    name = "uv"

    def is_here(self) -> bool:
        """Tell whether this way can be gone."""
        return shutil.which("uv") is not None

    def folder(self) -> "Path | None":
        """Return the environment where traymon is, or would be."""
        tools = output_of(["uv", "tool", "dir"]) if self.is_here() else None
        return Path(tools, "traymon") if tools else None

    def install(self) -> None:
        """Install it, or bring it up to date. Raises InstallError."""
        pythons = ">={}.{},<{}.{}".format(*OLDEST, *TOO_NEW)
        command = ["uv", "tool", "install", "--force", "--reinstall", "--python", pythons]
        with _versions() as versions:
            must(
                [*command, "--constraints", str(versions), str(ROOT)],
                "uv could not install traymon." + NETWORK,
            )

    def uninstall(self) -> None:
        """Remove it. Raises InstallError."""
        must(["uv", "tool", "uninstall", "traymon"], "uv could not remove traymon.")


class Pipx:
    """An environment of pipx's own; with the system's PyGObject where there is one."""

    name = "pipx"

    def is_here(self) -> bool:
        """Tell whether this way can be gone."""
        return shutil.which("pipx") is not None

    def folder(self) -> "Path | None":
        """Return the environment where traymon is, or would be."""
        ask = ["pipx", "environment", "--value", "PIPX_LOCAL_VENVS"]
        environments = output_of(ask) if self.is_here() else None
        return Path(environments, "traymon") if environments else None

    def install(self) -> None:
        """Install it, or bring it up to date. Raises InstallError."""
        command = ["pipx", "install", "--force"]
        python = python_with_gi()
        if python is not None:
            command += ["--python", python, "--system-site-packages"]
        else:
            command += ["--python", _this_python()]
        with _versions() as versions:
            must(
                [*command, str(ROOT)],
                "pipx could not install traymon." + NETWORK,
                # for whichever pipx uses; as an address, for both split a path at its spaces
                {"PIP_CONSTRAINT": versions.as_uri(), "UV_CONSTRAINT": versions.as_uri()},
            )

    def uninstall(self) -> None:
        """Remove it. Raises InstallError."""
        must(["pipx", "uninstall", "traymon"], "pipx could not remove traymon.")


class Private:
    """An environment of traymon's own; with the system's PyGObject where there is one."""

    name = "venv"

    def __init__(self) -> None:
        self._folder = data_folder() / "venv"
        self._old = self._folder.with_name("venv.old")

    def is_here(self) -> bool:
        """Tell whether this way can be gone; where not, `install` says what is missing."""
        return True

    def folder(self) -> "Path | None":
        """Return the environment where traymon is, or would be."""
        return self._folder

    def install(self) -> None:
        """Make it anew; the one before stands in again where that fails. Raises InstallError."""
        self._bring_back()  # of a start that was cut off
        python = python_with_gi()
        if python is None:
            check_venv_module()
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        if self._folder.exists():
            self._folder.rename(self._old)
        try:
            self._make(python)
        except BaseException:
            shutil.rmtree(str(self._folder), ignore_errors=True)
            self._bring_back()
            _remove_if_empty(self._folder.parent)
            raise
        shutil.rmtree(str(self._old), ignore_errors=True)
        self._link()

    def _bring_back(self) -> None:
        if self._old.exists():
            shutil.rmtree(str(self._folder), ignore_errors=True)
            self._old.rename(self._folder)

    def _make(self, python_with_menu: "str | None") -> None:
        python = python_with_menu or _this_python()
        options = ["--system-site-packages"] if python_with_menu else []
        must(
            [python, "-m", "venv", *options, str(self._folder)],
            f"{python} could not make a virtual environment.",
        )
        pip = [str(self._folder / BIN / ("python" + EXE)), "-m", "pip", "install", "--quiet"]
        must(
            [*pip, "--require-hashes", "-r", str(LOCKS["run"])],
            "pip could not install traymon's packages." + NETWORK,
        )
        # Its build tools are in the lock, so nothing unlocked is fetched.
        must(
            [*pip, "--no-deps", "--no-build-isolation", str(ROOT)],
            "pip could not install traymon itself.",
        )

    def _link(self) -> None:
        """Put the command where shells look; what somebody else has there is left alone."""
        if sys.platform == "win32" or (os.path.lexists(str(LINK)) and not self._owns_link()):
            return
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if self._owns_link():
            LINK.unlink()
        LINK.symlink_to(self._folder / BIN / "traymon")

    def _owns_link(self) -> bool:
        return LINK.is_symlink() and Path(os.readlink(str(LINK))).parent.parent == self._folder

    def uninstall(self) -> None:
        """Remove it, and the link to it."""
        if self._owns_link():
            LINK.unlink()
            _remove_if_empty(LINK.parent)
        shutil.rmtree(str(self._old), ignore_errors=True)
        shutil.rmtree(str(self._folder))
        _remove_if_empty(self._folder.parent)


def installed() -> "list[Uv | Pipx | Private]":
    """Return the ways in which traymon is installed now, be it in order or not."""
    folders = [(way, way.folder()) for way in WAYS]
    return [way for way, folder in folders if folder is not None and folder.exists()]


def program(way: "Uv | Pipx | Private") -> Path:
    """Return the command of the traymon that was installed this way."""
    return Path(way.folder() or "", BIN, "traymon" + EXE)


def best() -> "Uv | Pipx | Private":
    """Return the way for this machine: as it was installed before, else the first that is there.

    uv cannot lend traymon the system's PyGObject, without which the icon has no menu on Linux.
    """
    fitting = [way for way in WAYS if way.is_here()]
    if python_with_gi() is not None:
        fitting = [way for way in fitting if way.name != "uv"]
    return [*installed(), *fitting][0]


def python_with_gi() -> "str | None":
    """Return a Python here whose PyGObject gives the icon its menu; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    ask = "import gi, sys, venv, ensurepip; gi.require_version('Gtk', '3.0');"
    ask += "print('%d.%d' % sys.version_info[:2])"
    for python in (_this_python(), SYSTEM_PYTHON):
        version = output_of([python, "-I", "-c", ask])
        if version is not None and supported(version):
            return python
    return None


def data_folder() -> Path:
    """Return the user's folder for what programs bring along, as the platform has it."""
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"], "traymon")
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Application Support/traymon"))
    return Path(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "traymon")


def _this_python() -> str:
    """Return the Python that runs this; of a virtual environment, the one it was made from."""
    return getattr(sys, "_base_executable", None) or sys.executable


@contextlib.contextmanager
def _versions() -> "Iterator[Path]":
    """Give a file with the lock's versions alone: with hashes, pip refuses an unhashed folder."""
    text = LOCKS["run"].read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("--hash")[0].strip() for line in text.splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "versions.txt")
        file.write_text("\n".join(line for line in lines if not line.startswith("#")) + "\n")
        yield file


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it holds something else
        folder.rmdir()


WAYS = (Uv(), Pipx(), Private())
