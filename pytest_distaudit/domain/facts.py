"""What the files of an audited tree say by themselves: plain facts, each with the place it stands at.

Facts hold no secret: of environment values only the host and port of addresses are kept, and numbers and
switches under names that do not speak of secrets. Every path is relative to the tree, with slashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import Generic, TypeVar

from pytest_distaudit.domain.document import Document
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.names import fold

T = TypeVar("T")


class Later(Generic[T]):
    """A part of the facts that is read when somebody first asks for it."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._value: list[T] = []

    def get(self) -> T:
        """The value, read once."""
        if not self._value:
            self._value.append(self._read())
        return self._value[0]


@dataclass(frozen=True, slots=True, order=True)
class NotRead:
    """Something that was left out, and why; never to be taken for "there is nothing"."""

    file: str
    why: str
    line: int = 0

    def __str__(self) -> str:
        return f"{Spot(self.file, self.line)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a component: ``container`` inside, ``host`` outside (None: not published, or by chance)."""

    container: int
    spot: Spot
    host: int | None = None
    published: bool = False


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the tree given to a container. ``source`` is "" where it cannot be known."""

    source: str
    target: str
    spot: Spot
    written: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """How an image is built. ``context`` and ``dockerfile`` are "" where they cannot be known (remote, a variable)."""

    context: str
    dockerfile: str
    spot: Spot
    inline: bool = False


class Health(StrEnum):
    """What a healthcheck asks, from nothing to something."""

    DISABLED = "disabled"
    CONSTANT = "constant"
    PORT = "port"
    PROCESS = "process"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A healthcheck's kind; ``shown`` is its program and what makes it that kind, never the whole command."""

    kind: Health
    shown: str
    spot: Spot
    addresses: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An environment variable that holds an address: ``postgres:5432`` of ``DATABASE_URL``."""

    name: str
    host: str
    port: int | None
    spot: Spot
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment variable or default that holds a number or a switch."""

    name: str
    value: str
    spot: Spot


class Origin(StrEnum):
    """The kind of file that declares a component."""

    COMPOSE = "compose"
    KUBERNETES = "kubernetes"
    HELM = "helm"


@dataclass(frozen=True, slots=True)
class Component:
    """One service of one file. Layers of the same system are components of the same ``system`` and name.

    ``product`` is what its image holds ("" unknown), ``version`` its tag ("" none). ``commented``: the
    declaration is commented out. ``partial``: it only adds to a service that another layer declares.
    ``sidecar``: it shares another service's network.
    """

    name: str
    spot: Spot
    origin: Origin
    system: str
    image: str = ""
    product: str = ""
    version: str = ""
    version_spot: Spot | None = None
    ports: tuple[Port, ...] = ()
    build: Build | None = None
    mounts: tuple[Mount, ...] = ()
    healthcheck: Healthcheck | None = None
    replicas: int | None = None
    replicas_spot: Spot | None = None
    container_name: Spot | None = None
    references: tuple[Reference, ...] = ()
    settings: tuple[Setting, ...] = ()
    environment: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    commented: bool = False
    partial: bool = False
    sidecar: bool = False
    once: bool = False

    @property
    def key(self) -> str:
        """The folded name."""
        return fold(self.name)


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """An address that a Prometheus job asks."""

    job: str
    host: str
    port: int | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class Server:
    """A member of a pool."""

    host: str
    port: int | None
    spot: Spot
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """Servers that a proxy or gateway chooses from. ``algorithm`` is "" where the file names none."""

    name: str
    software: str
    spot: Spot
    servers: tuple[Server, ...] = ()
    algorithm: str = ""
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A path that a gateway sends to ``host``, or an operation that an OpenAPI file describes."""

    software: str
    name: str
    path: str
    spot: Spot
    host: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that a definitions file declares."""

    name: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that configures a product."""

    file: str
    product: str


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that a manifest asks for; ``version`` as written."""

    ecosystem: str
    name: str
    version: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A language or framework version that a file fixes: ``java`` 17, ``node`` 20."""

    product: str
    version: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """``exposed`` ports; ``base`` is the last stage's image."""

    file: str
    base: str
    exposed: tuple[Port, ...]
    copies: tuple[Mount, ...]
    healthcheck: Healthcheck | None = None


