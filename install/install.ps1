# Installs traymon for this user, or removes it: finds a Python for install.py, which does the rest.
# For Windows PowerShell 5.1 and newer: powershell -ExecutionPolicy Bypass -File install\install.ps1
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
if (Get-Command uv -ErrorAction SilentlyContinue) {
    & uv run --no-project --python '>=3.11,<3.15' python -E $script @args
    exit $LASTEXITCODE
}
[Console]::Error.WriteLine('traymon needs Python 3.11 to 3.14, or uv, which brings one: winget install astral-sh.uv. Then start this again.')
exit 3
