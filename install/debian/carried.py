"""What the package carries besides traymon: which libraries, and their licences."""

from collections.abc import Iterator
from importlib.metadata import PathDistribution
from pathlib import Path

from environment import LOCKS
from packaging.requirements import Requirement

# Of the release itself, or needed only to build traymon.
LEFT_OUT = {
    "numpy",
    *("editables", "hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"),
}
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def options(python: tuple[int, int], folder: Path) -> list[str]:
    """Return pip's options for what is carried for this Python; they name a file in `folder`."""
    lock = folder / "requirements.txt"
    lock.write_text(requirements(python), encoding="utf-8")
    return [
        *("--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(lock)),
        *("--python-version", "{}.{}".format(*python), "--implementation", "cp"),
        *(option for platform in PLATFORMS for option in ("--platform", platform)),
    ]


def requirements(python: tuple[int, int]) -> str:
    """Return the part of the lock that a Python of this version on Linux carries."""
    version = "{}.{}".format(*python)
    there = {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }

    def is_carried(entry: str) -> bool:
        requirement = Requirement(entry.partition("\\")[0])
        is_for_it = requirement.marker is None or requirement.marker.evaluate(there)
        return is_for_it and requirement.name not in LEFT_OUT

    return "".join(filter(is_carried, _entries(LOCKS["run"].read_text(encoding="utf-8"))))


def _entries(lock: str) -> Iterator[str]:
    """Yield each requirement with its hashes, without its marker's other lines."""
    entry = ""
    for line in lock.splitlines(keepends=True):
        if line.startswith("#"):
            continue
        if not line.startswith(" ") and entry:
            yield entry
            entry = ""
        entry += line
    yield entry


def licences(site: Path) -> str:
    """Return the licence of each package in a folder. Raises ValueError where one has none."""
    return "\n".join(map(_licence, sorted(site.glob("*.dist-info"))))


def _licence(folder: Path) -> str:
    package = PathDistribution(folder)
    about = package.metadata
    names = [about["License-Expression"] or about["License"] or ""]
    names += [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    name = next((name.splitlines()[0] for name in names if name), "")
    texts = [
        path.read_text(encoding="utf-8", errors="replace").strip()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))
    ]
    if not name and not texts:
        raise ValueError(f"{package.name} does not say under which licence it may be passed on")
    title = f"{package.name} {package.version}: {name or 'see below'}"
    return "\n\n".join([f"{title}\n{'=' * len(title)}", *texts, ""])
