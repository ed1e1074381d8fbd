"""Experiments of several runs on one target: one after the other, on one machine and between machines."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import redis
from pytest_distaudit.targets import alone
from pytest_distaudit.targets.alone import Alone
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

#: another run: it experiments on what its arguments name until its standard input is closed
OTHER = """
import sys
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.targets.alone import Alone
bound = {url: Located(url, "http", {"url": url}) for url in sys.argv[1:]}
with Alone(None, {}, Limits(), print)(bound):
    print("alone", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(alone, "_POLL_S", 0.05)
    monkeypatch.setattr(alone, "_PATIENCE_S", 0.5)
    monkeypatch.setattr(alone, "_LASTS_S", 1.0)
    monkeypatch.setattr(alone, "_EVERY_S", 0.1)


@contextmanager
def another(*urls: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", OTHER, *urls]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "alone\n"
        yield run
        run.kill()


def at(*urls: str, source: str = "attach") -> dict[str, Located]:
    return {f"s{number}": Located(f"s{number}", "http", {"url": url}, source) for number, url in enumerate(urls)}


def run(lease: str | None = None, kinds: dict[str, Kind] | None = None) -> tuple[Alone, list[str]]:
    told: list[str] = []
    return Alone(lease, kinds or {}, Limits(), told.append), told


class TestOnOneMachine:
    def test_another_run_is_waited_for(self) -> None:
        mine, told = run()
        with another("http://127.0.0.1:801/") as other:
            threading.Timer(0.2, other.kill).start()  # however it ends
            with mine(at("http://127.0.0.1:801/")):
                assert told == ["waiting for another run on this machine, which experiments on 127.0.0.1:801"]

    @pytest.mark.parametrize(
        "spelled",
        [
            "http://127.0.0.1:801/",
            "http://user:secret@localhost:801",
            "redis://[::1]:801/3",
            "postgresql://LOCALHOST:801/x",
        ],
    )
    def test_one_that_does_not_end_leaves_nothing_to_judge(self, spelled: str) -> None:
        mine, told = run()
        with another("http://127.0.0.1:801"):
            with pytest.raises(Unobservable) as raised, mine(at(spelled)):
                pytest.fail("it is not alone")
            assert raised.value.reason is Reason.NOT_SAFE
            assert "another run on this machine experiments on 127.0.0.1:801" in raised.value.detail
            with pytest.raises(Unobservable), mine(at(spelled)):
                pytest.fail("it is not alone")
            assert len(told) == 1, "there is patience for one wait, however many experiments there are"

    def test_what_lies_elsewhere_or_was_started_by_the_audit_is_its_own(self) -> None:
        mine, told = run()
        with another("http://127.0.0.1:801", "http://127.0.0.1:802"):
            with mine(at("http://127.0.0.1:803", "http://127.0.0.2:801", "http://[2001:db8::1]:802")):
                pass
            with mine(at("http://127.0.0.1:801", source="native")):
                pass
        assert told == []

    def test_systems_without_a_host_are_told_apart(self) -> None:
        mine, _ = run()
        with another("unix:///run/one.sock"):
            with mine(at("unix:///run/two.sock", "pid:1", "exec:/usr/bin/it")):
                pass
            with pytest.raises(Unobservable), mine(at("unix:///run/one.sock")):
                pytest.fail("it is not alone")

    def test_two_that_want_the_same_in_another_order_do_not_wait_for_each_other(self) -> None:
        urls = [f"http://127.0.0.1:{port}" for port in (801, 802, 803)]
        entered: list[float] = []

        def experiment(order: list[str]) -> None:
            with run()[0](at(*order)):
                entered.append(time.monotonic())

        with another(urls[1]) as other:
            threads = [threading.Thread(target=experiment, args=(order,)) for order in (urls, urls[::-1])]
            for thread in threads:
                thread.start()
            other.kill()
            for thread in threads:
                thread.join()
        assert len(entered) == 2

    def test_it_is_given_back_when_the_experiment_fails(self) -> None:
        mine, _ = run()
        with pytest.raises(ZeroDivisionError), mine(at("http://127.0.0.1:801")):
            raise ZeroDivisionError
        with another("http://127.0.0.1:801"):
            pass


@dataclass
class Paper:
    """A lease on paper: who has it, one after the other; what comes of prolonging it, one after the other."""

    others: list[str] = field(default_factory=list)
    prolonged: Callable[[int], bool] = lambda count: True
    count: int = 0
    given_back: int = 0

    def take(self) -> str:
        return self.others.pop(0) if self.others else ""

    def prolong(self) -> bool:
        self.count += 1
        return self.prolonged(self.count)

    def give_back(self) -> None:
        self.given_back += 1

    def await_count(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while self.count < count and time.monotonic() < deadline:
            time.sleep(0.02)

    def kinds(self) -> dict[str, Kind]:
        return {"store": Kind("store", {}, redis.RedisSession, {}, lease=lambda located, limits, holder, seconds: self)}


STORE = {"store": Located("store", "store", {"url": "store://192.0.2.1:1"})}


def _unreachable(count: int) -> bool:
    raise Unobservable(Reason.NOT_REACHABLE, "nobody is there")


class TestBetweenMachines:
    def test_it_is_prolonged_for_as_long_as_it_is_needed(self) -> None:
        paper = Paper()
        mine, told = run("store", paper.kinds())
        with mine(STORE):
            paper.await_count(3)
            assert paper.given_back == 0
        assert (paper.given_back, told) == (1, [])

    def test_whoever_has_it_is_waited_for_and_named_once(self) -> None:
        paper = Paper(["run 1 on left", "run 1 on left", "run 2 on right"])
        mine, told = run("store", paper.kinds())
        with mine(STORE):
            pass
        who = "which experiments on what store keeps the lease for"
        assert told == [f"waiting for run 1 on left, {who}", f"waiting for run 2 on right, {who}"]

    def test_one_that_keeps_it_leaves_nothing_to_judge(self) -> None:
        paper = Paper(["run 1 on left"] * 100)
        mine, _ = run("store", paper.kinds())
        with pytest.raises(Unobservable) as raised, mine(STORE):
            pytest.fail("it is not alone")
        assert (raised.value.reason, paper.given_back) == (Reason.NOT_SAFE, 1)
        assert raised.value.detail.startswith("run 1 on left experiments on what store keeps the lease for")

    def test_what_was_seen_without_it_does_not_count(self) -> None:
        paper = Paper(prolonged=lambda count: count < 2)
        mine, _ = run("store", paper.kinds())
        with pytest.raises(Unobservable, match="taken it away") as raised, mine(STORE):
            paper.await_count(2)
        assert (raised.value.reason, paper.given_back, paper.count) == (Reason.NOT_SAFE, 1, 2)

    def test_who_cannot_prolong_it_has_lost_it_once_it_has_lapsed(self) -> None:
        paper = Paper(prolonged=_unreachable)
        mine, _ = run("store", paper.kinds())
        with mine(STORE):
            time.sleep(0.3)
        with pytest.raises(Unobservable, match="nobody is there"), mine(STORE):
            time.sleep(2.0)

    def test_a_mishap_in_between_is_none(self) -> None:
        paper = Paper(prolonged=lambda count: _unreachable(count) if count % 3 else True)
        mine, _ = run("store", paper.kinds())
        with mine(STORE):
            time.sleep(2 * alone._LASTS_S)
        assert paper.count > 3

    def test_the_experiment_says_itself_how_it_failed(self) -> None:
        paper = Paper(prolonged=lambda count: False)
        mine, _ = run("store", paper.kinds())
        with pytest.raises(ZeroDivisionError), mine(STORE):
            paper.await_count(1)
            raise ZeroDivisionError
        assert paper.given_back == 1

    def test_one_that_cannot_be_had_is_told_as_such(self) -> None:
        mine, _ = run("store", Paper().kinds())
        gone = {"store": Located("store", "store", {}, unavailable=(Reason.NOT_INSTALLED, "it is not installed"))}
        with pytest.raises(Unobservable, match="experiments need the lease in store") as raised, mine(gone):
            pytest.fail("it is not alone")
        assert raised.value.reason is Reason.NOT_INSTALLED

    def test_what_the_audit_has_started_itself_is_not_asked(self) -> None:
        paper = Paper(["somebody"] * 100)
        mine, _ = run("store", paper.kinds())
        with mine({"store": Located("store", "store", {"url": "store://127.0.0.1:1"}, "native")}):
            pass
        assert (paper.count, paper.given_back) == (0, 0)


SERVER = Path(__file__).parents[1] / "proofs/performance/server.py"
OWN = """
[targets.own.systems.server]
kind = "http"
native.argv = [{python}, {server}]
native.env = {{PORT = "{{port}}"}}
[targets.own.systems.store]
kind = "redis"
native = {{}}
"""
SHARED = """
[targets.shared]
lease = "store"
[targets.shared.systems.server]
kind = "http"
disposable = true
url = "{server}"
[targets.shared.systems.store]
kind = "redis"
probes = "write"
url = "{store}"
[targets.shared.operations.ask]
request = "GET http://server/honest/{{nonce}}"
"""


@pytest.mark.live
def test_a_load_waits_for_that_of_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_LASTS_S", 15.0)
    if missing := builtin_recipes()["redis"].missing():
        pytest.skip(missing)
    (tmp_path / "own").mkdir()
    (tmp_path / "shared").mkdir()
    own = OWN.format(python=json.dumps(sys.executable), server=json.dumps(str(SERVER)))
    with Room(tmp_path / "own", own) as others:
        urls = {name: located.endpoints["url"] for name, located in others.located.items()}
        store = redis.KIND.lease
        assert store is not None
        elsewhere = store(others.located["store"], Limits(), "run 7 on elsewhere", 60.0)
        holders: list[str] = []

        def progress(sentence: str) -> None:
            if "a second" in sentence:
                holders.append(store(others.located["store"], Limits(), "me", 1.0).take())

        with Room(tmp_path / "shared", SHARED.format(**urls), progress=progress) as room:
            claim = {"system": "server", "operation": "ask", "time": "< 1 s", "rate": "200 /s", "seconds": "0.8 s"}
            assert elsewhere.take() == ""
            refused = room.judge("performance.latency", **claim)
            elsewhere.give_back()
            judged = room.judge("performance.latency", **claim)
    assert (refused.verdict, refused.reason) == (Verdict.UNVERIFIABLE, Reason.NOT_SAFE)
    assert refused.because.startswith("run 7 on elsewhere experiments on what store keeps the lease for")
    assert judged.reason in (None, Reason.BUDGET), (judged.actual, judged.because)
    assert {holder.split("(")[0] for holder in holders} == {f"run {os.getpid()} on {socket.gethostname()} "}
