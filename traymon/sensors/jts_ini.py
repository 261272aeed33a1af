"""Read from jts.ini in which region's servers a TWS logs in.

Pure. The file is plain text and holds no account; whatever is malformed in it says nothing.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from types import MappingProxyType

# The names of IB's servers without the `_hb1` of a hot backup (QuantConnect IBAutomater,
# IBAutomater.cs, which chooses its restart times by them).
REGIONS: Mapping[str, str] = MappingProxyType(
    {
        "gdc1.ibllc.com": "america",
        "ndc1.ibllc.com": "america",
        "cdc1.ibllc.com": "america",
        "zdc1.ibllc.com": "europe",
        "hdc1.ibllc.com": "asia",
        "mcgw1.ibllc.com.cn": "asia",
    }
)


def read_region(data: bytes) -> str | None:
    """Return the region as TRAYMON_REGION names it; None if the file does not say."""
    text = data.replace(b"\0", b"").decode("utf-8", "replace")
    parser = configparser.ConfigParser(
        strict=False, interpolation=None, allow_no_value=True, delimiters=("=",)
    )
    try:
        parser.read_string(text[max(0, text.find("[")) :])  # a mark of the encoding is before it
        peer = parser.get("Communication", "Peer", fallback=None) or ""
    except configparser.Error:
        return None
    host = peer.strip().lower().partition(":")[0]
    return REGIONS.get(re.sub(r"[_-]hb\d+(?=\.)", "", host))
