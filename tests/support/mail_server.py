"""A mail server on loopback that keeps what it is sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

OK = "250 OK"


@dataclass
class MailServer:
    """What came in, and what it says to a message and to its recipient."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    says: str = OK
    says_to_recipient: str = OK

    async def handle_RCPT(
        self, server: object, session: object, envelope: Any, address: str, options: object
    ) -> str:
        """Take a recipient, or not."""
        if self.says_to_recipient == OK:
            envelope.rcpt_tos.append(address)
        return self.says_to_recipient

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Take a message, or not."""
        if self.says == OK:
            found = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(found, EmailMessage)
            self.messages.append(found)
        return self.says


@contextmanager
def mail_server(
    *, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> Iterator[MailServer]:
    """Serve on a free port; with `tls` it asks for STARTTLS, with `login` for user and password."""
    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller cannot choose one
        found = MailServer(free.getsockname()[1])

    def authenticate(
        server: object, session: object, envelope: object, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        is_right = (given.login.decode(), given.password.decode()) == login
        return AuthResult(success=is_right, handled=False)  # the controller answers

    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=login is not None,
        authenticator=authenticate,
    )
    controller.start()
    try:
        yield found
    finally:
        controller.stop()
