"""Windows: a job that holds a program and all that it starts, so that they can be ended together.

The program starts halted and goes on within the job, so that nothing it starts can stay outside.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping
from typing import Any

CREATE_SUSPENDED, CREATE_NO_WINDOW = 0x4, 0x08000000
KILLED = 1  # the exit code of what is killed


class Job:
    """A job object of Windows. Raises OSError if there can be none."""

    options: Mapping[str, Any] = {"creationflags": CREATE_SUSPENDED | CREATE_NO_WINDOW}  # for Popen

    def __init__(self) -> None:
        self._kernel = _library("kernel32")
        self._kernel.CreateJobObjectW.restype = ctypes.c_void_p
        self._handle = ctypes.c_void_p(self._kernel.CreateJobObjectW(None, None))
        if not self._handle:
            raise OSError("Windows gives no job object")

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Take a program that is halted, and let it go on. Raises OSError."""
        handle = ctypes.c_void_p(int(getattr(process, "_handle")))  # noqa: B009 (Windows only)
        if not self._kernel.AssignProcessToJobObject(self._handle, handle):
            raise OSError("Windows does not put the program into a job")
        if _library("ntdll").NtResumeProcess(handle):
            raise OSError("Windows does not let the program go on")

    def kill(self) -> None:
        """End all that is in the job."""
        self._kernel.TerminateJobObject(self._handle, KILLED)

    def close(self) -> None:
        """Let go of it; what is left in it goes on."""
        self._kernel.CloseHandle(self._handle)


def _library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009  (mypy: Windows only)
