"""The shared half of the two commands: a `.venv` in the repository that holds the locked packages.

Must parse and run on Python 3.6, for an old Python has to get as far as the sentence that says
what to do. Installs nothing outside `.venv` and writes nothing to stdout: that is traymon's.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NoReturn

OLDEST = (3, 11)  # both as in pyproject's requires-python, which an old Python cannot read
TOO_NEW = (3, 15)
GOOD, BEHIND, BROKEN = "good", "behind", "broken"
CANNOT_SET_UP = 3  # the exit code

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "traymon-stamp.json"  # what stands in .venv; written last
TURN = VENV / "traymon-turn"  # locked by the one start that works on .venv
LOCKS = {"run": HERE / "requirements.txt", "test": HERE / "requirements-test.txt"}

# What the user says about where packages come from and how to get there is heeded. The rest (user,
# target, prefix, constraint, ...) is meant for other installs, and would send packages elsewhere.
HEEDED_PIP_SETTINGS = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CACHE_DIR",
    "PIP_NO_CACHE_DIR",
    "PIP_KEYRING_PROVIDER",
    "PIP_CONFIG_FILE",
    "PIP_USE_FEATURE",
    "PIP_USE_DEPRECATED",
)


class InstallError(Exception):
    """Why nothing can be set up here: a sentence, what mends it, then a program's own words."""


def say(line: str) -> None:
    """Print one line to stderr."""
    print(line, file=sys.stderr, flush=True)


def guarded(main: "Callable[[list[str]], int]") -> "NoReturn":
    """Leave with main's exit code; with CANNOT_SET_UP and the sentence where it cannot go on."""
    try:
        check_python()
        sys.exit(main(sys.argv[1:]))
    except InstallError as error:
        say(str(error))
        sys.exit(CANNOT_SET_UP)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)


def prepare(kind: str) -> Path:
    """Return the Python of a `.venv` that is good for the kind (`run`, `test`), made where needed.

    Says nothing where it is good already. Raises InstallError.
    """
    if condition(kind) == GOOD:
        return PYTHON
    check_venv_module()
    try:
        VENV.mkdir(exist_ok=True)
        with my_turn():
            found = condition(kind)  # another start may have done it meanwhile
            if found == BROKEN:
                say("Setting up traymon in .venv: takes a minute, once.")
                make_anew()
            elif found == BEHIND:
                say("Bringing .venv up to date: its list of packages has changed.")
            if found != GOOD:
                fill(kind)
    except OSError as error:
        raise InstallError(
            f"Cannot write {error.filename or VENV} ({error.strerror}): traymon keeps its packages"
            f" in .venv of its own folder.\nMake {ROOT} writable for you, or copy it to a folder"
            " that is; if a traymon runs from it, quit that first."
        ) from error
    return PYTHON


# --- is it good? ---


def condition(kind: str) -> str:
    """Return GOOD, BEHIND (works, but with other packages) or BROKEN (has to be made anew)."""
    return judge(kind, read_stamp(), venv_python(), {name: digest(name) for name in LOCKS})


def judge(
    kind: str, stamp: "dict[str, str] | None", python: "str | None", digests: "dict[str, str]"
) -> str:
    """Judge by the stamp (None: a .venv that somebody else made) and the Python in `.venv`."""
    if python is None or not supported(python):
        return BROKEN
    if stamp is None:
        return BEHIND
    # Its Python was upgraded under it, or the folder moved: paths inside point to the old place.
    if stamp.get("python") != python or stamp.get("place") != str(VENV):
        return BROKEN
    holds = stamp.get("kind")
    if holds in (kind, "test") and stamp.get("digest") == digests[holds]:
        return GOOD
    return BEHIND


