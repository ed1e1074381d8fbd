"""Any HTTP service: presence, health, single answers, and which process gives them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Answer, Health, Presence, ServerProcess
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._http_metrics import work
from pytest_distaudit.systems._http_served import served
from pytest_distaudit.systems._http_surface import surface
from pytest_distaudit.systems._http_words import alike, alike_but_for_chance, parts_of, short, verdict_of
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._nonsense import Nonsense, NonsenseAnswers, nonce
from pytest_distaudit.systems._program import program
from pytest_distaudit.systems._undisturbed import undisturbed
from pytest_distaudit.systems._wire import Wire, bare
from pytest_distaudit.systems.http_fetch import HttpFetch, user_agent

if TYPE_CHECKING:
    import psutil

    from pytest_distaudit.systems._behind import Behind

_DEFAULT_HEALTH = "/health"
_BODY = 4000
_HEADER = "header:"
_SERVER = re.compile(r"(?P<product>[^/\s]+)(?:/(?P<version>[\w.+-]+))?")
_NEXT_STEP = 'declare instances.identity = "header:NAME" for it'
_ASK_AGAIN = 2
_TOO_OFTEN = 429
#: what a service may say that has too much to do, and would not say in calm
_STRAINED = (_TOO_OFTEN, *range(500, 600))
_FROM_A_GATEWAY = (502, 504)
_TURNED_AWAY = (401, 403, 407, 421)
_NOBODY_THERE = (b"502", b"503", b"504")
_ANSWER_S = 0.5
#: who answers in its place takes no longer than both together; as long, and as often, others may stay silent
_BESIDE_S, _LONGER, _TRIES = 0.1, 4, 2


class HttpSession:
    """One look at one service; an answer is remembered for its length.

    ``nonsense`` may be shared with other sessions of the look. ``strained``: some answer may be due to the load.
    """

    def __init__(self, located: Located, limits: Limits, nonsense: NonsenseAnswers | None = None) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self.strained = False
        #: the longest that an answer took, in seconds
        self.slowest = 0.0
        self.url = located.endpoints["url"].rstrip("/")
        self._fetch = HttpFetch(limits)
        self._answers: dict[str, Response] = {}
        self._nonsense = nonsense or NonsenseAnswers()

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def get(self, path: str) -> Response:
        """GET ``path`` below the endpoint's address, whatever the status."""
        path = "/" + path.lstrip("/")
        if path not in self._answers:
            self.ways.append(f"GET {path.partition('?')[0]}")
            answer = self._fetch(Request("GET", self.url + path))
            self._answers[path] = answer
            self.strained = self.strained or answer.status in _STRAINED
            self.slowest = max(self.slowest, answer.elapsed)
            self.identity = answer.headers.get(self.header, "") if self.header else ""
        return self._answers[path]

    @property
    def header(self) -> str:
        """The header, in lower case, by which instances tell themselves apart; "" if none is declared."""
        declared = self.located.identity or ""
        return declared.removeprefix(_HEADER).strip().lower() if declared.startswith(_HEADER) else ""

    def same_as_nonsense(self, path: str) -> bool:
        """Whether a sibling of ``path`` that cannot exist is answered in the same way."""
        plain = "/" + path.partition("?")[0].strip("/")
        parent, _, segment = plain.rpartition("/")
        answer, nonsense = self.get(path), self._unheard_of(path, parent, 0)
        if answer.status != nonsense.answer.status:
            return False
        if alike(answer.text, nonsense.answer.text, segment, nonsense.nonce):
            return True
        more = self._unheard_of(path, parent, 1)
        return answer.status == more.answer.status and alike_but_for_chance(
            answer.text, segment, (nonsense.answer.text, nonsense.nonce), (more.answer.text, more.nonce)
        )

    def _unheard_of(self, path: str, parent: str, which: int) -> Nonsense:
        """Raises Unobservable, too, where the control was turned away for asking too often, and ``path`` was not."""
        found = self._nonsense.below(parent, which, self.get)
        self.strained = self.strained or found.answer.status in _STRAINED
        if found.answer.status == _TOO_OFTEN and self.get(path).status != _TOO_OFTEN:
            raise Unobservable(Reason.FORBIDDEN, f"a path below {parent}/ that cannot exist is answered {_TOO_OFTEN}")
        way = f"GET {parent}/{found.nonce}"
        if way not in self.ways:
            self.ways.append(way)
        return found

    def told_identity(self) -> str:
        """What the header says, if it says so each time. Raises Unobservable."""
        path = self.located.health or "/"
        said = {self.get(path).headers.get(self.header, "")}
        said |= {self._fetch(Request("GET", self.url + path)).headers.get(self.header, "") for _ in range(_ASK_AGAIN)}
        if "" in said:
            raise Unobservable(Reason.NO_OBSERVABLE, f"the answer has no header {self.header!r}")
        if len(said) > 1:
            because = "several processes answer under this name, or the header names none"
            raise Unobservable(Reason.NO_OBSERVABLE, f"header {self.header!r} changes between answers: {because}")
        return said.pop()

    def echoes(self, peer: str) -> bool | None:
        """Whether ``peer`` (host:port) answers nonsense as this service does; None if it cannot be asked."""
        name = nonce()
        there = self._asked_beside(peer, name)
        if isinstance(there, Reason):
            return None if there is Reason.TLS_UNTRUSTED else False
        here = self.get(name)
        if here.status == there.status:
            return alike(here.text, there.text, name, name)
        return None if there.status in _TURNED_AWAY else False

    def renames(self, peer: str) -> bool:
        """Whether this service tells another identity than ``peer``, who answers in its place."""
        there = self._asked_beside(peer, self.located.health or "/")
        return isinstance(there, Response) and there.headers.get(self.header, "") != self.told_identity()

    def _asked_beside(self, peer: str, path: str) -> Response | Reason:
        """What ``peer`` answers when it is asked as this service is; the last reason why it does not."""
        patience = min(self.limits.ask_s, max(_BESIDE_S, _LONGER * self.slowest))
        fetch = HttpFetch(replace(self.limits, ask_s=patience))
        rest = f"{peer}/{path.lstrip('/')}", {"Host": urlsplit(self.url).netloc}
        found = _tried(fetch, "http", *rest)
        return found if isinstance(found, Response) or found is Reason.TIMED_OUT else _tried(fetch, "https", *rest)


