"""A certificate of a server on loopback, and who vouches for it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def new_certificate(folder: Path) -> Path:
    """Return a file with a new certificate for 127.0.0.1 and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "server.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both


def trusted_folder(folder: Path, certificate: Path) -> Path:
    """Return a folder in which OpenSSL finds the certificate as one that it trusts."""
    done = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)],
        check=True,
        capture_output=True,
        text=True,
    )
    trusted = folder / "trusted"
    trusted.mkdir()
    (trusted / f"{done.stdout.strip()}.0").write_text(certificate.read_text())
    return trusted
