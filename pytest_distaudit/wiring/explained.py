"""How one claim is judged, and what its last recorded evidence comes to."""

from __future__ import annotations

from dataclasses import replace

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.engine.conduct import conduct, timing_of
from pytest_distaudit.engine.record import Changed
from pytest_distaudit.engine.result import claimed_words
from pytest_distaudit.engine.shortest import shortest
from pytest_distaudit.reports.explain import Explained
from pytest_distaudit.wiring.bench import Bench


def explained(bench: Bench, claim: Claim) -> Explained:
    """Nothing is asked of any system. Raises InvalidInput for evidence that is not as it was recorded."""
    planned = bench.planned(claim)
    told = Explained(claim, planned.check, planned.roles, planned.needs, timing_of(planned), claimed_words(planned))
    try:
        recorded = [] if bench.recording is None else list(bench.recording.recorded(claim.key))
        if not recorded:
            return told
        part, sights = max(recorded, key=lambda one: str(one[0].about["started"]))
        conducted = conduct(planned, sights)
    except Changed as error:
        raise InvalidInput([Problem(claim.place, str(error))]) from None
    return replace(
        told,
        judgement=conducted.judgement,
        shortest=shortest(planned, conducted),
        observations=conducted.observations,
        started=str(part.about["started"]),
        folder=str(part.folder),
    )
