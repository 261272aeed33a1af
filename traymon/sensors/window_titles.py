"""What the titles of TWS's windows mean, and which part of a title may be shown.

Pure. A title can hold an account number or a name; none leaves this module but through `clean`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from traymon.core.vocabulary import Symptom

MAX_TITLE = 60  # characters that are shown
NO_TITLE = "(no title)"


@dataclass(frozen=True, slots=True)
class KnownTitle:
    """A title of TWS or IB Gateway, and the symptom that its window is."""

    words: str  # the whole title or a part of it; capital letters do not matter
    symptom: Symptom
    source: str
    is_whole: bool = False

    def fits(self, title: str) -> bool:
        """Tell whether a title, in lower case, is this one."""
        words = self.words.lower()
        return title == words if self.is_whole else words in title


# Where the titles are from. IBC and IBAutomater look for them to press the windows' buttons.
IBC, AUTOMATER = "IBC, src/ibcalpha/ibc", "QuantConnect's IBAutomater"
IBC_LOGS = "titles in IBC's logs, as users posted them"
RUNBOOKS = "users' runbooks and container scripts"

# The first one that is open is reported: what somebody has to decide comes first.
WAITING = (
    KnownTitle("Existing session detected", Symptom.SESSION_ELSEWHERE, IBC),
    KnownTitle("Trading Login Handoff", Symptom.SESSION_ELSEWHERE, IBC),
    KnownTitle("Re-login is required", Symptom.RELOGIN_REQUIRED, IBC),
    KnownTitle("Second Factor Authentication", Symptom.TWO_FACTOR_PENDING, IBC),
    KnownTitle("Security Code Card Authentication", Symptom.TWO_FACTOR_PENDING, AUTOMATER),
    KnownTitle("Enter security code", Symptom.TWO_FACTOR_PENDING, IBC),
    KnownTitle("Login failed", Symptom.LOGIN_REFUSED, IBC),
    KnownTitle("Unrecognized Username or Password", Symptom.LOGIN_REFUSED, IBC),
    KnownTitle("Login Error", Symptom.LOGIN_REFUSED, IBC),
    KnownTitle("Restart in progress", Symptom.RESTARTING_ITSELF, IBC_LOGS),
    KnownTitle("API client needs write access", Symptom.WRITE_ACCESS_ASKED, RUNBOOKS),
    KnownTitle("Password Notice", Symptom.DIALOG_OPEN, IBC),
    KnownTitle("Login Messages", Symptom.DIALOG_OPEN, AUTOMATER),
    KnownTitle("Exit Session Setting", Symptom.DIALOG_OPEN, IBC),
    KnownTitle("Use SSL encryption", Symptom.DIALOG_OPEN, AUTOMATER),
    KnownTitle("Shutdown progress", Symptom.DIALOG_OPEN, IBC),
    KnownTitle("Gateway", Symptom.DIALOG_OPEN, IBC, is_whole=True),
)
# The settings of TWS and IB Gateway. Nothing waits behind them: whoever follows a fix page has them
# open.
SETTINGS = (
    KnownTitle("Trader Workstation Configuration", Symptom.NO_DIALOG, IBC),
    KnownTitle("Global Configuration", Symptom.NO_DIALOG, RUNBOOKS),
)
# Other windows behind which nothing waits: TWS is busy, or they are no obstacle.
IN_PASSING = (
    *SETTINGS,
    KnownTitle("Starting application", Symptom.NO_DIALOG, IBC),
    KnownTitle("Authenticating", Symptom.NO_DIALOG, IBC),
    KnownTitle("Connecting to server", Symptom.NO_DIALOG, IBC),
    KnownTitle("Loading", Symptom.NO_DIALOG, IBC_LOGS),
    KnownTitle("Login", Symptom.NO_DIALOG, IBC, is_whole=True),  # also while it reconnects
    KnownTitle("New Login", Symptom.NO_DIALOG, IBC, is_whole=True),
    KnownTitle("Pending Tasks", Symptom.NO_DIALOG, RUNBOOKS),
    KnownTitle("API User Connections", Symptom.NO_DIALOG, RUNBOOKS),
    KnownTitle("Financial Advisor Warning", Symptom.NO_DIALOG, RUNBOOKS),
    KnownTitle("NSE Compliance", Symptom.NO_DIALOG, IBC),
    KnownTitle("Tip of the Day", Symptom.NO_DIALOG, IBC),
)
# The login window and the main window of IB Gateway have the same title.
GATEWAYS = ("ibkr gateway", "ib gateway", "interactive brokers gateway")
# A main window of TWS, which is there only after the login.
MAIN_OF_TWS = re.compile(r"interactive brokers|trader workstation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window as the screen shows it."""

    title: str  # untrusted
    is_dialog: bool  # it belongs to another window, by what it tells the screen


