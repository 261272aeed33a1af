"""A real Prometheus with its Alertmanager, run with the files of docs/fleet; a webhook."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from support.polling import PATIENCE, wait_for
from support.repository import ROOT

FLEET = ROOT / "docs" / "fleet"
PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]


def free_port() -> int:
    """Return a port of this computer that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def run_tool(*words: str, cwd: Path = FLEET, text: str = "") -> str:
    """Run promtool or amtool; return what it says. It must succeed."""
    done = subprocess.run(
        words, cwd=cwd, input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Receiver:
    """A webhook that keeps the alerts it gets."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.alerts += json.loads(body)["alerts"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        """Take alerts until the context ends."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(PATIENCE)

    def of(self, status: str) -> list[dict[str, Any]]:
        """Return the alerts of this status: `firing` or `resolved`."""
        return [alert for alert in self.alerts if alert["status"] == status]


class Prometheus:
    """Prometheus and Alertmanager in a folder, with the files of docs/fleet but for its times."""

    def __init__(self, folder: Path, traymons: Sequence[int], token: str, receiver: str) -> None:
        """`traymons` are the ports of their metrics."""
        self._folder, self._token = folder, token
        self._port, self._alertmanager_port = free_port(), free_port()
        self._write(traymons, receiver)

    def _write(self, traymons: Sequence[int], receiver: str) -> None:
        yaml = YAML(typ="safe", pure=True)
        config = yaml.load(FLEET / "prometheus.yml")
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (job,) = config["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in traymons]}]
        (alertmanager,) = config["alerting"]["alertmanagers"]
        own = f"127.0.0.1:{self._alertmanager_port}"
        alertmanager["static_configs"] = [{"targets": [own]}]
        yaml.dump(config, self._folder / "prometheus.yml")
        rules = (FLEET / "rules.yml").read_text(encoding="utf-8")
        rules, count = re.subn(r"(traymon_light_seconds >= )60\b", r"\g<1>2", rules)
        assert count == 2  # red and grey: no test waits for a minute
        (self._folder / "rules.yml").write_text(rules, encoding="utf-8")
        (self._folder / "traymon-token").write_text(self._token)
        alerting = yaml.load(FLEET / "alertmanager.yml")
        alerting["route"] |= {"group_wait": "1s", "group_interval": "1s"}
        (hook,) = alerting["receivers"][0]["webhook_configs"]
        hook["url"] = receiver
        yaml.dump(alerting, self._folder / "alertmanager.yml")

    @contextmanager
    def running(self) -> Iterator[Prometheus]:
        """Run both until the context ends."""
        alertmanager = (
            *("prometheus-alertmanager", "--config.file=alertmanager.yml"),
            *("--storage.path=alertmanager", "--cluster.listen-address="),
            f"--web.listen-address=127.0.0.1:{self._alertmanager_port}",
        )
        prometheus = (
            *("prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
            f"--web.listen-address=127.0.0.1:{self._port}",
        )
        with ExitStack() as stack:
            for command in (alertmanager, prometheus):
                stack.enter_context(self._program(command))
            wait_for(self._is_ready, "Prometheus to be ready")
            yield self

    @contextmanager
    def _program(self, command: Sequence[str]) -> Iterator[None]:
        with (self._folder / f"{command[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                yield
            finally:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready"):
                return True
        except OSError:
            return False

    def query(self, expression: str) -> list[Mapping[str, Any]]:
        """Return the series that an expression finds now."""
        words = ("promtool", "query", "instant", "--format=json", f"http://127.0.0.1:{self._port}")
        return list(json.loads(run_tool(*words, expression)))

    @property
    def url(self) -> str:
        """The address of its page."""
        return f"http://127.0.0.1:{self._port}"
