"""How many requests a server says that it was asked, whoever asked: each product's own counter, read directly.

Beside the adapters, so that what they report is held against something that they did not make.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping

import httpx

from pytest_distaudit.ports.located import Located


def _redis(located: Located) -> int:
    import redis

    with redis.Redis.from_url(located.endpoints["url"]) as client:
        return int(client.info("stats")["total_commands_processed"])  # type: ignore[index]


def _postgres(located: Located) -> int:
    import psycopg

    with psycopg.connect(located.endpoints["url"]) as client:
        found = client.execute("select sum(xact_commit + xact_rollback) from pg_stat_database").fetchone()
    return int(found[0]) if found else 0


def _metric(path: str, name: str) -> Callable[[Located], int]:
    """The sum of a counter over all its labels, as Prometheus would read it."""

    def read(located: Located) -> int:
        url = located.endpoints.get("metrics", located.endpoints["url"])
        text = httpx.get(f"{url.rstrip('/')}{path}").text
        return int(sum(float(found) for found in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)))

    return read


def _haproxy(located: Located) -> int:
    text = httpx.get(located.endpoints["stats"].rstrip("/") + "/;csv").text.lstrip("# ")
    return sum(int(row["req_tot"]) for row in csv.DictReader(text.splitlines()) if row["svname"] == "FRONTEND")


def _nginx(located: Located) -> int:
    found = re.search(r"requests\s+\d+ \d+ (\d+)", httpx.get(located.endpoints["status"]).text)
    assert found
    return int(found[1])


#: kind -> how its counter is read; other products keep none that can be asked for without settings of its own
COUNTERS: Mapping[str, Callable[[Located], int]] = {
    "etcd": _metric("/metrics", "grpc_server_handled_total"),
    "haproxy": _haproxy,
    "nginx": _nginx,
    "postgres": _postgres,
    "prometheus": _metric("/metrics", "prometheus_http_requests_total"),
    "redis": _redis,
    "redis-sentinel": _redis,
}