@dataclass(frozen=True, slots=True)
class Finding:
    """What the windows of TWS show: a symptom, and the clean title of the window that shows it."""

    symptom: Symptom
    title: str = ""
    settings: str = ""  # the title of its settings, while they are open and nothing waits


def judge(windows: Collection[OpenWindow], *, before_login: bool) -> Finding:
    """Return what the windows of one TWS or IB Gateway show.

    A title that is in no table, as in a TWS that speaks another language, counts if its window is
    a dialog. Any other window may be a chart, so it counts only while TWS is not logged in:
    `before_login` says that the port is closed, and no main window of TWS is there.
    """
    for known in WAITING:
        for window in windows:
            if known.fits(normal(window.title)):
                return Finding(known.symptom, clean(window.title))
    only_dialogs = not before_login or any(_is_main_of_tws(window) for window in windows)
    titles = [
        clean(window.title)
        for window in windows
        if _is_unlisted(window) and (window.is_dialog or not only_dialogs)
    ]
    if not titles:
        return Finding(Symptom.NO_DIALOG, settings=_settings(windows))
    named = (title for title in titles if title != NO_TITLE)
    return Finding(Symptom.DIALOG_OPEN, next(named, NO_TITLE))


def _settings(windows: Collection[OpenWindow]) -> str:
    """Return the title of the settings; "" if they are not open."""
    for window in windows:
        if any(known.fits(normal(window.title)) for known in SETTINGS):
            return clean(window.title)
    return ""


def _is_main_of_tws(window: OpenWindow) -> bool:
    title = normal(window.title)
    is_main = MAIN_OF_TWS.search(title) or ACCOUNT.search(window.title)
    return not window.is_dialog and bool(is_main) and not title.startswith(GATEWAYS)


def _is_unlisted(window: OpenWindow) -> bool:
    title = normal(window.title)
    if any(known.fits(title) for known in IN_PASSING):
        return False
    if window.is_dialog:  # a dialog can have the name of the program, or none at all
        return True
    return bool(title) and not title.startswith(GATEWAYS)


def normal(title: str) -> str:
    """Return a title as the tables have it: in lower case, with single spaces."""
    return " ".join(_without_marks(title).lower().split())


ACCOUNT = re.compile(r"\b[A-Z]{1,3}\d{5,}\b", re.IGNORECASE)
PRIVATE = (
    re.compile(r"\b\w+://\S+"),  # an address of a page
    re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*"),  # an e-mail address
    # a path, up to its last part: there may be spaces in it
    re.compile(r"(?<!\w)(?:[A-Za-z]:[\\/]|[\\/~](?=\S))(?:.*[\\/])?\S*"),
    re.compile(r"\b[0-9A-F]{2}([:-][0-9A-F]{2}){5}\b", re.IGNORECASE),  # a MAC address
    re.compile(r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b"),  # IPv4
    re.compile(r"(?<![\w:])(?=[0-9A-F:]*::|([0-9A-F]+:){3})[0-9A-F:]+", re.IGNORECASE),  # IPv6
    re.compile(r"\b\w*\d{5,}\w*\b"),  # an account
    # a user name or a token: letters and digits in one word
    re.compile(r"\b(?=\w*[^\W\d_])(?=\w*\d)\w{6,}\b"),
    re.compile(r"\b[A-Za-z]{32,}\b"),  # the name of a user's folder
)
LEFT_OUT = "…"


def clean(title: str) -> str:
    """Return the part of a title that may be shown, as one short line.

    Account numbers, paths, addresses and words that look like a user name are left out.
    """
    line = " ".join(_without_marks(title).split())
    for private in PRIVATE:
        line = private.sub(LEFT_OUT, line)
    line = re.sub(rf"[\s,;:|()\[\]-]*({LEFT_OUT}[\s,;:|()\[\]-]*)+", f" {LEFT_OUT} ", line)
    line = re.sub(r" (?=[?!.](\s|$))", "", line).strip(f" {LEFT_OUT}")
    if not line:
        return NO_TITLE
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1].rstrip() + "…"


def _without_marks(title: str) -> str:
    """Return a title without control and bidirectional characters; a line end is a space."""
    return "".join(
        char if unicodedata.category(char)[0] != "C" else " " if char.isspace() else ""
        for char in title
    )
