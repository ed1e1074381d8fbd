"""Probes: procedures over several systems that leave, and remove, the audit's own traces."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.needs import Probe
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located


def probe_ask(probe: Probe, players: Mapping[str, Located]) -> Ask:
    """The ask under which a probe's observation is kept."""
    return Ask.of(probe.name, **dict(probe.args), **{role: located.system for role, located in players.items()})


def run_probe(
    probe: Probe, players: Mapping[str, Located], kinds: Mapping[str, Kind], limits: Limits, redactor: Redactor
) -> Observation:
    """Run it where every player allows writing; else say that it was not safe to."""
    ask, at, started = probe_ask(probe, players), time.time(), time.perf_counter()
    value, reason, detail = None, None, ""
    try:
        value = redactor.value(to_json(_run(probe, players, kinds, limits)))
    except Unobservable as error:
        reason, detail = error.reason, redactor.text(error.detail)
    except Exception as error:  # noqa: BLE001 - an adapter's crash is the audit's error
        reason, detail = Reason.AUDIT_ERROR, redactor.text(f"{type(error).__name__}: {error}")
    return Observation("", ask, at, time.perf_counter() - started, probe.name, "", value, reason, detail)


def _run(probe: Probe, players: Mapping[str, Located], kinds: Mapping[str, Kind], limits: Limits) -> object:
    for located in players.values():
        if located.probes is not Probes.WRITE:
            raise Unobservable(Reason.NOT_SAFE, f'{located.system} does not allow it; set probes = "write" to')
    names = {located.kind for located in players.values()}
    kind = kinds[names.pop()]
    if names or probe.name not in kind.probes:
        raise Unobservable(Reason.NO_OBSERVABLE, f"no kind offers {probe.name} for these systems together")
    sessions = {role: kind.connect(located, limits) for role, located in players.items()}
    try:
        return kind.probes[probe.name](sessions, limits, **dict(probe.args))
    finally:
        for session in sessions.values():
            session.close()
