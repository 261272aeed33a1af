"""What a window's title means, and that nothing private of it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.core.vocabulary import Symptom
from traymon.sensors.window_titles import (
    MAX_TITLE,
    NO_TITLE,
    WAITING,
    Finding,
    OpenWindow,
    clean,
    judge,
)

S = Symptom


def shown(*windows: tuple[str, bool] | str, before_login: bool = True) -> Finding:
    """Return what windows show: a frame by its title, a dialog as `(title, True)`."""
    opened = [(one, False) if isinstance(one, str) else one for one in windows]
    return judge([OpenWindow(*one) for one in opened], before_login=before_login)


@pytest.mark.parametrize("is_dialog", [True, False])
@pytest.mark.parametrize("before_login", [True, False])
@pytest.mark.parametrize(
    ("title", "symptom"),
    [
        ("Second Factor Authentication", S.TWO_FACTOR_PENDING),
        ("Security Code Card Authentication", S.TWO_FACTOR_PENDING),
        ("Enter security code", S.TWO_FACTOR_PENDING),
        ("Existing session detected", S.SESSION_ELSEWHERE),
        ("EXISTING  SESSION\tDETECTED", S.SESSION_ELSEWHERE),
        ("Trading Login Handoff", S.SESSION_ELSEWHERE),
        ("Re-login is required", S.RELOGIN_REQUIRED),
        ("RE-LOGIN IS REQUIRED", S.RELOGIN_REQUIRED),
        ("Login failed", S.LOGIN_REFUSED),
        ("Unrecognized Username or Password", S.LOGIN_REFUSED),
        ("Login Error", S.LOGIN_REFUSED),
        ("Restart in progress", S.RESTARTING_ITSELF),
        ("API client needs write access action confirmation", S.WRITE_ACCESS_ASKED),
        ("Password Notice", S.DIALOG_OPEN),
        ("Login Messages", S.DIALOG_OPEN),
        ("Shutdown progress", S.DIALOG_OPEN),
        ("Gateway", S.DIALOG_OPEN),
        ("Exit Session Setting", S.DIALOG_OPEN),
    ],
)
def test_a_title_that_is_known_has_its_meaning_whatever_kind_of_window_has_it(
    title: str, symptom: Symptom, before_login: bool, is_dialog: bool
) -> None:
    main = "DU1234567 Interactive Brokers (Simulated Trading)"
    found = shown(main, (title, is_dialog), before_login=before_login)
    assert found == Finding(symptom, " ".join(title.split()))


@pytest.mark.parametrize("before_login", [True, False])
@pytest.mark.parametrize(
    "windows",
    [
        ("IBKR Gateway",),
        ("IB Gateway.  API Account: U1234567",),
        ("Interactive Brokers Gateway",),
        ("Login",),
        ("New Login",),
        ("U1234567 Interactive Brokers",),
        ("DUK123456 Interactive Brokers (Simulated Trading)", "AAPL@SMART Chart", "Meine Charts"),
        ("DU123456 Trader Workstation", ("Tip of the Day", True), ("Pending Tasks", True)),
        ("IBKR Gateway", "Starting application..."),
        ("IBKR Gateway", ("Authenticating...", True), ("Connecting to server...", True)),
        ("Login", ("Login", True)),  # which TWS shows while it reconnects
    ],
)
def test_a_main_window_and_what_comes_and_goes_are_no_dialog(
    windows: tuple[tuple[str, bool] | str, ...], before_login: bool
) -> None:
    assert shown(*windows, before_login=before_login) == Finding(S.NO_DIALOG)


@pytest.mark.parametrize(
    "title", ["Zwei-Faktor-Authentifizierung", "二要素認証", "Error", "IBKR Gateway", "Aviso"]
)
def test_a_dialog_that_is_in_no_table_is_named_by_its_own_title(title: str) -> None:
    for before_login in (True, False):
        found = shown("IBKR Gateway", (title, True), before_login=before_login)
        assert found == Finding(S.DIALOG_OPEN, title)


def test_a_window_of_its_own_that_is_in_no_table_counts_only_before_the_login() -> None:
    login = "Anmeldung"
    assert shown(login) == Finding(S.DIALOG_OPEN, login)
    assert shown(login, before_login=False) == Finding(S.NO_DIALOG)
    assert shown(login, "U1234567 Interactive Brokers") == Finding(S.NO_DIALOG)


def test_open_settings_are_no_dialog_but_are_said() -> None:
    opened = ("DU123456 Trader Workstation Configuration (Simulated Trading)", True)
    cleaned = "Trader Workstation Configuration (Simulated Trading)"
    assert shown("IBKR Gateway", opened) == Finding(S.NO_DIALOG, settings=cleaned)
    assert shown(opened, ("Login failed", True)) == Finding(S.LOGIN_REFUSED, "Login failed")


def test_a_dialog_without_a_title_is_one_too_but_one_with_a_title_says_more() -> None:
    assert shown("IBKR Gateway", ("", True)) == Finding(S.DIALOG_OPEN, NO_TITLE)
    assert shown(("", True), ("Hinweis", True)) == Finding(S.DIALOG_OPEN, "Hinweis")
    assert shown("IBKR Gateway", "") == Finding(S.NO_DIALOG)


def test_what_somebody_has_to_decide_comes_first() -> None:
    titles = ["Hinweis", "Password Notice", "Second Factor Authentication"]
    assert shown(*titles, "Existing session detected").symptom is S.SESSION_ELSEWHERE
    assert shown(*titles).symptom is S.TWO_FACTOR_PENDING


def test_every_title_of_the_table_has_a_source() -> None:
    assert all(known.words and known.source for known in WAITING)


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        (
            "DU123456 Trader Workstation Configuration (Simulated Trading)",
            "Trader Workstation Configuration (Simulated Trading)",
        ),
        ("IB Gateway.  API Account: U1234567", "IB Gateway. API Account"),
        ("Order for duq1234567 rejected", "Order for … rejected"),
        ("Konto 12345678", "Konto"),
        ("joetrader99 - Login", "Login"),
        ("Mail sent to joe.trader@example.co.uk", "Mail sent to"),
        (r"Cannot open C:\Users\Jörg Handel\Jts\tws.xml now", "Cannot open … now"),
        ("Saved to /home/joe/Jts/x y/z.log", "Saved to"),
        ("Saved to ~/Jts", "Saved to"),
        ("Accept connection from 192.168.1.20?", "Accept connection from …?"),
        ("From 10.0.0.5:51234", "From"),
        ("From fe80::1 now", "From … now"),
        ("From 2001:db8:0:0:0:0:0:1", "From"),
        ("Device 00:1A:2b:3C:4d:5E", "Device"),
        ("https://www.example.com/?token=abc", NO_TITLE),
        ("Folder " + "abcdefghij" * 4, "Folder"),
        ("Bid/Ask and Buy / Sell", "Bid/Ask and Buy / Sell"),
        ("At 23:45:00", "At 23:45:00"),
        ("2FA", "2FA"),
        ("Log\u202ein\u200b fail\x00ed\n", "Login failed"),
        ("D\u200bU123456 Login", "Login"),
        ("", NO_TITLE),
        ("U1234567", NO_TITLE),
    ],
)
def test_what_is_private_in_a_title_is_left_out(title: str, cleaned: str) -> None:
    assert clean(title) == cleaned


def test_a_long_title_is_cut() -> None:
    assert len(clean("word " * 100)) <= MAX_TITLE
    assert clean("word " * 100).endswith("…")


SECRETS = (
    *("DU1234567", "U7654321", "joe@example.com", "203.0.113.7", "/home/joetrader/Jts"),
    *(r"C:\Users\joetrader", "02:42:ac:11:00:02", "2001:db8::7", "joetrader2024"),
)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40), st.sampled_from(SECRETS), st.text(max_size=40))
def test_no_secret_is_ever_shown(before: str, secret: str, after: str) -> None:
    for is_dialog in (True, False):
        found = shown((f"{before} {secret} {after}", is_dialog))
        assert secret not in found.title
        assert "joetrader" not in found.title
        assert len(found.title) <= MAX_TITLE
        assert found.title.isprintable()
