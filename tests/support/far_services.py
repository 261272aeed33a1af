"""Services of the internet, played on loopback: a proxy that answers in the place of each of them.

Whoever takes the proxy and the certificates that `environment` names talks TLS with a server that
shows a good certificate for whatever name it was asked for.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import trustme

TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Asked:
    """A request that a service got."""

    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the values of a body, as JSON or as a form."""
        if "json" in self.headers.get("content-type", ""):
            return json.loads(self.body)
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Services:
    """What was asked of them, and how they answer: a status, headers, a body."""

    environment: Mapping[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], tuple[int, Mapping[str, str], bytes]] = lambda _: (200, {}, b"ok")


class Certificates:
    """An authority that nobody else trusts."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self._file))

    @property
    def environment(self) -> dict[str, str]:
        """What makes Python's own libraries and requests trust it."""
        return {"SSL_CERT_FILE": str(self._file), "REQUESTS_CA_BUNDLE": str(self._file)}

    def server(self, name: str) -> ssl.SSLContext:
        """Return what a server of this name shows."""
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(name).configure_cert(context)
            self._contexts[name] = context
        return self._contexts[name]


@contextmanager
def far_services() -> Iterator[Services]:
    """Play the services until the context ends."""
    services = Services()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = TIMEOUT
        host = ""

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            self.host = self.path.partition(":")[0]
            context, plain = certificates.server(self.host), (self.rfile, self.wfile)
            with (
                suppress(OSError),  # it does not trust us, or has left
                context.wrap_socket(self.connection, server_side=True) as self.connection,
                self.connection.makefile("rb") as self.rfile,
                self.connection.makefile("wb") as self.wfile,
            ):
                self.handle_one_request()
            self.close_connection = True
            self.rfile, self.wfile = plain

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.host, self.path, headers, self.rfile.read(length))
            services.asked.append(asked)
            status, more, body = services.answer(asked)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(Path(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        proxy = f"http://127.0.0.1:{server.server_port}"
        services.environment = {**certificates.environment, "HTTPS_PROXY": proxy}
        try:
            yield services
        finally:
            server.shutdown()
            server.server_close()
            thread.join(TIMEOUT)
