"""The files for contributors and GitHub are valid and name only what exists.

Must not need a network. The schemas are checked only where check-jsonschema is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import traymon
from traymon.cli.commands import app

ROOT = Path(traymon.__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
FORMS = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "wrong-diagnosis.yml")]
LOCKS = [ROOT / "install" / name for name in ("requirements.txt", "requirements-test.txt")]
AUDIT_LOCK = ROOT / "install" / "requirements-audit.txt"
SCHEMAS = {
    **{path: "vendor.github-workflows" for path in WORKFLOWS},
    **{path: "vendor.github-issue-forms" for path in FORMS},
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": "vendor.github-issue-config",
    GITHUB / "dependabot.yml": "vendor.dependabot",
}
ACTIONLINT = Path(sys.executable).with_name(
    "actionlint.exe" if sys.platform == "win32" else "actionlint"
)
# What jobs may do beside reading the repository, in the order in which they stand.
GRANTED = {
    "docs.yml": [{"pages: write", "id-token: write"}],
    "release.yml": [
        {"id-token: write", "attestations: write"},
        {"id-token: write"},
        {"contents: write"},
    ],
}
# GitHub's runners, and how the markers in a lock tell them apart.
SYSTEMS = {
    "ubuntu-latest": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "windows-latest": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    "macos-latest": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}

pytestmark = pytest.mark.skipif(not GITHUB.is_dir(), reason="an sdist carries no .github")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def workflow(name: str) -> str:
    return (GITHUB / "workflows" / name).read_text(encoding="utf-8")


def pyproject() -> dict[str, Any]:
    """Return the `[project]` table."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def supported_pythons() -> list[str]:
    """Return the versions that requires-python allows, such as `3.11`."""
    allowed = SpecifierSet(pyproject()["requires-python"])
    return [version for minor in range(100) if (version := f"3.{minor}") in allowed]


def requirements(lock: Path) -> Iterator[Requirement]:
    for line in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Requirement(line.partition(" --hash")[0])


@pytest.mark.skipif(not find_spec("check_jsonschema"), reason="check-jsonschema is not installed")
@pytest.mark.parametrize("path", SCHEMAS, ids=name_of)
def test_every_file_for_github_follows_its_schema(path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[path]]
    done = subprocess.run([*check, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not ACTIONLINT.is_file(), reason="actionlint is not installed")
@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_a_workflow_has_no_mistake_that_its_schema_misses(path: Path) -> None:
    command = [str(ACTIONLINT), "-no-color", "-shellcheck=", "-pyflakes=", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not ACTIONLINT.is_file(), reason="actionlint is not installed")
def test_a_job_that_waits_for_none_there_is_would_be_found() -> None:
    text = workflow("release.yml").replace("needs: build\n", "needs: bulid\n")
    command = [str(ACTIONLINT), "-no-color", "-shellcheck=", "-pyflakes=", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert "bulid" in done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    actions = re.findall(r"\buses: *(.+)", path.read_text(encoding="utf-8"))
    assert actions
    pinned = r"[\w.-]+/[\w./-]+@[\da-f]{40} # v\d+\.\d+\.\d+"  # a tag can be moved
    assert [action for action in actions if not re.fullmatch(pinned, action)] == []


def test_an_action_is_pinned_to_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for action, pin in re.findall(r"uses: *(\S+)@(.+)", path.read_text(encoding="utf-8")):
            pins.setdefault(action, set()).add(pin)
    assert [action for action, found in pins.items() if len(found) > 1] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_a_workflow_can_only_read_the_repository_and_a_job_no_more_than_it_needs(
    path: Path,
) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^permissions:\n((?: +.*\n)+)", text, re.M) == ["  contents: read\n"]
    granted = re.findall(r"^    permissions:\n((?: {6}.*\n)+)", text, re.M)
    given = [set(re.findall(r"(\S+: \S+)", grant.partition("#")[0])) for grant in granted]
    assert given == GRANTED.get(path.name, [])
    assert text.count("permissions:") == 1 + len(given)
    assert "secrets." not in text
    assert text.count("persist-credentials: false") == text.count("uses: actions/checkout@")


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_every_job_has_a_time_limit_and_every_workflow_a_concurrency_group(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("runs-on:") == text.count("timeout-minutes:") > 0
    assert re.search(r"^concurrency:\n", text, re.M)


def test_the_unit_tests_run_on_every_system_and_every_supported_python() -> None:
    text = workflow("test.yml")
    systems, pythons = (re.search(rf"^ +{key}: \[(.+)\]$", text, re.M) for key in ("os", "python"))
    assert systems
    assert pythons
    assert set(systems[1].split(", ")) == set(SYSTEMS)
    assert re.findall(r'"([\d.]+)"', pythons[1]) == supported_pythons()


def test_the_workflow_runs_what_a_developer_runs() -> None:
    commands = re.findall(r"- run: (.+)", workflow("test.yml"))
    assert commands == ["python install/test.py unit", "python3 install/test.py"]
    assert (ROOT / "install" / "test.py").is_file()


def test_the_audit_covers_every_package_in_both_locks() -> None:
    text = workflow("audit.yml")
    own_lock, *audited = re.findall(r"-r (\S+)", text)
    assert own_lock == name_of(AUDIT_LOCK)
    assert audited == [name_of(lock) for lock in LOCKS]
    assert text.count("--require-hashes") == 2  # pip's and pip-audit's
    assert text.count('paths: ["install/requirements*.txt"') == 2
    runners = re.findall(r'os: (\S+)\n +python: "([\d.]+)"', text)
    assert runners
    environments = [
        {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.0"}
        for system, python in runners
    ]
    unseen = [
        requirement
        for lock in LOCKS
        for requirement in requirements(lock)
        if requirement.marker and not any(map(requirement.marker.evaluate, environments))
    ]
    assert unseen == []


def test_dependabot_leaves_alone_what_pyproject_pins() -> None:
    needs = [*pyproject()["dependencies"], *pyproject()["optional-dependencies"]["test"]]
    pinned = {need.partition("==")[0] for need in needs if "==" in need.partition(";")[0]}
    text = (GITHUB / "dependabot.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"dependency-name: (\S+)", text)) == pinned


def test_the_commit_hooks_run_tools_from_the_lock() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    tools = set(re.findall(r"entry: python install/tool\.py (\S+)", text))
    assert tools == {"ruff", "mypy"}
    assert tools <= {requirement.name for requirement in requirements(LOCKS[1])}


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_every_form_asks_for_the_report_the_version_and_the_system(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "`traymon check --report`" in text
    assert {"report", "version", "installed", "system", "program", "program-version"} <= set(
        re.findall(r"^ +id: (\S+)", text, re.M)
    )


@pytest.mark.parametrize("path", [ROOT / "SECURITY.md", *FORMS], ids=name_of)
def test_every_command_and_file_that_it_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(re.findall(r"`traymon ([a-z-]+)", text)) <= {*known, "--version"}
    files = re.findall(r"`?\b((?:install/)?[A-Za-z-]+\.(?:md|py|ps1|sh|txt))\b", text)
    assert files
    for file in files:
        assert any((ROOT / folder / file).is_file() for folder in ("", "install", "docs")), file


def test_every_link_in_the_security_policy_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert links
    for link in links:
        file, _, anchor = link.partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.M)
        anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
        assert not anchor or anchor in anchors
