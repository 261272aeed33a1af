"""On which line of a TOML text each key stands."""

from __future__ import annotations

import pytest

from traymon.config.toml_lines import KeyPath, places

TEXT = '''\
# [[target]]  a comment is no table
a = 1

[traymon]
notify = "off"  # name = "in a comment"
text = """
[[target]]
name = "within a text"
"""

[[target]]
name = "first"
client_ids = [
    10,  # ]
    11,
]
[target.more]
deep.er = { key = "x" }

[["target"]]
'name' = "second"

[[target.inner]]
z = 1
[[target.inner]]
z = 2
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("a",), 2),
        (("traymon",), 4),
        (("traymon", "notify"), 5),
        (("traymon", "text"), 6),
        (("target", 0), 11),
        (("target", 0, "name"), 12),
        (("target", 0, "client_ids"), 13),
        (("target", 0, "more"), 17),
        (("target", 0, "more", "deep", "er", "key"), 18),
        (("target", 1), 20),
        (("target", 1, "name"), 21),
        (("target", 1, "inner", 0, "z"), 24),
        (("target", 1, "inner", 1, "z"), 26),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_and_table_has_its_line(key: KeyPath, line: int, newline: str) -> None:
    lines = [f"{one}{newline}" for one in TEXT.splitlines()]
    assert places(lines)[key] == line


def test_what_only_looks_like_a_key_has_none() -> None:
    found = places(TEXT.splitlines(keepends=True))
    assert [key for key in found if key[0] == "target" and key[1:2] not in ((0,), (1,))] == []
    assert ("name",) not in found


def test_an_endless_value_takes_no_time() -> None:
    lines = ["a = [\n", *["1,\n"] * 20_000, "]\n", "b = 1\n"]
    assert places(lines) == {}  # what is behind it is not looked for
