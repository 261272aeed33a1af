"""The pages name the steps by which people who reported a fault in public have solved it."""

from __future__ import annotations

import pytest

from traymon.core.facts import Fact, Facts
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES

KNOWN: Facts = {Fact.HOST: "127.0.0.1", Fact.PORT: 4002, Fact.SERVER_VERSION: 176}
PAPER: Facts = {**KNOWN, Fact.PAPER_MEANT: "TRADING_MODE=paper"}
CLOSED = ("api-port-closed", "app-not-running", "port-refused")


def page(code: str, facts: Facts = KNOWN) -> str:
    return fix_pages.fill(fix_pages.page(code).markdown, facts)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("healthy", "an option in the account has just expired"),
        ("healthy", "in a container, in WSL, on another computer or in a cloud notebook"),
        ("api-port-closed", "any other message"),
        ("app-not-running", "any other message"),
        *((code, "IBKR Lite accounts have no API") for code in CLOSED),
        ("start-rejected", "IBKR Lite accounts have no API"),
        ("start-silent", "IBKR Lite accounts have no API"),
        *((code, "something else may be restarting it") for code in (*CLOSED, "ib-link-down")),
        ("start-rejected", "Never lock Trader Workstation"),
        ("start-rejected", "Hong Kong"),
        ("start-rejected", "Help > Troubleshooting > Diagnostics > API Logs"),
        ("start-rejected", "AcceptNonBrokerageAccountWarning=yes"),
        ("handshake-silent", "File > API Logs"),
        ("server-too-old", "10.50.1 or newer"),
    ],
)
def test_a_page_names_what_helped(code: str, step: str) -> None:
    assert step in page(code)


def test_a_closed_session_of_a_paper_login_is_first_put_down_to_the_paper_notice() -> None:
    text = page("start-rejected", PAPER)
    in_short = fix_pages.fill(fix_pages.page("start-rejected").in_short, PAPER)
    assert in_short.startswith('Accept TWS\'s paper notice "This is not a brokerage account"')
    why = text.partition("most likely first")[2]
    assert "TRADING_MODE=paper" in why.partition("2. ")[0]
    fix = fix_pages.fill(fix_pages.page("start-rejected").sections["Fix"], PAPER)
    notice, another_id, restart = map(
        fix.index, ("This is not a brokerage account", "another client ID", "restart TWS once")
    )
    assert notice < another_id < restart


@pytest.mark.parametrize("code", ENTRIES)
def test_ibc_is_never_named_without_its_successors(code: str) -> None:
    text = page(code).replace("IBC or a successor", "").replace("IBC's command port", "")
    assert "IBC" not in text
