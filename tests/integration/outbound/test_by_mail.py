"""E-mail through Apprise, to a real mail server: plain, with STARTTLS and with a login."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.far_services import Certificates
from support.mail_server import OK, mail_server
from support.push_scene import NOON, status
from traymon.config import alerts_file
from traymon.core.notification import Kind, Notification
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.courier import Courier
from traymon.outbound.message import Message, compose
from traymon.outbound.push import request

LOGIN = ("bot@example.com", "p@ss: w/rd%20#?")
MESSAGE = compose([Notification(Kind.FAULT, status("port-refused", NOON))], NOON)


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    certificates = Certificates(tmp_path)
    for name, value in certificates.environment.items():
        monkeypatch.setenv(name, value)
    return certificates


def send(port: int, folder: Path, *more: str, message: Message = MESSAGE) -> Answer:
    """Send a mail by the entry that a user writes."""
    where = ['to = "me@example.com"', 'from = "bot@example.com"', 'host = "127.0.0.1"']
    lines = ["[[push]]", 'kind = "email"', *where, f"port = {port}", *more]
    path = folder / "alerts.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = alerts_file.load(path, {"THE_PASSWORD": LOGIN[1]})
    assert found.mistakes == ()
    answer = Courier().send(request(found.alerts.push[0], message))
    assert LOGIN[1] not in repr(answer)
    return answer


def test_a_mail_has_the_title_as_its_subject_and_the_steps_in_it(tmp_path: Path) -> None:
    with mail_server() as server:
        assert send(server.port, tmp_path, 'security = "none"') == Answer(Verdict.DELIVERED)
    (mail,) = server.messages
    assert mail["Subject"] == MESSAGE.title
    assert "me@example.com" in mail["To"]
    assert "bot@example.com" in mail["From"]
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert all(" ".join(part.split()) in text for part in (MESSAGE.message, *MESSAGE.fix))


def test_starttls_and_a_login_are_usual(tmp_path: Path, certificates: Certificates) -> None:
    login = (f'user = "{LOGIN[0]}"', 'password_env = "THE_PASSWORD"')
    with mail_server(tls=certificates.server("127.0.0.1"), login=LOGIN) as server:
        assert send(server.port, tmp_path, *login) == Answer(Verdict.DELIVERED)
    assert len(server.messages) == 1


def test_a_wrong_password_is_said_and_not_tried_again(
    tmp_path: Path, certificates: Certificates
) -> None:
    login = (f'user = "{LOGIN[0]}"', 'password_env = "THE_PASSWORD"')
    with mail_server(tls=certificates.server("127.0.0.1"), login=("other", "x")) as server:
        answer = send(server.port, tmp_path, *login)
    assert answer == Answer(Verdict.REFUSED, "the mail server refuses user and password (code 535)")


@pytest.mark.parametrize(
    ("says", "says_to_recipient", "verdict", "why"),
    [
        ("451 later", OK, Verdict.FAILED, "refuses the message (code 451)"),
        ("554 spam", OK, Verdict.REFUSED, "refuses the message (code 554)"),
        (OK, "450 later", Verdict.FAILED, "refuses the recipient (code 450)"),
        (OK, "550 who?", Verdict.REFUSED, "refuses the recipient (code 550)"),
    ],
)
def test_the_code_of_a_mail_server_decides_whether_it_is_asked_again(
    says: str, says_to_recipient: str, verdict: Verdict, why: str, tmp_path: Path
) -> None:
    with mail_server() as server:
        server.says, server.says_to_recipient = says, says_to_recipient
        answer = send(server.port, tmp_path, 'security = "none"')
    assert answer == Answer(verdict, f"the mail server {why}")


def test_a_password_is_not_sent_to_a_server_without_tls(tmp_path: Path) -> None:
    login = (f'user = "{LOGIN[0]}"', 'password_env = "THE_PASSWORD"')
    with mail_server() as server:
        answer = send(server.port, tmp_path, *login)
    assert answer.verdict is Verdict.REFUSED
    assert "STARTTLS" in answer.why
    assert server.messages == []


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with mail_server(tls=certificates.server("127.0.0.1")) as server:
        answer = send(server.port, tmp_path)
    assert answer.verdict is Verdict.FAILED
    assert "its certificate is not accepted" in answer.why
    assert server.messages == []


def test_a_mail_server_that_is_not_there_is_worth_another_attempt(tmp_path: Path) -> None:
    with mail_server() as server:
        pass
    assert send(server.port, tmp_path) == Answer(Verdict.FAILED, "Connection refused")
