"""Two-sided proofs of ``gateway.forwards`` and of what ``gateway.routes`` can tell, on real gateways of two products.

Every way has a gateway of its own, so that nobody else's requests are in its counters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["haproxy"].missing() or builtin_recipes()["nginx"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
#: as many as two cores can serve without falling behind
AT_ONCE = 8
#: whoever listens on this machine may be asked by other audits, who look for the process behind a service
TRIES = 3

TO_API = 'native.to = "api"'
ROUTED = '''native.config = """
frontend web
    bind 127.0.0.1:{port}
    use_backend api if { path_beg /tasks }
    use_backend other if { path_beg /other }
backend api
    server api 127.0.0.1:{api.port} check inter 200ms
backend other
    server other 127.0.0.1:{files.port} check inter 200ms
"""'''
BY_ITSELF = ROUTED.replace(
    "use_backend api if", "http-request return status 200 content-type text/plain string done if"
)
TO_NOBODY = ROUTED.replace("{api.port}", "1")
CACHE = """cache small
    total-max-size 1
    max-age 60
backend api
    http-request cache-use small
    http-response set-header cache-control max-age=60
    http-response cache-store small
"""
CACHING = ROUTED.replace("backend api\n", CACHE)
MIRROR = '''native.config = """
server {
    listen 127.0.0.1:{port};
    location = /mirrored { internal; proxy_pass http://127.0.0.1:{mirrored.port}/tasks; }
    location / { mirror /mirrored; empty_gif; }
}
"""'''

#: way -> (kind, native settings, the system that performs it, more of the claim)
WAYS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # honest
    "balances": ("haproxy", TO_API, "{way}", {}),
    "routes": ("haproxy", ROUTED, "{way}", {"backend": "api"}),
    "leads-to-api": ("haproxy", TO_API, "{way}", {"upstream": "api"}),
    "leads-to-pages": ("haproxy", 'native.to = "pages"', "{way}", {"upstream": "pages"}),
    "second-product": ("nginx", 'native.to = "counted"', "{way}", {"upstream": "counted"}),
    # lies
    "answers-by-itself": ("haproxy", BY_ITSELF, "{way}", {}),
    "stands-beside-the-road": ("haproxy", TO_API, "api", {}),
    "stands-beside-the-road-too": ("nginx", TO_API, "api", {}),
    "leads-to-nobody": ("haproxy", TO_NOBODY, "{way}", {}),
    "leads-elsewhere": ("haproxy", TO_API, "{way}", {"upstream": "unused"}),
    "is-only-checked": ("haproxy", ROUTED.replace("check inter", "check inter 50ms fastinter"), "api", {}),
    "another-backend": ("haproxy", ROUTED, "{way}", {"backend": "other"}),
    "no-such-backend": ("haproxy", ROUTED, "{way}", {"backend": "orders"}),
    "answers-for-another": ("nginx", MIRROR.replace("mirrored.port", "files.port"), "{way}", {"upstream": "unused"}),
    # cannot tell
    "mirrors": ("nginx", MIRROR, "{way}", {"upstream": "mirrored"}),
    "is-polled": ("haproxy", TO_API, "{way}", {}),
    "caches": ("haproxy", CACHING, "{way}", {}),
    "counts-no-answers": ("nginx", TO_API, "{way}", {}),
    "somewhere-else": ("haproxy", TO_API, "{way}", {"upstream": "other"}),
    "fails": ("haproxy", TO_API, "{way}", {}),
}
HONEST = ("balances", "routes", "leads-to-api", "leads-to-pages", "second-product")
LIES = {
    "answers-by-itself": "0 of 7 forwarded",
    "stands-beside-the-road": "0 of 7 forwarded",
    "stands-beside-the-road-too": "0 of 7 forwarded",
    "leads-to-nobody": "0 of 7 forwarded",
    "leads-elsewhere": "0 of 7 arrive at unused",
    "is-only-checked": "0 of 7 forwarded",
    "another-backend": "0 of 7 forwarded",
    "no-such-backend": "no backend orders",
    "answers-for-another": "0 of 7 arrive at unused",
}
CANNOT_TELL = {
    "mirrors": Reason.NO_CONTROL,
    "is-polled": Reason.INCONCLUSIVE_STATISTICS,
    "caches": Reason.NO_OBSERVABLE,
    "counts-no-answers": Reason.NO_OBSERVABLE,
    "somewhere-else": Reason.NO_OBSERVABLE,
    "fails": Reason.BASELINE,
}
PATHS = {"fails": "fails", "caches": "tasks"}

PAGES = """
[targets.it.systems.{name}]
kind = "nginx"
native.config = "server {{ listen 127.0.0.1:{{port}}; location /tasks {{ return 200 page; }} }}"
"""
SERVICE = """
[targets.it.systems.{name}]
kind = "http"
native.argv = ["{{python}}", "{here}/behind.py"{more}]
native.env.PORT = "{{port}}"
"""
GATEWAY = """
[targets.it.systems.{way}]
kind = "{kind}"
{native}
[targets.it.activities.{way}]
request = "GET http://{performer}/{path}"
"""


def target() -> str:
    parts = [SERVICE.format(name=name, here=HERE, more="") for name in ("api", "other", "files")]
    parts.append(SERVICE.format(name="poller", here=HERE, more=', "{is-polled.url}/tasks"'))
    parts += [PAGES.format(name=name) for name in ("pages", "counted", "unused", "mirrored")]
    for way, (kind, native, performer, _) in WAYS.items():
        path = PATHS.get(way, "tasks/{nonce}")
        performer = performer.format(way=way)
        parts.append(GATEWAY.format(way=way, kind=kind, native=native, performer=performer, path=path))
    return "".join(parts)


Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("gateways"), target()) as room:
        for name, located in room.located.items():
            log = located.inventory().log_tail if located.inventory else ""
            assert "not ready" not in log, f"{name}: {log}"
        yield room


@pytest.fixture(scope="module")
def judged(room: Room) -> Iterator[Judged]:
    """Many ways at once: what they share shows no work."""

    def one(way: str) -> ClaimResult:
        more = dict(WAYS[way][3])
        roles = {"system": way, **({"upstream": more.pop("upstream")} if "upstream" in more else {})}
        result = room.judge("gateway.forwards", roles=roles, activity=way, **more)
        for _ in range(TRIES - 1):
            if result.reason is not Reason.INCONCLUSIVE_STATISTICS or way == "is-polled":
                break
            result = room.judge("gateway.forwards", roles=roles, activity=way, **more)
        return result

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, limit=6.0))
        results = {way: pool.submit(one, way) for way in WAYS}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_forwards_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("way", "actual"), LIES.items())
def test_forwards_refutes(judged: Judged, way: str, actual: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_forwards_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


def test_routes_of_a_gateway_that_tells_none(room: Room) -> None:
    told = room.judge("gateway.routes", system="routes", path="/tasks", within="0.1 s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    gone = room.judge("gateway.routes", system="routes", to="orders", within="0.1 s")
    assert (gone.verdict, gone.actual) == (Verdict.REFUTED, "no backend orders")
