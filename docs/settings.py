"""Write what the repository says of the settings: .env.example, and the table in README.md.

    python docs/settings.py

Both follow from traymon/config/schema.py; a test fails while they differ from it.
"""

from __future__ import annotations

from pathlib import Path

from traymon.config.documents import env_example, settings_table

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- settings: written by docs/settings.py -->\n"
END = "<!-- end of settings -->\n"


def with_table(readme: str) -> str:
    """Return the README with the current table between its two markers."""
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit("README.md lacks the markers around the table of settings.")
    return f"{before}{BEGIN}{settings_table()}{END}{after}"


def main() -> None:
    """Write both files."""
    (ROOT / ".env.example").write_text(env_example(), encoding="utf-8", newline="\n")
    readme = ROOT / "README.md"
    text = with_table(readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
