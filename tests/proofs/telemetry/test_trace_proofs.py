"""Two-sided proofs of ``trace.spans-services`` and ``trace.services``.

What can be verified is verified on the stores themselves, where they are installed; lies are told to a stand-in, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from reporting import Span, post, zipkin

from pytest_distaudit.checks import trace
from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.standins.traces import stores

pytestmark = [pytest.mark.proof, pytest.mark.live]

HERE = Path(__file__).parent
HONEST = ("hands_on", "begins_anew_and_names_the_request")
LIES = {
    "drops_the_header": ("0 of 7 traces whole", "1 service: front"),
    "traces_nothing": ("0 of 7 traces", "no span of any service"),
    "replays_a_recording": ("0 of 7 traces", "none under the audit's ids"),
    "poses_as_tasks": ("front and tasks are one process", "pid"),
    "reports_orphans": ("0 of 7 traces whole", "1 span of tasks with a parent that is not there"),
    "begins_many_times": ("0 of 7 traces whole", "2 roots: front, tasks"),
    "answers_before_it_is_asked": ("0 of 7 traces whole", "1 span of tasks before the parent"),
}
CANNOT_TELL = {
    "samples_some": Reason.INCONCLUSIVE_STATISTICS,
    "tells_no_process": Reason.NO_OBSERVABLE,
    "begins_anew": Reason.NO_OBSERVABLE,
    "fails": Reason.BASELINE,
}

TOWN = f"""
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env = {{PORT = "{{port}}", TASKS = "{{tasks.url}}", STORE = "STORE", SPEAKS = "SPEAKS", REPLAYS = "REPLAYS"}}
[targets.miniature.systems.tasks]
kind = "http"
native.argv = ["{{python}}", "{HERE}/tasks.py"]
native.env = {{PORT = "{{port}}", STORE = "STORE", SPEAKS = "SPEAKS"}}
"""
WAY = """
[targets.miniature.activities.{way}]
request = "GET http://front/{way}?n={{nonce}}"
"""
STAND_IN = """
[targets.miniature.systems.{way}]
kind = "{kind}"
url = "{base}/{way}"
"""


def town(store: str, speaks: str, replays: str = "") -> str:
    return (
        TOWN.replace('STORE = "STORE"', f'STORE = "{store}"')
        .replace('"SPEAKS"', f'"{speaks}"')
        .replace('"REPLAYS"', f'"{replays}"')
    )


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """The miniature reports its spans at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(0.5, limit=6.0))
        patch.setattr(trace, "_INGEST_S", 3.0)
        yield


Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def facades(quick: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All ways at once, each with a store of its own, told as Zipkin does and as Jaeger does in turn."""
    ways = (*LIES, *CANNOT_TELL)
    with stores() as base:
        kinds = {way: ("zipkin", "jaeger")[number % 2] for number, way in enumerate(ways)}
        systems = "".join(STAND_IN.format(way=way, kind=kinds[way], base=base) + WAY.format(way=way) for way in ways)
        target = town(f"{base}/WAY", "zipkin", "yes") + systems
        with Room(tmp_path_factory.mktemp("facades"), target) as room, ThreadPoolExecutor(len(ways)) as pool:
            results = {
                way: pool.submit(room.judge, "trace.spans-services", roles={"store": way}, activity=way) for way in ways
            }
            yield lambda way: results[way].result()


@pytest.mark.parametrize("way", LIES)
def test_spans_services_refutes(facades: Judged, way: str) -> None:
    result = facades(way)
    actual, because = LIES[way]
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), (result.reason, result.because)
    assert because in result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_spans_services_cannot_tell(facades: Judged, way: str, reason: Reason) -> None:
    result = facades(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


STORES = {
    "zipkin": ("{store.url}", "zipkin", "store"),
    "jaeger": ("{store.otlp}", "otlp", "store"),
}


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, quick: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The miniature with a store that is what it says."""
    if missing := builtin_recipes()[request.param].missing():
        pytest.skip(missing)
    address, speaks, _ = STORES[request.param]
    ways = (*HONEST, "drops_the_header", "poses_as_tasks")
    target = f'\n[targets.miniature.systems.store]\nkind = "{request.param}"\nnative = {{}}\n'
    target += town(address, speaks) + "".join(WAY.format(way=way) for way in ways)
    with Room(tmp_path_factory.mktemp(request.param), target) as room:
        yield room


def test_a_whole_trace_is_verified_on_the_store_itself(store: Room) -> None:
    refuted = store.judge("trace.services", system="store")
    assert (refuted.verdict, refuted.actual) == (Verdict.REFUTED, "0 services"), refuted.because
    roles = {"store": "store", "services": "tasks"}
    claims = {"hands_on": {"edges": "front -> tasks", "through": "front"}, "begins_anew_and_names_the_request": {}}
    with ThreadPoolExecutor(4) as pool:
        judged = {
            way: pool.submit(store.judge, "trace.spans-services", roles=roles, activity=way, **claims.get(way, {}))
            for way in (*HONEST, "drops_the_header", "poses_as_tasks")
        }
        told = {way: one.result() for way, one in judged.items()}
    for way in HONEST:
        assert told[way].verdict is Verdict.VERIFIED, (way, told[way].actual, told[way].because)
        assert told[way].actual == "7 of 7 traces whole"
    assert told["drops_the_header"].actual == "0 of 7 traces whole"
    assert told["poses_as_tasks"].actual == "front and tasks are one process"
    seen = store.judge("trace.services", system="store", services="front, tasks", count=2)
    assert (seen.verdict, seen.actual) == (Verdict.VERIFIED, "2 services"), seen.because
    assert store.judge("trace.services", system="store", services="billing", within="1s").verdict is Verdict.REFUTED


# --- who reports

SEEN = {
    "nobody": ((), "0 services"),
    "zipkin-server": (("zipkin-server",), "0 services"),
    "long-ago": (("front", "tasks"), "0 spans of front"),
    "one-of-two": (("front",), "no service tasks"),
}


@pytest.mark.parametrize("kind", ["zipkin", "jaeger"])
def test_services_refutes(kind: str, tmp_path: Path) -> None:
    with stores() as base:
        for name, (services, _) in SEEN.items():
            start = time.time() - (7200 if name == "long-ago" else 1)
            post(f"{base}/{name}/api/v2/spans", [zipkin(Span(one, start=start, end=start)) for one in services])
        systems = "".join(STAND_IN.format(way=name, kind=kind, base=base) for name in SEEN)
        if kind == "jaeger":
            systems = systems.replace("/zipkin-server", "/jaeger-itself")
            spans = [zipkin(Span("jaeger-all-in-one", end=time.time()))]
            post(f"{base}/jaeger-itself/api/v2/spans", spans)
        with Room(tmp_path, systems) as room, ThreadPoolExecutor(len(SEEN)) as pool:
            wanted = {"services": "front, tasks", "within": "0.5s"}
            judged = {name: pool.submit(room.judge, "trace.services", system=name, **wanted) for name in SEEN}
            for name, (_, actual) in SEEN.items():
                told = judged[name].result()
                assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), (name, told.because)


def test_services_cannot_tell_where_it_is_no_store(tmp_path: Path) -> None:
    with stores() as base:
        other = f'[targets.it.systems.store]\nkind = "zipkin"\nurl = "{base}/x/nowhere"\n'
        with Room(tmp_path, other) as room:
            told = room.judge("trace.services", system="store", within="0.5s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.WRONG_PRODUCT), told.because
