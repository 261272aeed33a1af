"""Takes out of a text what a report to others must not hold: who and where one is, and secrets.

Pure. It rather takes out too much: whoever reads the report sees what kind of thing was there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from ipaddress import ip_address

LEAST_LENGTH = 3  # of a name of the user or the computer; shorter ones are in every text
# Names that tell nothing, as they are those of programs or of every second project.
UNTELLING = frozenset(
    {
        "tws / ib gateway",
        "tws",
        "ib gateway",
        "gateway",
        "ibgateway",
        "ibkr",
        "api",
        "live",
        "paper",
    }
)
LEAST_KEY = 20  # characters of what may be a key
LONGEST_WORD = 9  # characters; what joins shorter ones is no key


class Removed(StrEnum):
    """What was taken out; the value takes its place, in brackets."""

    ACCOUNT = "account"
    PATH = "path"
    E_MAIL = "e-mail"
    LINK = "web address"
    SECRET = "secret"
    USER = "user"
    PROJECT = "project"
    HOST = "host"
    ADDRESS = "address"
    NUMBER = "number"

    @property
    def mark(self) -> str:
        """What stands in its place: `[path]`."""
        return f"[{self.value}]"


_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_E_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*", re.UNICODE)
# `password=...`, `token: ...`, `Bearer ...`
_NAMED_SECRET = re.compile(
    r"(?i)(\b[\w-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|credential|user(?:[_-]?name)?|"
    r"login[_-]?id)[\w-]*[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
# Paths of Windows may hold blanks before a further backslash; those of others hold none, but for
# the name of a user's folder.
_WINDOWS_PATH = re.compile(
    r"(?:\b[A-Za-z]:[\\/]|\\\\)(?:[^\\/:*?\"<>|\r\n]{1,80}[\\/])*[^\\/:*?\"<>|\s,;)]*"
)
_HOME = re.compile(r"(?<![\w.])(?:/Users|/home)/[^/\n\"'<>|:;,()]{1,40}/[^\s\"'<>|;,)]*")
_PATH = re.compile(r"(?<![\w.\]])(?:~[\w.-]*|\.{1,2})?/(?!\s)[^\s\"'<>|;,)]+")
_RELATIVE_PATH = re.compile(r"[\w.-]+(?:[\\/][\w.-]+)+\.[A-Za-z]\w*")
_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z]{1,3}\d{5,12}[A-Za-z]?|[A-Za-z]{0,3}\*{3}\w{3})(?![A-Za-z0-9])"
)
_ADDRESS = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]*[:.][0-9A-Fa-f:.]*[0-9A-Fa-f:](?![\w:])")
_INTERNAL_HOST = re.compile(
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:local|localdomain|lan|internal|intranet|home|corp|private)\b",
    re.IGNORECASE,
)
_KEY = re.compile(rf"(?<![\w/+=-])[\w/+=-]{{{LEAST_KEY},}}")
_LONG_NUMBER = re.compile(r"(?<![\w.])\d{8,}(?![\w.])")
_DATE = re.compile(r"20\d\d[01]\d[0-3]\d")  # of TWS: `20261128 03:12:07`


class Redactor:
    """Takes out what it recognises by its form, and the names that it is given.

    `counts` says what it has taken out, and how often.
    """

    def __init__(self, names: Mapping[Removed, Iterable[str]] | None = None) -> None:
        """`names` are taken out wherever they stand as words: of users, hosts, folders, ..."""
        self.counts: Counter[Removed] = Counter()
        self._names = [
            (removed, _as_word(name))
            for removed, known in (names or {}).items()
            for name in sorted(known, key=len, reverse=True)
            if _is_telling(name)
        ]

    def __call__(self, text: str) -> str:
        """Return a text without what it must not hold."""
        text = self._replace(_LINK, text, Removed.LINK)
        text = self._replace(_E_MAIL, text, Removed.E_MAIL)
        text = self._replace(_NAMED_SECRET, text, Removed.SECRET, keep_first=True)
        text = self._replace(_BEARER, text, Removed.SECRET)
        for removed, pattern in self._names:
            if removed is Removed.PATH:
                text = self._replace(pattern, text, removed)
        for pattern in (_WINDOWS_PATH, _HOME, _PATH, _RELATIVE_PATH):
            text = self._replace(pattern, text, Removed.PATH)
        for removed, pattern in self._names:
            text = self._replace(pattern, text, removed)
        text = self._replace(_ACCOUNT, text, Removed.ACCOUNT)
        text = self._replace(_ADDRESS, text, Removed.ADDRESS, only_if=_is_elsewhere)
        text = self._replace(_INTERNAL_HOST, text, Removed.HOST)
        text = self._replace(_KEY, text, Removed.SECRET, only_if=_may_be_a_key)
        return self._replace(_LONG_NUMBER, text, Removed.NUMBER, only_if=_is_no_date)

    def _replace(
        self,
        pattern: re.Pattern[str],
        text: str,
        removed: Removed,
        *,
        keep_first: bool = False,
        only_if: Callable[[str], bool] = bool,
    ) -> str:
        def replace(match: re.Match[str]) -> str:
            if not only_if(match[0]):
                return match[0]
            self.counts[removed] += 1
            return (match[1] if keep_first else "") + removed.mark

        return pattern.sub(replace, text)


def is_this_computer(host: str) -> bool:
    """Tell whether a host is this computer by whatever network it is in: `127.0.0.1`, `::1`."""
    if host.lower() in ("localhost", "ip6-localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_telling(name: str) -> bool:
    return (
        len(name) >= LEAST_LENGTH and name.lower() not in UNTELLING and not is_this_computer(name)
    )


def _as_word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE)


def _is_elsewhere(text: str) -> bool:
    """Tell whether a text is the address of another computer."""
    address = text.rstrip(".")
    host, _, port = address.rpartition(":")
    if host.count(".") == 3 and port.isdecimal():  # `192.168.1.5:7497`
        address = host
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)


def _may_be_a_key(text: str) -> bool:
    """Tell whether a long text is none of words: it mixes letters with digits, or their cases."""
    parts = re.split("[-_]", text)
    if max(map(len, parts)) < LONGEST_WORD and any(part.isalpha() for part in parts):
        return False  # such as `x86_64-with-glibc2`
    has_letter, has_digit = (any(map(kind, text)) for kind in (str.isalpha, str.isdigit))
    return has_letter and (has_digit or not (text.islower() or text.isupper()))


def _is_no_date(text: str) -> bool:
    return not (len(text) == 8 and _DATE.fullmatch(text))
