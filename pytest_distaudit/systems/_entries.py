"""Entries of a stream as evidence: digests and the audit's own nonces, never what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.streams import STREAM, Entry, StreamTail

#: of each partition so many are read, and read again, where no more are asked for
_LATEST = 100
_NONCE = re.compile(rb"distaudit-[0-9a-f]{32}")


def latest(ask: Ask) -> int:
    """How many entries of each partition are wanted."""
    return int(ask.arg("count") or _LATEST)


def entry(partition: int, position: str, parts: Iterable[bytes | None]) -> Entry:
    """An entry made of ``parts`` (key, value, fields), each told from the next one and from none."""
    known = [*parts]
    digest = sha256()
    for part in known:
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    found = {nonce.decode() for part in known if part for nonce in _NONCE.findall(part)}
    return Entry(partition, position, digest.hexdigest()[:32], tuple(sorted(found)))


def tail(
    name: str, once: Iterable[Entry], twice: Iterable[Entry], cut: Iterable[int], ends: Mapping[str, int] | None
) -> StreamTail:
    """What two readers found, compared place by place."""
    first = tuple(once)
    second = {(one.partition, one.position): one.digest for one in twice}
    found = [second.get((one.partition, one.position)) for one in first]
    again = sum(digest == one.digest for digest, one in zip(found, first, strict=True))
    changed = sum(digest is not None for digest in found) - again
    return StreamTail(name, STREAM, first, tuple(cut), again, changed, None if ends is None else dict(ends))
