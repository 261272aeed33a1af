"""The installers of traymon for a user: uv, pipx, or a virtual environment of its own.

All of them install the locked versions. None writes outside the user's own folders.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from environment import (
    END_PYTHON,
    LOCKS,
    MIN_PYTHON,
    ROOT,
    base_python,
    check_venv_module,
    output_of,
    run_or_fail,
    supported,
)

BIN, EXE = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
NETWORK_HINT = " Is there a network (or a proxy to name)? Start again when there is."
SYSTEM_PYTHON = "/usr/bin/python3"
LINK = Path(
    os.path.expanduser("~/.local/bin/traymon")
)  # not on Windows, whose PATH has no such folder


class UvInstaller:
    """An environment managed by uv."""

    name = "uv"

    def is_here(self) -> bool:
        """Tell whether this installer can be used here."""
        return shutil.which("uv") is not None

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        tools = output_of(["uv", "tool", "dir"]) if self.is_here() else None
        return Path(tools, "traymon") if tools else None

    def install(self) -> None:
        """Install or update traymon. Raises InstallError."""
        pythons = ">={}.{},<{}.{}".format(*MIN_PYTHON, *END_PYTHON)
        command = ["uv", "tool", "install", "--force", "--reinstall", "--python", pythons]
        with _locked_versions() as versions:
            run_or_fail(
                [*command, "--constraints", str(versions), str(ROOT)],
                "uv could not install traymon." + NETWORK_HINT,
            )

    def uninstall(self) -> None:
        """Uninstall traymon. Raises InstallError."""
        run_or_fail(["uv", "tool", "uninstall", "traymon"], "uv could not remove traymon.")


class PipxInstaller:
    """An environment managed by pipx, with access to the system's PyGObject if it has one."""

    name = "pipx"

    def is_here(self) -> bool:
        """Tell whether this installer can be used here."""
        return shutil.which("pipx") is not None

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        query = ["pipx", "environment", "--value", "PIPX_LOCAL_VENVS"]
        environments = output_of(query) if self.is_here() else None
        return Path(environments, "traymon") if environments else None

    def install(self) -> None:
        """Install or update traymon. Raises InstallError."""
        command = ["pipx", "install", "--force"]
        python = python_with_gi()
        if python is not None:
            command += ["--python", python, "--system-site-packages"]
        else:
            command += ["--python", base_python()]
        with _locked_versions() as versions:
            run_or_fail(
                [*command, str(ROOT)],
                "pipx could not install traymon." + NETWORK_HINT,
                # pipx uses pip or uv. Both split the value at spaces, so pass a URL, not a path.
                {"PIP_CONSTRAINT": versions.as_uri(), "UV_CONSTRAINT": versions.as_uri()},
            )

    def uninstall(self) -> None:
        """Uninstall traymon. Raises InstallError."""
        run_or_fail(["pipx", "uninstall", "traymon"], "pipx could not remove traymon.")


