"""The launcher log that TWS and IB Gateway write until a login has succeeded.

The lines are of the forms that excerpts of real logs have; the values in them are made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

RESTART = "------------------------------- IB GATEWAY RESTART --------------------------------"
BUILD = "Build 10.45.1c, Oct 1, 2026 1:02:03 PM"
STARTED = "Started on {utc:%Y%m%d-%H:%M:%S}"
AUTO_RESTART = "Running in auto-restart mode: restoring session token and session ID"
RESTARTS_DAILY = "Daily auto-restart is enabled."
LOGIN = (
    "LauncherLoginThread.runLoginWithUI()[hotBackupStrategy=ON,loginAttempt=1,socketDelay=20000]."
)
AUTH_IB_KEY = (
    " NS_AUTH_START version=52 pwd=1 soft=0 token(s)=[token=5, tokenSubtype=2, suffix=a[IB Key]]"
    " initialTokenType=PWD authenticationType=MARKET_DATA_CONNECTION identityHashcode=1"
)
CHALLENGE = "Received CHALLENGE"
HEARTBEAT = "Sent NS_HEART_BEAT:#%#%0000MISC51;531;{utc:%Y%m%d-%H:%M:%S};"
CLOSED = "Authorization failed: SUPPRESS_MESSAGE_BOX. MessageType: null. FailReason: 2147483647"
WRONG_PASSWORD = "AUTH_RESULT indicates wrong password"
THROTTLED = (
    "Too many failed login attempts. Please wait 4 minutes & 55 seconds before attempting to "
    "re-login again."
)
OLD_VERSION = "Authorization failed: <html>This version is no longer supported. MessageType: null."
WAITS = "instance of control is not created yet"


def written(lines: Iterable[tuple[float, str]], now: datetime) -> list[str]:
    """Return messages as TWS writes them, each so many seconds ago; `now` has a zone."""
    return [_line(message, now - timedelta(seconds=age)) for age, message in lines]


def _line(message: str, at: datetime) -> str:
    stamp = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
    return f"{stamp} INFO  [JTS-Main] - {message.format(utc=at.astimezone(UTC))}"
