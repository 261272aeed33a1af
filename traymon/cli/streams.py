"""Standard output and errors that cannot end the program: closed, full, or without a reader.

What a command is for goes on, and its exit code is what it found out. Standard library alone:
this is in place before anything else is imported.
"""

from __future__ import annotations

import codecs
import errno
import io
import logging
import os
import select
import signal
import sys
import time
from typing import Any, BinaryIO, TextIO, cast

ASCII = {"✓": "+", "✗": "x", "…": "...", "→": "->", "·": "-", "\N{EN DASH}": "-"}
log = logging.getLogger(__name__)

ERRORS = "traymon"  # the name of our error handler for encodings


class TolerantOutput(io.RawIOBase):
    """Passes bytes on to a stream, and drops what the stream does not take."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self.fault: OSError | None = None  # the first error, unless the reader has just left
        self.reader_has_left = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Write the bytes, or drop them; return how many there were."""
        rest = memoryview(data).cast("B")
        try:
            while rest:
                written = self._stream.write(rest)
                if written is None:  # another program has made the terminal non-blocking
                    select.select([], [self._stream.fileno()], [])
                rest = rest[written or 0 :]
        except OSError as error:
            if error.errno == errno.EPIPE:
                self.reader_has_left = True
            elif self.fault is None:
                self.fault = error
        return len(data)

    def fileno(self) -> int:
        """Return the stream's descriptor. Raises OSError if it has none."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._stream.isatty()


def protect_streams() -> None:
    """Make stdout and stderr such that writing to them never fails."""
    codecs.register_error(ERRORS, _replace_unencodable)
    if sys.platform != "win32":
        _open_missing_descriptors()
        if signal.getsignal(signal.SIGTTOU) is signal.SIG_DFL:
            # `stty tostop` would stop a background job at the first line that it prints
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    sys.stdout, sys.stderr = _tolerant(sys.stdout), _tolerant(sys.stderr)


def flush_streams() -> str:
    """Write what is still buffered; return why not all of stdout could be written, or ""."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    raw = _raw_stdout()
    return "" if raw is None or raw.fault is None else str(raw.fault)


def wait_while_read(seconds: float) -> bool:
    """Write what is still buffered, and wait; return False as soon as nobody reads stdout.

    Windows says that only when something is written.
    """
    sys.stdout.flush()
    raw = _raw_stdout()
    if raw is not None and (raw.reader_has_left or raw.fault is not None):
        return False
    if sys.platform == "win32":
        time.sleep(seconds)
        return True
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # errors and the end are reported without being asked for
    return not poll.poll(seconds * 1000)


def _raw_stdout() -> TolerantOutput | None:
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw if isinstance(raw, TolerantOutput) else None


def print_error(text: str) -> None:
    """Print an error to stderr, and to the log if it was started."""
    text = "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
    print(text, file=sys.stderr)
    if logging.getLogger().handlers:  # without a log, Python would print it a second time
        log.error("%s", text)


def _open_missing_descriptors() -> None:
    """Open the null device in place of closed standard streams.

    Else a file of ours would take their number, and with it what libraries and children print.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed, or pythonw.exe, which has no console
        return open(os.devnull, "w", encoding="utf-8")
    buffer: Any = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED there is no buffer in between
    if not isinstance(raw, io.RawIOBase):
        return stream  # not a stream of the operating system's
    tolerant = TolerantOutput(raw)
    return io.TextIOWrapper(
        cast(BinaryIO, tolerant if buffer is raw else io.BufferedWriter(tolerant)),
        encoding=stream.encoding,  # a pipe on Windows is cp1252, which has no tick
        errors=ERRORS,
        line_buffering=bool(stream.line_buffering),
        write_through=getattr(stream, "write_through", False),
    )


def _replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that a stream's encoding lacks; an error handler for codecs."""
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(ASCII.get(character, "?") for character in missing), error.end
