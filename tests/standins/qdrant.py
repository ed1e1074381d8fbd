"""A double of Qdrant 1.19 from its published API: collections, points, queries, and the metrics that count them.

It can show that a claim is untrue; what only it confirms is confirmed by nobody.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.standins import Speaker, served

_OPEN = ("/", "/healthz", "/readyz", "/livez")


@dataclass
class State:
    """What it holds. ``forgets``: points are taken and not kept. ``finely``: requests are counted by collection."""

    key: str = ""
    forgets: bool = False
    finely: bool = True
    peers: int = 1
    sizes: dict[str, int] = field(default_factory=dict)
    points: dict[str, dict[Any, Any]] = field(default_factory=dict)
    counts: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: how often its metrics were read
    looks: int = 0

    def answer(self, method: str, path: str, query: str, body: Any) -> tuple[int, Any]:
        """(status, JSON or text)."""
        if path == "/":
            return 200, {"title": "qdrant - vector search engine", "version": "1.19.0", "commit": "0" * 40}
        if path in _OPEN:
            return 200, "all shards are ready"
        if path == "/telemetry":
            return _ok({"id": "d0c0", "app": {"version": "1.19.0", "startup": "2026-11-26T00:00:00Z"}})
        if path == "/cluster":
            alone = {"status": "disabled"}
            return _ok({"status": "enabled", "peers": dict.fromkeys("ab"[: self.peers])} if self.peers > 1 else alone)
        if path == "/metrics":
            self.looks += 1
            return 200, self.metrics(finely=self.finely and "per_collection=true" in query)
        if path == "/collections":
            return _ok({"collections": [{"name": name} for name in self.sizes]})
        return self._of_a_collection(method, path, body)

    def _of_a_collection(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        found = re.fullmatch(r"/collections/([^/]+)(/.*)?", path)
        if found is None:
            return 404, ""
        name, rest = found[1], found[2] or ""
        if method == "PUT" and not rest:
            self.sizes[name], self.points[name] = body["vectors"]["size"], {}
            return _ok(True)
        if name not in self.sizes:
            return 404, {"status": {"error": f"Not found: Collection `{name}` doesn't exist!"}, "time": 0.0}
        if not rest:
            return _ok(self._described(name))
        with self.lock:
            self.counts[(method, "/collections/{collection_name}" + rest, 200, name)] += 1
            if method == "PUT" and not self.forgets:
                self.points[name].update({one["id"]: one for one in body["points"]})
        return _ok({"status": "completed"} if method == "PUT" else {"points": []})

    def _described(self, name: str) -> dict[str, Any]:
        params = {"vectors": {"size": self.sizes[name], "distance": "Cosine"}, "shard_number": 1}
        points = len(self.points[name])
        return {"status": "green", "optimizer_status": "ok", "points_count": points, "config": {"params": params}}

    def metrics(self, *, finely: bool) -> str:
        """Everything counted, as Prometheus reads it."""
        lines = ['app_info{name="qdrant",version="1.19.0"} 1', f"collections_total {len(self.sizes)}"]
        seen: Counter[str] = Counter()
        with self.lock:
            counted = list(self.counts.items())
        for (method, endpoint, status, name), times in counted:
            last = f',collection="{name}"' if finely else ""
            seen[f'method="{method}",endpoint="{endpoint}",status="{status}"{last}'] += times
        lines += [f"rest_responses_total{{{labels}}} {times}" for labels, times in seen.items()]
        return "\n".join(lines) + "\n"


def _ok(result: Any) -> tuple[int, Any]:
    return 200, {"result": result, "status": "ok", "time": 0.0}


@contextmanager
def qdrant(state: State) -> Iterator[str]:
    """One of it, by its address; ``state`` can be looked into."""

    class Handler(Speaker):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            if state.key and path not in _OPEN and self.headers.get("api-key") != state.key:
                self.told(401, "Must provide an API key or an Authorization bearer token")
                return
            self.told(*state.answer(self.command, path, query, json.loads(body or b"null")))

        do_POST = do_PUT = do_DELETE = do_GET

    with served(Handler) as url:
        yield url
