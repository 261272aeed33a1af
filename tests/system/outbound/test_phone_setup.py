"""A phone is set up on the page of a real traymon, and is alerted without a restart."""

from __future__ import annotations

import http.client
import re
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from support.page_visit import Visitor, visitor
from support.polling import PATIENCE, wait_for
from support.push_server import push_server
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import HEALTHY, running


def ask(page: Visitor, method: str, path: str) -> str:
    """Ask the page for something as its script does; return the steps that it shows then."""
    headers = {"Authorization": f"Bearer {page.key}", "Origin": f"http://{page.host}"}
    with closing(http.client.HTTPConnection(page.host, timeout=PATIENCE)) as connection:
        connection.request(method, f"/phone/{path}", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    assert answer.status == 200, text
    return text


def test_three_steps_on_the_page_and_the_next_fault_arrives(tmp_path: Path) -> None:
    with running(HEALTHY) as gateway, push_server() as ntfy:
        user = ResidentTraymon(tmp_path, gateway)
        traymon = user.start_resident(TRAYMON_REGION="off", TRAYMON_SESSION="hold")
        try:
            wait_for(lambda: user.run("status").returncode == 0, "green")
            page = visitor(user.env)
            server = ntfy.url.removesuffix("/topic")
            shown = ask(page, "POST", f"server?address={quote(server)}")
            topic = re.search(r'class="topic">(.+?)<', shown)
            assert topic
            assert ntfy.received == []
            assert "Did your phone show it?" in ask(page, "POST", "test")
            assert [one.path for one in ntfy.received] == [f"/{topic[1]}"]
            assert "Done." in ask(page, "POST", "keep")
            wait_for(lambda: "push phone" in user.run("config").stdout, "the channel")
            gateway.stop()
            wait_for(lambda: ntfy.received[1:], "the fault")
        finally:
            end(traymon)
        config = user.run("config").stdout
    fault = ntfy.received[1]
    assert fault.path == f"/{topic[1]}"
    assert fault.headers["Priority"] == "5"
    path = tmp_path / "config" / "traymon" / "alerts.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(topic[1].encode() in text for text in (*kept, config.encode()))
