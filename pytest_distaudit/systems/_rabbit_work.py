"""What a RabbitMQ broker did for others: messages of one virtual host, those of aliveness tests left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems._rabbit_session import RabbitSession, identify, refused

#: word of ours -> the broker's; ``deliver_get`` holds deliveries and gets, acknowledged or not
_SORTS = {"published": "publish", "delivered": "deliver_get", "acknowledged": "ack"}
_ONWARD = ("delivered", "acknowledged")
#: the broker's own aliveness test works through a queue of this name
_ALIVENESS = "aliveness-test"


def work(session: RabbitSession, ask: Ask) -> Work:
    """Counters of the virtual host since its statistics began. Args: ``vhost``.

    Raises Unobservable: no-observable without a management endpoint or where statistics are off, forbidden.
    """
    vhost = session.vhost(ask)
    overview = session.overview()
    if overview.get("disable_stats") or overview.get("rates_mode") == "none":
        raise Unobservable(Reason.NO_OBSERVABLE, "the broker keeps no statistics of messages")
    identify(session)
    path = f"vhosts/{quote(vhost, safe='')}"
    if session.get(path).status == 404:
        raise Unobservable(
            Reason.NO_OBSERVABLE, f"the broker has no virtual host {vhost!r}; name the one that is meant"
        )
    stats, own = _stats(session.read(path)), _alive(session, vhost)
    counts = {sort: stats[word] - own.get(word, 0) for sort, word in _SORTS.items()}
    return Work({sort: count for sort, count in counts.items() if count}, onward=_ONWARD, way=f"/api/{path}")


def _alive(session: RabbitSession, vhost: str) -> Mapping[str, int]:
    """What the aliveness test's queue counted; nothing where there is none."""
    path = f"queues/{quote(vhost, safe='')}/{_ALIVENESS}"
    answer = session.get(path)
    if answer.status == 404:
        return {}
    if answer.status != 200:
        raise refused(answer, f"GET /api/{path}")
    return _stats(answer.decoded(f"GET /api/{path}"))


def _stats(seen: Any) -> Mapping[str, int]:
    """An object without statistics has counted nothing yet."""
    if not isinstance(seen, dict) or "name" not in seen:
        raise Unobservable(Reason.PROTOCOL_ERROR, "the management API answers with something else than was asked for")
    stats = seen.get("message_stats") or {}
    found: list[Any] = [stats.get(word, 0) for word in _SORTS.values()] if isinstance(stats, dict) else [None]
    if not all(isinstance(count, int) for count in found):
        raise Unobservable(Reason.PROTOCOL_ERROR, "the management API counts messages in something else than numbers")
    return dict(zip(_SORTS.values(), found, strict=True))
