"""What the project promises about itself: light when unused, typed, no private imports, no big files."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pytest_distaudit"
MEGABYTE = 1_000_000

#: what an unused plugin may not cost: everything it depends on, and the standard library's heavy parts
HEAVY = {
    *("asyncio", "concurrent", "email", "http", "multiprocessing", "sqlite3", "ssl", "urllib.request", "xml"),
    *("consul", "docker", "httpx", "jinja2", "markdown_it", "mirakuru", "packaging", "pika", "port_for", "psutil"),
    *("psycopg", "pydantic", "redis", "testcontainers", "yaml"),
}
#: what pytest loads anyhow does not count
MODULES = """
import json, sys

def test_modules():
    with open("modules.json", "w") as stream:
        json.dump(sorted(sys.modules), stream)
"""


def modules_of_a_run(folder: Path, *options: str) -> set[str]:
    folder.mkdir()
    (folder / "test_modules.py").write_text(MODULES)
    # Only the plugin that is asked for: others import half of this themselves.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads((folder / "modules.json").read_text()))


def test_an_unused_plugin_imports_nothing_heavy(tmp_path: Path) -> None:
    bare = modules_of_a_run(tmp_path / "bare")
    unused = modules_of_a_run(tmp_path / "unused", "-p", "distaudit")
    assert "pytest_distaudit.plugin.hooks" in unused
    added = unused - bare
    assert not {name for name in added if name in HEAVY or name.partition(".")[0] in HEAVY}
    others = {name for name in added if not name.startswith("pytest_distaudit")}
    assert len(added) <= 40, f"{len(added)} modules, among them {sorted(others)}"


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = "import sys, pytest_distaudit; print([m for m in sys.modules if m.startswith('pytest_distaudit.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_private_of_pytest_is_imported(path: Path) -> None:
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)) if "_pytest" in text else ():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.partition(".")[0] == "_pytest"], f"{path}:{node.lineno}"


def test_no_file_is_big() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git checkout")
    paths = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    assert not [str(path) for path in paths if path.is_file() and path.stat().st_size > MEGABYTE]


def test_pytest_finds_the_plugin() -> None:
    found = [entry for entry in entry_points(group="pytest11") if entry.name == "distaudit"]
    assert [entry.value for entry in found] == ["pytest_distaudit.plugin.hooks"]
    assert distribution("pytest-distaudit").metadata["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize("name", ["py.typed", "claim.schema.json"])
def test_the_package_ships(name: str) -> None:
    spec = find_spec("pytest_distaudit")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    assert (Path(spec.submodule_search_locations[0]) / name).is_file()


def test_pins_hold_no_addresses() -> None:
    for path in [
        ROOT / "requirements-dev.txt",
        ROOT / "docs" / "requirements.txt",
        *sorted((ROOT / ".ci").glob("*.txt")),
    ]:
        text = path.read_text("utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if line[:1].isalnum()]
        assert pinned
        assert all("==" in line for line in pinned)
        assert text.count("--hash=sha256:") >= len(pinned)
