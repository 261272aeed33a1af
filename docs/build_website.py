"""Builds the website: README, docs/, a page for each diagnosis, and the gallery of all of them.

    python docs/build_website.py FOLDER

FOLDER/site is the website, FOLDER/docs what it was made from. Needs no network, and neither do its
readers' browsers. A link that leads nowhere is an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from website.diagnoses import CODES, GALLERY, gallery, icons, page
from website.links import Links

from traymon.diagnosis.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
OURS = Path(__file__).parent / "website"

# What is a page: where the repository has it, and where the website has it.
NAVIGATION = {
    "Start": {
        "README.md": "index.md",
        "docs/install.md": "install.md",
        "docs/windows.md": "windows.md",
        "docs/debian.md": "debian.md",
        "docs/troubleshooting.md": "troubleshooting.md",
        "docs/platforms.md": "platforms.md",
        "docs/desktops.md": "desktops.md",
    },
    "Using it": {
        name: name.removeprefix("docs/")
        for name in (
            *("docs/targets.md", "docs/programs.md", "docs/client-ids.md"),
            *("docs/client-libraries.md", "docs/quiet-times.md", "docs/calendar.md"),
            *("docs/history.md", "docs/push.md", "docs/ping.md", "docs/drill.md"),
            *("docs/what-it-sends.md", "docs/glossary.md"),
        )
    },
    "For programs": {
        "docs/contract.md": "contract.md",
        "docs/gate.md": "gate.md",
        "docs/check-json.md": "check-json.md",
        "docs/events.md": "events.md",
        "docs/hooks.md": "hooks.md",
        "docs/metrics.md": "metrics.md",
        "docs/fleet/README.md": "fleet/index.md",
    },
    "The project": {
        "CHANGELOG.md": "changelog.md",
        "docs/peers.md": "peers.md",
        "docs/architecture.md": "architecture.md",
        "CONTRIBUTING.md": "contributing.md",
        "docs/releasing.md": "releasing.md",
        "SECURITY.md": "security.md",
    },
}
PAGES = {source: place for pages in NAVIGATION.values() for source, place in pages.items()}


def main(folder: Path) -> int:
    """Build the website in a folder, which is made; return the exit code of the generator."""
    gather(folder / "docs")
    (folder / "zensical.toml").write_text(configuration(), encoding="utf-8")
    shutil.copytree(OURS / "theme", folder / "theme", dirs_exist_ok=True)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, check=False).returncode


def gather(folder: Path) -> None:
    """Write every page as the generator takes it, and the files to which they link."""
    links = Links(ROOT, PAGES)
    for source, place in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        _write(folder / place, links.moved(text, source, place))
    for name in links.files:
        (folder / links.place_of_file(name)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / links.place_of_file(name))
    for name, picture in icons().items():
        _write(folder / "icons" / name, picture)
    for code in CODES:
        _write(folder / "fix" / f"{code}.md", page(code))
    _write(folder / GALLERY, gallery())
    shutil.copyfile(OURS / "website.css", folder / "website.css")


def configuration() -> str:
    """Return the configuration of the generator (TOML)."""
    sections = [f'{{ "{title}" = {_list(pages.values())} }}' for title, pages in NAVIGATION.items()]
    fixes = [
        f'{{ "{stage}" = {_list(f"fix/{code}.md" for code in codes)} }}'
        for stage, codes in STAGES.items()
    ]
    sections.insert(1, f'{{ "What it can say" = ["{GALLERY}", {", ".join(fixes)}] }}')
    entries = "".join(f"  {section},\n" for section in sections)
    return f"""[project]
site_name = "traymon"
site_description = "Watches the API of Interactive Brokers' TWS / IB Gateway from the system tray"
extra_css = ["website.css"]
nav = [
{entries}]

{(OURS / "theme.toml").read_text(encoding="utf-8")}"""


def _list(places: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{place}"' for place in places) + "]"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
