"""Translate the operating system's socket errors into symptoms and words."""

from __future__ import annotations

import errno
import os
import socket
import sys

from traymon.core.vocabulary import Symptom

SYMPTOM_OF_ERRNO = {
    errno.ECONNREFUSED: Symptom.REFUSED,
    errno.ETIMEDOUT: Symptom.TIMED_OUT,
    errno.EACCES: Symptom.FORBIDDEN,
    errno.EPERM: Symptom.FORBIDDEN,
    errno.ENETUNREACH: Symptom.UNREACHABLE,
    errno.EHOSTUNREACH: Symptom.UNREACHABLE,
    errno.ENETDOWN: Symptom.UNREACHABLE,
    errno.EHOSTDOWN: Symptom.UNREACHABLE,
    errno.EADDRNOTAVAIL: Symptom.UNREACHABLE,
    errno.EAFNOSUPPORT: Symptom.UNREACHABLE,  # an IPv6 address on a kernel without IPv6
    errno.ECONNRESET: Symptom.RESET,
    errno.EPIPE: Symptom.RESET,
    errno.ECONNABORTED: Symptom.RESET,
}
# Windows has its own numbers; some of them mean something else as an errno.
SYMPTOM_OF_WINERROR = {
    10061: Symptom.REFUSED,  # WSAECONNREFUSED
    1225: Symptom.REFUSED,  # ERROR_CONNECTION_REFUSED, from asyncio's proactor
    10060: Symptom.TIMED_OUT,  # WSAETIMEDOUT
    121: Symptom.TIMED_OUT,  # ERROR_SEM_TIMEOUT, from asyncio's proactor
    10013: Symptom.FORBIDDEN,  # WSAEACCES
    10047: Symptom.UNREACHABLE,  # WSAEAFNOSUPPORT
    10049: Symptom.UNREACHABLE,  # WSAEADDRNOTAVAIL
    10050: Symptom.UNREACHABLE,  # WSAENETDOWN
    10051: Symptom.UNREACHABLE,  # WSAENETUNREACH
    10064: Symptom.UNREACHABLE,  # WSAEHOSTDOWN
    10065: Symptom.UNREACHABLE,  # WSAEHOSTUNREACH
    1231: Symptom.UNREACHABLE,  # ERROR_NETWORK_UNREACHABLE, from asyncio's proactor
    1232: Symptom.UNREACHABLE,  # ERROR_HOST_UNREACHABLE, from asyncio's proactor
    10053: Symptom.RESET,  # WSAECONNABORTED
    10054: Symptom.RESET,  # WSAECONNRESET
    64: Symptom.RESET,  # ERROR_NETNAME_DELETED, from asyncio's proactor
}


def symptom_of(error: OSError) -> Symptom:
    """Return the symptom that a socket error shows.

    Re-raises an error that the peer did not cause (such as running out of file handles): that is a
    fault of this machine, not a symptom of the target.
    """
    if isinstance(error, socket.gaierror):
        return Symptom.UNRESOLVED
    symptom = SYMPTOM_OF_WINERROR.get(getattr(error, "winerror", None) or 0)
    if symptom is None:
        symptom = SYMPTOM_OF_ERRNO.get(error.errno or 0)
    if symptom is None:
        raise error
    return symptom


def os_error_text(error: Exception) -> str:
    """Return the system's own words for an error, without asyncio's additions."""
    if (
        type(error) is not socket.gaierror
        and isinstance(error, OSError)
        and sys.platform != "win32"
    ):
        return os.strerror(error.errno) if error.errno else type(error).__name__
    return str(error) or type(error).__name__
