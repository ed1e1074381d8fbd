"""Windows drawn by lot: an equal number with performances and without, a look at every turn, clean-up at the end."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.capabilities import Presence
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.edges import Edges
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.windows import Alternation
from pytest_distaudit.ports.work import Work

STORE = Located("store", "store", {"url": "x://127.0.0.1:1/"})
ACTIVITY = Activity("ask", "POST http://elsewhere.test/{nonce}", cleanup="DELETE http://elsewhere.test/{id}")


class Session:
    identity = "process-1"

    def __init__(self, located: Located, limits: Limits) -> None:
        self.ways: list[str] = []

    def close(self) -> None:
        pass


class World:
    """A service that uses the store, and remembers what it was asked."""

    def __init__(self, took: float = 0.0, status: int = 200) -> None:
        self.asked: list[Request] = []
        self.used, self.took, self.status = 0, took, status

    def fetch(self, request: Request) -> Response:
        self.asked.append(request)
        self.used += request.method == "POST"
        time.sleep(self.took)
        return Response(self.status, {}, b'{"id": 7}', 0.001)

    def gatherer(self) -> Gatherer:
        answers = {
            "presence": lambda session, ask: Presence(up=True),
            "work": lambda session, ask: Work({"used": self.used}),
        }
        kinds = {"store": Kind("store", {"url": ("x",)}, Session, answers)}
        return Gatherer(Hub(kinds, Limits(), Redactor([])), kinds, lambda limits: self.fetch)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "Rhythm", lambda lag, effects, each: Rhythm(-0.5, effects, 0.01, each))


def alternated(world: World, each: int = 2) -> tuple[Alternation, list[Work]]:
    seen = world.gatherer().alternated(ACTIVITY, {"store": [Work.ask()]}, {"store": STORE}, 0.0, each)
    assert seen[-1].ask == Alternation.ask(activity="ask")
    return from_json(Alternation, seen[-1].value), [from_json(Work, one.value) for one in seen[:-1]]


def test_what_cannot_be_performed_at_all_is_not_tried_again() -> None:
    alternation, looks = alternated(World(status=503))
    assert [len(window.runs) for window in alternation.windows] == [0, 0, 0, 2, 0]
    assert len(looks) == 6


def test_half_of_the_drawn_windows_have_performances_and_each_turn_has_a_look() -> None:
    world = World()
    alternation, looks = alternated(world)
    windows = alternation.windows
    assert [bool(window.runs) for window in windows[:4]] == [False, False, False, True]
    assert [window.drawn for window in windows] == [False] * 4 + [True] * 14 + [False]
    assert sum(bool(window.runs) for window in windows if window.drawn) == 7
    assert not windows[-1].runs
    assert [later.counts["used"] - look.counts["used"] for look, later in pairwise(looks)] == [
        len(window.runs) for window in windows
    ]


def test_the_order_is_another_each_time() -> None:
    orders = {tuple(bool(window.runs) for window in alternated(World())[0].windows) for _ in range(5)}
    assert len(orders) > 1


def test_every_performance_has_its_nonce_and_is_cleaned_up_at_the_end() -> None:
    world = World()
    alternation, _ = alternated(world)
    runs = [run for window in alternation.windows for run in window.runs]
    assert len({run.nonce for run in runs}) == len(runs) == 16
    assert all(run.ok and run.cleaned for run in runs)
    assert [request.method for request in world.asked] == ["POST"] * 16 + ["DELETE"] * 16
    assert world.asked[-1].url == "http://elsewhere.test/7"


def test_performances_that_take_long_make_all_windows_longer() -> None:
    alternation, _ = alternated(World(took=0.02))
    lengths = [window.ended - window.began for window in alternation.windows[4:]]
    assert min(lengths) > 0.06


def test_it_is_done_once_for_all_who_ask_alike() -> None:
    world = World()
    gatherer = world.gatherer()
    asks: dict[str, list[Ask]] = {"store": [Work.ask()]}
    first = gatherer.alternated(ACTIVITY, asks, {"store": STORE}, 0.0, 1)
    assert gatherer.alternated(ACTIVITY, asks, {"store": STORE}, 0.0, 1) is first
    assert gatherer.alternated(ACTIVITY, asks, {"store": STORE}, 0.0, 2) is not first


def test_windows_are_as_long_as_statistics_lag_and_effects_take() -> None:
    assert Rhythm(0.0).length == 0.75
    assert Rhythm(1.0).length == 1.5
    assert Rhythm(0.0, effects_s=4.0).length == 4.0
    assert (Rhythm(1.0).pairs, Rhythm(5.0).pairs) == (7, 6)


def test_performances_wait_until_nothing_is_looked_at_any_more() -> None:
    order: list[str] = []

    def slow(session: Session, ask: Ask) -> Presence:
        time.sleep(0.3)
        order.append("looked")
        return Presence(up=True)

    kinds = {"store": Kind("store", {"url": ("x",)}, Session, {"presence": slow})}
    hub = Hub(kinds, Limits(), Redactor([]))
    hub.prefetch([(STORE, [Presence.ask()])])
    hub.calm()
    order.append("calm")
    assert order == ["looked", "calm"]


def test_the_kernels_word_does_not_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    lags: list[float] = []

    def rhythm(lag: float, effects: float, each: int) -> Rhythm:
        lags.append(lag)
        return Rhythm(-0.5, effects, 0.01, each)

    monkeypatch.setattr(gather, "Rhythm", rhythm)
    answers = {"presence": lambda session, ask: Presence(up=True), "edges": lambda session, ask: Edges(())}
    kinds = {"store": Kind("store", {"url": ("x",)}, Session, answers, statistics_lag_s=5.0)}
    for asks in ([Edges.ask()], [Edges.ask(), Work.ask()]):
        gatherer = Gatherer(Hub(kinds, Limits(), Redactor([])), kinds, lambda limits: World().fetch)
        gatherer.alternated(ACTIVITY, {"store": asks}, {"store": STORE}, 0.0, 1)
    assert lags == [0.0, 5.0]
