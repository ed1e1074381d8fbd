"""The one way of asking over HTTP: bounded, redirect-shy, every failure one reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; ``json`` is sent as a JSON body unless None. ``source``: the address of this machine that it
    comes from, "" any.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    auth: tuple[str, str] | None = field(default=None, repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole. ``elapsed`` in seconds until the last byte; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float

    @property
    def text(self) -> str:
        """The body as text; undecodable bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    def decoded(self, what: str) -> Any:
        """The body as JSON. Raises Unobservable(protocol-error) naming ``what``."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: the answer is not JSON ({error})") from error


class Fetch(Protocol):
    """Performs requests. Any status is an answer; not getting one raises Unobservable."""

    def __call__(self, request: Request) -> Response:
        """Ask once: no retries, no redirects followed, within the limits given at construction."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
