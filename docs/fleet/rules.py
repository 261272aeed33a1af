"""Write the alerts of rules.yml that stand for a diagnosis, one for each code and light.

    python docs/fleet/rules.py

They follow from the catalogue and the fix pages; a test fails while they differ from them. What
stands above the marker in rules.yml is written by hand.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from traymon.core.facts import Fact, Facts
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import CATALOGUE, STALE, Entry

RULES = Path(__file__).with_name("rules.yml")
MARKER = "      # --- one alert for each diagnosis: written by rules.py\n"
ON = "on (job, instance, target)"
ALERTS = {Light.RED: "TraymonRed", Light.AMBER: "TraymonAmber", Light.GREY: "TraymonStale"}
# A page names the address; everything else about the one target is not known here.
FACTS: Facts = {
    **fix_pages.general_facts(),
    Fact.HOST: "{{ $labels.host }}",
    Fact.PORT: "{{ $labels.port }}",
}


def with_alerts(rules: str) -> str:
    """Return the rules with the current alerts below the marker."""
    by_hand, marker, _ = rules.partition(MARKER)
    if not marker:
        raise SystemExit("rules.yml lacks the marker above the alerts of the diagnoses.")
    return by_hand + marker + "".join(_alert(entry) for entry in _announced())


def _announced() -> Iterator[Entry]:
    """Yield what is worth an alert, of a code with two lights both, of no light two."""
    entries = {(e.code, e.light): e for e in (*CATALOGUE, STALE) if e.announce and not e.expected}
    yield from entries.values()


def _alert(entry: Entry) -> str:
    page = fix_pages.page(entry.code)
    headline, short, fix = (
        fix_pages.fill(text, FACTS) for text in (page.headline, page.in_short, page.sections["Fix"])
    )
    snoozed = "" if entry.never_held_back else f"\n  unless {ON} traymon_snoozed == 1"
    lines = [
        f"- alert: {ALERTS[entry.light]}",
        "  expr: |-",
        f'    traymon_diagnosis_info{{code="{entry.code}"}}',
        textwrap.indent(f"  and {ON} traymon:{entry.light.word}{snoozed}", " " * 4),
        f"  labels: {{severity: {_severity(entry)}, code: {entry.code}}}",
        "  annotations:",
        f"    summary: {_quoted('{{ $labels.target }}: ' + headline)}",
        f"    description: {_quoted(short)}",
        "    fix: |-",
        textwrap.indent(fix, " " * 6),
    ]
    return textwrap.indent("\n".join(lines), " " * 6) + "\n"


def _severity(entry: Entry) -> str:
    if entry.once:
        return "info"  # may be meant, or is still to come
    return "warning" if entry.light is Light.AMBER else "critical"


def _quoted(text: str) -> str:
    """Return a text as YAML, which takes JSON's strings."""
    return json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Write the file."""
    rules = with_alerts(RULES.read_text(encoding="utf-8"))
    RULES.write_text(rules, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
