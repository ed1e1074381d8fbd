"""The judge of groups, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.effects import Effects
from pytest_distaudit.ports.streams import InHand, StreamGroup
from pytest_distaudit.ports.traffic import Traffic

from .evidence import CHECKS, claim, evidence, judged
from .groups import KILLED, SECOND, STARTED, Group

ROLES = {"system": ("log",), "members": ("alpha", "beta")}
OF = replace(
    claim("stream.shared", stream="events", group="workers"), operation="ask", timing=Timing(Span.WITHIN, 10.0)
)


def changed(seen, of, change):
    """The observations with every fact of that capability changed; ``change`` takes it and when it was seen."""
    return [
        replace(one, value=to_json(change(from_json(of, one.value), one.at)))
        if one.ask.capability == of.capability
        else one
        for one in seen
    ]


def judgement(group=None, change=None, of=StreamGroup):
    seen = (group or Group()).observations()
    return judged(OF, evidence(ROLES, *(changed(seen, of, change) if change else seen)))


def word(*args, **more):
    told = judgement(*args, **more)
    return told.reason or told.verdict.value, told.actual


def test_members_that_share_and_take_over_are_verified():
    told = judgement()
    assert told.verdict.value == "verified", told
    assert told.actual == "2 members shared, whichever died: the others did its work"
    assert told.because == "9 in the hands of the dead when they died, and done by others after 4.3 s at most"


def test_a_member_may_have_several_consumers_and_a_new_name_each_time():
    names = {"alpha": ("a", "a2"), "beta": ("b",)}
    assert judgement(Group(consumers=names, reads=("a", "a2", "b"))).verdict.value == "verified"

    def renamed(fact, at):
        def new(name):
            return "a-again" if name == "a" and at >= STARTED else name

        return replace(
            fact,
            members=tuple(replace(one, name=new(one.name)) for one in fact.members),
            in_hand=tuple(replace(one, member=new(one.member)) for one in fact.in_hand),
        )

    assert judgement(change=renamed).verdict.value == "verified"


@pytest.mark.parametrize(
    ("group", "actual"),
    [
        (Group(stale_s=None), "4 of 260 not done 10 s after alpha crashed"),
        (Group(stale_s=None, again=True), "4 of 260 not done 10 s after alpha crashed"),
        (Group(stale_s=11.0), "4 of 260 not done 10 s after alpha crashed"),
        (Group(reads=()), "nobody reads as workers"),
        (Group(reads=("a",)), "beta is handed nothing"),
        (Group(consumers={"alpha": ("a",), "beta": ()}, reads=("a",)), "beta has no part in workers"),
        (Group(consumers={"alpha": ("a", "b"), "beta": ()}), "beta has no part in workers"),
    ],
)
def test_what_is_not_shared_is_refuted(group, actual):
    # nobody's work is done without the stream, where nobody reads it
    done = (lambda fact, at: replace(fact, effects=(replace(fact.effects[0], first=1.0), *fact.effects[1:])), Effects)
    assert word(group, *done) == ("refuted", actual)


@pytest.mark.parametrize(
    ("group", "reason", "actual"),
    [
        (Group(work_s=0.0), Reason.VACUOUS, "alpha was not seen with an entry"),
        (Group(done_at_once=True), Reason.VACUOUS, "nothing was in work"),
        (Group(nonces=False), Reason.NO_OBSERVABLE, "entries hold no nonce"),
        (Group(again=True, stale_s=None, started=None, back=8.0), Reason.NO_CONTROL, "others had no time to take over"),
        (Group(again=True, stale_s=None, started=None, back=14.0), Reason.NO_CONTROL, "not seen to be taken over"),
        (Group(reads=("s",)), Reason.NO_OBSERVABLE, "not told who reads for alpha"),
    ],
)
def test_what_cannot_be_told(group, reason, actual):
    if group.reads == ("s",):  # both bear one name, and it goes on asking
        group = replace(group, consumers={"alpha": (), "beta": (), "both": ("s",)})
    assert word(group) == (reason, actual)


def test_one_member_alone_shares_with_nobody():
    alone = judged(OF, evidence({**ROLES, "members": ("alpha",)}, *Group().observations()))
    assert alone.reason is Reason.TOPOLOGY_TOO_SMALL


def test_a_group_that_is_not_there_is_refuted():
    assert word(change=lambda fact, at: StreamGroup("events", "stream", "workers")) == ("refuted", "no group workers")
    assert word(change=lambda fact, at: StreamGroup("events", "list", "workers")) == ("refuted", "a list, no stream")


@pytest.mark.parametrize(
    ("appended", "expected", "actual"),
    [
        (lambda count: None, Reason.NO_OBSERVABLE, "not told how many entries came"),
        (lambda count: 7, "refuted", "no entry arrived"),
        (lambda count: count // 2, Reason.VACUOUS, "130 entries for 255 requests"),
    ],
)
def test_as_many_entries_as_requests_have_to_come(appended, expected, actual):
    found = word(change=lambda fact, at: replace(fact, appended=appended(fact.appended)))
    assert found == (expected, actual)


def test_an_entry_in_the_hands_of_two_is_refuted():
    def taken(fact, at):
        """What was in hand for longest is the other's."""
        if at > KILLED:
            return fact
        other = {"a": "b", "b": "a"}
        moved = tuple(replace(one, member=other[one.member]) for one in fact.in_hand[:2])
        return replace(fact, in_hand=(*moved, *fact.in_hand[2:]))

    expected, actual = word(change=taken)
    assert (expected, actual.endswith("entries handed to several members")) == ("refuted", True), actual


