"""Three traymons without a desktop, watched with the files of docs/fleet."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.gateway_process import GatewayProcess
from support.polling import PATIENCE, wait_for
from support.prometheus import FLEET, MISSING, Prometheus, Receiver, free_port, run_tool
from support.traymon_process import IsolatedTraymon, end
from traymon.core.facts import Fact
from traymon.diagnosis import fix_pages

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Debian's Prometheus"),
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}"),
]

TOKEN = "zt7Hq-secret-of-the-scraper"


@contextmanager
def watching(home: Path, name: str, gateway: GatewayProcess, metrics: int) -> Iterator[None]:
    """Run a traymon without a desktop until the context ends."""
    home.mkdir()
    traymon = IsolatedTraymon(
        home,
        TRAYMON_NAME=name,
        TRAYMON_NOTIFY="off",
        TRAYMON_REGION="off",  # what ends at the time of IB's reset is expected
        TRAYMON_METRICS=str(metrics),
        TRAYMON_METRICS_TOKEN=TOKEN,
    )
    command = traymon.command("run", "--no-tray", "--port", str(gateway.port))
    process = subprocess.Popen(
        command,
        cwd=home,
        env=traymon.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
        end(process)
        kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
        assert any(b"healthy" in text for text in kept)  # the log is among them
        assert not any(TOKEN.encode() in text for text in kept)
    finally:
        process.kill()
        process.wait()


def scrape(port: int) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def test_of_three_gateways_the_one_that_ends_is_told_with_its_fix(tmp_path: Path) -> None:
    names = ("alpha", "beta", "gamma")
    ports = {name: free_port() for name in names}
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver().listening())
        gateways = {name: stack.enter_context(GatewayProcess()) for name in names}
        for name in names:
            home = tmp_path / name
            stack.enter_context(watching(home, name, gateways[name], ports[name]))
        prometheus = stack.enter_context(
            Prometheus(tmp_path, [*ports.values()], TOKEN, receiver.url).running()
        )
        green = 'traymon_light{light="green"} == 1'
        wait_for(lambda: len(prometheus.query(green)) == 3, "three green lights")
        assert run_tool("promtool", "check", "metrics", text=scrape(ports["alpha"])) == ""
        assert receiver.alerts == []

        gateways["beta"].kill()
        wait_for(lambda: receiver.of("firing"), "the alert")
        labels, texts = (receiver.of("firing")[0][key] for key in ("labels", "annotations"))
        assert (labels["alertname"], labels["severity"]) == ("TraymonRed", "critical")
        page = fix_pages.page(labels["code"])
        facts = {
            **fix_pages.general_facts(),
            Fact.HOST: "127.0.0.1",
            Fact.PORT: gateways["beta"].port,
        }
        assert texts["summary"] == "beta: " + fix_pages.fill(page.headline, facts)
        assert texts["description"] == fix_pages.fill(page.in_short, facts)
        assert texts["fix"] == fix_pages.fill(page.sections["Fix"], facts)

        gateways["beta"].play()
        wait_for(lambda: receiver.of("resolved"), "the end of the alert")
        assert {alert["labels"]["target"] for alert in receiver.alerts} == {"beta"}


def test_the_files_are_valid_for_the_programs_that_read_them(tmp_path: Path) -> None:
    for path in FLEET.iterdir():
        if path.suffix == ".yml":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "traymon-token").write_text(TOKEN)
    run_tool("promtool", "check", "config", "prometheus.yml", cwd=tmp_path)
    run_tool("amtool", "check-config", "alertmanager.yml", cwd=tmp_path)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_takes_the_service(tmp_path: Path) -> None:
    unit = (FLEET / "traymon.service").read_text(encoding="utf-8")
    program = re.search(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert program is not None
    copy = tmp_path / "traymon.service"
    copy.write_text(unit.replace(program[1], sys.executable), encoding="utf-8")
    assert run_tool("systemd-analyze", "verify", str(copy)) == ""


def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_bytes((FLEET / "rules.yml").read_bytes())
    cases = Path(__file__).with_name("alert_cases.yml")
    (tmp_path / cases.name).write_bytes(cases.read_bytes())
    run_tool("promtool", "test", "rules", cases.name, cwd=tmp_path)
