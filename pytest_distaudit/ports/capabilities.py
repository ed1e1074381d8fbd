"""What systems offer to checks: plain frozen facts, free of products.

An adapter of a kind fills them in; a check reads them. They hold only what JSON can, so that
evidence replays exactly. ``None`` in a field means "this way of asking cannot tell", never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pytest_distaudit.domain.observation import Ask


@dataclass(frozen=True, slots=True)
class Capability:
    """Base of all; ``capability`` is the name that asks and evidence files use."""

    capability: ClassVar[str]

    @classmethod
    def ask(cls, **args: object) -> Ask:
        """The ask that brings this capability: ``Queue.ask(name="tasks", vhost="/")``."""
        return Ask.of(cls.capability, **args)


@dataclass(frozen=True, slots=True)
class Presence(Capability):
    """Whether the system runs, by its own product's handshake or by inventory.

    ``up`` false only with a ``witness`` (its process is gone; a refusal while another port of the
    host answers). ``authenticated`` false: the product answered and turned the audit away.
    ``started_at`` is seconds since the epoch by the system's own account.
    """

    capability = "presence"
    up: bool
    product: str = ""
    version: str = ""
    authenticated: bool = True
    witness: str = ""
    started_at: float | None = None


@dataclass(frozen=True, slots=True)
class HealthPart:
    """One of the system's own health checks."""

    name: str
    healthy: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health(Capability):
    """The system's own word on its health.

    ``discerning`` false: a question that cannot have a healthy answer was answered alike (a path
    that cannot exist), so that the word means nothing; None: that was not asked.
    """

    capability = "health"
    healthy: bool
    detail: str = ""
    parts: tuple[HealthPart, ...] = ()
    discerning: bool | None = None
    way: str = ""


@dataclass(frozen=True, slots=True)
class Listener(Capability):
    """A TCP port of the system. Args: ``port`` or ``endpoint``.

    ``open`` false only for a refusal with a second witness. ``protocol`` is what was recognised
    ("amqp", "postgresql", "http", "silent", "closed", "unknown"), ``expected`` what the kind
    speaks there ("" = anything). ``owner`` false: another process than the system's listens.
    ``host`` is the address by which the audit reaches it.
    """

    capability = "listener"
    port: int
    open: bool
    protocol: str = ""
    expected: str = ""
    owner: bool | None = None
    witness: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class ServerProcess(Capability):
    """Which process answers. ``identity`` is equal for two names of one server and new after a
    restart; ``how`` says what it is made of. ``forwards_to``: addresses of those that answer in its
    place (a relay is not a server); ``doubt``: why it cannot be told who answers, "" if it can.
    """

    capability = "process"
    identity: str
    how: str
    pid: int | None = None
    forwards_to: tuple[str, ...] = ()
    doubt: str = ""
    listens_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer of a queue. ``active`` None: the broker does not say."""

    tag: str
    connection: str
    acknowledges: bool
    active: bool | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Queue(Capability):
    """One queue by name. Args: ``name``, ``vhost``.

    Counters are since the broker's statistics began; None where it keeps none. ``delivered``
    counts deliveries that want an acknowledgement, ``delivered_auto`` those that do not.
    ``consumer_count`` is authoritative; ``consumers`` may be None where names cannot be read.
    """

    capability = "queue"
    name: str
    exists: bool
    vhost: str = "/"
    state: str = ""
    durable: bool | None = None
    exclusive: bool | None = None
    ready: int | None = None
    unacked: int | None = None
    consumer_count: int | None = None
    consumers: tuple[Consumer, ...] | None = None
    published: int | None = None
    delivered: int | None = None
    delivered_auto: int | None = None
    acked: int | None = None
    redelivered: int | None = None


@dataclass(frozen=True, slots=True)
class Queues(Capability):
    """All queues of a virtual host, the audit's own left out. Args: ``vhost``."""

    capability = "queues"
    names: tuple[str, ...]
    vhost: str = "/"
    #: exclusive and auto-delete queues and those the broker named: alive only with those who use them
    transient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Database(Capability):
    """Whether a session in the declared database can work. ``usable`` false with the server's own
    words in ``refusal`` (no such database, too many clients, starting up)."""

    capability = "database"
    usable: bool
    name: str = ""
    refusal: str = ""
    tables: int | None = None


