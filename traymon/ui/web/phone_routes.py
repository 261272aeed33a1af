"""The addresses of the page that sets up alerts on a phone.

The page itself is the same for everybody; its contents, which hold the secret topic, need the key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from traymon.diagnosis.fix_pages import clean
from traymon.ui.phone import PhoneDraft, PhoneSetup, server_address
from traymon.ui.web import side_pages
from traymon.ui.web.auth import PHONE_PATH


class PhoneRoutes:
    """Answers requests that have passed the guard; in threads, since these are plain functions."""

    def __init__(self, setup: PhoneSetup | None, command: Callable[[], str]) -> None:
        """`setup` None: this is not offered. `command` returns what starts this traymon."""
        self._setup, self._command = setup, command
        self._draft = PhoneDraft()
        self._keeping = threading.Lock()

    def routes(self) -> list[Route]:
        """Return the routes of all addresses."""
        return [
            Route(PHONE_PATH, self._page),
            Route(f"{PHONE_PATH}/steps", self._steps),
            Route(f"{PHONE_PATH}/server", self._use_server, methods=["POST"]),
            Route(f"{PHONE_PATH}/test", self._send_test, methods=["POST"]),
            Route(f"{PHONE_PATH}/keep", self._keep, methods=["POST"]),
        ]

    def _page(self, request: Request) -> Response:
        self._needed()
        return HTMLResponse(side_pages.phone_page(self._command()))

    def _steps(self, request: Request) -> Response:
        self._needed()
        return self._answer()

    def _use_server(self, request: Request) -> Response:
        """Use another server of ntfy; a topic that was shown with the one before is not reused."""
        self._needed()
        typed = request.query_params.get("address", "")
        try:
            self._draft = PhoneDraft(server_address(typed))
        except ValueError as error:
            return self._answer(wrong_server=str(error), typed=typed)
        return self._answer()

    def _send_test(self, request: Request) -> Response:
        setup, draft = self._needed(), self._draft
        problem = setup.send_test(draft.url)
        if self._draft == draft:  # another server may have been chosen meanwhile
            self._draft = replace(draft, delivered=draft.delivered or not problem)
        return self._answer(problem=problem, just_sent=not problem)

    def _keep(self, request: Request) -> Response:
        """Alert the phone from now on: only after the user has seen a test arrive, and once."""
        setup = self._needed()
        with self._keeping:
            draft = self._draft
            if not draft.delivered or draft.kept_in:
                return self._answer()
            try:
                self._draft = replace(draft, kept_in=setup.keep(draft.url))
            except (OSError, ValueError) as error:
                return self._answer(not_kept=str(error))
        return self._answer()

    def _needed(self) -> PhoneSetup:
        if self._setup is None:
            raise HTTPException(404)
        return self._setup

    def _answer(
        self,
        *,
        wrong_server: str = "",
        typed: str = "",
        problem: str = "",
        not_kept: str = "",
        just_sent: bool = False,
    ) -> Response:
        """Answer with the steps as they are now, and what went wrong just now."""
        return HTMLResponse(
            side_pages.phone_steps(
                self._draft,
                wrong_server=clean(wrong_server),
                typed=clean(typed),
                problem=clean(problem),
                not_kept=clean(not_kept),
                just_sent=just_sent,
            )
        )
