"""One traymon per user: who gets the lock, where it lies, and how it is kept."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import threading
from pathlib import Path

import pytest

from support.polling import wait_for
from traymon.storage import instance_keeper
from traymon.storage.instance_keeper import InstanceKeeper
from traymon.storage.single_instance import Instance, InstanceInfo, instance_folders

PAGE = InstanceInfo(4711, "secret", 1)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights differently")


def running(*folders: Path) -> Instance:
    """Return an instance that has the lock and has published its page."""
    instance = Instance(folders)
    assert instance.acquire()
    instance.publish(PAGE)
    return instance


def test_the_lock_is_one_processs_and_goes_with_it(tmp_path: Path) -> None:
    one, other = Instance([tmp_path]), Instance([tmp_path])
    assert not other.is_held()
    assert one.acquire()
    assert not other.acquire()
    assert other.is_held()
    assert not one.is_held(), "it is no other process"
    assert other.find_info() is None, "no page is published yet"
    one.publish(PAGE)
    assert other.find_info() == PAGE
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "traymon.json").stat().st_mode) == 0o600
    one.release()
    assert other.find_info() is None
    assert other.acquire()
    other.release()


def test_a_start_removes_what_a_crashed_one_has_left(tmp_path: Path) -> None:
    (tmp_path / "traymon.json").write_text(json.dumps({"port": 1, "secret": "old", "pid": 1}))
    instance = Instance([tmp_path])
    assert not instance.is_held()
    assert instance.acquire()
    assert instance.find_info() is None
    instance.release()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"port": 1}', '{"port": "x", "secret": 1, "pid": 2}', "[" * 9000]
)
def test_a_spoiled_file_names_no_page(text: str, tmp_path: Path) -> None:
    (tmp_path / "traymon.json").write_text(text)
    assert Instance([tmp_path]).find_info() is None


@posix_only
def test_a_named_pipe_or_an_endless_file_in_the_files_place_holds_nobody_up(tmp_path: Path) -> None:
    place = tmp_path / "traymon.json"
    if sys.platform != "win32":
        os.mkfifo(place)
    assert Instance([tmp_path]).find_info() is None
    place.unlink()
    place.symlink_to("/dev/zero")
    assert Instance([tmp_path]).find_info() is None


def test_asking_whether_one_runs_never_keeps_one_from_starting(tmp_path: Path) -> None:
    enough = threading.Event()

    def ask() -> None:
        asking = Instance([tmp_path])
        while not enough.is_set():
            asking.is_held()

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(20):
            starting = Instance([tmp_path])
            wait_for(starting.acquire, "the lock")  # as a start does
            starting.release()
    finally:
        enough.set()
        asker.join()


def test_asking_creates_nothing(tmp_path: Path) -> None:
    asking = Instance([tmp_path / "run"])
    assert not asking.is_held()
    assert asking.find_info() is None
    assert list(tmp_path.iterdir()) == []


# --- where it lies


def test_it_lies_in_the_state_folder_whatever_the_runtime_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    for runtime in (tmp_path / "one", tmp_path / "other", None):
        if runtime is None:
            monkeypatch.delenv("XDG_RUNTIME_DIR")
        else:
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        folders.append(instance_folders()[:2])
    assert folders[0] == folders[1] == folders[2]
    assert tmp_path not in folders[0][0].parents


def test_one_of_version_0_1_0_in_the_runtime_folder_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "traymon").mkdir(mode=0o700)
    old = running(tmp_path / "traymon")
    new = Instance([tmp_path / "state", *instance_folders()[2:]])
    assert new.is_held()
    assert new.find_info() == PAGE
    assert not new.acquire()
    old.release()
    assert new.acquire()
    new.release()


UNUSABLE = {
    "a file in the folder's place": lambda place: place.write_text(""),
    "a lock that is a folder": lambda place: (place / "traymon.lock").mkdir(parents=True),
    "a lock that is a dead link": lambda place: (
        place.mkdir(mode=0o700) or (place / "traymon.lock").symlink_to(place / "traymon.lock")
    ),
    "an announcement that is a folder": lambda place: (place / "traymon.json").mkdir(parents=True),
    "a folder that others may write to": lambda place: place.mkdir() or place.chmod(0o777),
}


@posix_only
@pytest.mark.parametrize("name", UNUSABLE)
def test_where_the_first_folder_is_unusable_every_process_takes_the_next(
    name: str, tmp_path: Path
) -> None:
    folders = first, second = tmp_path / "first", tmp_path / "second"
    UNUSABLE[name](first)
    one, other = running(*folders), Instance(folders)
    assert not other.acquire()
    assert other.is_held()
    assert other.find_info() == PAGE
    assert (second / "traymon.lock").exists()
    one.release()


@posix_only
def test_a_folder_that_becomes_usable_meanwhile_lets_no_second_one_start(tmp_path: Path) -> None:
    folders = first, _ = tmp_path / "first", tmp_path / "second"
    first.write_text("")
    one = running(*folders)
    first.unlink()
    other = Instance(folders)
    assert not other.acquire()
    assert other.find_info() == PAGE
    one.release()
    assert other.acquire()
    other.release()


@posix_only
@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root gives away")
def test_another_users_folder_is_not_used(tmp_path: Path) -> None:
    premade, own = tmp_path / "premade", tmp_path / "own"
    premade.mkdir(mode=0o700)
    if sys.platform != "win32":
        os.chown(premade, 1002, 1002)
    one = running(premade, own)
    assert list(premade.iterdir()) == []
    one.release()


def test_without_any_folder_that_is_an_error_which_names_them(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OSError, match="file"):
        Instance([file / "one", file / "other"]).acquire()


# --- how it is kept


@posix_only
@pytest.mark.parametrize("removed", ["the lock", "the announcement", "the folder"])
def test_what_is_removed_is_written_again(removed: str, tmp_path: Path) -> None:
    place = tmp_path / "run"
    one, other = running(place), Instance([place])
    if removed == "the folder":
        shutil.rmtree(place)
    else:
        (place / ("traymon.lock" if removed == "the lock" else "traymon.json")).unlink()
    assert one.renew()
    assert other.is_held()
    assert not other.acquire()
    assert other.find_info() == PAGE
    one.release()


@posix_only
def test_whoever_took_the_place_meanwhile_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_keeper, "INTERVAL", 0.01)
    one = running(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    other = running(tmp_path / "run")
    lost = threading.Event()
    keeper = InstanceKeeper(one, lost.set)
    keeper.start()
    assert lost.wait(30)
    keeper.stop(10)
    one.release()
    assert other.renew()
    assert Instance([tmp_path / "run"]).find_info() == PAGE, "the other one's stays"
    other.release()


@posix_only
def test_a_cleaner_sees_files_that_are_in_use(tmp_path: Path) -> None:
    one = running(tmp_path)
    files = [tmp_path / name for name in ("traymon.lock", "traymon.json")]
    for file in files:
        os.utime(file, (0, 0))
    assert one.renew()
    assert all(file.stat().st_mtime > 0 for file in files)
    one.release()


def test_the_keeper_publishes_the_page(tmp_path: Path) -> None:
    one = Instance([tmp_path])
    assert one.acquire()
    keeper = InstanceKeeper(one, lambda: None)
    keeper.start()
    keeper.publish(PAGE)
    assert wait_for(Instance([tmp_path]).find_info) == PAGE
    keeper.stop(10)
    one.release()
