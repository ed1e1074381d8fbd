"""Topics of Kafka: how long they keep what is appended, who reads them, and their latest entries, read twice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.streams import STREAM, Entry, Partition, ReaderGroup, Stream, StreamTail
from pytest_distaudit.systems._entries import entry, latest, tail
from pytest_distaudit.systems._kafka_session import KafkaSession, library

_UNKNOWN_TOPIC, _BAD_NAME, _FORBIDDEN = 3, 17, 29
_MOST_PARTITIONS = 1000
_MOST_READ = 100
#: offsets of a group that has none
_NOWHERE = -1


def topics(session: KafkaSession) -> list[Mapping[str, Any]]:
    """All that the audit may describe. Asking for all creates none."""
    found: list[Mapping[str, Any]] = session.ask("describe all topics", lambda admin: admin.describe_topics())
    if sum(len(topic["partitions"]) for topic in found) > _MOST_PARTITIONS:
        raise Unobservable(Reason.TOO_LARGE, f"the cluster has more than {_MOST_PARTITIONS} partitions")
    return found


def ends(session: KafkaSession, known: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Topic -> the sum of its partitions' ends."""
    places = [(topic["name"], part["partition_index"]) for topic in known for part in topic["partitions"]]
    reached: dict[str, int] = {}
    for (name, _), end in _offsets(session, places, -1).items():
        reached[name] = reached.get(name, 0) + end
    return reached


def _offsets(session: KafkaSession, places: list[tuple[str, int]], which: int) -> dict[tuple[str, int], int]:
    """Partition -> its first (``which`` -2) or next (-1) offset."""
    if not places:
        return {}
    partition = library().TopicPartition
    asked = {partition(*place): which for place in places}
    told = session.ask("list offsets", lambda admin: admin.list_partition_offsets(asked))
    return {(where.topic, where.partition): found.offset for where, found in told.items()}


def _topic(session: KafkaSession, name: str) -> Mapping[str, Any] | None:
    """The topic; None if there is none of that name, which only the broker's word on that name shows."""
    session.identify()
    found = session.ask(f"describe topic {name}", lambda admin: admin.describe_topics([name]))
    told: Mapping[str, Any] = found[0] if found else {}
    error = told.get("error_code")
    if error in (_UNKNOWN_TOPIC, _BAD_NAME):
        return None
    if error == _FORBIDDEN:
        because = f"the audit's user may not describe topic {name} (it wants the right Describe on it)"
        raise Unobservable(Reason.FORBIDDEN, because)
    if error != 0 or not told.get("partitions"):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"describe topic {name}: error {error}")
    return told


def _parts(topic: Mapping[str, Any]) -> list[tuple[str, int]]:
    return sorted((str(topic["name"]), int(part["partition_index"])) for part in topic["partitions"])


def stream(session: KafkaSession, ask: Ask) -> Stream:
    """The topic's extent, configuration and groups."""
    name = ask.arg("name")
    topic = _topic(session, name)
    if topic is None:
        return Stream(name, "")
    places = _parts(topic)
    first, behind = _offsets(session, places, -2), _offsets(session, places, -1)
    seconds, for_ever, limited = _kept(session, name)
    return Stream(
        name,
        STREAM,
        internal=bool(topic["is_internal"]) or name.startswith("__"),
        partitions=tuple(
            Partition(place[1], str(first[place]), str(behind[place] - 1), None, behind[place])
            if behind[place] > first[place]
            else Partition(place[1], held=0, appended=behind[place])
            for place in places
        ),
        kept_s=seconds,
        kept_for_ever=for_ever,
        also_limited=limited,
        groups=_groups(session, name),
    )


def _kept(session: KafkaSession, name: str) -> tuple[float | None, bool, str]:
    """(seconds, for ever, what else limits it). A compacted topic keeps an entry only until a newer one of its key."""
    kafka = library()
    asked = [kafka.admin.ConfigResource(kafka.admin.ConfigResourceType.TOPIC, name)]
    try:
        told = session.ask(
            f"describe the configuration of topic {name}",
            lambda admin: admin.describe_configs(asked, config_filter="all")["topic"][name],
        )
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None, False, ""
    values = {key: str(row["value"]) for key, row in told.items()}
    policy = values.get("cleanup.policy", "delete")
    limits, limited = [], ""
    if "compact" in policy:
        limits.append(int(values.get("min.compaction.lag.ms", 0)))
    if "delete" in policy:
        limits.append(int(values["retention.ms"]))
        if int(values.get("retention.bytes", -1)) >= 0:
            limited = f"{values['retention.bytes']} bytes a partition"
    timed = [limit for limit in limits if limit >= 0]
    return (min(timed) / 1000, False, limited) if timed else (None, not limited, limited)


