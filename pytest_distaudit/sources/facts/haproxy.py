"""HAProxy configuration: backends and their servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pytest_distaudit.domain.facts import Pool, Server
from pytest_distaudit.domain.finding import Spot

SIGN = re.compile(r"^[ \t]*(?:backend|listen)\s+\S+", re.MULTILINE)
_SECTION = re.compile(r"(global|defaults|frontend|backend|listen|resolvers|peers|userlist|cache)\b\s*(\S*)")


def read_haproxy(file: str, text: str) -> Iterator[Pool]:
    """Each backend and each listen section that has servers."""
    pool: Pool | None = None
    balance = ""
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        section = _SECTION.match(" ".join(words))
        if section and not line.startswith((" ", "\t")):
            yield from _finished(pool)
            kept = section[1] in ("backend", "listen")
            pool = Pool(section[2], "haproxy", Spot(file, number), algorithm=balance) if kept else None
            balance = "" if section[1] == "global" else balance
        elif words[0] == "balance" and len(words) > 1:
            pool = replace(pool, algorithm=words[1]) if pool else None
        elif pool and words[0] in ("server", "server-template"):
            pool = _with_server(pool, words, Spot(file, number))
    yield from _finished(pool)


def _with_server(pool: Pool, words: list[str], spot: Spot) -> Pool:
    if words[0] == "server-template":
        return replace(pool, dynamic=True)
    if len(words) < 3:
        return pool
    host, _, port = words[2].rpartition(":")
    server = Server(host or words[2], int(port) if port.isdigit() and len(port) < 6 else None, spot, "backup" in words)
    return replace(pool, servers=(*pool.servers, server))


def _finished(pool: Pool | None) -> Iterator[Pool]:
    if pool and (pool.servers or pool.dynamic):
        yield pool
