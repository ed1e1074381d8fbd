"""Two-sided proofs of ``wiring.matches-diagram``: each way has a front and a store of its own, all at one time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

NEEDED = ("rabbitmq", "postgres", "redis", "haproxy")
MISSING = next((why for why in (builtin_recipes()[kind].missing() for kind in NEEDED) if why is not None), None)
MAY_LISTEN = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("ss") is not None
pytestmark = [
    pytest.mark.proof,
    pytest.mark.live,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.skipif(not MAY_LISTEN, reason="root alone hears what ends, and ss (iproute2) tells what is there"),
]

HERE = Path(__file__).parent

DOCUMENT = """
# How it works

```mermaid
flowchart LR
    user((User)) --> publishes-front[Front]
    publishes-front -- tasks --> rabbitmq[(RabbitMQ)]
    rabbitmq --> worker --> postgres[(PostgreSQL)]
```
"""
#: way -> what its diagram draws, between its own parts
DRAWN = {
    "idle_pool": "front -> store",
    "health_checked": "front -> store",
    "nothing": "front -> store",
    "stores_elsewhere": "front -> store",
    "relayed": "front -> store",
    "comes_and_goes": "front -> store",
    "hands_on": "front -> next -> store",
    "hands_on_and_stores": "front -> next -> store",
    "asks_and_hangs_up": "front -> next -> store",
    "other_way_round": "next -> front, next -> store",
    "balances": "front -> next -> store",
}
#: what a front does that is called otherwise
DOES = {"other_way_round": "hands_on"}
HAS_NEXT = {way for way, arrows in DRAWN.items() if "next" in arrows}
REFUTED = {
    "idle_pool": "connected, and nothing goes over it",
    "health_checked": "does so without the activity, too",
    "nothing": "is not connected to nothing-store; other clients of nothing-store: python",
    "stores_elsewhere": "instead it is connected to redis-server (pid ",
    "hands_on_and_stores": "a connection that the diagram does not have: ",
    "other_way_round": "it is other_way_round-front that calls other_way_round-next",
}
CANNOT_TELL = {
    "relayed": "perhaps through python",
    "comes_and_goes": "opened for performances and closed at once: whose they were is not told",
    "asks_and_hangs_up": "opened for performances and closed at once: whose they were is not told",
}

SERVERS = """
[targets.miniature.systems.rabbitmq]
kind = "rabbitmq"
native = {}
[targets.miniature.systems.postgres]
kind = "postgres"
native = {}
[targets.miniature.systems.worker]
kind = "process"
native.argv = ["{python}", "HERE/node.py"]
native.env.BROKER = "{rabbitmq.amqp}"
native.env.TABLES = "{postgres.url}"
""".replace("HERE", str(HERE))


BALANCER = """
[targets.miniature.systems.balances-front]
kind = "haproxy"
native.to = "balances-next"
"""


def service(name: str, way: str, **env: str) -> str:
    told = "\n".join(f'native.env.{key} = "{value}"' for key, value in env.items())
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
native.argv = ["{{python}}", "{HERE}/node.py"]
native.env.PORT = "{{port}}"
native.env.WAY = "{way}"
{told}
"""


def store(name: str) -> str:
    return f'[targets.miniature.systems.{name}]\nkind = "redis"\nnative = {{}}\n'


def activity(way: str) -> str:
    return f'[targets.miniature.activities.{way}]\nrequest = "GET http://{way}-front/{{nonce}}"\n'


def miniature(more: dict[str, dict[str, str]]) -> str:
    target = SERVERS + service("publishes-front", "publishes", BROKER="{rabbitmq.amqp}") + activity("publishes")
    for way in DRAWN:
        told = {"STORE": f"{{{way}-store.url}}", **more.get(way, {})}
        target += store(f"{way}-store") + activity(way)
        if way in HAS_NEXT:
            closes = {"HANGS_UP": "yes"} if way == "balances" else {}
            target += service(f"{way}-next", "stores", **told, **closes)
            told["NEXT"] = f"{{{way}-next.url}}"
        if way == "balances":
            target += BALANCER
            continue
        target += service(f"{way}-front", DOES.get(way, way), **told)
    return target


RELAY = """
import socket, threading
def pump(one, other):
    while data := one.recv(65536):
        other.sendall(data)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
store = int(input())
while True:
    near, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", store))
    threading.Thread(target=pump, args=(near, far), daemon=True).start()
    threading.Thread(target=pump, args=(far, near), daemon=True).start()
"""
IMPOSTOR = """
import sys, time, redis
store = redis.Redis.from_url(sys.argv[1], client_name="nothing-front", single_connection_client=True)
while True:
    store.get("answer")
    time.sleep(1.0)
"""


@contextmanager
def script(text: str, *argv: str) -> Iterator[subprocess.Popen[str]]:
    argv = (sys.executable, "-c", text, *argv)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


Judged = Callable[[str], ClaimResult]


def claimed(way: str) -> dict[str, Any]:
    if way == "publishes":
        quote = "publishes-front -- tasks --> rabbitmq[(RabbitMQ)]"
        told = {"document": "how.md", "quote": quote, "beyond": "User"}
        return {"roles": {"systems": "publishes-front, rabbitmq, worker, postgres"}, **told}
    arrows = DRAWN[way]
    parts = dict.fromkeys(part.strip() for one in arrows.split(",") for part in one.split("->"))
    names = ", ".join(f"{part} = {way}-{part}" for part in parts)
    counting = {"gateways": "balances-front"} if way == "balances" else {}
    return {"roles": {"systems": f"{way}-*", **counting}, "edges": arrows, "names": names}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    root = tmp_path_factory.mktemp("miniature")
    (root / "how.md").write_text(DOCUMENT, encoding="utf-8")
    ways = ("publishes", *DRAWN)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(gather, "Rhythm", lambda lag, effects, **more: Rhythm(lag, effects, shortest=0.5, **more))
        decoy_room = stack.enter_context(Room(tmp_path_factory.mktemp("decoy"), store("decoy")))
        relay = stack.enter_context(script(RELAY))
        more = {
            "stores_elsewhere": {"DECOY": decoy_room.located["decoy"].endpoints["url"]},
            "relayed": {"RELAY": relay.stdout.readline().strip()},
        }
        room = stack.enter_context(Room(root, miniature(more)))
        urls = {name: located.endpoints.get("url", "") for name, located in room.located.items()}
        relay.stdin.write(f"{urlsplit(urls['relayed-store']).port}\n")
        relay.stdin.flush()
        stack.enter_context(script(IMPOSTOR, urls["nothing-store"]))
        pool = stack.enter_context(ThreadPoolExecutor(len(ways)))
        results = {way: pool.submit(room.judge, "wiring.matches-diagram", activity=way, **claimed(way)) for way in ways}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", ["publishes", "hands_on", "balances"])
def test_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


def test_what_it_shows_is_drawn_and_named(judged: Judged) -> None:
    result = judged("publishes")
    assert result.actual == "3 of 3 arrows at work"
    assert result.connects == (
        ("publishes-front", "rabbitmq"),
        ("rabbitmq", "worker"),
        ("worker", "postgres"),
    )
    assert "not judged: User -> Front" in result.because


@pytest.mark.parametrize(("way", "because"), REFUTED.items())
def test_refutes(judged: Judged, way: str, because: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert because in result.because


@pytest.mark.parametrize(("way", "because"), CANNOT_TELL.items())
def test_cannot_tell(judged: Judged, way: str, because: str) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), result.because
    assert because in result.because
