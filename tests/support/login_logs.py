"""Launcher logs made for the tests, in the forms of real ones.

They hold what a real log holds and nobody may see: addresses, tokens, the user's folder.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from traymon.sim import launcher_log

IST = timezone(timedelta(hours=5, minutes=30))  # as TWS's computer has it
T0 = datetime(2026, 11, 27, 22, 30, tzinfo=IST)  # when the first process starts
STARTED = T0.timestamp()

SECRETS = (
    *("203.0.113.77", "2001:db8::77", "00:00:5E:00:53:07", "zdc1.ibllc.com"),
    *("a" * 40, "gehheim-token-f3a9", "SECRETHASH99", "U7654321", "peter.trader"),
    *("/home/peter/Jts/secret", "C:\\Users\\Peter", "+41 79 123 45 67", "NOT PRINTED"),
)
NOISE = (
    "Connecting to zdc1.ibllc.com:4001 from 203.0.113.77 [2001:db8::77], MAC 00:00:5E:00:53:07",
    f"userDirname={'a' * 40} token=gehheim-token-f3a9 hash=SECRETHASH99",
    "user=peter.trader account=U7654321 dir=/home/peter/Jts/secret C:\\Users\\Peter",
    "phone=+41 79 123 45 67 password=NOT PRINTED",
)

AUTH_PASSWORD = (
    "NS_AUTH_START version=52 pwd=1 soft=0 token(s)=[token=0] initialTokenType=PWD "
    "authenticationType=MARKET_DATA_CONNECTION identityHashcode=1"
)
AUTH_SAVED = (
    "NS_AUTH_START version=52 pwd=0 soft=1 token(s)=[token=0] initialTokenType=SOFT "
    "authenticationType=MARKET_DATA_CONNECTION identityHashcode=1"
)
AUTH_SAVED_REFUSED = AUTH_SAVED.replace("pwd=0 soft=1", "pwd=1 soft=0")
AUTH_TWO_DEVICES = launcher_log.AUTH_IB_KEY.replace(
    "suffix=a[IB Key]", "suffix=a[IB Key], token=4, tokenSubtype=1, suffix=b[Security Code Card]"
)
APPROVED = "### onAuthenticationCompleted tokenProtocol=5; authenticated=true"
NOT_APPROVED = "### onAuthenticationCompleted tokenProtocol=5; authenticated=false"
ENCRYPTED = "Switching to a new encrypted log..."
NOT_DAILY = "Daily auto-restart is not enabled."
NO_ANSWER = "AuthTimeoutMonitor-CCP: Timeout!"
WEEKLY = "Soft token=0 received instead of expected permanent for zdc1.ibllc.com:4001 (SSL)"
OTHER_REASON = "Authorization failed: <html>Your account has an open task.<br>peter.trader"
PASSKEY = "Authorization failed: <html>To continue, please create a"
NO_TLS = "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake"
LONG_THROTTLE = (
    "Too many failed login attempts. Please wait 1 hour & 2 minutes & 3 seconds before "
    "attempting to re-login again."
)

START = ((0.0, launcher_log.RESTART), (0.1, launcher_log.BUILD), (0.2, launcher_log.STARTED))


def log(
    *lines: tuple[float, str], zone: timezone = IST, begin: datetime = T0, noise: bool = True
) -> bytes:
    """Return a log with messages so many seconds after its beginning; secrets in between."""
    text = ""
    for after, message in lines:
        at = begin + timedelta(seconds=after)
        if noise:
            for words in NOISE:
                text += line(at, words, zone)
        text += line(at, message, zone)
    return text.encode()


def line(at: datetime, message: str, zone: timezone = IST) -> str:
    """Return one line as TWS writes it at a moment, in the local time of a zone."""
    local = at.astimezone(zone)
    words = message.replace("{utc:%Y%m%d-%H:%M:%S}", f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}")
    stamp = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"
    return f"{stamp} INFO  [JTS-Login-1] - {words}\n"
