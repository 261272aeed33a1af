"""A web server on loopback in a push service's place: keeps what it is sent, answers as told."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HANGS = -1  # in place of a status: the request is read and never answered


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float  # epoch seconds

    @property
    def json(self) -> dict[str, Any]:
        """The body of a webhook's request."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class PushServer:
    """What came in, and what to answer: each status once, the last one for good."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)  # of every answer
    body: bytes = b""  # of every answer
    received: list[Received] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def next_status(self) -> int:
        """Return the status to answer with now."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def push_server(*statuses: int, certificate: Path | None = None) -> Iterator[PushServer]:
    """Serve on a free port until the end of the block; with a certificate by TLS."""
    server = PushServer(statuses=list(statuses) or [200])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.received.append(Received(self.path, dict(self.headers), body, time.time()))
            status = server.next_status()
            if status == HANGS:
                server.ending.wait()
                return
            self.send_response(status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(server.body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Listener(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: a client that breaks off is what some tests want."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
            scheme = "https"
        server.url = f"{scheme}://127.0.0.1:{listener.server_port}/topic"
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            listener.shutdown()
            thread.join()
