"""``wiring.matches-diagram`` in containers, where whoever calls is known by the address that is his alone."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.testing import Room
from tests.lab import Lab

pytestmark = [
    pytest.mark.proof,
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="root alone looks into containers"),
]

#: asks the next one anew each time, or not at all
SERVICE = """
import os, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/asks/"):
            urllib.request.urlopen(os.environ["NEXT"] + "/at-last").read()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
ThreadingHTTPServer(("0.0.0.0", 8000), Service).serve_forever()
"""
SYSTEM = '[targets.miniature.systems.{name}]\nkind = "http"\nurl = "{url}"\n'
ACTIVITY = '[targets.miniature.activities.{way}]\nrequest = "GET http://front/{way}/{{nonce}}"\n'


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with pytest.MonkeyPatch.context() as patch, Lab.reached("python:3.11") as lab:
        patch.setattr(gather, "Rhythm", lambda lag, effects, **more: Rhythm(lag, effects, shortest=0.5, **more))
        network = lab.network(f"distaudit-diagram-{os.getpid()}")
        target = "".join(ACTIVITY.format(way=way) for way in ("asks", "does_not_ask"))
        for name in ("front", "worker"):
            made = lab.create(
                "python:3.11",
                *("python3", "-c", SERVICE),
                environment={"NEXT": "http://worker:8000"},
                network=network.name,
                ports={"8000/tcp": ("127.0.0.1", None)},
            )
            network.disconnect(made)
            network.connect(made, aliases=[name])
            made.start()
            made.reload()
            url = f"http://127.0.0.1:{next(iter(made.ports.values()))[0]['HostPort']}"
            until_it_answers(url)
            target += SYSTEM.format(name=name, url=url)
        with Room(tmp_path_factory.mktemp("miniature"), target) as started:
            yield started


def until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.1)


def judged(room: Room, way: str) -> ClaimResult:
    roles = {"systems": "front, worker"}
    return room.judge("wiring.matches-diagram", activity=way, roles=roles, edges="front -> worker")


def test_connections_that_end_at_once_are_the_containers(room: Room) -> None:
    result = judged(room, "asks")
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)
    assert "connections more with performances, closed at once" in result.because


def test_who_does_not_ask_is_not_connected(room: Room) -> None:
    result = judged(room, "does_not_ask")
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert result.because == "front -> worker: front is not connected to worker"
