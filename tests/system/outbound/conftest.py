"""Looks at no file of these tests on other systems: they end traymon as a login session does."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]
