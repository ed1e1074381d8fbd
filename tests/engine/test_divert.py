"""Diversions on a registry of paper: promised first, undone whatever happens, and never where it may not."""

from __future__ import annotations

import random
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Operation, Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine import divert
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.divert import Diverting
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.engine.substitute import substitute
from pytest_distaudit.ports.capabilities import Presence
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.diversion import Diversion, enough
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.registrations import Instance, RegisteredService, Registry
from pytest_distaudit.ports.traffic import Traffic

NONCE = f"distaudit-{'a' * 32}"
TRIAL = Diverting("w", "shelf", ("front",), ("worker",), Operation("ask", "GET http://front/{nonce}"), 0.3, 200.0)


class World:
    """A registry with one instance of the service, and a caller. ``stands``: what is registered besides."""

    def __init__(self, follows: str = "always", *, refuses: int = 99, sees: bool = True, breaks: bool = False) -> None:
        self.follows, self.refuses, self.sees, self.breaks = follows, refuses, sees, breaks
        self.stands: dict[str, tuple[str, int]] = {}
        self.paused: set[str] = set()
        self.done: list[str] = []
        self.promises: dict[str, bool] = {}
        self.kept: list[tuple[str, int]] = [("real", 0)]
        #: how long the caller takes to start, in seconds, and whether it is up
        self.starts_s, self.up = 0.0, True

    # --- the registry

    def registry(self, session: object, ask: Ask) -> Registry:
        status = "passing" if self.sees else "critical"
        ours = (Instance(name, "n", *place, status) for name, place in self.stands.items())
        real = Instance("real", "n", "127.0.0.1", 81, "critical" if self.paused else "passing")
        return Registry((RegisteredService("w", (real, *ours)),))

    def entry(self, service: str, name: str, host: str, port: int) -> Request:
        return Request("PUT", f"register/{name}/{host}/{port}")

    def withdrawal(self, name: str) -> Request:
        return Request("PUT", f"withdraw/{name}")

    def pause(self, name: str) -> Request:
        return Request("PUT", f"pause/{name}")

    def resume(self, name: str) -> Request:
        return Request("PUT", f"resume/{name}")

    def send(self, request: Request) -> None:
        deed, name, *place = request.url.split("/")
        undo = {"register": f"withdraw/{name}", "pause": f"resume/{name}"}.get(deed)
        assert undo is None or self.promises.get(undo) is False, "nothing is done that nobody has promised to undo"
        if deed == "register":
            if len(self.stands) >= self.refuses:
                raise Unobservable(Reason.FORBIDDEN, "read-only")
            self.stands[name] = place[0], int(place[1])
        elif deed == "withdraw":
            self.stands.pop(name, None)
        else:
            (self.paused.add if deed == "pause" else self.paused.discard)(name)
        self.done.append(deed)

    def close(self) -> None:
        self.done.append("close")

    @contextmanager
    def promised(self, undo: str, *, url: str, **what: Any) -> Iterator[None]:
        self.promises[url] = False
        yield
        self.promises[url] = True

    @contextmanager
    def promising(self) -> Iterator[Any]:
        yield self.promised

    # --- the caller

    def fetch(self, request: Request) -> Response:
        if not self.up:
            raise Refusal("nobody listens")
        nonce = request.url.rpartition("/")[2]
        places = self.places() if self.follows == "always" else self.kept
        name, place = random.choice(places) if self.follows != "never" else ("real", 0)
        if name == "real":
            return Response(200, {}, nonce.encode(), 0.001)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{place}/{nonce}", timeout=5) as answer:
                return Response(200, {}, answer.read(), 0.001)
        except urllib.error.HTTPError as error:
            return Response(502, {}, error.read(), 0.001)
        except OSError:
            raise Refusal("gone") from None

    def places(self) -> list[tuple[str, int]]:
        real = [] if self.paused else [("real", 0)]
        return real + [(name, port) for name, (_, port) in self.stands.items()]

    def take_away(self) -> None:
        self.done.append("stop")
        self.up = False

    def bring_back(self) -> None:
        if self.breaks:
            raise Uncontrolled("its program is gone")
        time.sleep(self.starts_s)
        self.up = True
        self.done.append("start")
        self.kept = self.places()

    def bound(self) -> dict[str, Located]:
        shelf = Located("shelf", "shelf", {"url": "x://127.0.0.1:1/"}, source="native", probes=Probes.WRITE)
        hand: Any = self
        front = replace(shelf, system="front", kind="shelf", control=hand, disposable=True)
        return {"shelf": shelf, "front": front, "worker": replace(shelf, system="worker")}

    def diverted(self, bound: dict[str, Located] | None = None, trial: Diverting = TRIAL) -> list[Observation]:
        answers = {"presence": lambda session, ask: Presence(up=True), "registry": self.registry}
        hand: Any = self
        kinds = {"shelf": Kind("shelf", {"url": ("x",)}, Session, answers, registrar=lambda located, limits: hand)}
        kinds["deaf"] = replace(kinds["shelf"], name="deaf", registrar=None)
        hub = Hub(kinds, Limits(), Redactor([]))
        gatherer = Gatherer(hub, kinds, lambda limits: self.fetch, promising=self.promising)  # type: ignore[arg-type,return-value]
        return list(gatherer.arranged(trial, bound or self.bound()))

    @property
    def clean(self) -> bool:
        return not self.stands and not self.paused and all(self.promises.values())


