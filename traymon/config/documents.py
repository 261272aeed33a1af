"""The texts about the settings that are generated: .env.example and the table in the README."""

from __future__ import annotations

import textwrap

from traymon.config.schema import FIELDS, allowed, default_text, summary

CLIENT_IDS_EXAMPLE = (
    "# Your trading programs' client IDs, so that traymon can find conflicts: IB_CLIENT_ID,",
    "# IB_CLIENT_IDS or any IB_<ROLE>_CLIENT_ID. A number, a list 10,11 or a range 10-12.",
    "#IB_CLIENT_ID=10",
    "#IB_CLIENT_IDS=10,11",
    "#IB_DATA_CLIENT_ID=10",
)


def env_example() -> str:
    """Return the text of .env.example."""
    lines = [
        "# Settings for traymon. Put them into the .env of your trading project; a setting that is",
        "# left out has the default shown here. Environment variables override this file.",
        "",
    ]
    for key, field in FIELDS.items():
        words = f"{field.description} Allowed: {allowed(key)}."
        lines += [f"# {line}" for line in textwrap.wrap(words, 96)]
        lines += [f"#{key}={default_text(key)}", ""]
        if key == "IB_PORT":
            lines += [*CLIENT_IDS_EXAMPLE, ""]
    return "\n".join(lines)


def settings_table() -> str:
    """Return the Markdown table of all settings."""
    lines = ["| setting | default | what it is for |", "|---|---|---|"]
    for key in FIELDS:
        default = f"`{text}`" if (text := default_text(key)) else ""
        lines.append(f"| `{key}` | {default} | {summary(key)} |")
    return "".join(f"{line}\n" for line in lines)
