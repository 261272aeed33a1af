"""A status as plain values for JSON, as docs/check-json.md describes them.

Pure: "now" is when the evidence was collected.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from traymon.core.client_library import LibraryResult
from traymon.core.model import Status
from traymon.core.programs import ProgramState
from traymon.core.target import IdUse, Program, SeenProgram
from traymon.core.tws_settings import TwsSettings
from traymon.core.utf8 import encodable
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import check_steps, steps_up_to
from traymon.diagnosis.fix_pages import clean
from traymon.ui import presenter

SCHEMA = 1  # raised when a field changes its meaning or goes away


def as_json(status: Status, test: str | None = None) -> dict[str, Any]:
    """Return the status as plain values.

    `test` is the only check that was run, if it was not all of them.
    """
    target, now = status.target, status.evidence.now
    facts, page = presenter.facts_of(status, now), fix_pages.page(status.diagnosis.code)
    only: dict[str, Any] = {}
    if test is not None:
        steps = steps_up_to(check_steps(status.evidence), test)
        reached = any(step.name == test for step in steps)
        only = {"test": test, "passed": reached and all(step.passed for step in steps)}
    values = {
        "schema": SCHEMA,
        **only,
        "target": {
            "name": target.name,
            "host": target.host,
            "port": target.port,
            "discovered": target.discovered,
            "demo": target.demo,
            "env_file": target.env_file,
        },
        "light": status.diagnosis.light.word,
        "code": status.diagnosis.code,
        "headline": fix_pages.fill(page.headline, facts),
        "in_short": fix_pages.fill(page.in_short, facts),
        "muted": status.muted,
        "notices": presenter.mute_text(status, now),
        "snoozed_until": status.snoozed_until,
        "next_check_at": status.next_check_at,
        "market": presenter.market_closed_text(status, now),
        "settings": {
            "news": str(status.settings.news),
            "problem": clean(status.settings.problem),
            "left_out": sorted(status.settings.left_out),
        },
        "programs": None if status.programs is None else [_program(one) for one in status.programs],
        "readings": [
            {
                "sensor": reading.sensor,
                "symptom": str(reading.symptom),
                "detail": clean(reading.detail),
                "facts": {str(fact): _masked(value) for fact, value in reading.facts.items()},
                "took_s": round(reading.took, 6),
            }
            for reading in status.evidence.readings.values()
        ],
    }
    return {key: encodable(value) for key, value in values.items()}


def _program(one: ProgramState) -> dict[str, Any]:
    return {
        "name": clean(one.name),
        "key": one.key,
        "state": str(one.standing),
        "since": one.since,
        "running": one.running,
        "client_id": one.client_id,
        "expectation": str(one.expectation),
        "usual_hours": [list(hours) for hours in one.usual],
    }


def _masked(value: Any) -> Any:
    """Return a fact's value for JSON, without control characters or account numbers."""
    if isinstance(value, tuple):
        return [_masked(item) for item in value]
    if isinstance(value, Program | IdUse | SeenProgram | LibraryResult | TwsSettings):
        return {key.name: _masked(getattr(value, key.name)) for key in fields(value)}
    return clean(value) if isinstance(value, str) else value
