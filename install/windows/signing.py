"""Signs programs for Windows in place; run as a program it signs one: `python signing.py --help`.

With signtool on Windows, with osslsigncode elsewhere. makensis runs it too, for the uninstaller,
which exists only while a setup is made.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from subprocesses import InstallError, run_or_fail, say


def options() -> "argparse.ArgumentParser":
    """Return the options that say with what to sign; build.py has them too."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="sign with this (.pfx)")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="holds its password")
    parser.add_argument(
        "--timestamp", metavar="URL", help="have this server say when it was signed"
    )
    return parser


def as_command(chosen: argparse.Namespace) -> "list[str]":
    """Return the command that signs the file which is added to it."""
    words = [sys.executable, str(Path(__file__).resolve())]
    words += ["--certificate", str(chosen.certificate.resolve())]
    words += ["--password-file", str(chosen.password_file.resolve())]
    return words + (["--timestamp", chosen.timestamp] if chosen.timestamp else [])


def sign(program: Path, chosen: argparse.Namespace) -> None:
    """Sign a program. Raises InstallError."""
    if sys.platform == "win32":
        _with_signtool(program, chosen)
    else:
        _with_osslsigncode(program, chosen)


def _with_signtool(program: Path, chosen: argparse.Namespace) -> None:
    password = chosen.password_file.read_text(encoding="utf-8").strip()
    # signtool takes the password on its command line alone
    words = ["signtool", "sign", "/fd", "sha256", "/f", str(chosen.certificate), "/p", password]
    words += ["/tr", chosen.timestamp, "/td", "sha256"] if chosen.timestamp else []
    run_or_fail([*words, "/d", "traymon", str(program)], f"signtool cannot sign {program.name}.")


def _with_osslsigncode(program: Path, chosen: argparse.Namespace) -> None:
    words = ["osslsigncode", "sign", "-h", "sha256", "-n", "traymon"]
    words += ["-pkcs12", str(chosen.certificate), "-readpass", str(chosen.password_file)]
    if chosen.timestamp:
        words += ["-ts", chosen.timestamp]
    elif "SOURCE_DATE_EPOCH" in os.environ:  # then the same each time; a server's time never is
        words += ["-time", os.environ["SOURCE_DATE_EPOCH"]]
    with tempfile.TemporaryDirectory() as folder:
        signed = Path(folder, program.name)
        run_or_fail(
            [*words, "-in", str(program), "-out", str(signed)],
            f"osslsigncode cannot sign {program.name}.",
        )
        program.write_bytes(signed.read_bytes())  # makensis has it open, and it keeps its mode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, parents=[options()])
    parser.add_argument("program", type=Path)
    chosen = parser.parse_args()
    try:
        sign(chosen.program, chosen)
    except (InstallError, OSError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