def _groups(session: KafkaSession, name: str) -> tuple[ReaderGroup, ...] | None:
    """Groups with members or positions there; None where the broker leaves out what the audit may not see."""
    try:
        return _seen_groups(session, name)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None


def _seen_groups(session: KafkaSession, name: str) -> tuple[ReaderGroup, ...] | None:
    cluster = session.ask("describe the cluster", lambda admin: admin.describe_cluster())
    if "DESCRIBE" not in (cluster.get("authorized_operations") or ()):
        return None
    rows = session.ask("list groups", lambda admin: admin.list_groups())
    listed = [str(row["group_id"]) for row in rows if row.get("protocol_type") in ("consumer", "")]
    if not listed:
        return ()
    described = session.ask("describe groups", lambda admin: admin.describe_groups(listed))
    found = []
    for group in sorted(listed):
        told = _reached(session, group)
        positions = {
            str(where.partition): str(at.offset)
            for where, at in told.items()
            if where.topic == name and at.offset != _NOWHERE
        }
        members = [one for one in described.get(group, {}).get("members", ()) if _reads(one, name)]
        if positions or members:
            found.append(ReaderGroup(group, len(members), positions))
    return tuple(found)


def _reached(session: KafkaSession, group: str) -> Mapping[Any, Any]:
    """Partition -> how far the group has come."""
    told: Mapping[str, Mapping[Any, Any]] = session.ask(
        "list offsets of a group", lambda admin: admin.list_group_offsets({group: None})
    )
    return told.get(group, {})


def _reads(member: Mapping[str, Any], name: str) -> bool:
    assigned = member.get("member_assignment")
    rows = assigned.get("assigned_partitions", ()) if isinstance(assigned, Mapping) else ()
    return any(row.get("topic") == name for row in rows)


# --- reading


def stream_tail(session: KafkaSession, ask: Ask) -> StreamTail:
    """The latest entries of every partition, fetched, and fetched again from the same offsets."""
    name = ask.arg("name")
    topic = _topic(session, name)
    if topic is None:
        return StreamTail(name, "")
    places = _parts(topic)
    if len(places) > _MOST_READ:
        raise Unobservable(Reason.TOO_LARGE, f"topic {name} has {len(places)} partitions; {_MOST_READ} are read")
    session.ways.append(f"fetch {name} twice, without a group")
    return session.guarded(f"fetch {name}", lambda: _read(session, name, places, latest(ask)))


def _read(session: KafkaSession, name: str, places: list[tuple[str, int]], count: int) -> StreamTail:
    partition = library().TopicPartition
    reader = session.consumer
    parts = [partition(*place) for place in places]
    reader.assign(parts)
    first, behind = reader.beginning_offsets(parts), reader.end_offsets(parts)
    starts = {part: max(first[part], behind[part] - count) for part in parts}
    once = _fetched(session, starts, behind)
    twice = _fetched(session, starts, behind)
    cut = [part.partition for part in parts if starts[part] > first[part]]
    return tail(name, once, twice, cut, {str(part.partition): behind[part] for part in parts})


def _fetched(session: KafkaSession, starts: Mapping[Any, int], behind: Mapping[Any, int]) -> list[Entry]:
    """Every entry between these offsets. Raises timed-out unless all could be fetched."""
    reader, found, size = session.consumer, [], 0
    for part, start in starts.items():
        reader.seek(part, start)
    deadline = time.monotonic() + session.limits.ask_s
    while any(reader.position(part) < end for part, end in behind.items()):
        if time.monotonic() > deadline:
            raise Unobservable(Reason.TIMED_OUT, "not all entries could be fetched in time")
        for part, rows in reader.poll(timeout_ms=200).items():
            for row in rows:
                if row.offset < behind[part]:
                    size += len(row.key or b"") + len(row.value or b"")
                    found.append(_entry(part.partition, row))
        if size > session.limits.body_bytes:
            raise Unobservable(Reason.TOO_LARGE, f"the latest entries take more than {session.limits.body_bytes} bytes")
    return sorted(found, key=lambda one: (one.partition, int(one.position)))


def _entry(partition: int, row: Any) -> Entry:
    heads = [part for name, value in row.headers or () for part in (name.encode(), value)]
    return entry(partition, str(row.offset), [row.key, row.value, *heads])
