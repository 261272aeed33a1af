"""Files that the user names: what else lies at their path is not replaced."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from traymon.cli.common import Exit, write_file

if sys.platform == "win32":
    pytest.skip("pipes and links are as Unix has them", allow_module_level=True)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(pipe.read_text, encoding="utf-8")
        write_file(pipe, "Märkte\n")
        assert pipe.is_fifo()
        assert heard.result(30) == "Märkte\n"


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    link, real = tmp_path / "link", tmp_path / "real"
    link.symlink_to(real)
    for content in ("first", b"second"):
        write_file(link, content)
        assert link.is_symlink()
    assert real.read_bytes() == b"second"


def test_a_folder_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit):
        write_file(tmp_path, "text")
    assert f"{tmp_path} cannot be written: " in capsys.readouterr().err
