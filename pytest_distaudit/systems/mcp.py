"""A server of the Model Context Protocol: a program of the audit's, one in a container, or one over HTTP."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.ports.tools import Conversation, Tools, ToolServer, ToolServers
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._docker_words import shown
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._mcp_links import Fault, Lines, Link, OverHttp
from pytest_distaudit.systems._mcp_talk import UNSHAKEN, Opening, Refused, Talk
from pytest_distaudit.systems._pipe import Pipe, Program
from pytest_distaudit.systems.http_fetch import HttpFetch

if TYPE_CHECKING:
    from pytest_distaudit.systems._docker_session import DockerSession

_EXEC = "exec:"
#: conversations that are compared: what answers from a recording answers each time alike
_TWICE = 2
_OVER_HTTP = listener_of({"url": "http"})


class McpSession:
    """One look at one server; every conversation has a link, and a program, of its own."""

    def __init__(self, located: Located, limits: Limits, engine: DockerSession | None = None) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self.url = located.endpoints.get("url", "")
        self._unshaken: bool | None = None
        self._engine, self._own_engine = engine, engine is None

    def close(self) -> None:
        """Conversations have ended."""
        if self._own_engine and self._engine is not None:
            self._engine.close()

    @property
    def engine(self) -> DockerSession | None:
        """The session with the engine in whose container the server is; None if it is in none."""
        if self._engine is None and self.located.inside is not None:
            from pytest_distaudit.systems._docker_session import DockerSession

            self._engine = DockerSession(self.located.inside, self.limits)
        return self._engine

    @property
    def started(self) -> bool:
        """Whether the audit starts the program that it talks to."""
        return not self.url

    @contextmanager
    def talking(self) -> Iterator[tuple[Talk, Opening]]:
        """A conversation that has been opened. Raises wrong-product unless it could be, and Unobservable."""
        if self._unshaken is None:
            try:
                with self._opened(unshaken=False) as opened:
                    self._unshaken = False
                    yield opened
                    return
            except Refused as error:
                self._unshaken, first = True, str(error)
        else:
            first = ""
        try:
            with self._opened(self._unshaken) as opened:
                yield opened
        except Refused as error:
            said = f"initialize brings {first}, server/discover {error}" if first else str(error)
            raise self._wrong(said) from None

    @contextmanager
    def _opened(self, unshaken: bool) -> Iterator[tuple[Talk, Opening]]:
        link = self._link()
        # a program is started for the talk, and that may take long where others are busy
        talk = Talk(link, self.limits.ask_s, self.limits.look_s if self.started else self.limits.ask_s)
        try:
            try:
                opening = talk.discover() if unshaken else talk.shake_hands()
            except Fault as fault:
                raise self._wrong(str(fault)) from None
            self.identity = f"{opening.server} {opening.version}".strip()
            yield talk, opening
        finally:
            self.ways += talk.ways
            link.close()

    def _link(self) -> Link:
        if self.url:
            return OverHttp(HttpFetch(self.limits), self.url)
        return Lines(self._pipe(), self.limits.body_bytes)

    def _pipe(self) -> Pipe:
        if self.located.probes is Probes.NONE:
            because = f'{self.located.system} has probes = "none", and to talk to its program is to start it'
            raise Unobservable(Reason.NOT_SAFE, because)
        words = self._words()
        if self.engine is not None:
            from pytest_distaudit.systems._docker_exec import in_container

            self.ways.append(f"exec in {self.located.container}")
            return in_container(self.engine, self.located.container, words)
        if not words:
            raise Unobservable(Reason.NO_OBSERVABLE, f"{self.located.system} declares neither url nor stdio")
        self.ways.append(f"start {shown(words)[0]}")
        return Program(words)

    def _words(self) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(self.located.endpoints.get("stdio", "").removeprefix(_EXEC)))
        except ValueError:
            because = f"the command of {self.located.system} cannot be split into words: a quote is not closed"
            raise Unobservable(Reason.NO_OBSERVABLE, because) from None

    def _wrong(self, fault: str) -> Unobservable:
        return Unobservable(Reason.WRONG_PRODUCT, f"{self.located.system} does not speak MCP: {fault}")


def tools_of(session: McpSession) -> Tools:
    """Two conversations, one after the other. Raises Unobservable where the first one cannot be opened."""
    with session.talking() as (talk, opening):
        had = [talk.conversation()]
    while len(had) < _TWICE:
        try:
            with session.talking() as (talk, again):
                known = (again.server, again.version) == (opening.server, opening.version)
                had.append(talk.conversation() if known else Conversation(None, fault="it calls itself otherwise"))
        except Unobservable as error:
            if error.reason is not Reason.WRONG_PRODUCT:
                raise
            had.append(Conversation(None, fault=error.detail))
    return Tools(
        opening.server, opening.version, opening.protocol, opening.capabilities, tuple(had), started=session.started
    )


def presence(session: McpSession, ask: Ask) -> Presence:
    """An opening answered under an id drawn now."""
    if session.started and session.engine is not None:
        from pytest_distaudit.systems._docker_session import down

        if why := down(session.engine, session.located.container):
            return Presence(up=False, witness=why)
    with session.talking() as (_, opening):
        return Presence(up=True, product=opening.server or "MCP", version=opening.version)


def health(session: McpSession, ask: Ask) -> Health:
    """Its ping, beside a method that cannot exist; versions from 2026-07-28 on know no ping."""
    with session.talking() as (talk, opening):
        if opening.protocol == UNSHAKEN:
            raise Unobservable(Reason.NO_OBSERVABLE, f"MCP {UNSHAKEN} has no ping, nor another word on health")
        try:
            talk.ping()
        except (Refused, Fault) as error:
            return Health(healthy=False, detail=str(error), way="ping")
        try:
            discerning = talk.unknown() != "answered"
        except Fault:
            discerning = True
        return Health(healthy=True, detail="ping answered", discerning=discerning, way="ping")


def tool_servers(session: McpSession, ask: Ask) -> ToolServers:
    """This one."""
    return ToolServers((ToolServer(session.located.system, tools_of(session)),))


def listener(session: McpSession, ask: Ask) -> Any:
    """Only over HTTP."""
    if session.started:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{session.located.system} is talked to by stdio: it has no port")
    return _OVER_HTTP(session, ask)


def process(session: McpSession, ask: Ask) -> ServerProcess:
    """Whoever listens, where that is a process of this host; a program is another process each time."""
    if session.started:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{session.located.system} is a new process for each conversation")
    found = _local.listening_process(*address(session.url))
    if found is None:
        raise Unobservable(
            Reason.NO_OBSERVABLE, "the protocol does not tell processes apart, nor is it one of this host"
        )
    return _local.server(session.located, _local.boot(found), "pid and its start")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener,
    "process": process,
    "tool-servers": tool_servers,
}

KIND = Kind(
    name="mcp",
    endpoints={"url": ("http", "https"), "stdio": ("exec",)},
    connect=McpSession,
    answers=_ANSWERS,
)
