"""``collection.used`` on a store that counts requests: a double of Qdrant from its published API, a front before it."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.testing import Room
from tests.standins.qdrant import State, qdrant

pytestmark = [pytest.mark.proof, pytest.mark.live]

#: way -> (what the claim says of it, what comes of it)
WAYS: dict[str, tuple[dict[str, str], Verdict | Reason]] = {
    "searches": ({"by": "reads"}, Verdict.VERIFIED),
    "stores": ({"by": "writes"}, Verdict.VERIFIED),
    "stores_and_searches": ({}, Verdict.VERIFIED),
    "does_nothing": ({}, Verdict.REFUTED),
    "only_stores": ({"by": "reads"}, Verdict.REFUTED),
    "searches_another": ({"by": "reads"}, Verdict.REFUTED),
    "lists_collections": ({}, Verdict.REFUTED),
    "searches_what_is_empty": ({}, Verdict.REFUTED),
    "searches_now_and_then": ({}, Reason.INCONCLUSIVE_STATISTICS),
    "shares_with_a_poller": ({}, Reason.INCONCLUSIVE_STATISTICS),
    "writes_over_one": ({"by": "writes"}, Reason.NO_OBSERVABLE),
}
#: stores of another sort
FORGETFUL, COARSE, CLUSTERED = "stores_into_nothing", "searches_and_is_not_told_apart", "searches_one_of_two_peers"
LATE = "leaves_it_to_a_late_script"
OTHERS: dict[str, tuple[State, Verdict | Reason]] = {
    FORGETFUL: (State(forgets=True), Reason.NO_OBSERVABLE),
    COARSE: (State(finely=False), Reason.NO_OBSERVABLE),
    CLUSTERED: (State(peers=2), Reason.NO_OBSERVABLE),
    LATE: (State(), Verdict.REFUTED),
}
EMPTY = ("searches_what_is_empty", FORGETFUL)

_NUMBERS = count(1000)
_TIMES: Counter[str] = Counter()


def ask(where: str, method: str, path: str, body: object = None) -> None:
    request = urllib.request.Request(where + path, json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


def store(where: str, name: str, key: int = 0) -> None:
    points = [{"id": key or next(_NUMBERS), "vector": [1, 2, 3]}]
    ask(where, "PUT", f"/collections/{name}/points", {"points": points})


def search(where: str, name: str) -> None:
    ask(where, "POST", f"/collections/{name}/points/query", {"query": [1, 2, 3]})


def perform(way: str, where: str) -> None:
    """One performance."""
    _TIMES[way] += 1
    if way in ("stores", "stores_and_searches", "only_stores", FORGETFUL):
        store(where, way)
    if way == "writes_over_one":
        store(where, way, key=1)
    if way in ("searches", "stores_and_searches", "searches_what_is_empty", "shares_with_a_poller", COARSE, CLUSTERED):
        search(where, way)
    if way == "searches_another":
        search(where, "beside")
    if way == "lists_collections":
        ask(where, "GET", "/collections")
    if way == "searches_now_and_then" and _TIMES[way] % 2:
        search(where, way)
    if way == LATE and _TIMES[way] == 7:
        threading.Thread(target=search_after_a_look, args=(where,), daemon=True).start()


#: the state of the late script's store
_LATE: list[State] = []


def search_after_a_look(where: str) -> None:
    """Once the audit has looked after the performances: as late as that, it is not theirs."""
    before = _LATE[0].looks
    while _LATE[0].looks == before:
        time.sleep(0.02)
    time.sleep(0.1)
    search(where, LATE)


@contextmanager
def front(stores: dict[str, str]) -> Iterator[str]:
    """``POST /<way>`` works as that way does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            way = self.path.strip("/")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if way in stores:
                perform(way, stores[way])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def poller(where: str) -> Iterator[None]:
    done = threading.Event()

    def poll() -> None:
        while not done.wait(0.1):
            search(where, "shares_with_a_poller")

    thread = threading.Thread(target=poll)
    thread.start()
    yield
    done.set()
    thread.join()


Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    _TIMES.clear()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # all servers are threads of this process: a look takes longer than elsewhere
        patch.setattr(gather, "Pace", lambda lag, **given: Pace(lag + 1.5, limit=12.0))
        shared = stack.enter_context(qdrant(State()))
        stores = dict.fromkeys(WAYS, shared)
        for way, (state, _) in OTHERS.items():
            fresh = State(forgets=state.forgets, finely=state.finely, peers=state.peers)
            _LATE[:] = [fresh] if way == LATE else _LATE
            stores[way] = stack.enter_context(qdrant(fresh))
        for where in set(stores.values()):
            ask(where, "PUT", "/collections/beside", {"vectors": {"size": 3}})
        for way, where in stores.items():
            ask(where, "PUT", f"/collections/{way}", {"vectors": {"size": 3}})
            for number in range(0 if way in EMPTY else 5):
                store(where, way, key=number + 1)
        stack.enter_context(poller(shared))
        text = f'[targets.it.systems.front]\nkind = "http"\nurl = "{stack.enter_context(front(stores))}"\n'
        for way, where in stores.items():
            text += f'[targets.it.systems.{way}]\nkind = "qdrant"\nurl = "{where}"\n'
            text += f'[targets.it.activities.{way}]\nrequest = "POST http://front/{way}"\n'
        room = stack.enter_context(Room(tmp_path_factory.mktemp("counted"), text))
        pool = stack.enter_context(ThreadPoolExecutor(5))
        began = {}
        for way in stores:
            params = {"collection": way, **(WAYS[way][0] if way in WAYS else {})}
            began[way] = pool.submit(room.judge, "collection.used", system=way, activity=way, **params)
        yield lambda way: began[way].result()


TOLD = {way: told for ways in (WAYS, OTHERS) for way, (_, told) in ways.items()}


@pytest.mark.parametrize(("way", "told"), TOLD.items())
def test_used(judged: Judged, way: str, told: Verdict | Reason) -> None:
    result = judged(way)
    assert (result.reason or result.verdict) == told, (result.actual, result.because)
