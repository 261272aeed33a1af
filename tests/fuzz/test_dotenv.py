"""Any .env is read as python-dotenv reads it or refused, in a moment and in plain words."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.config import dotenv_file, loader
from traymon.config.schema import FIELDS
from traymon.core.calendar import snooze_until
from traymon.errors import ConfigError

KEYS = [*FIELDS, "IB_CLIENT_ID", "IB_X_CLIENT_IDS", "TRADING_MODE", "A", "B", "SECRET", "export A"]
WORDS = [
    *(
        "${A}",
        "${B:-4001}",
        "${",
        "}",
        '"',
        "'",
        "\\",
        "#",
        " ",
        "=",
        "\t",
        "\r",
        "\n",
        "\x0b",
        "\x85",
    ),
    *(
        "4001",
        "1e400",
        "nan",
        "-1",
        "7" * 400,
        "::1%lo",
        "[/foo]",
        "22:00-07:00 UTC",
        "auto",
        "yes",
    ),
    *("Mon-Fri 09:30-16:00 America/New_York", "10-12,14", "0-99", "\x1b[31m", "\u202e", "٤"),
]
values = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=6).map("".join)
lines = st.tuples(st.sampled_from(KEYS), st.sampled_from(["=", " = ", ": ", ""]), values)
texts = st.lists(lines.map("".join) | st.text(max_size=20), max_size=12).map("\n".join)


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "none")
    return tmp_path / ".env"


def use(env: Path) -> list[str]:
    """Load a .env and do with it what a running traymon does; return the mistakes in it."""
    try:
        (config,) = loader.load([env], environ={}, folder=env.parent).targets
    except ConfigError as error:
        return [str(mistake) for mistake in error.mistakes]
    now = time.time()
    assert config.target.address.isprintable()
    list(loader.listing(config))
    config.calendar.reading(now, None)
    config.calendar.quiet_until(now)
    with suppress(ValueError):  # it may not be known when the market opens
        snooze_until("open", now, config.calendar)
    return []


@fuzz
@given(texts)
def test_a_text_is_used_or_its_mistakes_are_plain_lines(env: Path, text: str) -> None:
    env.write_bytes(text.encode("utf-8", "surrogatepass"))
    began = time.process_time()
    for mistake in use(env):
        assert mistake.isprintable()
        assert len(mistake) < len(str(env)) + 400
    assert time.process_time() - began < 5


@fuzz
@given(texts)
def test_a_text_is_read_as_python_dotenv_reads_it(env: Path, text: str) -> None:
    env.write_bytes(text.replace("\0", "").encode("utf-8", "replace"))
    try:
        read = dotenv_file.read(env, os.environ)
    except ConfigError:
        return  # too many blanks
    assert read.values == dotenv_values(env)


@fuzz
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(env: Path, data: bytes) -> None:
    env.write_bytes(data)
    with suppress(ConfigError):
        dotenv_file.read(env, {})
