"""A gate's answer as plain values for JSON, as docs/gate.md describes them.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from traymon.core.gate import Closing, Gate, GateOptions, Why
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.utf8 import encodable
from traymon.core.vocabulary import CutKind, SensorName
from traymon.diagnosis.fix_pages import clean
from traymon.ui import presenter

SCHEMA = 1  # raised when a field changes its meaning or goes away
WORDS: Mapping[Why, str] = MappingProxyType(
    {
        Why.STARTING: "traymon has not finished its first checks",
        Why.PAUSED: "traymon is paused",
        Why.STALE: "traymon has stopped checking",
        Why.DEMO: "this is the simulated Gateway of traymon demo",
        Why.SETTINGS_CHANGED: "the settings have changed, and traymon uses the old ones",
        Why.NO_HANDSHAKE: "no new connection was answered lately",
        Why.SESSION_OFF: "traymon holds no session: TRAYMON_SESSION=off",
        Why.NO_SESSION: "traymon's own session gets no answers",
        Why.LINK_DOWN: "TWS has lost its connection to IB",
        Why.DATA_FARM_DOWN: "TWS has lost a data farm",
        Why.WRONG_ACCOUNT: "another account is logged in than IB_ACCOUNT",
        Why.ACCOUNT_UNKNOWN: "TWS has not named its account, so IB_ACCOUNT was not compared",
        Why.CLIENT_ID_NOT_WATCHED: "client ID {client_id} is not in the settings of traymon",
        Why.CLIENT_ID_TAKEN: "client ID {client_id} is not available to your program",
        Why.MARKET_CLOSED: "the market is closed",
        Why.MARKET_UNKNOWN: "the trading hours are not known: TRAYMON_HOURS is not set",
        Why.NOT_WATCHED: "the running traymon watches {watched}",
        Why.SEVERAL_TARGETS: "the running traymon watches several; name one of: {watched}",
    }
)
CUT_WORDS: Mapping[CutKind, str] = MappingProxyType(
    {
        CutKind.MAINTENANCE: "TWS restarts (TRAYMON_MAINTENANCE)",
        CutKind.RESET_WINDOW: "IB resets its servers",
        CutKind.WEEKLY_LOGIN: "IB asks for the weekly login",
    }
)


def as_json(status: Status, gate: Gate, options: GateOptions, now: float) -> dict[str, Any]:
    """Return the answer about one target as plain values."""
    target, cut = status.target, gate.cut
    values = {
        **_answer([_reason(status, closing, options) for closing in gate.reasons], now),
        "next_change_at": gate.next_change_at,
        "target": {
            "name": target.name,
            "host": target.host,
            "port": target.port,
            "env_file": target.env_file,
        },
        "light": status.diagnosis.light.word,
        "diagnosis": status.diagnosis.code,
        "account": str(gate.account),
        "client_id": options.client_id,
        "client_id_use": None if gate.use is None else str(gate.use),
        "cut": cut and {"kind": str(cut.kind), "begins_at": cut.begins, "ends_at": cut.ends},
        "handshake_age_s": _age(status, SensorName.HANDSHAKE, now),
        "session_age_s": _age(status, SensorName.SESSION, now),
    }
    return {key: encodable(value) for key, value in values.items()}


def without_target(why: Why, watched: Sequence[Target], now: float) -> dict[str, Any]:
    """Return the answer to a question about no target, or about no certain one."""
    names = ", ".join(map(_named, watched)) or "nothing yet"
    reason = {"code": str(why), "text": WORDS[why].format(watched=names), "until": None}
    return {key: encodable(value) for key, value in _answer([reason], now).items()}


def _named(target: Target) -> str:
    """Return a target as a question may name it: by its address, if it is the only one."""
    return f"{clean(target.name)} ({target.address})" if target.one_of_many else target.address


def _answer(reasons: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
    """Return the fields that every answer has."""
    return {
        "schema": SCHEMA,
        "open": not reasons,
        "reasons": reasons,
        "next_change_at": None,
        "at": now,
        "target": None,
    }


def text_of(status: Status, closing: Closing, options: GateOptions) -> str:
    """Return a reason in words."""
    if closing.why is Why.FAULT:
        return presenter.headline(status.diagnosis)
    if closing.why is Why.FAULT_SUSPECTED:
        suspected = status.suspicion.diagnosis if status.suspicion else status.diagnosis
        return f"seen once: {presenter.headline(suspected)}"
    if closing.cut is not None:
        return CUT_WORDS[closing.cut]
    return WORDS[closing.why].format(client_id=options.client_id)


def _reason(status: Status, closing: Closing, options: GateOptions) -> dict[str, Any]:
    return {
        "code": str(closing.why),
        "text": text_of(status, closing, options),
        "until": closing.until,
    }


def _age(status: Status, sensor: SensorName, now: float) -> float | None:
    reading = status.evidence.readings.get(sensor)
    return None if reading is None else round(max(0.0, now - reading.at), 3)
