"""Architecture documentation becomes a test suite; the audit verdict is the pytest report.

What checks and systems of one's own are written with; every name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_distaudit.domain.check import Check, Parameter, ParameterType, Role, check
    from pytest_distaudit.domain.claim import Claim
    from pytest_distaudit.domain.errors import Unobservable
    from pytest_distaudit.domain.evidence import Evidence
    from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
    from pytest_distaudit.domain.needs import Alternate, Look, Perform, Probe
    from pytest_distaudit.domain.observation import Ask
    from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict
    from pytest_distaudit.ports.capabilities import Capability
    from pytest_distaudit.ports.kind import Kind, Limits
    from pytest_distaudit.ports.located import Located

_HOME = {
    "Ask": "domain.observation",
    "Capability": "ports.capabilities",
    "Check": "domain.check",
    "Claim": "domain.claim",
    "Evidence": "domain.evidence",
    "Judgement": "domain.judgement",
    "Kind": "ports.kind",
    "Limits": "ports.kind",
    "Located": "ports.located",
    "Look": "domain.needs",
    "NeedMore": "domain.judgement",
    "Parameter": "domain.check",
    "ParameterType": "domain.check",
    "Alternate": "domain.needs",
    "Perform": "domain.needs",
    "Probe": "domain.needs",
    "Reason": "domain.verdict",
    "Role": "domain.check",
    "Rung": "domain.verdict",
    "Scope": "domain.verdict",
    "Unobservable": "domain.errors",
    "Verdict": "domain.verdict",
    "check": "domain.check",
    "refute": "domain.judgement",
    "unverifiable": "domain.judgement",
    "verified": "domain.judgement",
}

__all__ = [
    "Alternate",
    "Ask",
    "Capability",
    "Check",
    "Claim",
    "Evidence",
    "Judgement",
    "Kind",
    "Limits",
    "Located",
    "Look",
    "NeedMore",
    "Parameter",
    "ParameterType",
    "Perform",
    "Probe",
    "Reason",
    "Role",
    "Rung",
    "Scope",
    "Unobservable",
    "Verdict",
    "check",
    "refute",
    "unverifiable",
    "verified",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("pytest-distaudit")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
