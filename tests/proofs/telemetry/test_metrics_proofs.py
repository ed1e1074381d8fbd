"""Two-sided proofs of ``metrics.scraped``, each with a real Prometheus of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["prometheus"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
TASKS, MODEL, OTHER = "127.0.0.1:{tasks.port}", "127.0.0.1:{model.port}", "127.0.0.1:{other.port}"
#: Prometheus -> its targets, the path that is scraped there
JOBS = {
    "honest": ((TASKS, MODEL), "/metrics"),
    "only_itself": (("127.0.0.1:{port}",), "/metrics"),
    "of_an_exporter": ((TASKS, OTHER), "/metrics"),
    "of_nothing": ((TASKS, MODEL), "/empty"),
    "of_a_wrong_path": ((TASKS, MODEL), "/wrong"),
    "without_targets": ((), "/metrics"),
}
LIES = {
    "only_itself": "only itself",
    "of_an_exporter": "1 of 2 systems scraped",
    "of_nothing": "0 of 2 systems scraped",
    "of_a_wrong_path": "0 of 2 systems scraped",
    "without_targets": "0 targets",
}
SERVICE = f"""
[targets.miniature.systems.NAME]
kind = "http"
native.argv = ["{{python}}", "{HERE}/exporter.py"]
native.env = {{PORT = "{{port}}"}}
"""
SERVER = """
[targets.miniature.systems.NAME]
kind = "prometheus"
native.every = "2s"
native.scrape = [{job_name = "town", metrics_path = "PATH", static_configs = [{targets = [TARGETS]}]}]
"""
AWAY = """
[targets.miniature.systems.away]
kind = "http"
url = "http://nowhere.invalid:80"
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All at once: a new Prometheus finds its targets after five seconds, which is when it counts as started."""
    target = "".join(SERVICE.replace("NAME", name) for name in ("tasks", "model", "other")) + AWAY
    for name, (places, path) in JOBS.items():
        targets = ", ".join(f'"{place}"' for place in places)
        target += SERVER.replace("NAME", name).replace("PATH", path).replace("TARGETS", targets)
    with Room(tmp_path_factory.mktemp("scraped"), target) as room, ThreadPoolExecutor(len(JOBS) + 1) as pool:

        def judge(server: str, systems: str, within: str) -> ClaimResult:
            return room.judge("metrics.scraped", roles={"server": server, "systems": systems}, within=within)

        results = {name: pool.submit(judge, name, "tasks, model", "1s") for name in JOBS}
        results["honest"] = pool.submit(judge, "honest", "tasks, model", "9s")
        # of whose process it is known, at little cost, on which ports it listens
        results["of_an_exporter"] = pool.submit(judge, "of_an_exporter", "tasks, honest", "1s")
        results["unseen"] = pool.submit(judge, "honest", "tasks, away", "1s")
        yield lambda name: results[name].result()


def test_scraped_verifies(judged: Judged) -> None:
    result = judged("honest")
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, "2 of 2 systems scraped"), result.because
    assert "model (2 samples)" in result.because


@pytest.mark.parametrize(("server", "actual"), LIES.items())
def test_scraped_refutes(judged: Judged, server: str, actual: str) -> None:
    result = judged(server)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), (result.reason, result.because)


def test_scraped_cannot_tell(judged: Judged) -> None:
    result = judged("unseen")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NOT_REACHABLE), result.because
