#!/bin/sh
# Installs traymon for this user, or removes it: finds a Python for install.py, which does the rest.
here=$(dirname -- "$0")
for python in python3 python3.13 python3.12 python3.11 python3.14; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
        exec "$python" "$here/install.py" "$@"
    fi
done
if command -v uv >/dev/null; then
    exec uv run --no-project --python '>=3.11,<3.15' python "$here/install.py" "$@"
fi
echo 'traymon needs Python 3.11 to 3.14, or uv, which brings one. Install one of them, then start this again.' >&2
exit 3