def _tried(fetch: HttpFetch, scheme: str, place: str, headers: Mapping[str, str]) -> Response | Reason:
    """The answer, asked for again if it is late; else why there is none."""
    why = Reason.TIMED_OUT
    for _ in range(_TRIES):
        if why is Reason.TIMED_OUT:
            try:
                return fetch(Request("GET", f"{scheme}://{place}", headers))
            except Unobservable as error:
                why = error.reason
    return why


def presence(session: HttpSession, ask: Ask) -> Presence:
    """Any HTTP answer, of whatever status but those by which a gateway says that nobody is behind it."""
    answer = session.get(session.located.health or "/")
    if answer.status in _FROM_A_GATEWAY:
        because = f"{answer.status}: a gateway speaks for a service that it cannot reach"
        raise Unobservable(Reason.NOT_REACHABLE, f"GET {session.located.health or '/'} answers {because}")
    server = _SERVER.match(answer.headers.get("server", ""))
    if server is None:
        return Presence(up=True, product="http")
    return Presence(up=True, product=server["product"], version=server["version"] or "")


def health(session: HttpSession, ask: Ask) -> Health:
    """The health path's status and body, and whether they differ from those of a nonsense path."""
    path = session.located.health or _DEFAULT_HEALTH
    answer = session.get(path)
    if answer.status in (404, 405, 501) and session.located.health is None:
        raise Unobservable(
            Reason.NO_OBSERVABLE,
            f'no health path is declared and GET {path} answers {answer.status}; declare health = "/..."',
        )
    if 300 <= answer.status < 400:
        where = bare(answer.headers.get("location", ""))
        raise Unobservable(Reason.REDIRECTED, f"GET {path} answers {answer.status} and points to {where}")
    if answer.status in (401, 403, _TOO_OFTEN):
        raise Unobservable(Reason.FORBIDDEN, f"GET {path} answers {answer.status}")
    parts = parts_of(answer.text)
    healthy = 200 <= answer.status < 300 and verdict_of(answer.text) is not False
    detail = f"{answer.status} {short(answer.text)}".rstrip()
    return Health(
        healthy=healthy,
        detail=detail,
        parts=parts,
        discerning=not session.same_as_nonsense(path),
        way=f"GET {path}",
    )


