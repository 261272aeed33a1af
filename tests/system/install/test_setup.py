"""The two commands as real processes, in a small repository whose packages lie beside it.

Must not reach a network, nor touch the repository's own `.venv`.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.installing import SHADOWS
from support.polling import wait_for
from support.repository import ROOT
from support.wheels import make_wheel, pin

SCRIPTS = (
    *("run.py", "test.py", "test_parts.py"),
    *("desktop_packages.py", "environment.py", "subprocesses.py"),
)
LOCKS = ("requirements.txt", "requirements-test.txt")
AUDIT_LOCK = "requirements-audit.txt"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and permissions")

# --- a small repository ---

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "traymon"
version = "1.0"
"""

# An editable install as hatchling makes it: a .pth file in UTF-8.
BACKEND = """
import base64, hashlib, pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "traymon-1.0-py3-none-any.whl"
    info = "traymon-1.0.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("_editable_impl_traymon.pth", str(pathlib.Path.cwd()))
        for file, lines in {
            "METADATA": ["Metadata-Version: 2.1", "Name: traymon", "Version: 1.0"],
            "WHEEL": ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"],
        }.items():
            wheel.writestr(info + file, "\\n".join(lines) + "\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""

PROGRAM = """
import brick, json, os, sys
print(json.dumps({"brick": brick.VERSION, "arguments": sys.argv[1:], "folder": os.getcwd()}))
sys.exit(int(os.environ.get("LEAVE_WITH", "0")))
"""

# Stands for ruff, mypy and pytest.
TOOL = """
import os, pathlib, sys
tool = pathlib.Path(__file__).stem
print(tool, "closes", *sys.argv[1:])
sys.exit(tool in os.environ.get("FAILING", "").split())
"""


@dataclass(frozen=True)
class Repository:
    folder: Path

    @property
    def python(self) -> Path:
        inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        return self.folder / ".venv" / inside

    def environ(self, **settings: str) -> dict[str, str]:
        """Return this process's environment without its own pip, with the packages beside us."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
        wheels = (self.folder / "wheels").as_uri()  # pip splits a list at spaces
        return {
            **ours,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels,
            **settings,
        }

    def command(self, *arguments: str, script: str = "run.py") -> list[str]:
        return [sys.executable, str(self.folder / "install" / script), *arguments]

    def start(
        self, *arguments: str, script: str = "run.py", cwd: Path | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, script=script),
            cwd=cwd or self.folder,
            env=self.environ(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def lock_brick(self, version: str) -> None:
        """Write both locks: brick in this version, the tools only in the second."""
        wheels = self.folder / "wheels"
        brick, tools = pin(wheels, "brick", version), pin(wheels, "tools", "1")
        (self.folder / "install" / LOCKS[0]).write_text(f"{brick}\n")
        (self.folder / "install" / LOCKS[1]).write_text(f"{brick}\n{tools}\n")

    def lock_another_brick(self) -> str:
        """Write locks with the version that they do not hold now; return it."""
        lock = (self.folder / "install" / LOCKS[0]).read_text()
        version = "2" if lock.startswith("brick==1") else "1"
        self.lock_brick(version)
        return version


def make_repository(folder: Path) -> Repository:
    (folder / "install").mkdir(parents=True)
    (folder / "wheels").mkdir()
    (folder / "traymon").mkdir()
    for script in SCRIPTS:
        shutil.copy(ROOT / "install" / script, folder / "install")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "traymon" / "__init__.py").write_text("")
    (folder / "traymon" / "__main__.py").write_text(PROGRAM)
    for version in ("1", "2"):
        make_wheel(folder / "wheels", "brick", version, {"brick.py": f"VERSION = '{version}'"})
    tools = {f"{tool}.py": TOOL for tool in ("ruff", "mypy", "pytest")}
    make_wheel(folder / "wheels", "tools", "1", tools)
    repository = Repository(folder)
    repository.lock_brick("1")
    return repository


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository of all tests, for to make its `.venv` takes seconds."""
    return make_repository(tmp_path_factory.mktemp("mit Umläuten") / "tray mon")


@pytest.fixture(scope="module")
def first_starts(shared: Repository) -> list[subprocess.CompletedProcess[str]]:
    """Its first two starts, at the same time."""
    both = [
        subprocess.Popen(
            shared.command(),
            env=shared.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    return [
        subprocess.CompletedProcess(process.args, process.returncode, out, err)
        for process, (out, err) in [(p, p.communicate(timeout=100)) for p in both]
    ]


@pytest.fixture
def repository(shared: Repository, first_starts: object) -> Repository:
    """The shared repository, good for `run`."""
    assert shared.start().returncode == 0
    return shared


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    """The shared half as a module."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "install/environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- run ---


