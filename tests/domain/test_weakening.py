"""What counts as a weaker claim, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.claim import Claim, Expect, Span, Timing, Waiver
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.tolerance import Known
from pytest_distaudit.domain.verdict import Severity
from pytest_distaudit.domain.weakening import newly_known, weakenings

WAIVER = Waiver(date(2027, 1, 1), "we", "so")
BASE = Claim(
    id="a",
    check="queue.consumed",
    roles={"system": "mq"},
    place=Place("c.yaml", 3),
    quote="so it is",
    document="d.md",
    params={"queue": "tasks", "consumers": Comparison.parse(">= 2"), "age": Comparison.parse("<= 2 s")},
    timing=Timing(Span.WITHIN, 10),
    activity="submit",
    severity=Severity.MAJOR,
    targets=("one", "two"),
    waiver=WAIVER,
)


def weaker(before: Claim, after: Claim) -> list[str]:
    return [one.what for one in weakenings([before], [after])]


def params(**more: Any) -> dict[str, Any]:
    told = {name: Comparison.parse(text) if name != "queue" else text for name, text in more.items()}
    return {"params": {**BASE.params, **told}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"severity": Severity.MINOR}, "severity major -> minor"),
        ({"check": "queue.exists"}, "check queue.consumed -> queue.exists"),
        ({"quote": "so it was"}, "quote so it is -> so it was"),
        ({"document": "e.md"}, "document d.md -> e.md"),
        ({"activity": "nothing"}, "activity submit -> nothing"),
        ({"expect": Expect.ABSENT}, "expect present -> absent"),
        ({"roles": {"system": "other"}}, "roles system=mq -> system=other"),
        (params(queue="results"), "queue tasks -> results"),
        (params(consumers=">= 1"), "consumers >= 2 -> >= 1"),
        (params(consumers="!= 1"), "consumers >= 2 -> != 1"),
        (params(age="<= 3 s"), "age <= 2 s -> <= 3 s"),
        ({"params": {"queue": "tasks", "age": BASE.params["age"]}}, "consumers >= 2 -> none"),
        ({"timing": Timing(Span.WITHIN, 11)}, "timing within 10 s -> within 11 s"),
        ({"timing": Timing(Span.HOLDS_FOR, 10)}, "timing within 10 s -> holds_for 10 s"),
        ({"timing": None}, "timing within 10 s -> none"),
        ({"targets": ("one",)}, "targets one, two -> one"),
        ({"targets": ("one", "far")}, "targets one, two -> one, far"),
        ({"waiver": replace(WAIVER, until=date(2028, 1, 1))}, "waiver prolonged 2027-01-01 -> 2028-01-01"),
        ({"pending": "later"}, "marked pending"),
    ],
)
def test_weaker(change: dict[str, Any], said: str) -> None:
    assert weaker(BASE, replace(BASE, **change)) == [said]


@pytest.mark.parametrize(
    "change",
    [
        {"severity": Severity.CRITICAL},
        {"timing": Timing(Span.WITHIN, 9)},
        {"targets": ()},
        {"targets": ("one", "two", "three")},
        {"waiver": None},
        {"waiver": replace(WAIVER, until=date(2026, 1, 1), reason="less")},
        {"area": "elsewhere"},
        {"quote": "so\n  it is"},
        {"place": Place("other.yaml", 9)},
        params(consumers=">= 3"),
        params(consumers="> 2"),
        params(consumers="== 5"),
        params(age="< 1 s"),
        params(age="<= 2000 ms"),
    ],
)
def test_no_weaker(change: dict[str, Any]) -> None:
    assert weaker(BASE, replace(BASE, **change)) == []


def test_longer_is_weaker_only_where_time_helps() -> None:
    held = replace(BASE, timing=Timing(Span.HOLDS_FOR, 10))
    assert weaker(held, replace(BASE, timing=Timing(Span.HOLDS_FOR, 20))) == []
    assert weaker(held, replace(BASE, timing=Timing(Span.HOLDS_FOR, 5))) == ["timing holds_for 10 s -> holds_for 5 s"]


def test_removed_and_malformed() -> None:
    case = replace(BASE, id="b", case="eu")
    assert [str(one.what) for one in weakenings([BASE, case], [])] == ["the claim is removed", "the case is removed"]
    assert list(weakenings([BASE], [], broken=["a"])) == []


_COMPARISONS = st.builds(
    lambda sign, number: Comparison.parse(f"{sign} {number}"),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.integers(-3, 3),
)


@given(_COMPARISONS, _COMPARISONS)
def test_what_is_not_listed_admits_nothing_new(old: Comparison, new: Comparison) -> None:
    """Whatever number satisfies a comparison that is let through satisfied the old one as well."""
    before, after = (replace(BASE, params={"n": one}) for one in (old, new))
    if not weaker(before, after):
        values = [half / 2 for half in range(-10, 11)]
        assert not [value for value in values if new.holds(value) and not old.holds(value)]


def test_entries_of_the_baseline() -> None:
    entry = Known("a", "", "c", "s1", "major")
    assert list(newly_known([entry], [replace(entry, since="2020-01-01", actual="x")], "k.json")) == []
    assert [one.claim for one in newly_known([entry], [replace(entry, statement="s2")], "k.json")] == ["a"]
