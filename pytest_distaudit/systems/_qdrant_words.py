"""The requests that Qdrant counts, read from its metrics. Pure.

It exports those for points alone, over REST (``rest_responses_total``: method, endpoint, status) and over gRPC
(``grpc_responses_total``: endpoint, since 1.18 status). Asked for it, 1.18 and newer add the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LINE = re.compile(r"\w*?(rest|grpc)_responses_(total|fail_total)\{([^{}]*(?:\{\w+\}[^{}]*)*)\} (\d+)(?:\.0)?(?: \d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_GRPC = "/qdrant.Points/"
#: below ``/points``, sent by POST: everything else there asks
_POSTED_WRITES = re.compile(r"/points/(delete|batch|payload(/\w+)?|vectors(/\w+)?)$")
_RPC_WRITES = re.compile(r"(Upsert|Delete|Update|Set|Overwrite|Clear|Create)")


@dataclass(frozen=True, slots=True)
class Requests:
    """Successful requests: (collection or "", sort, whether it writes) -> how many."""

    counts: Mapping[tuple[str, str, bool], int]

    @property
    def by_collection(self) -> bool:
        """Whether they are told apart by collection; so if there are none."""
        return all(collection for collection, _, _ in self.counts)

    @property
    def by_sort(self) -> dict[str, int]:
        """Sort -> how many, all collections together."""
        found: dict[str, int] = {}
        for (_, sort, _), times in sorted(self.counts.items()):
            found[sort] = found.get(sort, 0) + times
        return found

    def reads(self, collection: str) -> int:
        """Questions to the collection, or to any where they are not told apart."""
        return self._of(collection, writes=False)

    def writes(self, collection: str) -> int:
        """Changes of the collection, or of any where they are not told apart."""
        return self._of(collection, writes=True)

    def _of(self, collection: str, *, writes: bool) -> int:
        return sum(
            times for (one, _, changes), times in self.counts.items() if changes is writes and one in ("", collection)
        )


def requests_of(metrics: str) -> Requests:
    """What the metrics tell; lines of other things are passed over."""
    counts: dict[tuple[str, str, bool], int] = {}
    for key, times in _told(metrics):
        counts[key] = counts.get(key, 0) + times
    return Requests({key: times for key, times in counts.items() if times})


def _told(metrics: str) -> Iterator[tuple[tuple[str, str, bool], int]]:
    for line in metrics.splitlines():
        found = _LINE.fullmatch(line.strip()) if "_responses_" in line else None
        if found is None:
            continue
        labels = dict(_LABEL.findall(found[3]))
        endpoint, collection = labels.get("endpoint", ""), labels.get("collection", "")
        times = int(found[4])
        if found[1] == "rest":
            if found[2] == "total" and labels.get("status", "").startswith("2"):
                method = labels.get("method", "")
                yield (collection, f"{method} {endpoint}", _writes(method, endpoint)), times
        elif endpoint.startswith(_GRPC) and labels.get("status", "0") == "0":
            # where failures are counted beside and not by status, they are among all
            failed = found[2] == "fail_total"
            if not (failed and "status" in labels):
                sort = endpoint.removeprefix(_GRPC)
                yield (collection, f"gRPC {sort}", bool(_RPC_WRITES.match(sort))), -times if failed else times


def _writes(method: str, endpoint: str) -> bool:
    return method in ("PUT", "DELETE", "PATCH") or bool(_POSTED_WRITES.search(endpoint))
