"""How messages of JSON-RPC travel to a server of tools: lines of a program, or requests over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Fetch, Request, Response
from pytest_distaudit.ports.tools import SILENT
from pytest_distaudit.systems._pipe import Pipe
from pytest_distaudit.systems._wire import without

Message = Mapping[str, Any]

_SESSION, _VERSION, _METHOD = "mcp-session-id", "MCP-Protocol-Version", "Mcp-Method"
_FROM_A_GATEWAY = (502, 503, 504)
_NO_POST = 405


class Fault(Exception):
    """The server said something, or nothing, that the protocol does not allow; the text says what."""


class Link(Protocol):
    """One conversation's way there. ``version`` is spoken once it is known."""

    version: str

    def exchange(self, message: Message, patience: float) -> Iterator[Message]:
        """Send; what comes back, until nothing more can or ``patience`` (seconds) ends. Raises Fault, Unobservable."""
        ...

    def close(self) -> None:
        """End the conversation; never raises."""
        ...


class Lines:
    """One message a line, on the standard input and output of a program."""

    def __init__(self, pipe: Pipe, limit: int) -> None:
        self.version = ""
        self._pipe, self._limit, self._rest = pipe, limit, b""

    def exchange(self, message: Message, patience: float) -> Iterator[Message]:
        """Lines until it is silent for too long."""
        deadline = time.monotonic() + patience
        self._pipe.write(json.dumps(message).encode() + b"\n")
        if "id" not in message:
            return
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                if line.strip():
                    yield _message(line)
                continue
            left = deadline - time.monotonic()
            said = self._pipe.read(left) if left > 0 else None
            if said is None:
                raise Fault(f"it {SILENT} for {patience:g} s after {message['method']}")
            if not said:
                self._ended()
            self._rest += said
            if len(self._rest) > self._limit:
                raise Unobservable(Reason.TOO_LARGE, f"{message['method']}: a line of more than {self._limit} bytes")

    def close(self) -> None:
        """End the program."""
        self._pipe.close()

    def _ended(self) -> None:
        """A second copy may lack what the first one has: that it fails says nothing of the first."""
        status, words = self._pipe.fate()
        if status:
            because = f"the program ended with status {status}" + (f": {without(words)}" if words else "")
            raise Unobservable(Reason.BASELINE, because)
        raise Fault("the program ended without an answer")


class OverHttp:
    """Requests whose answers are JSON, or a stream of events that ends with the answer."""

    def __init__(self, fetch: Fetch, url: str) -> None:
        self.version = ""
        self._fetch, self._url, self._session = fetch, url, ""

    def exchange(self, message: Message, patience: float) -> Iterator[Message]:
        """One request. What is no answer of the protocol is a fault, a failure of the way there is not."""
        headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        if self.version:
            headers |= {_VERSION: self.version, _METHOD: str(message["method"])}
        if self._session:
            headers[_SESSION] = self._session
        answer = self._fetch(Request("POST", self._url, headers, dict(message)))
        self._session = answer.headers.get(_SESSION, self._session)
        what = f"POST {message['method']}"
        if answer.status in (401, 403, 407):
            needed = answer.headers.get("www-authenticate", "")
            raise Unobservable(Reason.FORBIDDEN, without(f"{what} answers {answer.status} {needed}".strip()))
        if 300 <= answer.status < 400:
            raise Unobservable(Reason.REDIRECTED, f"{what} answers {answer.status}")
        if answer.status in _FROM_A_GATEWAY:
            raise Unobservable(Reason.NOT_REACHABLE, f"{what} answers {answer.status}")
        if answer.status == _NO_POST:
            self._older()
        if "id" in message:
            yield from _messages(answer, what)

    def close(self) -> None:
        """A session is given back; servers may refuse that."""
        if self._session:
            headers = {_SESSION: self._session, _VERSION: self.version}
            try:
                self._fetch(Request("DELETE", self._url, headers))
            except Unobservable:
                return

    def _older(self) -> None:
        """The transport before this one streams for ever where it is asked for events."""
        try:
            answer = self._fetch(Request("GET", self._url, {"Accept": "text/event-stream"}))
        except Unobservable as error:
            if error.reason is not Reason.TIMED_OUT:
                raise
            because = "the server takes no POST: the older transport (HTTP and SSE) is not spoken here"
            raise Unobservable(Reason.UNSUPPORTED_VERSION, because) from None
        raise Fault(f"POST answers {_NO_POST} and GET {answer.status} {_kind(answer)}".strip())


def _messages(answer: Response, what: str) -> Iterator[Message]:
    kind = _kind(answer)
    if kind == "text/event-stream":
        for event in answer.text.replace("\r\n", "\n").split("\n\n"):
            data = "\n".join(line[5:].strip() for line in event.split("\n") if line.startswith("data:"))
            if data:
                yield _message(data.encode())
    elif kind == "application/json":
        yield _message(answer.body)
    else:
        raise Fault(f"{what} answers {answer.status} {kind or 'nothing'}: {without(answer.text)[:80]}")


def _kind(answer: Response) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _message(data: bytes) -> Message:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0":
        raise Fault(f"what it says is not JSON-RPC: {without(data[:80].decode('utf-8', 'replace'))!r}")
    return found
