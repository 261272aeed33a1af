"""The codes by the stage of a connection at which they show, in the order of the checks.

Data only; a test holds it to the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "All is well": ("healthy",),
        "Port": (
            "app-not-running",
            "api-port-closed",
            "wrong-port",
            "port-moved",
            "port-refused",
            "port-filtered",
            "host-unreachable",
            "host-unresolved",
            "foreign-listener",
            "not-the-api-port",
        ),
        "Login of TWS or IB Gateway": (
            "two-factor-pending",
            "two-factor-lapsed",
            "login-idle",
            "login-refused",
            "login-throttled",
            "version-refused",
            "session-elsewhere",
            "relogin-required",
            "dialog-open",
            "write-access-asked",
        ),
        "Handshake": (
            "handshake-silent",
            "connection-rejected",
            "listener-wedged",
            "new-clients-hang",
            "answer-unfinished",
            "tls-expected",
            "server-too-old",
            "just-started",
            "handshake-slow",
        ),
        "Session": (
            "session-hung",
            "session-lost",
            "session-unstable",
            "session-garbled",
            "session-mute",
            "old-connections-dead",
            "start-silent",
            "start-rejected",
            "no-free-slot",
            "paper-notice-unanswered",
            "paper-not-acknowledged",
            "questions-unanswered",
            "client-outdated",
            "read-only-api",
            "version-ends",
            "clock-skew",
        ),
        "Account: paper or live": (
            "wrong-environment",
            "wrong-account",
            "unexpected-live-account",
            "unexpected-paper-account",
            "no-accounts",
        ),
        "IB's servers and the internet": (
            "internet-down",
            "ib-link-down",
            "data-farm-down",
            "data-lost",
            "competing-session",
        ),
        "Client IDs": (
            "client-id-clash",
            "client-id-held-by-earlier-run",
            "client-id-held-by-itself",
            "client-id-stuck",
            "client-id-refused",
            "all-client-ids-refused",
            "program-turned-away",
            "master-client-id",
        ),
        "Expected at this time": ("maintenance", "restarting-itself", "reset-window"),
        "traymon itself": (
            "starting",
            "resumed",
            "checking-session",
            "paused",
            "stale",
            "sensor-crashed",
        ),
    }
)
