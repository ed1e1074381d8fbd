"""Any number of workers costs the audited systems the same, and starts them once."""

from __future__ import annotations

import re
import socket
import textwrap
from collections import Counter
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_distaudit.plugin.distributed import join
from pytest_distaudit.ports.located import Located
from pytest_distaudit.wiring.sharing import Address, Broker, Shared
from tests.plugin.conftest import RUNS, AuditedProject, Web

CLAIMS = 40


def many(project: AuditedProject, web: Web) -> None:
    """Claims that ask for a page each."""
    web.pages |= {f"/{number}": (200, f"page {number}") for number in range(CLAIMS)}
    project.claims(
        "".join(
            f"  - id: page-{number}\n    quote: The web service runs.\n    check: http.responds\n"
            f"    system: web\n    with: {{path: /{number}}}\n"
            for number in range(CLAIMS)
        )
    )


def asked(web: Web) -> Counter[str]:
    """How often each path was asked for; what cannot exist counts as one path."""
    return Counter(re.sub(r"distaudit-\w+", "nonsense", path) for path in web.asked)


@pytest.mark.parametrize("workers", [2, 3])
def test_the_systems_are_asked_as_often_as_without_workers(project: AuditedProject, web: Web, workers: int) -> None:
    many(project, web)
    project.audit().assert_outcomes(passed=CLAIMS)
    alone = asked(web)
    assert alone["/0"] == 1
    web.asked.clear()
    project.audit(f"-n{workers}", plugins=("xdist",)).assert_outcomes(passed=CLAIMS)
    shared = asked(web)
    # what cannot exist is asked for anew each second
    assert max(alone.pop("/nonsense"), shared.pop("/nonsense")) < CLAIMS / 2
    assert shared == alone


METRICS = """\
process_start_time_seconds 1.7e+09
http_requests_total{handler="/tasks"} 70000
http_requests_total{handler="/metrics"} 3
"""


def test_all_workers_rest_at_once(project: AuditedProject, web: Web) -> None:
    """What has worked much before, and is asked for nothing now."""
    web.pages["/metrics"] = (200, METRICS)
    claim = RUNS.replace("system.running", "throughput.observed") + "    with: {rate: '>= 10/s', over: 1 s}\n"
    project.claims("".join(claim.replace("web-runs", f"works-{number}") for number in range(4)))
    project.audit("-n2", plugins=("xdist",)).assert_outcomes(failed=4)
    assert {(one["verdict"], one["actual"]) for one in project.verdict()["claims"]} == {("refuted", "0/s")}
    assert asked(web)["/metrics"] == 2


STARTED = """
[targets.local.systems.web]
kind = "http"
[targets.local.systems.web.native]
argv = ["{python}", "-c", "open('starts', 'a').write('x'); import http.server; http.server.test(port={port})"]
cwd = "."
"""


def test_systems_are_started_once_and_ended(project: AuditedProject) -> None:
    project.write("distaudit.toml", STARTED)
    project.claims("".join(RUNS.replace("web-runs", f"run-{number}") for number in range(6)))
    project.audit("-n3", plugins=("xdist",)).assert_outcomes(passed=6)
    assert (project.root / "starts").read_text() == "x"
    assert project.verdict()["systems"][0]["source"] == "native"


def test_a_system_that_dies_is_seen_to_be_dead_by_workers(project: AuditedProject) -> None:
    dies = STARTED.replace("import http.server", "import sys; print('out of order', flush=True); sys.exit(3)")
    project.write("distaudit.toml", dies)
    project.claims(RUNS)
    project.audit("-n2", plugins=("xdist",)).assert_outcomes(failed=1)
    (claim,) = project.verdict()["claims"]
    assert (claim["verdict"], "exited with status 3" in claim["because"]) == ("refuted", True)
    assert "out of order" in claim["because"]


def test_a_worker_that_crashes_takes_nothing_along(project: AuditedProject, web: Web) -> None:
    many(project, web)
    project.write("tests/test_crash.py", "import os\n\n\ndef test_crash():\n    os._exit(9)\n")
    result = project.audit("-n2", "claims", "tests", plugins=("xdist",))
    result.assert_outcomes(passed=CLAIMS, failed=1)
    assert asked(web)["/0"] == 1


def test_a_fixture_of_the_project_holds_for_workers_too(project: AuditedProject, web: Web) -> None:
    project.target("http://127.0.0.1:9")
    project.write(
        "claims/conftest.py",
        f"import pytest\n\n\n@pytest.fixture(scope='session')\ndef http():\n    return {web.url!r}\n",
    )
    many(project, web)
    project.audit("-n2", plugins=("xdist",)).assert_outcomes(passed=CLAIMS)
    assert asked(web)["/0"] == 1


def test_problems_with_the_target_reach_every_worker(project: AuditedProject) -> None:
    project.write("distaudit.toml", STARTED.replace("{port}", "{prot}"))
    project.claims(RUNS + RUNS.replace("web-runs", "twin"))
    project.audit("-n2", plugins=("xdist",)).assert_outcomes(errors=2)
    assert "unknown placeholder {prot}" in project.verdict()["errors"][0]["message"]


def test_a_worker_on_another_machine_gathers_for_itself(tmp_path: Path) -> None:
    bench = SimpleNamespace(shared="not yet", gatherer=None)
    join(bench, SimpleNamespace(workerinput={"distaudit_broker": [str(tmp_path / "nobody"), "key"]}))  # type: ignore[arg-type]
    assert bench.shared is None
    assert bench.alone.startswith("FileNotFoundError")


def test_a_worker_that_gathers_for_itself_says_so(project: AuditedProject, web: Web) -> None:
    many(project, web)
    lost = """
        from pytest_distaudit.wiring import sharing

        def pytest_configure(config):
            if hasattr(config, "workerinput"):
                sharing.Shared.__init__ = lambda *everything: open("/nowhere")
    """
    project.write("conftest.py", textwrap.dedent(lost))
    result = project.audit("-n2", plugins=("xdist",))
    result.assert_outcomes(passed=CLAIMS)
    result.stdout.fnmatch_lines(["gw0 gathered for itself, the systems were asked again (FileNotFoundError: *)"])


class OneSystem:
    """A broker's systems."""

    def __enter__(self) -> dict[str, Located]:
        return {"web": Located("web", "http", {"url": "http://h"})}

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture
def broker() -> Iterator[Broker]:
    opened = Broker(lambda systems: OneSystem(), None)  # type: ignore[arg-type]
    yield opened
    opened.close()


def test_a_stranger_is_turned_away(broker: Broker) -> None:
    with pytest.raises(AuthenticationError):
        Shared(Address(broker.address.path, "wrong"), None)  # type: ignore[arg-type]
    friend = Shared(broker.address, None)  # type: ignore[arg-type]
    assert list(friend.provisioned(["web"])) == ["web"]


def test_a_stranger_who_says_nothing_keeps_nobody_waiting(broker: Broker) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(broker.address.path)
        friend = Shared(broker.address, None)  # type: ignore[arg-type]
        assert list(friend.provisioned(["web"])) == ["web"]


@pytest.mark.parametrize("joined", range(20))
def test_a_broker_ends_whoever_came_last(joined: int, broker: Broker) -> None:
    for _ in range(joined % 4):
        Shared(broker.address, None)  # type: ignore[arg-type]
    broker.close()
    with pytest.raises(OSError, match="refused"):
        Shared(broker.address, None)  # type: ignore[arg-type]
