"""Looks at no file of these tests on other systems: the modules that they import are not there."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.platform == "linux" else ["*.py"]