class Session:
    identity = ""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.ways: list[str] = []

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(divert, "_TOLD_S", 0.5)
    monkeypatch.setattr(divert, "_POLL_S", 0.01)


def told(seen: list[Observation]) -> Diversion:
    assert [one.ask.capability for one in seen] == ["diversion", "traffic"], seen
    found: Diversion = from_json(Diversion, seen[0].value)
    return found


def test_who_follows_comes_and_leaves() -> None:
    world = World()
    found = told(world.diverted())
    assert found.nonces
    assert found.alone is None
    assert found.restored
    assert world.clean
    assert world.done == ["register", "register", "withdraw", "withdraw", "close"]


def test_who_takes_long_to_start_is_asked_often_enough_afterwards() -> None:
    world = World("at its start")
    world.starts_s = 3 * enough(1) / TRIAL.rate
    seen = world.diverted()
    assert told(seen).nonces
    traffic: Traffic = from_json(Traffic, seen[1].value)
    assert len(traffic.failed) >= 2 * enough(1)
    assert all(one.ok for one in traffic.sent[-enough(1) :])


@pytest.mark.parametrize("follows", ["at its start", "never"])
def test_who_does_not_come_is_started_anew_while_the_others_are_paused(follows: str) -> None:
    world = World(follows)
    found = told(world.diverted())
    assert (bool(found.nonces), found.alone is not None, found.restored) == (follows == "at its start", True, True)
    assert world.clean
    assert world.done == [
        "register", "register", "pause", "stop", "start", "resume", "withdraw", "withdraw", "stop", "start", "close"
    ]  # fmt: skip
    assert world.kept == [("real", 0)]


@pytest.mark.parametrize("follows", ["at its start", "never"])
def test_the_service_itself_is_taken_away_where_nobody_came(follows: str) -> None:
    world, service = World(follows), World()
    bound = world.bound()
    hand: Any = service
    bound["worker"] = replace(bound["worker"], control=hand)
    found = told(world.diverted(bound))
    assert (found.without is not None, service.done) == (
        (True, ["stop", "start"]) if follows == "never" else (False, [])
    )
    assert world.clean


def test_a_service_that_does_not_come_back_leaves_the_registry_clean() -> None:
    world, service = World("never"), World(breaks=True)
    bound = world.bound()
    hand: Any = service
    bound["worker"] = replace(bound["worker"], control=hand)
    assert told(world.diverted(bound)).without is not None
    assert world.clean


def test_who_cannot_be_started_anew_is_let_be() -> None:
    world = World("never")
    bound = world.bound()
    bound["front"] = replace(bound["front"], control=None)
    found = told(world.diverted(bound))
    assert (found.alone, found.trouble) == (
        None,
        "callers that nobody may start anew may keep what they were told when they started",
    )
    assert "pause" not in world.done


def test_a_caller_that_does_not_come_back_leaves_the_registry_clean() -> None:
    world = World("never", breaks=True)
    found = told(world.diverted())
    assert found.alone is None
    assert found.trouble == "front could not be started anew: its program is gone"
    assert world.clean


