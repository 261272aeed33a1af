"""Any targets.toml is read or refused, in a moment and in plain words; what is good is watched."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.config import loader
from traymon.config.targets_file import SHORT_NAMES
from traymon.errors import ConfigError

MAX_SECONDS = 5.0  # of this process's CPU, for one file
KEYS = [*SHORT_NAMES.values(), "env", "muted", "nmae", '"a b"', "target", "traymon", "deep.er"]
VALUES = [
    *("1", "4001", "-1", "1e400", "nan", "true", "1979-05-27", "9" * 400, "[]", "[10, '11-12']"),
    *(
        '""',
        "'.env'",
        "'../.env'",
        "'no.env'",
        "'~nobody/.env'",
        "'bot'",
        "'BOT'",
        "'x\\y'",
        '"\\u0000"',
        "'''\n'''",
    ),
    *(
        "'localhost'",
        "'22:00-07:00 UTC'",
        "{ a = 1 }",
        "[[1], {b = 2}]",
        "'auto'",
        "'off'",
        "[\n1,\n]",
    ),
]
HEADERS = ["[[target]]", "[traymon]", "[[target.x]]", "[target]", "[other]", '[["target"]]', "# x"]
pairs = st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)).map(" = ".join)
lines = st.sampled_from(HEADERS) | pairs | st.text(max_size=20)
texts = st.lists(lines, max_size=15).map("\n".join)
good = st.lists(pairs, max_size=6, unique_by=lambda pair: pair.partition(" ")[0]).map("\n".join)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loader, "user_config_path", lambda _: tmp_path / "none")
    (tmp_path / ".env").write_text("IB_PORT=4001\n")
    return tmp_path


def names(folder: Path, text: str) -> list[str]:
    """Load a targets.toml; return the names of the targets, none if it is refused."""
    (folder / "targets.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    began = time.process_time()
    try:
        config = loader.load(environ={}, folder=folder)
    except ConfigError as error:
        refused = [str(mistake) for mistake in error.mistakes]
        return [] if refused and all(refused) else ["refused without a word"]
    finally:
        assert time.process_time() - began < MAX_SECONDS
    found = [one.target.name for one in config.targets]
    assert len({name.casefold() for name in found}) == len(found)
    assert not {*found} & {*config.left_out}
    return found


@fuzz
@given(texts)
def test_anything_is_read_or_refused(folder: Path, text: str) -> None:
    assert "refused without a word" not in names(folder, text)


@fuzz
@given(good)
def test_whatever_an_entry_says_the_good_one_beside_it_is_watched(folder: Path, entry: str) -> None:
    beside = '[[target]]\nname = "good"\nport = 4001\n[[target]]\n'
    assert "good" in names(folder, beside + entry + "\n") or "name = 'good'" in entry


@pytest.mark.parametrize(
    "text",
    [
        "[[target]]\nport = 1\n" * 1_000,
        "[[target]]\nclient_ids = [" + "1,\n" * 15_000 + "]\n",
        "[[target]]\nname = " + "[" * 30_000,
        "[[target]]\n" + "\n".join(f"k{number} = 1" for number in range(6_000)),
        "[[target]]\nname = '''" + "\n" * 60_000 + "'''\n",
        "a." * 2_000 + "a = 1\n[[target]]\n",
        "[" + "a." * 10_000 + "a]\n[[target]]\n",
    ],
    ids=["many targets", "many lines", "deep", "many keys", "long text", "long key", "long header"],
)
def test_what_is_large_takes_no_longer(folder: Path, text: str) -> None:
    names(folder, text)
