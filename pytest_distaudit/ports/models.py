"""What a server of language models offers to checks: a model by name, and how it answers."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Model(Capability):
    """One model by name. Args: ``name``; the product may know it under a longer one.

    ``remote``: the host that runs it in the server's place, "" where the server does itself. ``fault``: why what is
    listed cannot be read, in the product's words. ``size`` in bytes, ``context`` in tokens.
    """

    capability = "model"
    name: str
    exists: bool
    remote: str = ""
    fault: str = ""
    digest: str = ""
    size: int | None = None
    context: int | None = None
    loaded: bool | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One answer to a prompt of the audit's that nobody can have seen before.

    ``limit``: the tokens that were allowed, ``tokens`` those that the server says it made. ``total_ns`` and its parts
    ``load_ns``, ``prompt_ns`` and ``answer_ns`` are the server's own account of its time, ``took_s`` what the audit
    waited. ``error``: why there is no answer. ``right``: whether the task was solved, None where the limit forbids it.
    """

    prompt: str
    limit: int
    took_s: float
    text: str = ""
    error: str = ""
    right: bool | None = None
    tokens: int | None = None
    total_ns: int | None = None
    load_ns: int | None = None
    prompt_ns: int | None = None
    answer_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ModelProbe(Capability):
    """What a model answered to the audit's prompts. Costs processor time and loads the model.

    ``loaded``: models that the server held right afterwards, by its own list; None: it shows none. ``restored``:
    whether the model was unloaded again where the audit had it loaded.
    """

    capability = "model-probe"
    name: str
    answers: tuple[ModelAnswer, ...]
    loaded: tuple[str, ...] | None = None
    restored: bool = True
