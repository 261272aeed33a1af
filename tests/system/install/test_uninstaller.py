"""The installer beside a traymon that runs, beside another installer, and beside odd folders."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.installing import User, copy_sources, new_user

if sys.platform == "win32":
    pytest.skip("a shell script, and links", allow_module_level=True)

# Holds a lock as traymon does, and serves no page.
HOLDER = """
import sys, time, filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print(flush=True)
time.sleep(60)
"""
RUNNING = "traymon is running. Quit it first"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = copy_sources(tmp_path_factory.mktemp("uninstaller") / "the sources")
    return sources


@pytest.fixture
def user(sources: Path, tmp_path: Path) -> User:
    return new_user(sources, tmp_path)


def venv_of(user: User) -> Path:
    return user.home / ".local" / "share" / "traymon" / "venv"


def pretend_installation(user: User) -> Path:
    """Make what the installer takes for an installation; return its Python."""
    python = venv_of(user) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return python


@contextmanager
def started(*command: object) -> Iterator[subprocess.Popen[str]]:
    """Run a program that prints a line when it is ready."""
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def lock_of_today(user: User) -> Path:
    return user.home / ".local" / "state" / "traymon" / "run"


def lock_without_a_state_folder(user: User) -> Path:
    return Path(user.env["TMPDIR"]) / f"traymon-{os.getuid()}"


def lock_of_an_older_version(user: User) -> Path:
    return Path(user.env["XDG_RUNTIME_DIR"]) / "traymon"


@pytest.mark.parametrize(
    "folder_of", [lock_of_today, lock_without_a_state_folder, lock_of_an_older_version]
)
@pytest.mark.parametrize("arguments", [("--uninstall",), ("--uninstall", "--purge"), ()])
def test_a_traymon_that_holds_its_lock_is_seen_though_its_page_does_not_answer(
    user: User, folder_of: object, arguments: tuple[str, ...]
) -> None:
    assert callable(folder_of)
    folder = folder_of(user)
    folder.mkdir(parents=True)
    (folder / "traymon.json").write_text('{"port": 9, "secret": "", "pid": 4321}')
    pretend_installation(user)
    with started(sys.executable, "-c", HOLDER, folder / "traymon.lock"):
        before = user.files()
        done = user.install(*arguments)

    assert done.returncode == 3
    assert RUNNING in done.stderr
    assert "or: kill 4321)" in done.stderr
    assert user.files() == before


def test_where_the_page_is_may_be_unreadable(user: User) -> None:
    folder = lock_of_today(user)
    folder.mkdir(parents=True)
    (folder / "traymon.json").write_bytes(b"\xff[")
    with started(sys.executable, "-c", HOLDER, folder / "traymon.lock"):
        done = user.install("--uninstall", "--purge")

    assert done.returncode == 3
    assert done.stderr.startswith(RUNNING)
    assert folder.exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="Linux alone")
def test_a_command_that_holds_no_lock_is_seen_by_its_process(user: User) -> None:
    python = pretend_installation(user)
    with started(python, "-c", "import time; print(flush=True); time.sleep(60)") as process:
        done = user.install("--uninstall")
        assert f"or: kill {process.pid})" in done.stderr
    assert done.returncode == 3
    assert venv_of(user).exists()


def test_the_files_of_one_that_was_killed_are_in_nobodys_way(user: User) -> None:
    folder = lock_of_today(user)
    folder.mkdir(parents=True)
    (folder / "traymon.json").write_text('{"port": 9, "secret": "", "pid": 1}')
    (folder / "traymon.lock").touch()
    pretend_installation(user)

    done = user.install("--uninstall", "--purge")

    assert done.returncode == 0, done.stderr
    assert user.files() == set()


def test_nothing_of_another_user_is_looked_at_or_removed(user: User) -> None:
    """Anybody may create a folder of that name in /tmp."""
    if os.getuid() != 0:
        pytest.skip("needs root, to give a folder away")
    folder = lock_without_a_state_folder(user)
    folder.mkdir()
    os.mkfifo(folder / "traymon.lock")
    os.chown(folder, 65534, 65534)

    done = user.install("--uninstall", "--purge")

    assert done.returncode == 0, done.stderr
    assert folder.exists()


def test_a_second_installation_waits_for_the_first(user: User) -> None:
    lock = venv_of(user).with_name("install.lock")
    lock.parent.mkdir(parents=True)
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX)"
    with started(sys.executable, "-c", code + "; print(flush=True); time.sleep(60)", lock) as first:
        second = subprocess.Popen(
            user.command("--uninstall"),
            env=user.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        said = second.stderr.readline()
        assert said == "Another installation of traymon is running. Waiting for it to finish.\n"
        assert second.poll() is None
        shutil.rmtree(lock.parent)  # as the first one leaves it
        first.send_signal(signal.SIGKILL)
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "traymon is not installed for this user." in out
    assert not lock.parent.exists()


def test_two_installations_at_the_same_moment_both_end_well(user: User) -> None:
    both = [
        subprocess.Popen(
            user.command("--with", "venv", "--no-start-at-login"),
            env=user.env,
            cwd=user.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("is installed" in out for out, _ in said) == [False, True]
    assert sorted(err for _, err in said)[0] == ""
    program = venv_of(user) / "bin" / "traymon"
    assert subprocess.check_output([program, "--version"], text=True).startswith("traymon ")


def test_purge_removes_a_link_and_leaves_the_folder_that_it_leads_to(user: User) -> None:
    elsewhere = user.home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    state = user.home / ".local" / "state" / "traymon"
    state.parent.mkdir(parents=True)
    state.symlink_to(elsewhere)
    config = user.home / ".config" / "traymon"
    config.mkdir(parents=True)
    (config / ".env").touch()
    pretend_installation(user)

    done = user.install("--uninstall", "--purge")

    assert done.returncode == 0, done.stderr
    assert f"Also removed: {state}\n" in done.stdout
    assert f"  It was a link. The folder it pointed to is kept: {elsewhere}\n" in done.stdout
    assert user.files() == {"elsewhere/mine"}


def test_what_cannot_be_removed_is_named_and_the_rest_is_removed(user: User) -> None:
    config = user.home / ".config" / "traymon"
    config.parent.mkdir()
    config.write_text("a file in the folder's place")
    state = user.home / ".local" / "state" / "traymon"
    state.mkdir(parents=True)
    pretend_installation(user)

    done = user.install("--uninstall", "--purge")

    assert done.returncode == 3
    assert f"Not removed: {config} (Not a directory)" in done.stderr
    assert f"Also removed: {state}\n" in done.stdout
    assert user.files() == {".config/traymon"}


def test_an_environment_that_was_moved_and_linked_is_updated_and_removed(user: User) -> None:
    moved = user.home / "big disk"
    moved.mkdir()
    (moved / "mine").touch()
    venv_of(user).parent.mkdir(parents=True)
    venv_of(user).symlink_to(moved)

    done = user.install("--with", "venv", "--no-start-at-login")
    assert done.returncode == 0, done.stderr
    done = user.install("--uninstall", "--purge")

    assert done.returncode == 0, done.stderr
    assert user.files() == {"big disk/mine"}
