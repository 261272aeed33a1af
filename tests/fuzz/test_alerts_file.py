"""Any alerts.toml is read or refused in a moment, in plain words, with a line, without a secret."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from support.fuzzing import fuzz
from traymon.config import alerts_file
from traymon.errors import ConfigError

SECRET = "private-topic"
HEADS = ["[[push]]", "[push]", "[ping]", "[hooks]", "[drill]", "[[push.more]]", ""]
SECRET_KEYS = ["url", "token", "url_env", "token_env", "url_file"]
KEYS = [
    *("page_url", "name", "kind", "lights", "hours", "quiet", "targets", "recovery"),
    *("every", "on_red", "timeout", "when", "other"),
]
VALUES = [
    *('"ntfy"', '"webhook"', '["red"]', "[1]", "true", "1", "-1", "nan", "inf", "1e999"),
    *('"Sat 10:00+10m UTC"', '"22:00-07:00 Nowhere/None"', '"\\u202e"', '"\\u0000"', '"A"'),
    *('"""\nlong\n"""', "[\n'red',\n]", "2026-11-28", "{}", "[[]]", "'a\x85b'", "'a\u2028b'"),
]
SECRETS = [
    f'"https://ntfy.sh/{SECRET}"',
    f"'htp://{SECRET}'",
    f'"{SECRET}\\u0007"',
    f"['{SECRET}']",
]
BREAKS = ["\n", "\r\n", " # words\n", "\n\n", ""]
pairs = st.tuples(
    st.sampled_from(KEYS + SECRET_KEYS), st.just(" = "), st.sampled_from(VALUES), st.just("\n")
) | st.tuples(
    st.sampled_from(SECRET_KEYS), st.just("="), st.sampled_from(SECRETS), st.sampled_from(BREAKS)
)
tables = st.tuples(
    st.sampled_from(HEADS), st.sampled_from(BREAKS), st.lists(pairs.map("".join), max_size=6)
)
texts = st.lists(tables.map(lambda parts: "".join((*parts[:2], *parts[2]))), max_size=5)


@fuzz
@given(content=texts.map("".join) | st.text(max_size=50) | st.binary(max_size=200))
def test_any_file_is_read_or_refused_with_its_line(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "alerts.toml"
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    path.write_bytes(data)
    began = time.process_time()
    try:
        found = alerts_file.load(path, {})
    except ConfigError as error:
        mistakes = error.mistakes
    else:
        mistakes = found.mistakes
        assert SECRET not in repr(found)
        for mistake in mistakes:
            line = int(mistake.where.rpartition(" line ")[2])
            assert 1 <= line <= data.count(b"\n") + 1
    assert time.process_time() - began < 2
    for mistake in mistakes:
        assert str(mistake).isprintable()
        assert SECRET not in str(mistake)
