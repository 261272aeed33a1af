"""The words for what became of a client library: assets/client_library.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from traymon import assets
from traymon.core.client_library import LibraryOutcome, LibraryResult

NO_LIBRARY = "the check of the client libraries"  # what failed, if no single library did


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return the words by outcome, and those of the comparison."""
    path = assets.folder() / "client_library.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def finding(result: LibraryResult, interpreter: str, python_version: str) -> str:
    """Return what became of a library."""
    return _fill(words()[result.outcome]["finding"], result, interpreter, python_version)


def advice(result: LibraryResult, interpreter: str, python_version: str, check: str) -> str:
    """Return what to do about it; "" if there is nothing to do. `check` is typed to check again."""
    text = words()[result.outcome]["advice"]
    return _fill(text, result, interpreter, python_version, check)


def connected(libraries: str) -> str:
    """Return that these libraries are connected: `ib_insync 0.9.86, ibapi 10.37.2`."""
    return words()[LibraryOutcome.CONNECTED]["finding"].format(library=libraries)


def compared(case: str, check: str = "") -> str:
    """Return the words for a case of the comparison with traymon's own session."""
    return words()["comparison"][case].format(check=check)


def label(result: LibraryResult) -> str:
    """Return a library's name and version: `ib_insync 0.9.86`."""
    return f"{result.name} {result.version}".strip() or NO_LIBRARY


def _fill(
    text: str, result: LibraryResult, interpreter: str, python_version: str, check: str = ""
) -> str:
    return text.format(
        check=check,
        library=label(result),
        name=result.name or "ib_insync",
        interpreter=interpreter,
        python_version=python_version,
        said=f": {result.detail}" if result.detail else "",
        max_version=result.max_version,
    )
