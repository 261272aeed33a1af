"""`traymon gate` without the libraries of the other commands, which would take half a second.

Reads the usual command lines alone: `gate` reads all others, prints the help and explains mistakes.
Imports the standard library and `traymon.gate`.
"""

from __future__ import annotations

import json
import os
import sys
import time

from traymon.gate import Gate, gate

TYPE_CHECKING = False  # importing typing would take a while
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

EXIT_OPEN, EXIT_CLOSED = 0, 1
FLAGS = {"--market": "market", "--json": "as_json"}
# How each option's value is read; int and float raise ValueError for what they cannot be.
VALUES: dict[str, tuple[str, Any]] = {
    "--client-id": ("client_id", int),
    "--margin": ("margin_minutes", float),
    "--env": ("env", str),
    "--host": ("host", str),
    "--port": ("port", int),
    "--target": ("target", str),
}
SOON = 12 * 3600.0  # seconds; a time that is further away is given with its day


def run(words: Sequence[str]) -> int | None:
    """Ask, print the answer and return the exit code; None if `gate` has to read the words."""
    question = parse(words)
    if question is None:
        return None
    as_json = question.pop("as_json", False)
    try:
        answer = gate(**question)
    except ValueError:
        return None
    _print(as_text(answer, as_json))
    return EXIT_OPEN if answer else EXIT_CLOSED


def parse(words: Sequence[str]) -> dict[str, Any] | None:
    """Return the question as `traymon.gate.gate` takes it, and `as_json`; None if unsure."""
    question: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name, has_value, value = word.partition("=")
        if word in FLAGS:
            question[FLAGS[word]] = True
            continue
        if name not in VALUES:
            return None
        key, read = VALUES[name]
        if not has_value:
            value = next(rest, "")
        if not value or value.startswith("-"):
            return None
        try:
            question[key] = read(value)
        except ValueError:
            return None
    env = question.get("env")
    return question if env is None or os.path.isfile(env) else None


def as_text(answer: Gate, as_json: bool) -> str:
    """Return what is printed of an answer."""
    return json.dumps(answer.answer, indent=2) if as_json else "\n".join(_lines(answer))


def _lines(answer: Gate) -> Iterator[str]:
    target = answer.answer["target"]
    first = "Open" if answer else "Closed"
    yield f"{first}: {target['name']}, {target['host']}:{target['port']}" if target else first
    for reason in answer.reasons:
        until = "" if reason.until is None else f", until {_moment(reason.until)}"
        yield f"  {reason.text}{until} ({reason.code})"
    if answer.next_change_at is not None:
        change = "Closes" if answer else "Opens"
        yield f"{change} at {_moment(answer.next_change_at)}, as planned"


def _moment(moment: float) -> str:
    form = "%H:%M" if moment - time.time() < SOON else "%a %H:%M"
    return time.strftime(form, time.localtime(moment))


def _print(text: str) -> None:
    """Print to stdout whatever becomes of it: the exit code is what the answer is."""
    if sys.stdout is None:  # closed
        return
    try:
        encoding = sys.stdout.encoding
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:  # the reader has left
        pass
    except OSError as error:
        os.write(2, f"The output is incomplete: {error}\n".encode())
