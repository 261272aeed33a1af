"""A setup program that is signed: the programs, the setup and the uninstaller in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.setup_program import BUILD, SetupProgram
from support.wine import Windows

STUB = Path("/usr/share/nsis/Stubs/zlib-amd64-unicode")  # a small program for Windows
PASSWORD = "geheim mit Leerzeichen"

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("makensis") and shutil.which("osslsigncode") and STUB.exists()),
        reason="needs: apt install nsis osslsigncode",
    ),
    pytest.mark.timeout(300),
]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    for name in ("traymon.exe", "traymon-tray.exe"):
        shutil.copy(STUB, folder / name)
    return folder


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificate(folder: Path) -> tuple[str, ...]:
    """Make an authority and a certificate for signing; return the options that sign with it."""
    key = "-newkey", "rsa:2048", "-nodes"
    openssl(
        folder,
        *("req", "-x509", *key, "-days", "1", "-subj", "/CN=test authority"),
        *("-keyout", "ca.key", "-out", "ca.pem"),
    )
    openssl(
        folder,
        *("req", *key, "-subj", "/CN=test signer", "-keyout", "key.pem", "-out", "request"),
    )
    (folder / "use").write_text("extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\n")
    openssl(
        folder,
        *("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "1"),
        *("-CAcreateserial", "-extfile", "use", "-out", "certificate.pem"),
    )
    (folder / "password").write_text(f"{PASSWORD}\n")
    openssl(
        folder,
        *("pkcs12", "-export", "-in", "certificate.pem", "-inkey", "key.pem"),
        *("-passout", "file:password", "-out", "certificate.pfx"),
    )
    return (
        *("--certificate", str(folder / "certificate.pfx")),
        *("--password-file", str(folder / "password")),
    )


def build(folder: Path, program: Path, *options: str, at: str = "1700000000") -> Path:
    done = subprocess.run(
        [
            *(sys.executable, str(BUILD), "--quick"),
            *("--folder", str(folder), "--program", str(program), *options),
        ],
        env=os.environ | {"SOURCE_DATE_EPOCH": at},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def is_signed(program: Path, authority: Path) -> bool:
    done = subprocess.run(
        ["osslsigncode", "verify", "-CAfile", str(authority), "-in", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and "test signer" in done.stdout


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_sources_give_the_same_setup(program: Path, tmp_path: Path) -> None:
    one = build(tmp_path / "one", program)
    for path in program.iterdir():
        path.touch()
    two = build(tmp_path / "two", program)
    assert digest(one) == digest(two) == one.with_name(f"{one.name}.sha256").read_text().split()[0]
    assert digest(build(tmp_path / "three", program, at="1700003600")) != digest(one)


def test_setup_programs_and_uninstaller_are_signed_and_the_hash_of_the_unsigned_is_told(
    program: Path, windows: Windows, tmp_path: Path
) -> None:
    options, authority = certificate(tmp_path), tmp_path / "ca.pem"
    unsigned = build(tmp_path / "unsigned", program)
    signed = build(tmp_path / "signed", program, *options)
    assert is_signed(signed, authority)
    assert not is_signed(unsigned, authority)
    told = signed.with_name(f"{signed.name}.unsigned.sha256").read_text().split()
    assert told == [digest(unsigned), unsigned.name]
    assert digest(signed) == signed.with_name(f"{signed.name}.sha256").read_text().split()[0]
    assert digest(program / "traymon.exe") == digest(STUB)  # a copy was signed
    setup = SetupProgram(windows, signed)
    assert setup.run("/NOPATH") == 0
    try:
        for name in ("traymon.exe", "traymon-tray.exe", "uninstall.exe"):
            assert is_signed(setup.folder / name, authority), name
    finally:
        assert setup.uninstall() == 0


def test_a_wrong_password_is_said_and_no_setup_is_left(program: Path, tmp_path: Path) -> None:
    options = certificate(tmp_path)
    (tmp_path / "password").write_text("another")
    with pytest.raises(AssertionError, match=r"osslsigncode cannot sign traymon\.exe"):
        build(tmp_path / "made", program, *options)
    assert not list((tmp_path / "made").glob("*.exe"))