def test_what_is_forbidden_half_way_is_undone() -> None:
    world = World(refuses=1)
    (seen,) = world.diverted()
    assert seen.reason is Reason.FORBIDDEN
    assert world.clean


def test_an_instance_that_the_registry_does_not_reach_is_taken_away() -> None:
    world = World(sees=False)
    found = told(world.diverted())
    assert (found.registered, found.trouble) == (
        None,
        "the registry does not see the audit's instance pass at 127.0.0.1",
    )
    assert world.clean


def test_where_nothing_works_nothing_is_registered() -> None:
    world = World()
    world.fetch = lambda request: Response(500, {}, b"", 0.001)  # type: ignore[method-assign]
    found = told(world.diverted())
    assert found.entered is None
    assert found.trouble.startswith("ask failed")
    assert world.done == ["close"]


@pytest.mark.parametrize(
    ("system", "changed", "reason"),
    [
        ("shelf", {"probes": Probes.READ}, Reason.NOT_SAFE),
        ("worker", {"probes": Probes.READ}, Reason.NOT_SAFE),
        ("shelf", {"kind": "deaf"}, Reason.NO_CONTROL),
        ("shelf", {"source": "attach"}, Reason.NO_CONTROL),
        ("front", {"source": "attach"}, Reason.NO_CONTROL),
    ],
)
def test_where_it_may_not_nothing_is_done(system: str, changed: dict[str, Any], reason: Reason) -> None:
    world = World()
    bound = world.bound()
    bound[system] = replace(bound[system], **changed)
    (seen,) = world.diverted(bound)
    assert (seen.system, seen.reason) == ("shelf", reason)
    assert not world.promises


def test_more_requests_than_can_be_sent_are_not_begun() -> None:
    world = World()
    (seen,) = world.diverted(trial=replace(TRIAL, rate=501.0))
    assert seen.reason is Reason.BUDGET
    assert not world.promises


def test_what_is_disposable_may_be_stood_beside() -> None:
    world = World()
    bound = {name: replace(one, probes=Probes.READ, disposable=True) for name, one in world.bound().items()}
    assert told(world.diverted(bound)).nonces


def test_the_address_that_the_target_tells_is_registered() -> None:
    world = World()
    bound = {name: replace(one, source="attach") for name, one in world.bound().items()}
    assert told(world.diverted(bound, replace(TRIAL, audit_host="127.0.0.1"))).nonces


# --- the audit's own instance


def asked(port: int, *parts: bytes) -> bytes:
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line, suppress(OSError):
        for part in parts:
            line.sendall(part)
        line.shutdown(socket.SHUT_WR)
        while more := line.recv(4096):
            heard += more
    return heard


@pytest.mark.parametrize(
    ("parts", "nonce"),
    [
        ((f"GET /{NONCE} HTTP/1.1\r\nHost: w\r\n\r\n".encode(),), NONCE),
        ((f"GET / HTTP/1.1\r\nX-Word: {NONCE}\r\n\r\n".encode(),), NONCE),
        ((b"POST / HTTP/1.1\r\nContent-Length: 42\r\n\r\n", NONCE.encode()), NONCE),
        ((b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n", NONCE.encode(), b"\r\n0\r\n\r\n"), NONCE),
        ((b"GET /distaudit-short HTTP/1.1\r\n\r\n",), ""),
        ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",), ""),
    ],
)
def test_whoever_comes_is_noted(parts: tuple[bytes, ...], nonce: str) -> None:
    with substitute("127.0.0.1", Clock()) as here:
        heard = asked(here.port, *parts)
        assert [one.nonce for one in here.came] == [nonce]
    assert nonce.encode() not in heard or not nonce
    assert (b" 200 " in heard or b" 503 " in heard) is True
    assert b"X-Distaudit: substitute" in heard


def test_a_user_is_told_that_nobody_serves() -> None:
    with substitute("127.0.0.1", Clock()) as here:
        for _ in range(3):
            assert asked(here.port, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503 ")
        told = {asked(here.port, f"GET /{NONCE} HTTP/1.1\r\n\r\n".encode())[9:12] for _ in range(2)}
        assert told == {b"200", b"503"}


def test_who_only_connects_is_not_noted() -> None:
    with substitute("127.0.0.1", Clock()) as here:
        assert asked(here.port) == b""
        assert here.came == ()
