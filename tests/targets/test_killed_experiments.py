"""pytest is killed in the middle of its experiments: what was disturbed works again, and nothing is left."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.targets.conftest import GONE_WITHIN_S, gone, living_place

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
HERE = Path(__file__).parent
MOMENTS, AT_ONCE = 10, 3
#: what is done, one after the other: (fault, roles)
DONE: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("crash", {"system": "store"}),
    ("outage", {"system": "store"}),
    ("freeze", {"system": "store"}),
    ("crash", {"system": "store", "held": "front"}),
    ("outage", {"system": "store", "anew": "front"}),
    ("cut", {"system": "store", "caller": "front"}),
    ("delay", {"system": "store", "caller": "front"}),
    ("half-open", {"system": "store", "caller": "front"}),
)
#: a run is killed within so many seconds after its first experiment has begun; the last ones, after that is said
WITHIN_S, BEGUN, PAUSED = 2.3, "steady state", "the others are paused"
OUTSIDE = """
[targets.outside.systems.worker]
kind = "http"
native.argv = ["{{python}}", "{worker}"]
native.env = {{PORT = "{{port}}"}}
[targets.outside.systems.consul]
kind = "consul"
native.after = "worker"
native.services = [{services}]
"""
INSIDE = """
[targets.inside]
audit_host = "127.0.0.1"
[targets.inside.systems.consul]
kind = "consul"
probes = "write"
url = "{consul}"
[targets.inside.systems.worker]
kind = "http"
probes = "write"
url = "{worker}"
[targets.inside.systems.store]
kind = "redis"
disposable = true
native = {{}}
[targets.inside.systems.front]
kind = "http"
disposable = true
native.argv = ["{{python}}", "{front}"]
native.after = ["store"]
native.ready = "GET /live/1"
native.env = {{PORT = "{{port}}", STORE_URL = "{{store.url}}", WORKER_URL = "{worker}"}}
[targets.inside.links.front-store]
from = "front"
to = "store"
inject = {{env = "STORE_URL"}}
[targets.inside.operations.keep]
request = "GET http://front/store/{{nonce}}"
[targets.inside.operations.say]
request = "GET http://front/say/{{nonce}}"
"""


def _service(number: int) -> str:
    return f"for-{number}"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Systems that were there before every run, and are to be as they were after it: their addresses."""
    for kind in ("consul", "redis"):
        if missing := builtin_recipes()[kind].missing():
            pytest.skip(missing)
    told = '{{name = "{}", address = "127.0.0.1", port = "{{worker.port}}"}}'
    services = ", ".join(told.format(_service(number)) for number in range(MOMENTS))
    worker = HERE.parent / "proofs/discovery/worker.py"
    with Room(tmp_path_factory.mktemp("outside"), OUTSIDE.format(worker=worker, services=services)) as room:
        yield {name: room.located[name].endpoints["url"] for name in ("consul", "worker")}


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run ended: what it was doing, what it had promised to undo, and how soon all was well."""

    moment_s: float
    doing: str
    promised: str
    left: list[str]
    clean_s: float

    def __str__(self) -> str:
        return f"{self.moment_s:.2f} s  {self.doing:60} {self.promised:30} {self.clean_s:.1f} s"


def _claims(first: int, service: str) -> str:
    """All that is done, beginning with that number; what goes beyond begins with the last."""
    said = [
        {"check": "killed.disturbed", "roles": roles, "operation": "keep", "with": {"fault": fault}}
        for fault, roles in DONE
    ]
    roles = {"registry": "consul", "caller": "front", "callee": "worker"}
    asked = {"operation": "say", "within": "0.3s", "with": {"service": service, "rate": 60}}
    said.append({"check": "discovery.used", "roles": roles, **asked})
    first = min(first, len(DONE))
    turned = [*said[first:], *said[:first]]
    written = [{"id": f"claim-{at}", "quote": "It is so.", **one} for at, one in enumerate(turned)]
    return json.dumps({"document": "README.md", "claims": written})


def _project(folder: Path, number: int, outside: Mapping[str, str]) -> Path:
    """A project whose experiments begin with another one each time."""
    (folder / "claims").mkdir(parents=True)
    (folder / "README.md").write_text("It is so.\n")
    (folder / "claims/all.yaml").write_text(_claims(number, _service(number)))
    (folder / "distaudit.toml").write_text(INSIDE.format(front=HERE / "killed/front.py", **outside))
    told = folder / "site/killed-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: killed\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[pytest_distaudit.checks]\nkilled = tests.targets.killed.courses\n")
    return folder


def _started(folder: Path, place: Path) -> tuple[subprocess.Popen[bytes], Path]:
    paths = [folder / "site", HERE.parents[1], os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    environ.pop("PYTEST_ADDOPTS", None)
    said = folder / "said"
    # only what is needed: ten starts cost more than all that is looked at
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    argv = [sys.executable, "-m", "pytest", "-p", "pytest_distaudit.plugin.hooks", "-p", "no:cacheprovider"]
    argv += ["--distaudit", "--distaudit-scope=experiment", "-v"]
    with said.open("wb") as stream:
        process = subprocess.Popen(
            argv, cwd=folder, env=environ, start_new_session=True, stdin=subprocess.DEVNULL, stdout=stream,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    return process, said


def _killed(number: int, moment_s: float, folder: Path, outside: Mapping[str, str]) -> Ended:
    """One run, ended so long after its first experiment began."""
    word = PAUSED if number > len(DONE) else BEGUN
    with living_place() as place:
        process, said = _started(_project(folder, number, outside), place)
        try:
            deadline = time.monotonic() + 60
            while word not in said.read_text() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(moment_s)
            assert process.poll() is None, said.read_text()
        finally:
            process.kill()
            began = time.monotonic()
            process.wait(15)
        lines = [line for line in said.read_text().splitlines() if line.startswith("distaudit: ")]
        promised = _open(place)
        left = gone(place)
        while (wrong := _wrong(number, outside)) and time.monotonic() < began + GONE_WITHIN_S:
            time.sleep(0.1)
        doing = lines[-1].removeprefix("distaudit: ")
        return Ended(moment_s, doing, promised, [*left, *wrong], time.monotonic() - began)


def _open(place: Path) -> str:
    """What the guards of the run have to undo, as their journals tell it before they have begun."""
    found = []
    for journal in place.glob("*/journal"):
        with suppress(FileNotFoundError, ValueError):  # it has undone all of it, or the last line was cut off
            entries = [json.loads(line) for line in journal.read_text().splitlines() if line]
            kept = {entry.get("kept") for entry in entries}
            found += [entry["undo"] for entry in entries if "undo" in entry and entry["number"] not in kept]
    return ", ".join(sorted(found))


def _wrong(number: int, outside: Mapping[str, str]) -> list[str]:
    """What is not as it was outside: one instance, the worker's own, passes."""
    asked = f"{outside['consul']}/v1/health/service/{_service(number)}"
    with urllib.request.urlopen(asked, timeout=5) as answer:
        entries = json.load(answer)
    with urllib.request.urlopen(f"{outside['worker']}/say/well", timeout=5) as answer:
        assert answer.read() == b"done: well"
    names = [one["Service"]["ID"] for one in entries]
    found = [f"{name} is registered" for name in names if name != _service(number)]
    found += [check["Name"] for entry in entries for check in entry["Checks"] if check["Status"] != "passing"]
    return found if names else ["nothing is registered"]


def test_killed_at_any_moment_all_is_well_again(
    outside: Mapping[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten moments; the experiments begin with another one each time."""
    drawn = random.Random("ten moments")
    moments = [drawn.uniform(0.2, WITHIN_S) for _ in range(MOMENTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda at: _killed(at, moments[at], tmp_path / str(at), outside), range(MOMENTS)))
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"{number:2} {one}\n" for number, one in enumerate(ended, 1)))
    assert {number: one.left for number, one in enumerate(ended, 1) if one.left} == {}
    assert max(one.clean_s for one in ended) <= GONE_WITHIN_S
