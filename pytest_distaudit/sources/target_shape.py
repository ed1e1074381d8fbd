"""What ``distaudit.toml`` may hold, as types for pydantic; rules between the parts stand in ``target_rules``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

_REFUSING = ConfigDict(extra="forbid")


def _name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        return value
    raise ValueError("a name starts with a letter or digit and holds only letters, digits, '.', '_' and '-'")


def _path(value: str) -> str:
    if value.startswith("/") and not value.startswith("//"):
        return value
    raise ValueError("a path such as /health is wanted")


def _inside_project(value: str) -> str:
    if value and not value.startswith("/") and ".." not in value.split("/"):
        return value
    raise ValueError("a path below the project's root is wanted")


def _mount(value: str) -> str:
    source, _, rest = value.partition(":")
    target, _, option = rest.partition(":")
    if target.startswith("/") and option in ("", "ro"):
        _inside_project(source)
        return value
    raise ValueError("a mount such as services:/services or services:/services:ro is wanted")


Text = Annotated[StrictStr, Field(min_length=1)]
Name = Annotated[StrictStr, AfterValidator(_name)]
UrlPath = Annotated[StrictStr, AfterValidator(_path)]
OwnPath = Annotated[StrictStr, AfterValidator(_inside_project)]
Status = Annotated[StrictInt, Field(ge=100, le=599)]
Argv = Annotated[list[Text], Field(min_length=1)]


@dataclass(frozen=True)
class InstancesEntry:
    """How instances of a system tell themselves apart."""

    __pydantic_config__ = _REFUSING

    identity: Text


@dataclass(frozen=True)
class NestedEntry:
    """Systems that live inside another one."""

    __pydantic_config__ = _REFUSING

    match: Text
    kind: Text
    transport: Text | None = None


@dataclass(frozen=True)
class ContainerEntry:
    """How a system is run in a container; what is left out is as usual for its kind."""

    __pydantic_config__ = _REFUSING

    image: Text | None = None
    command: Argv | None = None
    env: dict[StrictStr, StrictStr] | None = None
    ports: list[Annotated[StrictInt, Field(ge=1, le=65535)]] | None = None
    volumes: list[Annotated[StrictStr, AfterValidator(_mount)]] | None = None
    after: list[Text] | None = None


@dataclass(frozen=True)
class SystemEntry:
    """One running thing of the target."""

    __pydantic_config__ = _REFUSING

    kind: Text
    url: Text | None = None
    endpoints: dict[StrictStr, Text] = field(default_factory=dict)
    native: dict[StrictStr, Any] | None = None
    probes: Literal["none", "read", "write"] = "read"
    disposable: StrictBool = False
    health: UrlPath | None = None
    service: Text | None = None
    container: ContainerEntry | None = None
    instances: InstancesEntry | None = None
    inside: Text | None = None
    systems: NestedEntry | None = None
    stand_in: StrictBool = False


@dataclass(frozen=True)
class InjectEntry:
    """How the audit may stand in the way of a link: one of these."""

    __pydantic_config__ = _REFUSING

    env: Text | None = None
    address: Text | None = None


@dataclass(frozen=True)
class LinkEntry:
    """A dependency edge."""

    __pydantic_config__ = _REFUSING

    from_: Annotated[Text, Field(alias="from")]
    to: Text
    inject: InjectEntry | None = None


@dataclass(frozen=True)
class OperationEntry:
    """A request with its outcomes."""

    __pydantic_config__ = _REFUSING

    request: Text
    ok: list[Status] = field(default_factory=list)
    fail: list[Status] = field(default_factory=list)
    json: Any = None
    headers: dict[StrictStr, StrictStr] = field(default_factory=dict)
    effect: Text | None = None
    effect_ok: list[Status] = field(default_factory=list)
    effect_count: StrictStr | None = None
    degraded: list[Status] = field(default_factory=list)
    marker: Text | None = None
    clients: Literal["one", "many"] = "one"


@dataclass(frozen=True)
class ActivityEntry:
    """A business operation that the audit may perform."""

    __pydantic_config__ = _REFUSING

    request: Text
    json: Any = None
    headers: dict[StrictStr, StrictStr] = field(default_factory=dict)
    cleanup: Text | None = None
    ok: list[Status] = field(default_factory=list)


@dataclass(frozen=True)
class ActionEntry:
    """A command of the target and the one that undoes it."""

    __pydantic_config__ = _REFUSING

    argv: Argv
    undo: Argv = field(default_factory=list)


@dataclass(frozen=True)
class ComposeEntry:
    """The target as a project of Docker Compose."""

    __pydantic_config__ = _REFUSING

    files: Annotated[list[OwnPath], Field(min_length=1)]
    env: dict[StrictStr, StrictStr] = field(default_factory=dict)
    profiles: list[Text] = field(default_factory=list)
    start_limit: Annotated[StrictInt | StrictFloat, Field(gt=0)] = 120


def _one_file(value: Any) -> Any:
    return {"files": [value]} if isinstance(value, str) else value


@dataclass(frozen=True)
class TargetEntry:
    """One deployment of the audited system."""

    __pydantic_config__ = _REFUSING

    based_on: Text | None = None
    compose: Annotated[ComposeEntry | None, BeforeValidator(_one_file)] = None
    audit_host: Text | None = None
    lease: Text | None = None
    systems: dict[Name, SystemEntry] = field(default_factory=dict)
    links: dict[Name, LinkEntry] = field(default_factory=dict)
    operations: dict[Name, OperationEntry] = field(default_factory=dict)
    activities: dict[Name, ActivityEntry] = field(default_factory=dict)
    actions: dict[Name, ActionEntry] = field(default_factory=dict)


@dataclass(frozen=True)
class ProjectEntry:
    """The whole file."""

    __pydantic_config__ = _REFUSING

    default: Text | None = None
    documents: list[OwnPath] | None = None
    claims: OwnPath | None = None
    targets: dict[Name, TargetEntry] = field(default_factory=dict)
