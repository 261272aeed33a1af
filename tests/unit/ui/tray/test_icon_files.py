"""The icon's pictures as files."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.tray.icon_files import IconFiles


def test_each_light_has_a_file_of_its_own_with_and_without_a_rim(tmp_path: Path) -> None:
    files = IconFiles(tmp_path / "icons")
    paths = {
        (light, rimmed): Path(files.show(light, rimmed))
        for light in Light
        for rimmed in (False, True)
    }
    assert len(set(paths.values())) == len(paths)
    for (light, rimmed), path in paths.items():
        assert path.parent == tmp_path / "icons"
        assert path.read_bytes() == icons.png(light, rimmed=rimmed)


@pytest.mark.parametrize("content", [None, b"", b"an older picture"])
def test_a_file_that_is_missing_or_has_another_content_is_written_again(
    tmp_path: Path, content: bytes | None
) -> None:
    files = IconFiles(tmp_path)
    path = Path(files.show(Light.RED, False))
    assert files.restore() is False
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    assert files.restore() is True

    assert path.read_bytes() == icons.png(Light.RED)
    assert files.restore() is False


@pytest.mark.parametrize("runtime", ["run", "not there", ""])
def test_where_the_folder_cannot_be_used_a_private_one_is_taken(
    tmp_path: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tmp_path / "run"
    session.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / runtime) if runtime else "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "icons").write_text("a file in the folder's place")

    files = IconFiles(tmp_path / "icons")
    path = Path(files.show(Light.GREEN, True))

    assert path.read_bytes() == icons.png(Light.GREEN, rimmed=True)
    assert path.parent.parent == (session if runtime == "run" else tmp_path)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert Path(files.show(Light.RED, True)).parent == path.parent
