"""No setting is lost without a word: what cannot be read is said, however it came to be so.

And nothing that a file can hold takes long to read, or much memory.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from dotenv import dotenv_values

from traymon.config import dotenv_file, ib_resets, loader
from traymon.config.in_force import TargetConfig
from traymon.errors import ConfigError

Load = Callable[..., TargetConfig]
UNSET = "names a variable that is not set (write ${NAME:-} if it may be empty)"
EMPTY = "is empty, as is the variable that it names (write ${NAME:-} if it may be empty)"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a `.env` of this text in the current folder."""
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "of the user")

    def load(text: str = "", environ: dict[str, str] | None = None, **options: str) -> TargetConfig:
        if text:
            (tmp_path / ".env").write_text(text, encoding="utf-8", newline="")
        return loader.load(environ=environ or {}, folder=tmp_path, options=options).targets[0]

    return load


def mistakes(load: Load, text: str = "", **how: object) -> list[str]:
    """Return the mistakes, each without the folder of its file."""
    with pytest.raises(ConfigError) as caught:
        load(text, **how)
    told = [str(mistake) for mistake in caught.value.mistakes]
    return [text.partition(".env")[2] or text for text in told]


# --- variables


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("IB_PORT=${TYPO}", f", line 1: IB_PORT: {UNSET}"),
        ("IB_PORT=${IB_PORT}", f", line 1: IB_PORT: {UNSET}"),
        ("IB_PORT='${TYPO}'", f", line 1: IB_PORT: {UNSET}"),
        ("IB_PORT=${}", f", line 1: IB_PORT: {UNSET}"),
        ("IB_PORT=40${TYPO}01", f", line 1: IB_PORT=4001: {UNSET}"),
        ("IB_ACCOUNT=${IB_PORT}\nIB_PORT=4001", f", line 1: IB_ACCOUNT: {UNSET}"),
        ("A=${TYPO}\nIB_PORT=${A}", f", line 2: IB_PORT: {EMPTY}"),
        ("A=\nIB_PORT=${A}", f", line 2: IB_PORT: {EMPTY}"),
        ("A\nIB_PORT=${A}", f", line 2: IB_PORT: {UNSET}"),
        ("IB_CLIENT_ID=${TYPO}", f", line 1: IB_CLIENT_ID: {UNSET}"),
        ("IB_PORT=4001\nIB_PORT=${TYPO}", f", line 2: IB_PORT: {UNSET}"),
    ],
)
def test_a_value_of_which_a_variable_leaves_too_little_is_said(
    load: Load, text: str, told: str
) -> None:
    assert mistakes(load, text) == [told]


def test_two_keys_that_name_each_other_are_said(load: Load) -> None:
    told = mistakes(load, "IB_PORT=${IB_HOST}\nIB_HOST=${IB_PORT}\n")
    assert told == [f", line 1: IB_PORT: {UNSET}", f", line 2: IB_HOST: {EMPTY}"]


@pytest.mark.parametrize(
    ("text", "environ", "port"),
    [
        ("IB_PORT=${MINE}", {"MINE": "4001"}, 4001),
        ("MINE=4001\nIB_PORT=${MINE}", {"MINE": "1"}, 4001),
        ("IB_PORT=${TYPO:-4001}", {}, 4001),
        ("IB_PORT=${TYPO:-}", {}, 7497),
        ("IB_PORT=", {}, 7497),
        ("IB_PORT=${TYPO}\nIB_PORT=4001", {}, 4001),
        ("IB_PORT=${TYPO}", {"IB_PORT": "4001"}, 4001),
        ("IB_PORT=${IB_PORT}", {"IB_PORT": "4001"}, 4001),
        ("SECRET=${TYPO}\nIB_PORT=4001", {}, 4001),
    ],
)
def test_a_variable_that_is_set_or_may_be_empty_is_no_mistake(
    load: Load, text: str, environ: dict[str, str], port: int
) -> None:
    assert load(text, environ).target.port == port


def test_the_command_line_beats_a_value_that_cannot_be_used(load: Load) -> None:
    assert load("IB_PORT=${TYPO}\n", IB_PORT="4001").target.port == 4001


# --- quotes


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("closing", ["X={}b{}\n", "X={}\n", "X={} # ok\n"])
def test_a_quote_that_swallows_the_next_lines_is_said(
    load: Load, quote: str, line_end: str, closing: str
) -> None:
    last = closing.format(quote, quote)
    text = f"A=1\n\nSECRET={quote}abc\n export IB_PORT=22001\n{last}".replace("\n", line_end)
    told = mistakes(load, text)
    says = "is part of the quotes that line 3 opens; close them there"
    assert told == [f", line 4: export IB_PORT=22001: {says}"]


def test_a_value_of_several_lines_is_no_mistake(load: Load) -> None:
    key = 'KEY="-----BEGIN-----\nabc=\n# IB_PORT=1\n-----END-----"\nIB_PORT=4001\n'
    assert load(key).target.port == 4001


def test_the_line_of_a_mistake_is_counted_with_the_blank_ones_before_it(load: Load) -> None:
    assert mistakes(load, "\n\nA=1\r\n\r\n  \n\tIB_PORT=x\n")[0].startswith(", line 6: IB_PORT=x")
    assert mistakes(load, "\n\nIB_PORT 1\n") == [", line 3: IB_PORT 1: is not a KEY=value line"]


