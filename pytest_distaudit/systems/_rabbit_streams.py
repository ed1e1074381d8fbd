"""Stream queues of RabbitMQ (3.9 and newer), told from queues that delete what was consumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.streams import STREAM, Partition, Stream, StreamTail
from pytest_distaudit.systems._rabbit_session import RabbitSession, identify

_AGE = re.compile(r"(\d+)([YMDhms])")
_SECONDS = {"Y": 365 * 86400, "M": 30 * 86400, "D": 86400, "h": 3600, "m": 60, "s": 1}


def stream(session: RabbitSession, ask: Ask) -> Stream:
    """The management API's word; over AMQP alone a stream looks like any queue."""
    name = ask.arg("name")
    told = _queue(session, name)
    form = _form(told)
    if told is None or form != STREAM:
        return Stream(name, form)
    age, size = _setting(told, "max-age"), _setting(told, "max-length-bytes")
    limit = _AGE.fullmatch(str(age))
    return Stream(
        name,
        STREAM,
        partitions=(Partition(0, held=told.get("messages")),),
        kept_s=float(int(limit[1]) * _SECONDS[limit[2]]) if limit else None,
        kept_for_ever=age is None and size is None,
        also_limited=f"{size} bytes" if size is not None else "",
    )


def stream_tail(session: RabbitSession, ask: Ask) -> StreamTail:
    """What is no stream is told. Entries of one can be read only by consuming, which the audit does not do here."""
    name = ask.arg("name")
    form = _form(_queue(session, name))
    if form != STREAM:
        return StreamTail(name, form)
    raise Unobservable(
        Reason.NO_OBSERVABLE, f"{name} is a stream; to read it, the audit would have to become a consumer"
    )


def _queue(session: RabbitSession, name: str) -> Mapping[str, Any] | None:
    """The queue as the management API has it; None where the virtual host has none of that name."""
    if session.management is None:
        because = "over AMQP alone a stream looks like any queue; declare the endpoint management"
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    identify(session)
    host = quote(session.vhost(Ask("stream")), safe="")
    path = f"queues/{host}/{quote(name, safe='')}"
    if session.get(path).status == 404:
        # only a virtual host that can be read knows what it does not hold
        if session.get(f"queues/{host}?columns=name").status == 404:
            raise Unobservable(Reason.NO_OBSERVABLE, "the broker has no such virtual host; name the one that is meant")
        session.read(f"queues/{host}?columns=name")
        return None
    told = session.read(path)
    if not isinstance(told, dict):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /api/queues: the answer is no queue")
    return told


def _form(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    kind = str(told.get("type") or _arguments(told).get("x-queue-type") or "classic")
    return STREAM if kind == "stream" else f"{kind} queue"


def _arguments(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found = told.get("arguments")
    return found if isinstance(found, dict) else {}


def _setting(told: Mapping[str, Any], name: str) -> Any:
    """The queue's own argument, else what a policy says."""
    policy = told.get("effective_policy_definition")
    own = _arguments(told).get(f"x-{name}")
    return policy.get(name) if own is None and isinstance(policy, dict) else own
