"""What is printed of what an audit would do."""

from __future__ import annotations

from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.reports.intended import Disturbance, Intentions, intentions

_TWO = "    before it two requests with one nonce each, where effects are counted (effect_count)"


def _lines(*, counts: bool) -> list[str]:
    course = Course(5.0, 30.0, times=5, counts=counts)
    one = Disturbance(Aim(Fault.CRASH, "worker"), course, ("submit",), ("once",))
    return list(intentions(Intentions("local", 1, disturbances=(one,))))


def test_requests_that_share_a_nonce_are_told_of_beforehand() -> None:
    counted, plain = _lines(counts=True), _lines(counts=False)
    assert _TWO in counted
    assert [line for line in counted if line != _TWO] == plain
