#!/usr/bin/env bash
# The Windows tests alone; prepares what they stand on where it is not there.
set -euo pipefail
cd "$(dirname "$0")/../../.."
exec python3 install/test.py tests/system/windows "$@"