def answer(session: HttpSession, ask: Ask) -> Answer:
    """One GET, compared with a sibling path that cannot exist."""
    path = ask.arg("path", "/")
    got = session.get(path)
    return Answer(
        path=path,
        status=got.status,
        content_type=got.headers.get("content-type", ""),
        body=got.text[:_BODY],
        location=got.headers.get("location", ""),
        same_as_nonsense=session.same_as_nonsense(path),
    )


def process(session: HttpSession, ask: Ask) -> ServerProcess:
    """Which process answers: by its own header where one is declared, else by this host's tables."""
    with undisturbed():
        return _process(session)


def _process(session: HttpSession) -> ServerProcess:
    own = _local.serving_process(session.located)
    if session.header:
        identity, how = session.told_identity(), f"header {session.header}"
    elif own is not None:
        identity, how = _local.boot(own), "pid and its start"
        session.identity = identity
    else:
        raise Unobservable(
            Reason.NO_OBSERVABLE, f"the process behind {bare(session.url)} cannot be seen from here; {_NEXT_STEP}"
        )
    if own is None:
        return ServerProcess(identity=identity, how=how)
    found = _behind(session, own)
    return ServerProcess(
        identity=identity,
        how=how,
        pid=own.pid,
        forwards_to=found.servers,
        doubt=found.doubt,
        listens_on=_local.listens_on(_local.tree(own)),
    )


def _behind(session: HttpSession, own: psutil.Process) -> Behind:
    """Who answers for the process, by asking it for what cannot exist."""
    from pytest_distaudit.systems._behind import Behind, behind, reachable

    host, port = address(session.url)
    tls = session.url.startswith("https:")
    session.ways.append("GET of nonsense paths, and which processes run with them")

    def ask() -> bool:
        began = time.perf_counter()
        with Wire(host, port, session.limits.ask_s, session.limits.connect_s, tls) as wire:
            head = f"GET /{nonce()} HTTP/1.1\r\nHost: {urlsplit(session.url).netloc}\r\nConnection: close"
            wire.send(f"{head}\r\nUser-Agent: {user_agent()}\r\n\r\n".encode())
            said = wire.read(_ANSWER_S) or b""
        session.slowest = max(session.slowest, time.perf_counter() - began)
        return said.startswith(b"HTTP/") and said[9:12] not in _NOBODY_THERE

    found = behind(own, port, ask, session.echoes)
    if not session.header:
        return found
    renamed = [place for place in (*found.servers, *found.perhaps) if session.renames(reachable(place))]
    # otherwise the header is the word of whoever answers
    doubt = f"{', '.join(renamed)} answers in its place, under another name" if renamed else ""
    return Behind(found.servers, found.perhaps, doubt)


def _together(located: Located, limits: Limits) -> Callable[[], HttpSession]:
    nonsense = NonsenseAnswers()
    return lambda: HttpSession(located, limits, nonsense)


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "answer": answer,
    "work": work,
    "served": served,
    "surface": surface,
    "program": program,
}

KIND = Kind(
    name="http",
    endpoints={"url": ("http", "https")},
    connect=HttpSession,
    answers=_ANSWERS,
    together=_together,
)
