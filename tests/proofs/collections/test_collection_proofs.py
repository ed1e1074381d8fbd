"""Two-sided proofs of ``collection.exists`` and ``collection.used``: one real ChromaDB, a collection for each way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.standins.forgetful_chromadb import forgetful

MISSING = builtin_recipes()["chromadb"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent

HONEST = (
    "stores_each",
    "stores_and_searches",
    "stores_beside_the_text",
    "stores_in_the_background",
    "stores_no_text",
    "stores_while_others_do",
)
LIES = {
    "stores_elsewhere": "no collection stores_elsewhere",
    "was_created_by_a_script": "0 records",
    "searches_what_is_empty": "0 records",
    "leaves_it_to_a_forgetful_store": "0 records",
    "fails": "0 records",
}
#: what the document says is written there
LIES_ABOUT_WRITING = {
    "was_seeded_by_a_script": "nothing was written",
    "stores_the_same_again": "nothing was written",
}
CANNOT_TELL = {
    "only_searches": Reason.NO_OBSERVABLE,
    "stores_now_and_then": Reason.INCONCLUSIVE_STATISTICS,
    "writes_over_one_record": Reason.INCONCLUSIVE_STATISTICS,
    "leaves_it_to_a_feeder": Reason.INCONCLUSIVE_STATISTICS,
    "fails_at_last": Reason.BASELINE,
}
WAYS = (*HONEST, *LIES, *LIES_ABOUT_WRITING, *CANNOT_TELL)

TOWN = f"""
[targets.miniature.systems.store]
kind = "chromadb"
native = {{}}
[targets.miniature.systems.forgetful]
kind = "chromadb"
url = "FORGETFUL"
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env.PORT = "{{port}}"
native.env.STORE_URL = "{{store.url}}"
native.env.FORGETFUL_URL = "FORGETFUL"
native.ready = "GET /"
"""
ACTIVITY = """
[targets.miniature.activities.{way}]
request = "POST http://front/{way}"
json = {{text = "{{nonce}}"}}
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    activities = "".join(ACTIVITY.format(way=way) for way in WAYS)
    with forgetful() as url, Room(tmp_path_factory.mktemp("collections"), town(url) + activities) as room:
        yield room


def town(forgetful_url: str) -> str:
    return TOWN.replace('"FORGETFUL"', f'"{forgetful_url}"')


@pytest.fixture(scope="module")
def judged(room: Room) -> Iterator[Judged]:
    """All ways at once: each has a collection of its own."""
    more: dict[str, dict[str, Any]] = {way: {"by": "writes"} for way in LIES_ABOUT_WRITING}
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(WAYS)) as pool:
        patch.setattr(gather, "Pace", lambda lag, **given: Pace(lag, limit=6.0))

        def judge(way: str) -> ClaimResult:
            system = "forgetful" if way == "leaves_it_to_a_forgetful_store" else "store"
            params = {"collection": way, **more.get(way, {})}
            return room.judge("collection.used", system=system, activity=way, **params)

        results = {way: pool.submit(judge, way) for way in WAYS}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_used_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("way", "actual"), {**LIES, **LIES_ABOUT_WRITING}.items())
def test_used_refutes(judged: Judged, way: str, actual: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_used_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


EXISTS = {
    "there": ({"collection": "was_seeded_by_a_script"}, Verdict.VERIFIED),
    "of that size": ({"collection": "was_seeded_by_a_script", "records": 5, "dimension": 3}, Verdict.VERIFIED),
    "of another name": ({"collection": "documents"}, Verdict.REFUTED),
    "in another database": ({"collection": "was_seeded_by_a_script", "database": "prod"}, Verdict.REFUTED),
    "of another model's vectors": ({"collection": "was_seeded_by_a_script", "dimension": 384}, Verdict.REFUTED),
    "created and empty": ({"collection": "was_created_by_a_script", "records": ">= 1"}, Verdict.REFUTED),
    "without vectors": ({"collection": "was_created_by_a_script", "dimension": 3}, Verdict.REFUTED),
}


@pytest.mark.parametrize("case", EXISTS)
def test_exists(room: Room, case: str) -> None:
    params, verdict = EXISTS[case]
    result = room.judge("collection.exists", system="store", **params)
    assert result.verdict is verdict, (result.actual, result.because)


def test_exists_cannot_tell_where_another_product_answers(room: Room) -> None:
    result = room.judge("collection.exists", system="front", collection="documents")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), result.because
