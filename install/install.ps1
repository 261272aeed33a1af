# Installs traymon for this user, or removes it: finds a Python for install.py, which does the rest.
# For Windows PowerShell 5.1 and newer: powershell -ExecutionPolicy Bypass -File install\install.ps1
# Windows refuses scripts by default; Bypass allows this one, this once. Without any script, if you
# have Python: py install\install.py
$script = Join-Path $PSScriptRoot 'install.py'
if (Get-Command py -ErrorAction SilentlyContinue) {
    foreach ($version in '-3.13', '-3.12', '-3.11', '-3.14') {
        & py $version -I -c 'import sys' 2>$null
        if ($LASTEXITCODE -eq 0) {
            & py $version -E $script @args
            exit $LASTEXITCODE
        }
    }
}
# Not the Microsoft Store's: Windows hides what that one writes (PATH, Start menu) from other programs.
$python = Get-Command python -ErrorAction SilentlyContinue
if ($python -and $python.Source -notlike '*\WindowsApps\*') {
    & python -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>$null
    if ($LASTEXITCODE -eq 0) {
        & python -E $script @args
        exit $LASTEXITCODE
    }
}
if (Get-Command uv -ErrorAction SilentlyContinue) {
    & uv run --no-project --python '>=3.11,<3.15' python -E $script @args
    exit $LASTEXITCODE
}
[Console]::Error.WriteLine('traymon needs Python 3.11 to 3.14. Install it from python.org (not from the Microsoft Store), or run: winget install astral-sh.uv. Then open a NEW PowerShell window and run this script again.')
exit 3
