"""What of a setting may be shown: never a secret, and of an account number only its ends."""

from __future__ import annotations

import re

from traymon.config.schema import SECRET
from traymon.core.alerts import Secret
from traymon.core.target import mask_account

SECRET_KEY = re.compile("TOKEN|SECRET|PASSW", re.IGNORECASE)  # misspelt ones as well


def masked(key: str, text: str) -> str:
    """Return a value as it may be shown."""
    if _is_secret(key):
        return str(Secret(text))
    return mask_account(text) if key == "IB_ACCOUNT" else text


def masked_line(line: str) -> str:
    """Return a line of a file as it may be shown: of one with a secret only the key."""
    key = re.split(r"\W", line, maxsplit=1)[0]
    return f"{key}=***" if _is_secret(key) else line


def _is_secret(key: str) -> bool:
    return key in SECRET or SECRET_KEY.search(key) is not None
