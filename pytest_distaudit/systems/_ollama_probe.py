"""Prompts of the audit's own: one with almost no room for an answer, three small tasks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.models import ModelAnswer, ModelProbe
from pytest_distaudit.systems._json_api import json_of
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

if TYPE_CHECKING:
    from pytest_distaudit.systems.ollama import OllamaSession

#: a large model is read from disk first
_PATIENCE_S = 120.0
_FEW, _ENOUGH = 3, 48
_TEXT = 400
_KEPT_S = 60
_TURNED_AWAY = (401, 403, 407)
_WORDS = ("anvil", "basket", "candle", "ferry", "garden", "harbour", "ladder", "meadow", "orchard", "pebble", "saddle")


@dataclass(frozen=True, slots=True)
class _Task:
    prompt: str
    limit: int
    expected: str | None = None


def _tasks() -> list[_Task]:
    """New ones each time: nobody can have answers ready."""
    first, second = 11 + secrets.randbelow(80), 11 + secrets.randbelow(80)
    code, start = secrets.token_hex(3), 100 + secrets.randbelow(800)
    shuffled = secrets.SystemRandom().sample(_WORDS, 3)
    count = ", ".join(str(start + step) for step in range(4))
    asked = [
        ("Write a long story about a lighthouse.", _FEW, None),
        (f"What is {first} plus {second}? Give the number.", _ENOUGH, str(first + second)),
        (f"Which comes first in the alphabet: {', '.join(shuffled)}? Key {code}.", _ENOUGH, min(shuffled)),
        (f"Go on counting: {count},", _ENOUGH, str(start + 4)),
    ]
    return [_Task(f"(distaudit-{secrets.token_hex(16)}) {words}", limit, answer) for words, limit, answer in asked]


def model_probe(sessions: Mapping[str, OllamaSession], limits: Limits, model: str) -> ModelProbe:
    """Have the model of role ``system`` answer. Raises Unobservable where the audit is turned away or never answered.

    Changes the target: the model is loaded, and unloaded again unless it was loaded before.
    """
    session = sessions["system"]
    before = session.loaded()
    fetch = HttpFetch(replace(limits, ask_s=max(limits.ask_s, _PATIENCE_S)))
    asker = _Asker(session, fetch, model)
    answers = tuple(asker.answer(task) for task in _tasks())
    after = session.loaded()
    restored = before is None or session.holds(model, before) or asker.unload()
    return ModelProbe(model, answers, after, restored)


class _Asker:
    def __init__(self, session: OllamaSession, fetch: HttpFetch, model: str) -> None:
        self._session, self._fetch, self._model = session, fetch, model

    def answer(self, task: _Task) -> ModelAnswer:
        """One answer, or why there is none."""
        options = {"temperature": 0, "seed": 7, "num_predict": task.limit}
        body = {"model": self._model, "prompt": task.prompt, "stream": False, "options": options}
        began = time.perf_counter()
        answer = self._fetch(self._request({**body, "keep_alive": f"{_KEPT_S}s"}))
        took = time.perf_counter() - began
        told, what = json_of(answer), "POST /api/generate"
        if answer.status in _TURNED_AWAY or 300 <= answer.status < 400:
            raise self._session.refused(answer, what)
        if answer.status != 200 or not isinstance(told, dict) or "error" in told:
            said = told.get("error", "") if isinstance(told, dict) else answer.text
            error = f"{answer.status} {without(str(said), self._session.password)}".rstrip()
            return ModelAnswer(task.prompt, task.limit, took, error=error)
        text = f"{told.get('thinking') or ''}{told.get('response') or ''}"
        return ModelAnswer(
            prompt=task.prompt,
            limit=task.limit,
            took_s=round(took, 6),
            text=text[:_TEXT],
            right=None if task.expected is None else task.expected in text.lower(),
            tokens=_number(told, "eval_count"),
            total_ns=_number(told, "total_duration"),
            load_ns=_number(told, "load_duration"),
            prompt_ns=_number(told, "prompt_eval_duration"),
            answer_ns=_number(told, "eval_duration"),
        )

    def unload(self) -> bool:
        """Have the server forget the model; whether it says that it did."""
        with suppress(Unobservable):
            return self._fetch(self._request({"model": self._model, "keep_alive": 0})).status == 200
        return False

    def _request(self, body: Mapping[str, Any]) -> Request:
        return Request("POST", f"{self._session.url}/api/generate", self._session.headers, body)


def _number(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
