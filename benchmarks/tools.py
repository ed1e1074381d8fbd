"""Tools that check HTTP endpoints: how each is had, what it reads, and which page its report calls broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
#: where environments are kept between runs
HOME = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "pytest-distaudit" / "bench"
#: the plugin from this checkout
OWN = ("pytest", "-e", str(ROOT))
_PYTEST = ("-q", "-p", "no:cacheprovider")
_PAGE = re.compile(r"page-(\d+)")


@dataclass(frozen=True, slots=True)
class Tool:
    """``plant(folder, port, pages)`` writes what it reads; ``command`` is run there, with ``report`` where the
    report is wanted; ``blamed`` reads from that which pages failed."""

    name: str
    plant: Callable[[Path, int, int], None]
    command: tuple[str, ...]
    report: tuple[str, ...]
    blamed: Callable[[Path, str], set[int]]


class NotHad(Exception):
    """The tool cannot be had here; the text says why."""


def environment(name: str, *requirements: str) -> str:
    """The Python of an environment that has only these. Raises NotHad."""
    place = HOME / name
    python, made = place / "bin" / "python", place / "made-of"
    if not (made.exists() and made.read_text() == "\n".join(requirements)):
        shutil.rmtree(place, ignore_errors=True)
        for argv in (
            [sys.executable, "-m", "venv", str(place)],
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements],
        ):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotHad(f"{name}: {' '.join(requirements)} could not be installed")
        made.write_text("\n".join(requirements))
    return str(python)


def distaudit() -> Tool:
    """This checkout's plugin, with what it needs and nothing else."""
    python = environment("distaudit", *OWN)
    command = (python, "-m", "pytest", *_PYTEST, "--distaudit")
    return Tool("pytest-distaudit", _claims, command, ("--junitxml=report.xml",), _junit)


def goss() -> Tool:
    """A program in Go; ./run bench fetches it from Debian's package."""
    program = os.environ.get("BENCH_GOSS") or shutil.which("goss")
    if not program:
        raise NotHad("goss: not installed, and Debian's package could not be fetched")
    command = (program, "-L", "ERROR", "-g", "goss.yaml", "validate", "--format")
    return Tool("goss", _goss, (*command, "silent"), (*command, "json"), _goss_json)


def testinfra() -> Tool:
    """It has no HTTP of its own: its users run curl."""
    if not shutil.which("curl"):
        raise NotHad("pytest-testinfra: there is no curl")
    text = 'out = host.check_output("curl -s -o /dev/null -w %%{http_code} URL%s", str(page))\n    assert out == "200"'
    command = (environment("testinfra", "pytest-testinfra"), "-m", "pytest", *_PYTEST)
    return Tool("pytest-testinfra", _functions("", "host, page", text), command, ("--junitxml=report.xml",), _junit)


def tavern() -> Tool:
    """Needs an older pytest."""
    command = (environment("tavern", "tavern", "pytest==8.4.2"), "-m", "pytest", *_PYTEST)
    return Tool("tavern", _tavern, command, ("--junitxml=report.xml",), _junit)


def by_hand() -> Tool:
    """What one writes without a tool."""
    command = (environment("httpx", "pytest", "httpx"), "-m", "pytest", *_PYTEST)
    text = 'assert httpx.get(f"URL{page}").status_code == 200'
    return Tool(
        "pytest + httpx", _functions("import httpx\n", "page", text), command, ("--junitxml=report.xml",), _junit
    )


#: goss first: the others are measured against it
ALL: tuple[Callable[[], Tool], ...] = (goss, distaudit, by_hand, tavern, testinfra)


def _functions(imports: str, arguments: str, body: str) -> Callable[[Path, int, int], None]:
    def plant(folder: Path, port: int, pages: int) -> None:
        said = body.replace("URL", f"http://127.0.0.1:{port}/page/")
        ids = f'@pytest.mark.parametrize("page", range({pages}), ids="page-{{}}".format)'
        text = f"{imports}import pytest\n\n\n{ids}\ndef test_page({arguments}):\n    {said}\n"
        (folder / "test_pages.py").write_text(text)

    return plant


def _tavern(folder: Path, port: int, pages: int) -> None:
    stage = (
        "---\ntest_name: page-{n}\nstages:\n  - name: get\n    request:\n      url: http://127.0.0.1:{port}/page/{n}\n"
        "      method: GET\n    response:\n      status_code: 200\n"
    )
    text = "".join(stage.format(n=number, port=port) for number in range(pages))
    (folder / "test_pages.tavern.yaml").write_text(text)


def _goss(folder: Path, port: int, pages: int) -> None:
    lines = "".join(f"  http://127.0.0.1:{port}/page/{number}:\n    status: 200\n" for number in range(pages))
    (folder / "goss.yaml").write_text(f"http:\n{lines}")


def _claims(folder: Path, port: int, pages: int) -> None:
    (folder / "docs").mkdir()
    (folder / "claims").mkdir()
    (folder / "distaudit.toml").write_text(
        f'default = "lab"\n[targets.lab.systems.front]\nkind = "http"\nurl = "http://127.0.0.1:{port}"\n'
    )
    sentences = [f"Page number {number} is there." for number in range(pages)]
    (folder / "docs" / "pages.md").write_text("# Pages\n\n" + "\n\n".join(sentences) + "\n")
    claims = "".join(
        f"  - id: page-{number}\n    quote: {sentence}\n    check: http.responds\n"
        f"    with: {{path: /page/{number}}}\n    system: front\n    severity: major\n"
        for number, sentence in enumerate(sentences)
    )
    (folder / "claims" / "pages.yaml").write_text(f"document: docs/pages.md\narea: pages\nclaims:\n{claims}")


def _junit(folder: Path, printed: str) -> set[int]:
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    bad = [case.get("name", "") for case in cases if len(case.findall("failure")) or len(case.findall("error"))]
    return {int(found[1]) for name in bad if (found := _PAGE.search(name))}


def _goss_json(folder: Path, printed: str) -> set[int]:
    results = json.loads(printed)["results"]
    return {int(one["resource-id"].rpartition("/")[2]) for one in results if not one["successful"]}
