"""Telegram, Pushover, Discord and Slack through Apprise: from alerts.toml to what they are sent.

The services are played on loopback, behind a proxy and with certificates of the test's own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.far_services import Asked, Services, far_services
from support.push_scene import NOON, status
from traymon.config import alerts_file
from traymon.core.alerts import PushChannel
from traymon.core.notification import Kind, Notification
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.courier import Courier
from traymon.outbound.message import Message, compose
from traymon.outbound.push import request, send_test

BOT = "123456789:abcdefghijklmnopqrstuvwxyz123456789"
USER, APP = "u12345678901234567890123456789", "a12345678901234567890123456789"
HOOK = "1234567890/abcdefghijklmnop_qrstuv-wxyz"
PATH = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7x1"
ENTRIES = {
    "telegram": f'token = "{BOT}"\nchat = -1001234567890',
    "pushover": f'token = "{APP}"\nuser = "{USER}"',
    "discord": f'url = "https://discord.com/api/webhooks/{HOOK}"',
    "slack": f'url = "https://hooks.slack.com/services/{PATH}"',
}
ADDRESSES = {
    "telegram": f"api.telegram.org/bot{BOT}/sendMessage",
    "pushover": "api.pushover.net/1/messages.json",
    "discord": f"discord.com/api/webhooks/{HOOK}",
    "slack": f"hooks.slack.com/services/{PATH}",
}
PATIENCE_PLEASE = {
    "Retry-After": "70",
    "X-RateLimit-Remaining": "0",
    "X-RateLimit-Reset": "9999999999",  # epoch seconds
}
SECRETS = (BOT, USER, APP, HOOK, PATH)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with far_services() as services:
        for name, value in services.environment.items():
            monkeypatch.setenv(name, value)
        yield services


def channel(kind: str, folder: Path) -> PushChannel:
    """Return the channel that a user writes down so."""
    path = folder / "alerts.toml"
    path.write_text(f'[[push]]\nkind = "{kind}"\n{ENTRIES[kind]}\n', encoding="utf-8")
    found = alerts_file.load(path, {})
    assert found.mistakes == ()
    return found.alerts.push[0]


def message() -> Message:
    return compose([Notification(Kind.FAULT, status("port-refused", NOON))], NOON)


def send(kind: str, folder: Path, what: Message | None = None) -> Answer:
    answer = Courier().send(request(channel(kind, folder), what or message()))
    assert not any(secret in repr(answer) for secret in SECRETS)
    return answer


def said(kind: str, asked: Asked) -> tuple[str, str]:
    """Return the title and the text that a service is to show."""
    values: Mapping[str, Any] = asked.json()
    if kind == "pushover":
        return values["title"], values["message"]
    if kind == "slack":
        return values["attachments"][0]["title"], values["attachments"][0]["text"]
    title, _, text = (values.get("text") or values["content"]).partition("\r\n")
    return title.removeprefix("<b>").removesuffix("</b>"), text


@pytest.mark.parametrize("kind", ENTRIES)
def test_each_service_gets_title_and_steps(kind: str, services: Services, tmp_path: Path) -> None:
    assert send(kind, tmp_path) == Answer(Verdict.DELIVERED)
    (asked,) = services.asked
    assert asked.host + asked.path == ADDRESSES[kind]
    assert asked.headers["user-agent"] == "traymon"
    title, text = said(kind, asked)
    sent = message()
    assert title == sent.title
    assert sent.fix
    assert all(part.split(">")[0].split("&")[0] in text for part in (sent.message, *sent.fix))


def test_a_test_message_needs_no_fault(services: Services, tmp_path: Path) -> None:
    assert send_test(channel("pushover", tmp_path), NOON).verdict is Verdict.DELIVERED
    assert len(services.asked) == 1


def test_what_looks_like_markup_is_shown_as_it_is(services: Services, tmp_path: Path) -> None:
    marked = replace(message(), title="<b>bot</b>", message="[a](http://b) & *c*")
    assert send("telegram", tmp_path, marked).verdict is Verdict.DELIVERED
    (asked,) = services.asked
    shown = "<b>&lt;b&gt;bot&lt;/b&gt;</b>\r\n[a](http://b) &amp; *c*"
    assert shown in asked.json()["text"]


@pytest.mark.parametrize(
    ("kind", "code", "headers", "verdict"),
    [
        ("telegram", 404, {}, Verdict.REFUSED),
        ("pushover", 401, {}, Verdict.REFUSED),
        ("discord", 429, PATIENCE_PLEASE, Verdict.FAILED),
        ("slack", 500, {}, Verdict.FAILED),
        ("telegram", 302, {"Location": "https://elsewhere.example/"}, Verdict.REFUSED),
        ("discord", 307, {"Location": "https://elsewhere.example/"}, Verdict.REFUSED),
    ],
)
def test_what_a_service_answers_decides_whether_it_is_asked_again(
    kind: str,
    code: int,
    headers: Mapping[str, str],
    verdict: Verdict,
    services: Services,
    tmp_path: Path,
) -> None:
    services.answer = lambda _: (code, headers, b'{"ok": false}')
    began = time.monotonic()
    answer = send(kind, tmp_path)
    assert answer.verdict is verdict
    assert f"HTTP {code}" in answer.why
    assert answer.retry_after == (70 if code == 429 else None)
    assert time.monotonic() - began < 10, "Apprise waits by itself"
    assert {asked.host for asked in services.asked} == {ADDRESSES[kind].partition("/")[0]}


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name)
    answer = send("telegram", tmp_path)
    assert answer.verdict is Verdict.FAILED
    assert "its certificate is not accepted" in answer.why
    assert services.asked == []


def test_without_a_network_the_message_is_worth_another_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where nobody listens
    assert send("telegram", tmp_path) == Answer(Verdict.FAILED, "Connection refused")


def test_an_apprise_that_cannot_be_loaded_is_said_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "apprise.py").write_text("raise ImportError('it is damaged')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(damaged))
    answer = send("slack", tmp_path)
    assert answer == Answer(Verdict.REFUSED, "Apprise cannot be loaded: it is damaged")


def test_traymon_itself_loads_nothing_of_apprise(services: Services, tmp_path: Path) -> None:
    assert send("discord", tmp_path).verdict is Verdict.DELIVERED
    assert not {"apprise", "traymon.outbound.by_apprise"} & set(sys.modules)
