"""Reading and writing files: what is read is a file of bounded size; what is written is private."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from support.pipes import make_pipe
from traymon.storage.files import (
    AS_UMASK_ALLOWS,
    UnsuitableFileError,
    create_private_folder,
    make_private,
    open_for_appending,
    read_file,
    write_atomically,
)

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_of_the_allowed_size_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3000)
    assert read_file(path, 3000) == b"x" * 3000
    with pytest.raises(UnsuitableFileError, match="file is larger than 2 kB"):
        read_file(path, 2999)


def test_what_is_not_there_and_what_is_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 1000)
    with pytest.raises(UnsuitableFileError, match="is a folder"):
        read_file(tmp_path, 1000)


@on_posix
@pytest.mark.parametrize("target", ["pipe", "/dev/zero", "loop", "none"])
def test_what_never_ends_is_not_read_even_behind_a_link(target: str, tmp_path: Path) -> None:
    make_pipe(tmp_path / "pipe")
    link = tmp_path / "loop"
    link.symlink_to(tmp_path / target)
    with pytest.raises(OSError, match="loop"):
        read_file(link, 1000)


@on_posix
def test_a_link_to_a_file_is_followed_as_people_keep_their_settings_elsewhere(
    tmp_path: Path,
) -> None:
    (tmp_path / "kept elsewhere").write_bytes(b"IB_PORT=4001")
    (tmp_path / ".env").symlink_to("kept elsewhere")
    assert read_file(tmp_path / ".env", 1000) == b"IB_PORT=4001"


@on_posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_whatever_the_umask_nobody_else_reads_what_is_written(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a" / "b" / "file", "text")
        write_atomically(tmp_path / "a" / "entry", "text", AS_UMASK_ALLOWS)
        os.close(open_for_appending(tmp_path / "a" / "log"))
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "a" / "b") == 0o700
    assert mode_of(tmp_path / "a" / "b" / "file") == mode_of(tmp_path / "a" / "log") == 0o600
    assert mode_of(tmp_path / "a" / "entry") == 0o666 & ~mask


@on_posix
def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "state.json").symlink_to(victim)
    write_atomically(tmp_path / "state.json", "new")
    assert victim.read_text() == "mine"
    assert (tmp_path / "state.json").read_text() == "new"
    assert not (tmp_path / "state.json").is_symlink()


@on_posix
def test_what_others_could_read_is_made_private_and_links_are_left_alone(tmp_path: Path) -> None:
    folder, foreign = tmp_path / "state", tmp_path / "foreign"
    (folder / "log").mkdir(parents=True, mode=0o755)
    (folder / "state.json").touch(0o644)
    (folder / "run").touch(0o500)
    foreign.touch(0o644)
    (folder / "link").symlink_to(foreign)
    folder.chmod(0o777)
    make_private(folder)
    assert mode_of(folder) == 0o700
    assert mode_of(folder / "state.json") == 0o600
    assert mode_of(folder / "run") == 0o500
    assert mode_of(foreign) == 0o644


@on_posix
def test_a_folder_behind_a_link_is_not_made_private(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir(mode=0o755)
    (tmp_path / "state").symlink_to("public")
    with pytest.raises(OSError, match="state"):
        make_private(tmp_path / "state")
    assert mode_of(tmp_path / "public") == 0o755


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        create_private_folder(tmp_path / "file" / "state")
    with pytest.raises(OSError, match="file"):
        create_private_folder(tmp_path / "file")