def test_two_first_starts_at_the_same_time_set_it_up_once_and_both_run(
    first_starts: list[subprocess.CompletedProcess[str]],
) -> None:
    assert [done.returncode for done in first_starts] == [0, 0]
    assert [json.loads(done.stdout)["brick"] for done in first_starts] == ["1", "1"]
    assert sum("Setting up traymon" in done.stderr for done in first_starts) == 1


def test_a_good_venv_starts_the_program_in_the_users_folder_without_a_word(
    repository: Repository, tmp_path: Path
) -> None:
    done = repository.start("check", "--json", cwd=tmp_path, LEAVE_WITH="7")

    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert said["arguments"] == ["check", "--json"]
    assert said["folder"] == str(tmp_path)
    assert done.returncode == 7


@pytest.mark.parametrize("how", ["new", "outdated", "ready"])
def test_nothing_in_the_users_folder_passes_for_a_module(
    repository: Repository, tmp_path: Path, how: str
) -> None:
    mark = tmp_path / "executed"
    for name in (*SHADOWS, "environment", "subprocesses", "traymon", "brick", "backend"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write(__file__)")
    if how == "new":
        shutil.rmtree(repository.folder / ".venv")
    elif how == "outdated":
        repository.lock_another_brick()

    # the first entry of the path is the current folder
    done = repository.start(cwd=tmp_path, PYTHONPATH=os.pathsep + str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert not mark.exists(), mark.read_text()


def test_a_package_that_was_removed_is_installed_again(repository: Repository) -> None:
    (brick,) = (repository.folder / ".venv").rglob("brick.py")
    brick.unlink()

    done = repository.start()

    assert done.returncode == 0, done.stderr
    assert (
        done.stderr
        == "Setting up traymon in .venv. This takes about a minute, the first time only.\n"
    )
    assert repository.start().stderr == ""


def test_an_empty_venv_that_an_older_traymon_stamped_as_complete_is_filled(
    repository: Repository,
) -> None:
    pip = [str(repository.python), "-I", "-m", "pip", "uninstall", "--quiet", "--yes"]
    subprocess.run([*pip, "brick", "traymon"], check=True)
    stamp = repository.folder / ".venv" / "traymon-stamp.json"
    known = json.loads(stamp.read_text())
    del known["modules"]
    stamp.write_text(json.dumps(known))

    done = repository.start()

    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Updating .venv")


def test_another_lock_brings_the_venv_up_to_date(repository: Repository) -> None:
    version = repository.lock_another_brick()

    done = repository.start()

    assert json.loads(done.stdout)["brick"] == version
    assert done.stderr == "Updating .venv: its list of packages has changed.\n"
    assert repository.start().stderr == ""


def test_the_users_own_pip_settings_and_python_path_do_not_lead_packages_elsewhere(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong pip')")
    version = repository.lock_another_brick()

    done = repository.start(
        PYTHONPATH=str(tmp_path),
        PIP_USER="1",
        PIP_TARGET=str(tmp_path / "target"),
        PIP_REQUIRE_HASHES="1",
        PIP_NO_BINARY=":all:",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["brick"] == version
    assert not (tmp_path / "target").exists()


@posix_only
def test_without_its_python_the_venv_is_made_anew_and_half_of_that_does_not_count(
    repository: Repository,
) -> None:
    for path in repository.python.parent.glob("python*"):
        path.unlink()
    process = subprocess.Popen(
        repository.command(),
        env=repository.environ(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    wait_for(repository.python.exists, "a Python in .venv", timeout=60)
    if sys.platform == "win32":
        pytest.skip("POSIX alone")
    os.killpg(process.pid, signal.SIGKILL)  # its own group: itself and what it started
    process.communicate(timeout=60)

    done = repository.start()

    assert done.returncode == 0
    assert (
        done.stderr
        == "Setting up traymon in .venv. This takes about a minute, the first time only.\n"
    )


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_a_folder_with_an_umlaut_is_found_in_every_locale(
    repository: Repository, language: str
) -> None:
    assert not str(repository.folder).isascii()
    done = repository.start(LC_ALL=language)

    assert done.returncode == 0, done.stderr


def test_a_failing_download_is_one_sentence_before_pips_own_words_and_is_tried_again(
    repository: Repository,
) -> None:
    version = repository.lock_another_brick()

    done = repository.start(
        PIP_FIND_LINKS="",
        PIP_NO_INDEX="",
        PIP_INDEX_URL="http://127.0.0.1:9/",  # where nobody listens
        PIP_RETRIES="0",
    )

    assert done.returncode == 3
    assert done.stdout == ""
    _, sentence, gap, *words = done.stderr.splitlines()
    assert sentence.startswith(
        "pip could not install traymon's packages. Check your internet connection"
    )
    assert gap == ""
    assert f"brick=={version}" in "".join(words)
    assert json.loads(repository.start().stdout)["brick"] == version


def test_a_package_with_another_hash_is_refused(repository: Repository) -> None:
    version = repository.lock_another_brick()
    lock = repository.folder / "install" / LOCKS[0]
    true = lock.read_text()
    lock.write_text(f"brick=={version} --hash=sha256:{'0' * 64}")

    done = repository.start()

    lock.write_text(true)
    assert done.returncode == 3
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


# --- test ---


def test_the_checks_all_run_and_pytest_closes_whatever_failed(repository: Repository) -> None:
    # Without a PATH no package of the system is found, and none can be installed.
    done = repository.start("-k", "some", script="test.py", PATH="", FAILING="mypy")

    table = re.findall(r"^(\w+ \w+) +[\d.]+ s +(\w+)$", done.stdout, re.MULTILINE)
    assert table == [
        ("ruff check", "ok"),
        ("ruff format", "ok"),
        ("mypy linux", "FAILED"),
        ("mypy win32", "FAILED"),
        ("mypy darwin", "FAILED"),
    ]
    assert done.stdout.splitlines()[-1] == "pytest closes -k some"
    assert done.returncode == 1
    assert "Left out: the tray icon on a virtual screen (no xvfb" in done.stderr

    assert repository.start(script="test.py", PATH="", FAILING="pytest").returncode == 1
    assert repository.start(script="test.py", PATH="").returncode == 0


def test_a_test_environment_is_also_good_for_run(repository: Repository) -> None:
    assert repository.start(script="test.py", PATH="").returncode == 0

    done = repository.start()

    assert done.returncode == 0
    assert done.stderr == ""


# --- machines where it cannot be ---


def find_python(version: str) -> str | None:
    """Return a Python of this version: on the PATH, or one that pyenv keeps."""
    name = f"python{version}"
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for python in (shutil.which(name), *kept.glob(f"{version}.*/bin/{name}")):
        if python and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return str(python)
    return None


@pytest.mark.parametrize(
    ("script", "version"),
    [("run.py", version) for version in ("3.6", "3.7", "3.8", "3.9", "3.10")]
    + [("test.py", "3.8")],
)
def test_an_old_python_says_which_one_it_takes(tmp_path: Path, script: str, version: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    repository = make_repository(tmp_path)

    command = [python, *repository.command(script=script)[1:]]
    done = subprocess.run(command, env=repository.environ(), capture_output=True, text=True)

    assert done.returncode == 3
    assert done.stdout == ""
    sentence, mend = done.stderr.splitlines()
    assert sentence.startswith(f"traymon needs Python 3.11 to 3.14; this is {version} (")
    assert mend.startswith(("Use the one that is here: python3.1", "Install "))
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_have_no_syntax_that_an_old_python_cannot_read(script: str) -> None:
    ast.parse((ROOT / "install" / script).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_a_python_without_ensurepip_says_what_to_install(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    site = tmp_path / "site"
    site.mkdir()
    # As on Debian, where it is a package of its own.
    (site / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")

    done = repository.start(PYTHONPATH=str(site))

    assert done.returncode == 3
    assert done.stdout == ""
    sentence, mend = done.stderr.splitlines()
    assert "cannot make virtual environments: its venv module is missing" in sentence
    if shutil.which("apt-get"):
        assert re.fullmatch(r"Install it: sudo apt install python3(\.\d+)?-venv", mend)
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that everybody may read and nobody but root may write."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        make_repository(repository)
        Path(folder).chmod(0o755)
        repository.chmod(0o555)
        yield repository
        repository.chmod(0o755)


@posix_only
def test_a_folder_that_may_not_be_written_is_one_clear_sentence(unwritable: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX alone")
    nobody = 65534 if os.geteuid() == 0 else None
    # Root is never refused, so somebody else has to start it, and may lack access to our Python.
    python = shutil.which("python3", path="/usr/bin") if nobody else sys.executable
    ask = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    if python is None or subprocess.run([python, "-c", ask], capture_output=True).returncode:
        pytest.skip("no Python here that another user may start")

    done = subprocess.run(
        [python, str(unwritable / "install" / "run.py")],
        env=Repository(unwritable).environ(),
        capture_output=True,
        text=True,
        user=nobody,
        group=nobody,
    )

    assert done.returncode == 3
    sentence, mend = done.stderr.splitlines()
    assert sentence.startswith(f"Cannot write {unwritable / '.venv'} (Permission denied)")
    assert mend.startswith(f"Make {unwritable} writable for you")


# --- the judgement ---

DIGESTS = {"run": "r", "test": "t"}
PRESENT = {"PIL", "six.py", "traymon.pth"}


@pytest.mark.parametrize(
    ("kind", "python", "change", "condition"),
    [
        ("run", "3.12", {}, "ready"),
        ("test", "3.12", {}, "outdated"),
        ("run", "3.12", {"kind": "test", "digest": "t"}, "ready"),
        ("test", "3.12", {"kind": "test", "digest": "t"}, "ready"),
        ("run", "3.12", {"digest": "of another lock"}, "outdated"),
        ("run", "3.12", {"kind": "", "digest": ""}, "outdated"),  # an update that was stopped
        ("run", "3.12", {"modules": []}, "outdated"),  # made by a version that kept no list
        ("run", "3.12", {"modules": ["PIL", "numpy"]}, "unusable"),  # something was removed
        ("run", "3.12", {"modules": ["PIL"]}, "ready"),  # something was added
        ("run", "3.13", {}, "unusable"),  # the system's Python was upgraded under it
        ("run", "3.12", {"place": "/elsewhere/.venv"}, "unusable"),  # the folder was moved
        ("run", None, {}, "unusable"),
        ("run", "3.10", {"python": "3.10"}, "unusable"),
        ("run", "3.15", {"python": "3.15"}, "unusable"),
    ],
)
def test_the_stamp_tells_what_the_venv_is_good_for(
    environment: ModuleType,
    kind: str,
    python: str | None,
    change: dict[str, object],
    condition: str,
) -> None:
    good = {"kind": "run", "digest": "r", "python": "3.12", "place": str(environment.VENV)}
    stamp = {**good, "modules": sorted(PRESENT), **change}
    assert environment.judge(kind, stamp, python, DIGESTS, PRESENT) == condition


def test_without_a_stamp_a_working_venv_is_kept_and_a_half_made_one_is_not(
    environment: ModuleType,
) -> None:
    assert environment.judge("run", None, "3.12", DIGESTS, PRESENT) == "outdated"
    assert environment.judge("run", {}, "3.12", DIGESTS, PRESENT) == "unusable"


# --- the locks ---


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, set[tuple[str, str]]]:
    """Return name -> {(version, marker)} of a lock in the repository."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line in logical_lines(lock):
        requirement = Requirement(line.split("--hash")[0])
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        name = canonicalize_name(requirement.name)
        found.setdefault(name, set()).add((pin.version, str(requirement.marker or "")))
    return found


def logical_lines(lock: str) -> list[str]:
    text = (ROOT / "install" / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]


def test_the_locks_are_in_step_with_pyproject() -> None:
    project = pyproject()["project"]
    build = pyproject()["build-system"]
    assert isinstance(project, dict)
    assert isinstance(build, dict)
    run = [*project["dependencies"], *build["requires"], "editables"]
    extras = project["optional-dependencies"]
    test = [*extras["test"], *extras["apprise"]]
    test.remove("traymon[apprise]")
    for lock, needs in ((LOCKS[0], run), (LOCKS[1], [*run, *test])):
        pinned = pins(lock)
        for need in map(Requirement, needs):
            versions = {version for version, _ in pinned.get(canonicalize_name(need.name), ())}
            assert versions, f"{lock} lacks {need}: python install/lock.py"
            assert all(map(need.specifier.contains, versions)), f"{lock}: {need} is {versions}"


def test_the_test_lock_holds_the_very_versions_of_the_runtime_lock() -> None:
    test = pins(LOCKS[1])
    for name, found in pins(LOCKS[0]).items():
        assert {version for version, _ in found} == {version for version, _ in test[name]}


@pytest.mark.parametrize("lock", [*LOCKS, AUDIT_LOCK])
def test_every_pin_has_hashes_and_no_lock_names_an_index(lock: str) -> None:
    assert all("--hash=sha256:" in line for line in logical_lines(lock))
    assert "://" not in (ROOT / "install" / lock).read_text(encoding="utf-8")


def test_the_commands_take_the_pythons_that_pyproject_names(environment: ModuleType) -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    oldest, too_new = (
        ".".join(map(str, v)) for v in (environment.MIN_PYTHON, environment.END_PYTHON)
    )
    assert project["requires-python"] == f">={oldest},<{too_new}"