def digest(kind: str) -> str:
    """Return a hash of all that says which packages belong into an environment of the kind."""
    texts = [path.read_bytes() for path in (LOCKS[kind], ROOT / "pyproject.toml")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def read_stamp() -> "dict[str, str] | None":
    """Return what the stamp says: `{}` for a half-made .venv, None where there is no stamp."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(**stamp: str) -> None:
    """Replace the stamp, so that a reader sees the old one or the new one and nothing between."""
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(stamp), encoding="utf-8")
    draft.replace(STAMP)


def venv_python() -> "str | None":
    """Return the version (`3.13`) of the Python in `.venv`; None where there is none that starts.

    Asked of itself: after an upgrade of the system's Python its files still name the old one.
    """
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return output_of([str(PYTHON), "-I", "-S", "-c", ask])


def supported(version: str) -> bool:
    """Tell whether traymon's packages exist for this version of Python."""
    major, minor = version.split(".")
    return OLDEST <= (int(major), int(minor)) < TOO_NEW


# --- make it good ---


def make_anew() -> None:
    """Empty `.venv` and make a bare virtual environment in it."""
    write_stamp()  # from here on it is half made
    for path in VENV.iterdir():
        if path in (STAMP, TURN):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        else:
            path.unlink()
    # Started by a virtual environment (perhaps this one): the Python that it was made from.
    base = getattr(sys, "_base_executable", None) or sys.executable
    options = ["--system-site-packages"] if system_has_gi() else []
    must([base, "-m", "venv", *options, str(VENV)], "Python could not make .venv.")


def fill(kind: str) -> None:
    """Install the locked packages and the project itself; then stamp it as good."""
    python = venv_python()
    if python is None:
        raise InstallError(f"The new Python in {VENV} does not start.\n{another_python()}")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet"]
    if (
        output_of([str(PYTHON), "-I", "-c", "import pip"]) is None
    ):  # somebody else's .venv, made without pip
        must([str(PYTHON), "-m", "ensurepip"], "Python could not put pip into .venv.")
    made = {"python": python, "place": str(VENV)}
    write_stamp(**made)  # works, but with unknown packages
    must(
        [*pip, "--require-hashes", "-r", str(LOCKS[kind])],
        "pip could not install traymon's packages. Is there a network (or a proxy to name)?"
        " Start again when there is.",
    )
    # Its build tools are in the lock, so they are there already and nothing unlocked is fetched.
    must(
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        "pip could not install traymon itself.",
    )
    spell_paths_in_ascii()
    write_stamp(kind=kind, digest=digest(kind), **made)


def spell_paths_in_ascii() -> None:
    """Make the editable install found under every locale, whatever letters the path is made of.

    Before 3.13, `site` reads .pth files in the locale's encoding, but they are written in UTF-8: a
    user folder with an umlaut is not found on Windows, and under LC_ALL=C Python does not start.
    Lines that begin with `import` are run (documentation of the module `site`).
    """
    folder = "Lib/site-packages" if sys.platform == "win32" else "lib/python*/site-packages"
    for path in VENV.glob(folder + "/*traymon*.pth"):
        lines = [
            line if line.isascii() else f"import sys; sys.path.append({line!a})"
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")


def system_has_gi() -> bool:
    """Tell whether the starting Python has PyGObject, with which the tray icon gets its menu.

    It is the system's own package: there are no wheels of it that could be locked.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        import gi  # noqa: F401
    except Exception:  # whatever a half-installed binding raises: then traymon goes without
        return False
    return True


@contextlib.contextmanager
def my_turn() -> "Iterator[None]":
    """Wait until no other start works on `.venv`, and keep others out meanwhile.

    The system drops the lock with its process, so there are no stale ones.
    """
    with open(str(TURN), "a") as file:
        if not try_lock(file):
            say("Another start is setting up .venv: waiting for it.")
            while not try_lock(file):
                time.sleep(0.1)
        yield


def try_lock(file: "IO[str]") -> bool:
    """Take the file's lock if nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX; Windows
        return False
    return True


# --- the starting Python ---


def check_python() -> None:
    """Raise InstallError where the Python that runs this is too old or too new for traymon."""
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return
    oldest, newest, this = (
        "{}.{}".format(*version)
        for version in (OLDEST, (TOO_NEW[0], TOO_NEW[1] - 1), sys.version_info[:2])
    )
    raise InstallError(
        f"traymon needs Python {oldest} to {newest}; this is {this} ({sys.executable}).\n"
        + another_python()
    )


def check_venv_module() -> None:
    """Raise InstallError where Python comes without what makes virtual environments."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    if shutil.which("apt-get"):  # Debian and Ubuntu pack it separately
        is_default = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
        name = "python3" if is_default else "python{}.{}".format(*sys.version_info[:2])
        mend = f"Install it: sudo apt install {name}-venv"
    else:
        mend = another_python()
    raise InstallError(
        f"This Python ({sys.executable}) cannot make virtual environments: its venv module is"
        f" missing.\n{mend}"
    )


def another_python() -> str:
    """Return the line that mends it: a fitting Python that is here, else how to get one."""
    script = subprocess.list2cmdline([sys.argv[0]])  # in quotes where it has spaces
    for minor in (13, 12, 11, 14):
        name = f"python3.{minor}"
        command = ["py", f"-3.{minor}"] if sys.platform == "win32" else [name]
        # Asked, not only looked for: pyenv leaves names behind that start nothing.
        ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        if shutil.which(command[0]) and output_of([*command, "-I", "-c", ask]) == name[6:]:
            return "Use the one that is here: " + " ".join([*command, script])
    if sys.platform == "win32":
        return f"Install one: winget install Python.Python.3.13, then: py -3.13 {script}"
    if sys.platform == "darwin":
        return (
            f"Install one from python.org, or: brew install python@3.13, then: python3.13 {script}"
        )
    if shutil.which("apt-get"):
        return (
            f"Install one: sudo apt install python3.11 python3.11-venv, then: python3.11 {script}"
        )
    return f"Install Python 3.13 from your system's packages, then: python3.13 {script}"


# --- programs ---


def clean_environ() -> "dict[str, str]":
    """Return the environment without what would lead a Python of ours to packages of others."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME")
        and (not name.startswith("PIP_") or name in HEEDED_PIP_SETTINGS)
    }
    # Against a pip.conf that says `user = true`, and against packages in the user's own folder.
    environ.update(PIP_USER="0", PYTHONNOUSERSITE="1", PIP_NO_INPUT="1")
    environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1")
    return environ


def must(command: "list[str]", sentence: str, settings: "dict[str, str] | None" = None) -> None:
    """Run it without a word; where it fails raise InstallError with the sentence.

    `settings` come on top of the environment.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**clean_environ(), **(settings or {})},
    )
    if done.returncode:
        raise InstallError(f"{sentence}\n\n{done.stdout.decode('utf-8', 'replace').strip()}")


def output_of(command: "list[str]") -> "str | None":
    """Return what it prints; None where it cannot start, fails, or takes longer than 20 s."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environ(),
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace").strip()