class VenvInstaller:
    """An environment of traymon's own, with access to the system's PyGObject if it has one."""

    name = "venv"

    def __init__(self) -> None:
        self._folder = data_folder() / "venv"
        self._old = self._folder.with_name("venv.old")

    def is_here(self) -> bool:
        """Always true; if something is missing, `install` raises an error that says what."""
        return True

    def folder(self) -> "Path | None":
        """Return the environment that traymon is or would be in; None if it is unknown."""
        return self._folder

    def install(self) -> None:
        """Create the environment. If that fails, restore the old one. Raises InstallError."""
        self._restore()  # if an earlier run was interrupted
        python = python_with_gi()
        if python is None:
            check_venv_module()
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        if self._folder.exists():
            self._folder.rename(self._old)
        try:
            self._create(python)
        except BaseException:
            shutil.rmtree(str(self._folder), ignore_errors=True)
            self._restore()
            _remove_if_empty(self._folder.parent)
            raise
        shutil.rmtree(str(self._old), ignore_errors=True)
        self._link()

    def _restore(self) -> None:
        if self._old.exists():
            shutil.rmtree(str(self._folder), ignore_errors=True)
            self._old.rename(self._folder)

    def _create(self, python_with_menu: "str | None") -> None:
        python = python_with_menu or base_python()
        options = ["--system-site-packages"] if python_with_menu else []
        run_or_fail(
            [python, "-m", "venv", *options, str(self._folder)],
            f"{python} could not make a virtual environment.",
        )
        pip = [str(self._folder / BIN / ("python" + EXE)), "-m", "pip", "install", "--quiet"]
        run_or_fail(
            [*pip, "--require-hashes", "-r", str(LOCKS["run"])],
            "pip could not install traymon's packages." + NETWORK_HINT,
        )
        # The lock contains the build tools, so nothing unlocked is fetched.
        run_or_fail(
            [*pip, "--no-deps", "--no-build-isolation", str(ROOT)],
            "pip could not install traymon itself.",
        )

    def _link(self) -> None:
        """Link the command into the user's PATH, unless something else has that name there."""
        if sys.platform == "win32" or (os.path.lexists(str(LINK)) and not self._owns_link()):
            return
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if self._owns_link():
            LINK.unlink()
        LINK.symlink_to(self._folder / BIN / "traymon")

    def _owns_link(self) -> bool:
        return LINK.is_symlink() and Path(os.readlink(str(LINK))).parent.parent == self._folder

    def uninstall(self) -> None:
        """Remove the environment and the link to its command."""
        if self._owns_link():
            LINK.unlink()
            _remove_if_empty(LINK.parent)
        shutil.rmtree(str(self._old), ignore_errors=True)
        shutil.rmtree(str(self._folder))
        _remove_if_empty(self._folder.parent)


def installed_with() -> "list[Installer]":
    """Return the installers that traymon is installed with now, whether it works or not."""
    folders = [(installer, installer.folder()) for installer in INSTALLERS]
    return [installer for installer, folder in folders if folder is not None and folder.exists()]


def command_of(installer: "Installer") -> Path:
    """Return the command of the traymon that the installer has installed."""
    return Path(installer.folder() or "", BIN, "traymon" + EXE)


def choose_installer() -> "Installer":
    """Return the installer that was used before, else the first one that can be used here.

    uv cannot give traymon access to the system's PyGObject, without which the icon has no menu on
    Linux.
    """
    usable = [installer for installer in INSTALLERS if installer.is_here()]
    if python_with_gi() is not None:
        usable = [installer for installer in usable if installer.name != "uv"]
    return [*installed_with(), *usable][0]


def python_with_gi() -> "str | None":
    """Return a Python here that has PyGObject, which the icon's menu needs; None without one."""
    if not sys.platform.startswith("linux"):
        return None
    code = "import gi, sys, venv, ensurepip; gi.require_version('Gtk', '3.0');"
    code += "print('%d.%d' % sys.version_info[:2])"
    for python in (base_python(), SYSTEM_PYTHON):
        version = output_of([python, "-I", "-c", code])
        if version is not None and supported(version):
            return python
    return None


def data_folder() -> Path:
    """Return the folder for traymon's data, following the platform's convention."""
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"], "traymon")
    if sys.platform == "darwin":
        return Path(os.path.expanduser("~/Library/Application Support/traymon"))
    return Path(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "traymon")


@contextlib.contextmanager
def _locked_versions() -> "Iterator[Path]":
    """Write a file with the locked versions, without hashes.

    With hashes, pip refuses to install the project's folder, which has none.
    """
    text = LOCKS["run"].read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("--hash")[0].strip() for line in text.splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "versions.txt")
        file.write_text("\n".join(line for line in lines if not line.startswith("#")) + "\n")
        yield file


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it is not empty
        folder.rmdir()


if TYPE_CHECKING:
    Installer = UvInstaller | PipxInstaller | VenvInstaller

INSTALLERS: "tuple[Installer, ...]" = (UvInstaller(), PipxInstaller(), VenvInstaller())
