from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checkers.unique_ids import Identifiers, check
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import MOST
from tests.checkers.made import OPEN, failed, op


@given(st.lists(st.integers(0, 30)))
def test_any_duplicate_refutes(values: list[int]) -> None:
    found = check([op("generate", 0, 1, gives=value) for value in values])
    assert found.given == len(values)
    assert dict(found.duplicated) == {value: values.count(value) for value in values if values.count(value) > 1}
    if found.duplicated:
        assert found.verdict is Verdict.REFUTED
    else:
        assert found.verdict is (Verdict.VERIFIED if len(values) > 1 else Verdict.UNVERIFIABLE)
        assert found.reason is (None if len(values) > 1 else Reason.VACUOUS)


def test_what_did_not_answer_gave_nothing() -> None:
    one = op("generate", 0, 1, gives=1)
    assert check([one, failed(one), op("generate", 2, OPEN)]) == Identifiers(
        Verdict.UNVERIFIABLE, Reason.VACUOUS, 1, ()
    )


def test_an_empty_answer_given_twice_is_a_duplicate() -> None:
    assert check([op("generate", 0, 1), op("generate", 2, 3)]).duplicated == ((None, 2),)
    assert check([op("generate", 0, 1, gives=1), op("generate", 2, 3, gives=True)]).verdict is Verdict.VERIFIED


def test_of_too_many_operations_nothing_is_told() -> None:
    assert check(range(MOST + 1)) == Identifiers(Verdict.UNVERIFIABLE, Reason.BUDGET, 0)  # type: ignore[arg-type]
