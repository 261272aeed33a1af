"""A real Java program that opens windows with the titles of a test, as TWS and IB Gateway do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from support.virtual_desktop import Desktop

SOURCE = Path(__file__).with_name("Windows.java")
# What IB's own launchers have in their command line, and the test's other programs have not.
MARK_OF_IB = "-Djts4launch=test"


def reason_to_skip() -> str:
    """Return why no Java program can open a window here, or "" if it can."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        return "no Java: apt install default-jdk"
    libraries = Path(java).resolve().parents[1] / "lib"
    return "" if list(libraries.glob("libawt_xawt.so")) else "no Java with windows: default-jre"


def compile_to(folder: Path) -> Path:
    """Compile the program; return the folder."""
    subprocess.run(["javac", "-d", str(folder), str(SOURCE)], check=True, timeout=120)
    return folder


class JavaProgram:
    """A Java program on a desktop; a context manager that ends it."""

    def __init__(self, desktop: Desktop, compiled: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            ["java", "-Xshare:auto", "-Xmx64m", *options, "-cp", str(compiled), "Windows"],
            env=desktop.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.pid = self._process.pid

    def do(self, command: str) -> None:
        """Run a command; return when its window is open: `dialog Login failed`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def __enter__(self) -> JavaProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=30)
