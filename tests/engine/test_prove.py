"""Can a green claim go red? Perturbed evidence, judged again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.check import Check, Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Rung
from pytest_distaudit.engine import conduct as conducting
from pytest_distaudit.engine.conduct import Conducted, conduct
from pytest_distaudit.engine.perturb import perturbations
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.engine.prove import prove
from pytest_distaudit.engine.record import RecordedSight
from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.codec import from_json, to_json


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    size: int = 1


@dataclass(frozen=True, slots=True)
class Thing(Capability):
    capability: ClassVar[str] = "thing-of-a-test"
    there: bool = True
    count: int = 3
    version: str = "15.2 (x)"
    parts: tuple[Part, ...] = (Part("a"), Part("b"))
    calls: dict[str, int] = field(default_factory=lambda: {"get": 2, "set": 1})
    told: bool | None = None


def made(judge: Any, **params: Any) -> Planned:
    told = {name: Parameter(ParameterType.NUMBER, name) for name in params}
    rule: Check = check("thing.is", claims="it is", rung=Rung.USED, needs=lambda claim: (), params=told)(judge)
    claim = Claim("c", rule.name, {"system": "s"}, Place("f"), params=params)
    return Planned(claim, rule, {"system": ("s",)}, ())


def seen(*facts: Thing, system: str = "s") -> list[Observation]:
    return [Observation(system, Thing.ask(), float(at), 0.0, value=to_json(fact)) for at, fact in enumerate(facts)]


def judged(planned: Planned, *facts: Thing) -> Conducted:
    return conduct(planned, iter([RecordedSight(seen(*facts))]))


def one(evidence: Evidence) -> Thing:
    return evidence.one(Thing)


def must(holds: bool) -> Judgement:
    if not holds:
        refute("not so")
    return verified("so")


def test_each_kind_of_field_can_be_what_refutes() -> None:
    rules: dict[str, Any] = {
        "there True -> False": lambda claim, found: must(one(found).there),
        "count 3 -> 0": lambda claim, found: must(one(found).count == 3),
        "version 15.2 (x) -> 0.2 (x)": lambda claim, found: must(one(found).version[:1] in ("", "d", "1")),
        "version 15.2 (x) -> 16.2 (x)": lambda claim, found: must(one(found).version[:2] != "16"),
        "parts emptied": lambda claim, found: must(bool(one(found).parts)),
        "parts without the last": lambda claim, found: must(len(one(found).parts) != 1),
        "parts 2. name b -> distaudit-other": lambda claim, found: must("other" not in str(one(found).parts[-1:])),
        "calls without get": lambda claim, found: must(set(one(found).calls) != {"set"}),
        "told None -> False": lambda claim, found: must(one(found).told is not False),
    }  # fmt: skip
    for words, rule in rules.items():
        planned = made(rule)
        proof = prove(planned, judged(planned, Thing()))
        assert (proof.able, proof.by) == (True, f"s thing-of-a-test: {words}")


def test_a_counter_that_stood_still_refutes_a_claim_about_change() -> None:
    planned = made(lambda claim, found: must(found.history(Thing)[-1].fact.count > found.history(Thing)[0].fact.count))
    proof = prove(planned, judged(planned, Thing(count=1), Thing(count=9)))
    assert (proof.able, proof.by) == (True, "s thing-of-a-test: nothing changed since the first look")


def test_what_is_claimed_is_perturbed_too() -> None:
    planned = made(lambda claim, found: must(claim["n"].holds(3)), n=Comparison.parse("<= 3"))
    proof = prove(planned, judged(planned, Thing()))
    assert (proof.able, proof.by) == (True, "claimed n: <= 3 -> <= 2")


def test_a_judge_that_looks_at_nothing_cannot_go_red() -> None:
    planned = made(lambda claim, found: verified("always"))
    proof = prove(planned, judged(planned, Thing()))
    assert (proof.able, proof.shaken) == (False, "")
    assert proof.tried > 20


def test_unverifiable_alone_proves_nothing() -> None:
    def judge(claim: Claim, found: Evidence) -> Judgement:
        return verified("so") if one(found) == Thing() else unverifiable("no-observable")

    planned = made(judge)
    proof = prove(planned, judged(planned, Thing()))
    assert not proof.able
    assert proof.shaken == "s thing-of-a-test: there True -> False"


def test_a_crash_is_no_refutation() -> None:
    def judge(claim: Claim, found: Evidence) -> Judgement:
        return verified(str(1 / one(found).count))

    planned = made(judge)
    assert not prove(planned, judged(planned, Thing())).able


def test_evidence_that_does_not_verify_again_counts_as_not_proved() -> None:
    planned = made(lambda claim, found: must(False))
    assert not prove(planned, judged(planned, Thing())).able


def test_nothing_is_remembered_of_what_was_made_up() -> None:
    planned = made(lambda claim, found: must(one(found).count >= 0 and one(found).there is not None))
    conducted = judged(planned, Thing())
    before = dict(conducting._decoded)
    prove(planned, conducted)
    assert conducting._decoded == before


_THINGS = st.builds(
    Thing,
    there=st.booleans(),
    count=st.integers(-5, 5),
    version=st.text(max_size=5),
    parts=st.lists(st.builds(Part, st.text(max_size=3), st.integers()), max_size=4).map(tuple),
    calls=st.dictionaries(st.text(max_size=3), st.integers(), max_size=4),
    told=st.sampled_from([None, True, False]),
)


@given(st.lists(_THINGS, min_size=1, max_size=3))
def test_every_perturbation_is_evidence_that_can_be_read(things: list[Thing]) -> None:
    """Whatever was seen: each perturbation decodes, differs from the truth in something, and leaves the truth alone."""
    planned, looks = made(lambda claim, found: verified("so")), [seen(*things)]
    untouched = [(one.value, one.at, one.identity, one.reason) for one in looks[0]]
    for perturbed in perturbations(planned.claim, looks):
        for look in perturbed.looks:
            for observation in look:
                assert observation.reason is not None or from_json(Thing, observation.value) is not None
    assert [(one.value, one.at, one.identity, one.reason) for one in looks[0]] == untouched
