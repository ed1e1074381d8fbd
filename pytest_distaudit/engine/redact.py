"""Secrets never leave: they are cut out at the moment an observation is made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

MASK = "***"
# Of the scheme its end is enough: whoever looks for its start reads long text again at every letter.
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z0-9+.-]://)(?P<user>[^\s:/@]*):(?P<secret>[^\s/@]+)@")
_PAIR = re.compile(
    r"(?i)\b(?P<name>password|passwd|secret|token|api[_-]?key)(?P<eq>\s*[=:]\s*)(?P<secret>[^\s,;&'\"}]+)"
)
#: shorter secrets would mask ordinary words; they are still cut where a pattern shows them
_SHORTEST = 4


class Redactor:
    """Replaces the given ``secrets``, passwords in URLs and ``password=...`` pairs, in any JSON value."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Cut these too from now on."""
        self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST)

    def learn_url(self, url: str) -> None:
        """Cut the password of ``url``, written and decoded."""
        try:
            password = urlsplit(url).password
        except ValueError:
            return
        if password:
            self.learn((password, unquote(password)))

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        text = _USERINFO.sub(rf"\g<scheme>\g<user>:{MASK}@", text)
        return _PAIR.sub(rf"\g<name>\g<eq>{MASK}", text)

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(entry) for entry in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(entry) for key, entry in value.items()}
        return value
