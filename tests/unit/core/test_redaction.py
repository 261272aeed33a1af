"""What a report to others never holds, in whatever form, and what it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.planted_secrets import NAMES, SECRETS
from traymon.core.redaction import Redactor, Removed

KEPT = [
    "refused: nothing listens on port 7497",
    "silent: connection accepted, no reply within 5 s",
    "127.0.0.1 refuses connections to port 7497",
    "localhost:4002 and [::1]:4002",
    "1100: Connectivity between IB and Trader Workstation has been lost.",
    "2110: Connectivity between Trader Workstation and server is broken.",
    "326: Unable to connect as the client id is already in use.",
    "server version 223, connection time 20261128 03:12:07 Central European Standard Time",
    "TWS/Gateway 10.45.1 and/or another, 30 s / 5 s",
    "run_live.py (pid 4711, since 09:12)",
    "client-id-held-by-earlier-run",
    "market data (usfarm), 14:02:03",
    "traymon 0.1.0, Python 3.11.7, Linux-6.1.0-x86_64-with-glibc2.36",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "x {} y", "({})", '"{}"', "account={}", "at {}, then"])
def test_nothing_of_it_is_left(secret: str, frame: str) -> None:
    left = Redactor(NAMES)(frame.format(secret))
    assert secret.lower() not in left.lower()
    for part in secret.replace("\\", "/").split("/"):
        assert len(part) < 5 or part.lower() not in left.lower()


@pytest.mark.parametrize("text", KEPT)
def test_what_helps_is_kept(text: str) -> None:
    redactor = Redactor(NAMES)
    assert redactor(text) == text
    assert not redactor.counts


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "TWSPASSWORD: hunter2",
        "api_key='hunter2'",
        '"token": "hunter2"',
        "userName = hunter2",
        "Bearer hunter2",
    ],
)
def test_a_secret_that_is_named_is_taken_out_whatever_its_form(text: str) -> None:
    assert "hunter2" not in Redactor()(text)


def test_it_says_what_it_took_out() -> None:
    redactor = Redactor(NAMES)
    text = redactor("U1234567 of jane.doe runs /home/jane/a.py and /home/jane/b.py on nas.local")
    assert text == "[account] of [user] runs [path] and [path] on [host]"
    assert redactor.counts == {
        Removed.ACCOUNT: 1,
        Removed.USER: 1,
        Removed.PATH: 2,
        Removed.HOST: 1,
    }


def test_a_name_is_taken_out_as_a_word_alone() -> None:
    redactor = Redactor({Removed.USER: ("ann", "io")})
    assert redactor("ann cannot: ANN_x, io") == "[user] cannot: [user]_x, io"


def test_a_name_that_tells_nothing_stays() -> None:
    redactor = Redactor({Removed.PROJECT: ("TWS / IB Gateway", "tws")})
    assert redactor("TWS / IB Gateway is not running") == "TWS / IB Gateway is not running"
    redactor = Redactor({Removed.PROJECT: ("live",)})
    assert redactor("PAPER/LIVE MIX-UP") == "PAPER/LIVE MIX-UP"


@given(st.text(), st.sampled_from(SECRETS), st.text())
def test_no_surroundings_bring_a_secret_back(before: str, secret: str, after: str) -> None:
    assert secret not in Redactor(NAMES)(f"{before} {secret} {after}")


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    once = Redactor(NAMES)(text)
    assert isinstance(once, str)
