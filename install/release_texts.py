"""What a release changes in texts: the changelog's heading, and the README as an index shows it.

Pure.
"""

import re
from datetime import date

UNRELEASED = "## [Unreleased]\n"
_VERSION = re.compile(r'^__version__ = "[^"]*"$', re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_ABSOLUTE = re.compile(r"[a-z]+:|#")


def with_version(module: str, version: str) -> str:
    """Return traymon/__init__.py with another version. Raises ValueError."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"{version!r} is not a version such as 1.2.3")
    text, count = _VERSION.subn(f'__version__ = "{version}"', module)
    if count != 1:
        raise ValueError("traymon/__init__.py has no line with __version__")
    return text


def with_release(changelog: str, version: str, day: date) -> str:
    """Return the changelog with what was unreleased under this version. Raises ValueError."""
    if f"\n## [{version}]" in changelog:
        raise ValueError(f"CHANGELOG.md has {version} already")
    before, heading, after = changelog.partition(UNRELEASED)
    if not heading or not after.partition("\n## [")[0].strip():
        raise ValueError("CHANGELOG.md has nothing under Unreleased")
    return f"{before}{UNRELEASED}\n## [{version}] - {day.isoformat()}\n{after}"


def for_an_index(readme: str, address: str, commit: str) -> str:
    """Return the README as it can be read away from the repository.

    Its links and pictures lead to the repository at `address`, as of `commit`. Without an address,
    links become their words, and pictures their descriptions.
    """

    def picture(match: "re.Match[str]") -> str:
        if _ABSOLUTE.match(match[2]):
            return match[0]
        return f"![{match[1]}]({address}/raw/{commit}/{match[2]})" if address else f"*{match[1]}*"

    def link(match: "re.Match[str]") -> str:
        if _ABSOLUTE.match(match[2]):
            return match[0]
        return f"[{match[1]}]({address}/blob/{commit}/{match[2]})" if address else match[1]

    parts = _CODE.split(readme)  # text, code, text, ...
    parts[::2] = [_LINK.sub(link, _PICTURE.sub(picture, part)) for part in parts[::2]]
    return "".join(parts)