def test_what_was_handed_over_before_the_experiment_is_nobodys_fault():
    def old(fact, at):
        one = InHand("0-7", "a" if int(at * 2) % 2 else "b", 9.0)
        return replace(fact, in_hand=(one, *fact.in_hand)) if at < 3 else fact

    assert judgement(change=old).verdict.value == "verified"


def test_others_that_have_a_part_may_be_who_takes_over():
    group = Group(consumers={"alpha": ("a",), "beta": ("b",), "gamma": ("c",)}, reads=("a", "b", "c"))
    assert word(group) == (Reason.AMBIGUOUS_CLAIM, "others have a part, too")


@pytest.mark.parametrize(("stale_s", "work_s"), [(3.0, 1.0), (0.6, 0.3)])
def test_somebody_else_who_takes_over_is_no_member(stale_s, work_s):
    """Seen with the entries, or too quick for that: the third one asks all the time, and is handed nothing."""
    names = {"alpha": ("a",), "beta": ("b",), "reaper": ("r",)}
    group = Group(consumers=names, claims="r", stale_s=stale_s, work_s=work_s)
    assert word(group) == (Reason.AMBIGUOUS_CLAIM, "others may have taken over from alpha")


def test_who_asks_rarely_is_not_without_a_part():
    def batches(fact, at):
        return replace(
            fact, members=tuple(replace(one, idle_s=30.0) if one.name == "b" else one for one in fact.members)
        )

    assert word(change=batches) == (Reason.VACUOUS, "not told who reads for beta")


def test_what_is_done_without_leaving_dead_hands_is_done_by_somebody_else():
    def beside(fact, at):
        return replace(
            fact,
            effects=tuple(
                replace(one, first=KILLED + 5, absent=KILLED + 4) if one.absent and one.first is None else one
                for one in fact.effects
            ),
        )

    found = word(Group(stale_s=None), beside, Effects)
    assert found == ("refuted", "done without the group"), found


def test_effects_that_are_read_late_tell_nothing():
    def late(fact, at):
        return replace(
            fact, effects=tuple(replace(one, first=one.first + 8) if one.first else one for one in fact.effects)
        )

    assert word(change=late, of=Effects) == (
        Reason.INCONCLUSIVE_STATISTICS,
        "not seen to be done in time",
    )


def test_a_machine_that_sends_late_is_no_lie():
    def behind(fact, at):
        return replace(fact, sent=tuple(replace(one, due=one.due - 1) for one in fact.sent))

    assert word(Group(stale_s=None), behind, Traffic)[0] is Reason.BUDGET


#: asked four seconds after the first crash, and told by these
LATER = tuple(f"n{at / 10:.1f}" for at in range(100, 110))


def slow(fact, at):
    """What was asked then takes longer than is claimed."""
    effects = (replace(one, first=25.0, absent=24.0) if one.nonce in LATER else one for one in fact.effects)
    return replace(fact, effects=tuple(effects))


def test_what_others_do_not_do_in_time_is_refuted():
    assert word(change=slow, of=Effects) == ("refuted", "10 of 260 not done 10 s after alpha crashed")


@pytest.mark.parametrize(
    "behind",
    [
        lambda fact: replace(fact, in_hand=(*fact.in_hand, InHand("500-0", "b", 9.0, LATER))),
        lambda fact: replace(fact, end="9999-0"),
    ],
)
def test_members_with_too_much_in_hand_are_slow_not_false(behind):
    """Theirs, or not handed out to anybody yet."""
    seen = changed(Group().observations(), Effects, slow)
    seen = changed(seen, StreamGroup, lambda fact, at: behind(fact) if KILLED < at < SECOND else fact)
    told = judged(OF, evidence(ROLES, *seen))
    assert (told.reason, told.actual) == (Reason.BUDGET, "10 of 260 not done 10 s after alpha crashed"), told


def test_looks_that_stopped_tell_nothing():
    seen = [one for one in Group().observations() if not KILLED + 4 < one.at < STARTED or one.at > SECOND]
    assert judged(OF, evidence(ROLES, *seen)).reason is Reason.NO_OBSERVABLE


def test_a_death_that_is_seen_late_tells_nothing():
    assert word(Group(started=8.0)) == (Reason.BUDGET, "alpha was seen to be dead too late")


def test_the_course_outlasts_the_claim():
    (need,) = CHECKS["stream.shared"].needs(OF)
    assert (need.fault, need.role, need.course.hold_s, need.course.effects_s) == (Fault.CRASH, "members", 14.0, 14.0)
    assert need.watch[0].ask == StreamGroup.ask(name="events", group="workers")
    (need,) = CHECKS["stream.shared"].needs(replace(OF, timing=None))
    assert need.course.hold_s == 64.0