@dataclass(frozen=True, slots=True)
class ClientImport:
    """Code that imports a client library. ``reached``: from an entry point; None where that cannot be told."""

    module: str
    spot: Spot
    reached: bool | None = None


class CodeFlaw(StrEnum):
    """What code shows by itself."""

    ROUTER_NOT_INCLUDED = "router-not-included"
    NEVER_STARTED = "never-started"
    BREAKER_EXCLUDES_ALL = "breaker-excludes-all"
    BREAKER_NOT_AWAITED = "breaker-not-awaited"
    ALWAYS_HEALTHY = "always-healthy"


@dataclass(frozen=True, slots=True)
class CodeFact:
    """A flaw, the name it is about, where it stands and one word more (a prefix, a method)."""

    flaw: CodeFlaw
    name: str
    spot: Spot
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What source files say. ``read`` counts them; with none nothing can be said of clients.

    ``breakers`` counts the circuit breakers that are built, flawed or not; ``complete`` is false where
    files were left out.
    """

    read: int = 0
    folders: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    breakers: int = 0
    imports: tuple[ClientImport, ...] = ()
    flaws: tuple[CodeFact, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies where. ``opaque``: folders that were not looked into; ``ignored``: patterns of ``.gitignore``."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
    complete: bool = True

    def has(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return path in self.files or path in self.folders or path in ("", ".")

    def knows(self, path: str) -> bool:
        """Whether "it is not there" can be said of ``path``: seen whole, in no closed folder, not made by a build."""
        if not self.complete or path.startswith(("../", "/")):
            return False
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        if not self.opaque.isdisjoint(above):
            return False
        names, paths = _ignoring(self.ignored)
        return not (any(map(names.match, parts)) or any(map(paths.match, above)))


@lru_cache(maxsize=4)
def _ignoring(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The patterns of ``.gitignore`` for single names, and those for whole paths."""
    names = [translate(pattern) for pattern in patterns if "/" not in pattern]
    paths = [translate(pattern.strip("/")) for pattern in patterns if "/" in pattern]
    return re.compile("|".join(names) or r"(?!)"), re.compile("|".join(paths) or r"(?!)")


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything read from one tree, equal only to itself. Documents, code and history are read when asked for."""

    tree: Tree = field(default_factory=Tree)
    components: tuple[Component, ...] = ()
    scrapes: tuple[ScrapeTarget, ...] = ()
    pools: tuple[Pool, ...] = ()
    routes: tuple[Route, ...] = ()
    queues: tuple[Queue, ...] = ()
    configs: tuple[ConfigFile, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    toolchains: tuple[Toolchain, ...] = ()
    dockerfiles: tuple[Dockerfile, ...] = ()
    settings: tuple[Setting, ...] = ()
    elsewhere: Mapping[str, Spot] = field(default_factory=dict)
    skipped: tuple[NotRead, ...] = ()
    documents_later: Later[tuple[Document, ...]] = field(default_factory=lambda: Later(tuple))
    code_later: Later[Code] = field(default_factory=lambda: Later(Code))
    removed_later: Later[Mapping[str, str]] = field(default_factory=lambda: Later(dict))
    late: list[NotRead] = field(default_factory=list, compare=False)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of the tree, as words."""
        return self.documents_later.get()

    @property
    def code(self) -> Code:
        """What source files say."""
        return self.code_later.get()

    @property
    def removed(self) -> Mapping[str, str]:
        """Files that were removed, with the commit that did; empty where there is no history."""
        return self.removed_later.get()

    @property
    def not_read(self) -> tuple[NotRead, ...]:
        """What could not be read so far, and why."""
        return tuple(sorted({*self.skipped, *self.late}))

    def live(self) -> Iterator[Component]:
        """The components that are declared and not commented out."""
        return (component for component in self.components if not component.commented)