@dataclass(frozen=True, slots=True)
class ReplicaFeed:
    """One consumer of a server's changes, as the sending server sees it."""

    application: str
    state: str
    address: str = ""
    port: int | None = None
    replayed: int | None = None


@dataclass(frozen=True, slots=True)
class Replication(Capability):
    """A database server's part in replication. Positions are byte offsets in the change log.

    ``cluster`` is what servers of one physical cluster share; ``server`` tells one running server
    from another (two names of one server have it equal). ``position`` is the last written byte of
    a primary, the last replayed one of a standby. ``subscribed``: logical
    subscriptions at work. ``apply_delay_s``: how long the standby itself holds changes back.
    """

    capability = "replication"
    cluster: str
    server: str
    standby: bool
    position: int | None
    received: int | None = None
    timeline: int | None = None
    receiving: bool = False
    replay_paused: bool = False
    apply_delay_s: float = 0.0
    feeds: tuple[ReplicaFeed, ...] = ()
    subscribed: int = 0
    may_see_feeds: bool = True


@dataclass(frozen=True, slots=True)
class Answer(Capability):
    """One HTTP answer. Args: ``path``. ``body`` is at most 4,000 characters.

    ``same_as_nonsense``: a path that cannot exist was answered with the same status and body.
    """

    capability = "answer"
    path: str
    status: int
    content_type: str = ""
    body: str = ""
    location: str = ""
    same_as_nonsense: bool = False


@dataclass(frozen=True, slots=True)
class StoreClient:
    """Somebody connected to a key-value store. ``command`` is the last one that it sent."""

    address: str
    name: str = ""
    command: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class KeyValue(Capability):
    """What a key-value store holds and how often it was used, since its counters began.

    ``hits`` and ``misses`` count keys that were looked up for reading. ``calls``: command ->
    executions that did not fail; what servers, replicas, monitors and the audit itself send to keep
    house is left out. ``clients`` None: they may not be seen. ``replica``: it follows another one.
    """

    capability = "key-value"
    keys: int
    hits: int
    misses: int
    calls: dict[str, int]
    clients: tuple[StoreClient, ...] | None = None
    replica: bool = False


@dataclass(frozen=True, slots=True)
class Performed:
    """One performance of an activity. Times are seconds since the epoch.

    ``trace``: the id of the trace that it began; "" where the activity sets one itself. ``producer``: whose it was,
    where several were at it at once.
    """

    nonce: str
    at: float
    latency: float
    ok: bool
    status: int | None = None
    detail: str = ""
    cleaned: bool | None = None
    trace: str = ""
    producer: int = 0


@dataclass(frozen=True, slots=True)
class ActivityRun(Capability):
    """An activity performed ``runs`` times after an idle window of the same length.

    idle: ``idle_from``..``active_from``; then the performances; ``settled_at`` is when the watched
    counters had stood still for longer than the statistics lag, or had shown all that was asked.
    """

    capability = "activity"
    activity: str
    idle_from: float
    active_from: float
    active_to: float
    settled_at: float
    runs: tuple[Performed, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplicationProbe(Capability):
    """The audit's own rows, written on one server and looked for on another.

    ``lags_s`` holds one lag per row that arrived; ``standby_refuses`` whether the standby turned a
    write away; None: that was not tried.
    """

    capability = "replication-probe"
    written: int
    arrived: int
    lags_s: tuple[float, ...] = field(default=())
    standby_refuses: bool | None = None
    cleaned: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FileWord(Capability):
    """What the project's own files say of one statement of its documents, or of one finding.

    Args: ``document``, ``line``, ``quote``, ``component`` and ``pattern`` of the statement, or ``document``
    and ``path``, or ``finding``, or ``path`` and ``validator``.
    ``agrees`` None: files alone cannot tell. ``because`` names both places, ``found`` is the files'
    value in the statement's terms, ``unread`` counts files that could not be read.
    """

    capability = "files"
    agrees: bool | None
    found: str = ""
    because: str = ""
    remedy: str = ""
    unread: int = 0