# --- files and folders


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("none", ": is a link that leads nowhere"),
        (".env", ": cannot be read: ["),
        ("/dev/zero", ": is not a file"),
        ("/", ": is a folder; give the .env file in it"),
        ("closed by a file/x", ": cannot be read: ["),
    ],
)
def test_a_link_that_leads_to_no_file_is_said_and_not_passed_over(
    load: Load, tmp_path: Path, target: str, told: str
) -> None:
    (tmp_path / "closed by a file").touch()
    (tmp_path / ".env").symlink_to(target)
    assert mistakes(load)[0].startswith(told)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
def test_a_link_of_the_users_own_is_not_passed_over_either(load: Load, tmp_path: Path) -> None:
    (tmp_path / "of the user").mkdir()
    (tmp_path / "of the user" / ".env").symlink_to("none")
    assert mistakes(load) == [": is a link that leads nowhere"]
    (tmp_path / "of the user" / ".env").unlink()
    (tmp_path / "of the user" / "reset_windows.toml").symlink_to("none")
    with pytest.raises(ConfigError, match=r"reset_windows\.toml: cannot be used"):
        load()


def test_a_file_in_the_place_of_a_folder_holds_no_settings(load: Load, tmp_path: Path) -> None:
    (tmp_path / "of the user").touch()
    assert load().target.discovered


# --- bombs


def nest(depth: int, width: int) -> str:
    """Return lines each of which is a multiple of the line above it."""
    lines = ["A0=" + "x" * 10]
    lines += [f"A{level}=" + f"${{A{level - 1}}}" * width for level in range(1, depth)]
    return "\n".join([*lines, f"IB_HOST=${{A{depth - 1}}}", ""])


BOMBS = {
    "nest": nest(30, 2),
    "wide nest": nest(6, 50),
    "variables": "".join(f"A{i}=${{B}}\n" for i in range(7_000)),
    "open variables": "A=" + "${" * 45_000,
    "keys": "".join(f"K{i}=1\n" for i in range(10_000)),
    "unknown keys": "".join(f"TRAYMON_K{i}=1\n" for i in range(4_500)),
    "long key": "TRAYMON_" + "K" * 95_000 + "=1\n",
    "client IDs": "IB_CLIENT_IDS=" + ",".join(f"{i}01-{i}99" for i in range(7_000)),
    "blanks": "A=x" + " " * 95_000 + "y",
    "blanks of another kind": "A=x" + "\x0b\u2003" * 20_000 + "y",
    "shorter blanks": "".join("A=x" + " " * 290 + "y\n" for _ in range(320)),
    "open quotes": 'A="\\"\n' * 16_000,
    "quoted keys": "'a\n" * 30_000,
    "swallowed keys": 'A="' + "\nIB_PORT=1" * 9_000 + '"',
    "windows": "TRAYMON_QUIET=" + "22:00-07:00 UTC;" * 6_000,
    "days": "TRAYMON_QUIET=" + "Mon," * 24_000 + "Tue 22:00-07:00 UTC",
    "digits": "IB_PORT=" + "1" * 95_000,
    "host": "IB_HOST=" + "a." * 45_000,
    "giant": "A=1\n" * 5_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_read_or_refused_within_a_moment(load: Load, bomb: str) -> None:
    began = time.process_time()
    with suppress(ConfigError):
        load(BOMBS[bomb])
    assert time.process_time() - began < 5  # of this process's own time


@pytest.mark.parametrize("bomb", ["nest", "wide nest", "variables", "client IDs"])
def test_a_bomb_takes_little_memory(load: Load, bomb: str) -> None:
    tracemalloc.start()
    try:
        with suppress(ConfigError):
            load(BOMBS[bomb])
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_what_grows_without_end_is_said(load: Load) -> None:
    assert mistakes(load, nest(30, 2)) == [": its ${...} grow to more than 1 MB"]


def test_the_keys_of_a_big_file_are_all_there(tmp_path: Path) -> None:
    text = "".join(f"K{i}=${{A:-{i}}}\n" for i in range(900)) + "IB_PORT=4001\n"
    (tmp_path / ".env").write_text(text)
    read = dotenv_file.read(tmp_path / ".env", {})
    assert read.values == dotenv_values(tmp_path / ".env")


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5_000, "window = " + "[" * 3_000 + "]" * 3_000, "a = " + "{b=" * 5_000, "\0"],
    ids=["open", "closed", "tables", "NUL"],
)
def test_reset_times_that_are_nested_without_end_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / ib_resets.NAME).write_text(text)
    with pytest.raises(ConfigError, match="cannot be used"):
        ib_resets.read("america", tmp_path)


def test_giant_reset_times_are_refused(tmp_path: Path) -> None:
    (tmp_path / ib_resets.NAME).write_text("#\n" * 1_000_000)
    with pytest.raises(ConfigError, match="is larger than 64 kB"):
        ib_resets.read("america", tmp_path)


# --- zones of addresses


@pytest.mark.parametrize(
    "host", ["::1%[/foo]", "::1%\x1b[31mRED", "::1%a b", "::1%", "::1%a%b", f"fe80::1%{'x' * 65}"]
)
def test_the_zone_of_an_address_is_a_plain_name(load: Load, host: str) -> None:
    (told,) = mistakes(load, environ={"IB_HOST": host, "IB_PORT": "4001"})
    assert told.endswith("a host name or an IP address, without a port")
    assert told.isprintable()


@pytest.mark.parametrize("host", ["::1", "fe80::1%eth0", "fe80::1%12", "fe80::1%br-1a.2:0"])
def test_an_address_with_a_usual_zone_is_taken(load: Load, host: str) -> None:
    assert load(environ={"IB_HOST": host, "IB_PORT": "4001"}).target.host == host
