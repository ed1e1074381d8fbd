"""Ollama: presence, models and, where it may be asked to work, how they answer.

It counts no requests. Asking for a model's description reads its file and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.models import Model
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi, json_of
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._ollama_probe import model_probe
from pytest_distaudit.systems._wire import bare, without

_PRODUCT = "Ollama"
_GREETING = "Ollama is running"
_UNSEEN = "every request: the server counts none and shows only which models it holds loaded"


class OllamaSession(JsonApi):
    """One look at one server. It knows no login of its own; one in the address is for a proxy before it."""

    def loaded(self) -> tuple[str, ...] | None:
        """Models that it holds loaded now, asked afresh; None where it does not tell."""
        self.forget("/api/ps")
        try:
            return tuple(_name(one) for one in _models(self, "/api/ps"))
        except Unobservable:
            return None

    def holds(self, name: str, names: tuple[str, ...]) -> bool:
        """Whether ``names`` hold that model, however its name is written."""
        return canonical(name) in map(canonical, names)


def canonical(name: str) -> str:
    """A model's name as the server compares it: with its tag, without its own registry."""
    name = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


# --- presence


def presence(session: OllamaSession, ask: Ask) -> Presence:
    """Its greeting, and a version that only it tells there."""
    greeting = session.get("/")
    told = session.get("/api/version")
    version = json_of(told)
    number = version.get("version") if isinstance(version, dict) else None
    if told.status != 200 or not isinstance(number, str):
        raise session.stranger(told, "/api/version", _PRODUCT)
    if _GREETING not in greeting.text or greeting.status != 200:
        raise session.stranger(greeting, "/", _PRODUCT)
    session.identify()
    return Presence(up=True, product=_PRODUCT, version=number, authenticated=session.get("/api/tags").status != 401)


def process(session: OllamaSession, ask: Ask) -> ServerProcess:
    """Which process answers; the server itself does not say."""
    if not session.identify():
        raise Unobservable(Reason.NO_OBSERVABLE, f"{_PRODUCT} does not tell its process, and it is not on this host")
    return _local.server(session.located, session.identity, "pid and its start")


def health(session: OllamaSession, ask: Ask) -> Health:
    """It has no word on its health: whether it can list its models stands for it."""
    answer = session.get("/api/tags")
    if answer.status >= 500:
        return Health(False, f"{answer.status} {without(answer.text[:200], session.password)}", way="GET /api/tags")
    _models(session, "/api/tags")
    session.identify()
    return Health(True, way="GET /api/tags")


# --- models


def model(session: OllamaSession, ask: Ask) -> Model:
    """A model by its name: listed, its file read, and where it is run."""
    name = ask.arg("name")
    listed = _models(session, "/api/tags")
    session.identify()
    by_name = {canonical(_name(one)): one for one in listed}
    found = by_name.pop(canonical(name), None)
    others = tuple(sorted(_name(one) for one in by_name.values()))
    if found is None:
        return Model(name, exists=False, others=others)
    told, fault = _described(session, name)
    loaded = session.loaded()
    size = found.get("size")
    return Model(
        name=_name(found),
        exists=True,
        remote=_host(found.get("remote_host") or told.get("remote_host")),
        fault=fault,
        digest=str(found.get("digest") or ""),
        size=size if isinstance(size, int) else None,
        context=_context(told.get("model_info")),
        loaded=None if loaded is None else session.holds(name, loaded),
        others=others,
    )


def _models(session: OllamaSession, path: str) -> list[Mapping[str, Any]]:
    told = session.read(path)
    models = told.get("models") if isinstance(told, dict) else None
    if not isinstance(models, list) or not all(isinstance(one, dict) and _name(one) for one in models):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {path}: no list of models")
    return models


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("name") or one.get("model") or "")


def _described(session: OllamaSession, name: str) -> tuple[Mapping[str, Any], str]:
    """(The server's description of a listed model, why it has none)."""
    answer = session.post("/api/show", {"model": name, "name": name})
    told = json_of(answer)
    if answer.status == 200 and isinstance(told, dict):
        return told, ""
    if answer.status in (400, 404, 500) and isinstance(told, dict) and "error" in told:
        return {}, f"{answer.status} {without(str(told['error']), session.password)}"
    raise session.refused(answer, "POST /api/show")


def _host(remote: object) -> str:
    if not remote:
        return ""
    text = str(remote)
    return bare(text).partition("://")[2] if "://" in text else text


def _context(info: object) -> int | None:
    if not isinstance(info, dict):
        return None
    found = [value for name, value in info.items() if str(name).endswith(".context_length")]
    return found[0] if found and isinstance(found[0], int) else None


# --- what was done for others


def work(session: OllamaSession, ask: Ask) -> Work:
    """Nothing that it did can be counted; without a model there is nothing that it could do."""
    models = _models(session, "/api/tags")
    session.identify()
    return Work(counts={}, unseen=_UNSEEN if models else "", way="GET /api/tags")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "model": model,
    "work": work,
}

KIND = Kind(
    name="ollama",
    endpoints={"url": ("http", "https")},
    connect=OllamaSession,
    answers=_ANSWERS,
    probes={"model-probe": model_probe},
    only_answers=True,
)
