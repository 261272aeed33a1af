"""Visits the page of a running traymon as a browser does, without one."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from support.launch_file import key

TIMEOUT = 60.0  # seconds; generous, for a busy machine


@dataclass(frozen=True)
class Visitor:
    """A browser that may see the page."""

    host: str  # with its port
    key: str

    @contextmanager
    def open_page(self) -> Iterator[None]:
        """Keep the page open: its document, what that links to, and its stream of changes."""
        headers = {"Authorization": f"Bearer {self.key}"}
        with closing(http.client.HTTPConnection(self.host, timeout=TIMEOUT)) as connection:
            page = _get(connection, "/", headers)
            for linked in re.findall(r'(?:src|href)="(/[\w.]+)"', page):
                _get(connection, linked, headers)
            connection.request("GET", "/events", headers=headers)
            stream = connection.getresponse()
            assert stream.status == 200, stream.status
            stream.readline()
            yield


def visitor(env: Mapping[str, str]) -> Visitor:
    """Let a browser in, as the command `open` does for the user of this environment."""
    command = [sys.executable, "-m", "traymon", "open", "--print-url"]
    url = subprocess.check_output(command, env=env, text=True, timeout=TIMEOUT).strip()
    host, _, path = url.removeprefix("http://").partition("/")
    return Visitor(host, key(host, path.rpartition("/")[2]))


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> str:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    assert answer.status == 200, f"{path}: {answer.status}"
    return text
