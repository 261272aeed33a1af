"""Paper or live: what the settings mean, and what is logged in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from traymon.core.facts import Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target, mask_accounts
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.accounts import describe, what_is_meant
from traymon.diagnosis.catalogue import ENTRIES, diagnose
from traymon.diagnosis.checks import check_steps

LIVE, PAPER = ("U1234567",), ("DU1234567",)


def seen(accounts: tuple[str, ...], session: Symptom = Symptom.OK, **target: Any) -> Evidence:
    facts: Facts = {Fact.ACCOUNTS: accounts}
    about: dict[str, Any] = {"port": 5000, "own_client_id": 9100, **target}
    evidence = Evidence(Target("bot", **about), now=0.0)
    for reading in (
        Reading(SensorName.HANDSHAKE, Symptom.OK, "answered"),
        Reading(SensorName.SESSION, session, "heartbeat answered", facts),
    ):
        evidence = evidence.with_reading(reading)
    return evidence


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ({}, None),
        ({"port": 7497}, ("paper", "IB_PORT=7497 (TWS paper)")),
        ({"port": 4002}, ("paper", "IB_PORT=4002 (Gateway paper)")),
        ({"port": 7496}, ("live", "IB_PORT=7496 (TWS live)")),
        ({"port": 4001}, ("live", "IB_PORT=4001 (Gateway live)")),
        ({"port": 7497, "discovered": True}, None),
        ({"port": 4002, "trading_mode": "live"}, ("live", "TRADING_MODE=live")),
        ({"trading_mode": "paper", "account": "U1234567"}, ("live", "IB_ACCOUNT=U***567")),
        ({"trading_mode": "paper", "account": "I1234567"}, None),
    ],
)
def test_the_account_says_what_is_meant_before_the_mode_and_the_mode_before_the_port(
    target: dict[str, Any], meant: tuple[str, str] | None
) -> None:
    found = what_is_meant(Target("bot", **{"port": 5000, **target}))
    assert (None if found is None else (found.kind, found.source)) == meant


@pytest.mark.parametrize(
    ("target", "accounts", "code"),
    [
        ({"trading_mode": "paper"}, LIVE, "unexpected-live-account"),
        ({"port": 4002}, LIVE, "unexpected-live-account"),
        ({"port": 7497}, ("U1234567", "F1234567"), "unexpected-live-account"),
        ({"trading_mode": "live"}, PAPER, "unexpected-paper-account"),
        ({"port": 4001}, PAPER, "unexpected-paper-account"),
        ({"trading_mode": "live", "port": 4002}, LIVE, "healthy"),
        ({"trading_mode": "paper"}, PAPER, "healthy"),
        ({"trading_mode": "paper"}, ("U1234567", "DU1234567"), "healthy"),
        ({"trading_mode": "paper"}, ("I1234567",), "healthy"),
        ({"trading_mode": "paper", "account": "U1234567"}, LIVE, "healthy"),
        ({}, LIVE, "healthy"),
    ],
)
def test_without_an_account_the_mode_and_the_usual_port_are_held_against_the_login(
    target: dict[str, Any], accounts: tuple[str, ...], code: str
) -> None:
    assert diagnose(seen(accounts, **target)).code == code


def test_a_live_login_where_paper_is_meant_is_announced_at_any_hour() -> None:
    found = diagnose(seen(LIVE, trading_mode="paper"))
    assert (found.light, found.announce, found.never_held_back) == (Light.AMBER, True, True)
    assert not ENTRIES["unexpected-paper-account"].never_held_back


@pytest.mark.parametrize(
    ("target", "accounts", "light", "passed", "says"),
    [
        ({}, PAPER, Light.GREEN, True, "paper account DU1234567; not compared: IB_ACCOUNT"),
        ({}, LIVE, Light.GREEN, True, "live account U1234567; not compared"),
        ({"account": "U1234567"}, LIVE, Light.GREEN, True, "U1234567, matches IB_ACCOUNT"),
        ({"account": "DU7654321"}, PAPER, Light.AMBER, False, "is paper account DU7654321"),
        ({"account": "DU7654321"}, LIVE, Light.RED, False, "live account U1234567, but IB_ACC"),
        ({"account": "U7654321"}, PAPER, Light.RED, False, "is live account U7654321"),
        ({"trading_mode": "paper"}, LIVE, Light.AMBER, False, "but TRADING_MODE=paper means paper"),
        ({"port": 4001}, PAPER, Light.AMBER, True, "but IB_PORT=4001 (Gateway live) means live"),
        ({}, ("I1234567",), Light.GREEN, True, "I1234567 (paper or live: unknown)"),
        ({}, (*LIVE, *PAPER), Light.GREEN, True, "U1234567 (live), DU1234567 (paper)"),
    ],
)
def test_the_session_check_names_paper_or_live_and_does_not_pass_with_the_wrong_one(
    target: dict[str, Any], accounts: tuple[str, ...], light: Light, passed: bool, says: str
) -> None:
    *_, step = check_steps(seen(accounts, **target))
    assert (step.name, step.light, step.passed) == ("session", light, passed)
    (detail,) = (detail for detail in step.details if "account" in detail.finding)
    assert says in detail.finding
    assert detail.light is light


def test_the_account_is_compared_where_another_fault_hides_its_diagnosis() -> None:
    evidence = seen(PAPER, account="DU7654321")
    hangs = Reading(SensorName.HANDSHAKE, Symptom.SILENT, "silent", at=1.0)
    hidden = replace(evidence, now=1.0).with_reading(hangs)
    assert diagnose(hidden).code == "new-clients-hang"
    *_, step = check_steps(hidden)
    assert not step.passed


def test_the_account_is_named_where_the_session_hangs() -> None:
    *_, step = check_steps(seen(LIVE, Symptom.HUNG, account="DU1234567"))
    assert step.light is Light.RED
    assert "live account" in step.details[0].finding


def test_accounts_of_every_paper_kind_are_masked() -> None:
    text = "DU1234567 DUP123456 DUR123456 DF1234567 U1234567 F1234567"
    assert mask_accounts(text) == "DU***567 DU***456 DU***456 DF***567 U***567 F***567"
    assert describe(("DUP123456",)) == "paper account DUP123456"
