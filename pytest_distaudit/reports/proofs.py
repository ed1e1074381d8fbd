"""Whether green claims can go red, in the terminal's lines."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.wording import one_line

_SHOWN = 20


def proof_lines(audit: Audit, verbose: int = 0) -> Iterator[tuple[str, dict[str, bool]]]:
    """The share, and every claim that nothing refuted."""
    if audit.proofs is None:
        return
    percent = audit.proved_percent
    if percent is None:
        yield "no green claim whose evidence could be perturbed", {"yellow": True}
        return
    able = sum(proof.able for proof in audit.proofs)
    whole = able == len(audit.proofs)
    words = f"{_floor(percent)} % of your green claims can go red: {able} of {len(audit.proofs)}"
    yield words, {"green": True} if whole else {"yellow": True}
    survivors = [proof for proof in audit.proofs if not proof.able]
    shown = survivors if verbose > 0 else survivors[:_SHOWN]
    for proof in shown:
        only = f", only made unverifiable by {one_line(proof.shaken, 120)}" if proof.shaken else ""
        yield f"    never refuted: {one_line(proof.claim, 110)} ({proof.tried} perturbations{only})", {"yellow": True}
    if len(survivors) > len(shown):
        yield f"    and {len(survivors) - len(shown)} more (-v)", {"yellow": True}


def _floor(percent: float) -> str:
    """Never rounded up to what is not so."""
    return f"{int(percent * 10) / 10:g}"
