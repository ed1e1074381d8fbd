"""Hand-made evidence for the judges: what an audit would have seen, without any system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.claim import Claim, Expect
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.sources.claim_parameters import parse_parameter
from pytest_distaudit.wiring import load_checks

CHECKS = load_checks()


def fact(system: str, seen: Capability, /, *, at: float = 0.0, identity: str = "one", **args: object) -> Observation:
    """A look that brought ``seen`` at once; ``args`` are those of its ask."""
    return Observation(system, type(seen).ask(**args), at, 0.0, "by hand", identity, to_json(seen))


def failure(
    system: str, of: type[Capability], reason: Reason, detail: str = "", /, *, at: float = 0.0, **args: object
) -> Observation:
    """A look that brought nothing."""
    return Observation(system, of.ask(**args), at, 0.01, "by hand", reason=reason, detail=detail)


def evidence(roles: Mapping[str, tuple[str, ...]], *seen: Observation) -> Evidence:
    """Evidence of these looks, oldest first; judges see what JSON makes of the facts, as always."""
    return Evidence(roles, seen, lambda capability, one: from_json(capability, one.value))


def claim(name: str, *, activity: str | None = None, expect: str = "present", **params: Any) -> Claim:
    """A claim for that check, its parameters read as from a claim file, defaults filled in."""
    known = CHECKS[name].params
    assert set(params) <= set(known), f"{name} takes {sorted(known)}"
    given = {key: params.get(key, parameter.default) for key, parameter in known.items()}
    parsed = {
        key: None if value is None else parse_parameter(known[key].type, value, str(value))
        for key, value in given.items()
    }
    return Claim("proof", name, {}, Place("proof"), params=parsed, activity=activity, expect=Expect(expect))


def judged(of: Claim, seen: Evidence) -> Judgement:
    """The engine's word on the claim: what the judge raises becomes a judgement too."""
    answer = judge(of, CHECKS[of.check], seen)
    assert isinstance(answer, Judgement), answer
    return answer


def ask_of(of: Claim) -> Ask:
    """The first thing that the claim's check asks for."""
    need = CHECKS[of.check].needs(of)[0]
    return (getattr(need, "watch", ()) or (need,))[0].ask  # type: ignore[union-attr]
