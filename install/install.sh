#!/bin/sh
# Installs traymon for this user, or removes it: finds a Python for install.py, which does the rest.
# -I and -E: no module of the folder that this is started in is taken for one of Python's.
here=$(dirname -- "$0")
supported='sys.version_info[:2] in ((3, 11), (3, 12), (3, 13), (3, 14))'

start_with() { # a Python that passes this test
    test=$1
    shift
    for python in python3 python3.13 python3.12 python3.11 python3.14; do
        if "$python" -I -c "$test" 2>/dev/null; then
            exec "$python" -E "$here/install.py" "$@"
        fi
    done
}

start_with "import sys, ensurepip; sys.exit(not $supported)" "$@"
if command -v uv >/dev/null; then
    exec uv run --no-project --python-preference only-managed --python '>=3.11,<3.15' python -E "$here/install.py" "$@"
fi
start_with "import sys; sys.exit(not $supported)" "$@" # it says what it lacks
echo 'traymon needs Python 3.11 to 3.14, or uv, which can install one. Install one of them, then run this script again.' >&2
exit 3
