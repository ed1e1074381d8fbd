"""Every branch of the checks of clusters, on hand-made evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.needs import Probe
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import ServerProcess
from pytest_distaudit.ports.clusters import AgreementProbe, Member, Membership, Passed

from .evidence import CHECKS, claim, evidence, fact, failure, judged

NAMES = ("a", "b", "c")


def view(own: str, of: str = "abc", leader: str = "a", **told: object) -> Membership:
    """A member of a cluster that votes."""
    rows = tuple(Member(f"id-{one}", one, f"{one}:1", "leader" if one == leader else "follower") for one in of)
    quorum = len(of) // 2 + 1
    given = {"cluster": "one", "leaders": (f"id-{leader}",), "term": 2, "quorum": quorum, "works": True, **told}
    return Membership(own=f"id-{own}", members=rows, **given)


def trio(**changed: Membership) -> dict[str, Membership]:
    return {name: changed.get(name, view(name)) for name in NAMES}


def seen(views: dict[str, Membership], *more: Observation, names: tuple[str, ...] | None = None) -> Evidence:
    facts = [fact(name, one, identity=name) for name, one in views.items()]
    return evidence({"members": names or tuple(views)}, *facts, *more)


def of_members(views: dict[str, Membership], *more: Observation, names: tuple[str, ...] | None = None, **params):
    return judged(claim("cluster.members", **params), seen(views, *more, names=names))


def of_agreement(views: dict[str, Membership], *more: Observation, names: tuple[str, ...] | None = None):
    told = AgreementProbe(tuple(Passed(name, slowest_s=0.01) for name in views), {})
    if not any(one.system == "" for one in more):
        more = (*more, fact("", told))
    return judged(claim("cluster.agrees"), seen(views, *more, names=names))


# --- cluster.members


def test_three_members_of_which_one_may_fail():
    told = of_members(trio())
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "3 members, 1 may fail")
    assert "led by a" in told.because
    assert of_members(trio(), members=3).verdict is Verdict.VERIFIED
    assert of_members(trio(), members=">= 2", tolerates=1).verdict is Verdict.VERIFIED


def test_more_is_claimed_than_there_is():
    assert of_members(trio(), members=5).actual == "3 members"
    told = of_members(trio(), tolerates=2)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "1 may fail")


def test_names_of_one_member():
    told = of_members(trio(b=view("a")))
    assert (told.verdict, told.actual, told.conclusive) == (Verdict.REFUTED, "2 of 3 members", True)


def test_members_in_one_process():
    by_pid = [fact(name, ServerProcess(f"run {name}", "", pid=7)) for name in "ab"]
    assert of_members(trio(), *by_pid).actual == "members in one process"
    by_run = [fact(name, ServerProcess("the same", "")) for name in "ab"]
    assert of_members(trio(), *by_run).actual == "members in one process"
    unknown = [failure("a", ServerProcess, Reason.FORBIDDEN), fact("b", ServerProcess("run", "", pid=7))]
    assert of_members(trio(), *unknown).verdict is Verdict.VERIFIED


def test_clusters_of_their_own():
    assert of_members(trio(b=view("b", cluster="two"))).actual == "2 clusters"
    strangers = {name: view(name, of=name, leader=name, cluster="") for name in NAMES}
    told = of_members(strangers)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "a does not know b, c")


def test_the_dead_are_told_from_the_unknown():
    two = {name: one for name, one in trio().items() if name != "c"}
    told = of_members(two, failure("c", Membership, Reason.BLOCKED, "its process exited"), names=NAMES)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "2 of 3 members running")
    told = of_members(two, failure("c", Membership, Reason.FORBIDDEN, "403"), names=NAMES)
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)
    assert "c: 403" in told.because
    told = of_members({}, failure("c", Membership, Reason.TIMED_OUT), names=("c",))
    assert told.reason is Reason.TIMED_OUT


def test_what_refutes_need_not_wait_for_who_cannot_be_asked():
    mute = failure("c", Membership, Reason.TIMED_OUT)
    assert of_members({"a": view("a"), "b": view("b", cluster="two")}, mute, names=NAMES).verdict is Verdict.REFUTED
    assert of_members({"a": view("a", leaders=())}, mute, names=("a", "c")).actual == "no leader"
    assert of_members({"a": view("a")}, mute, names=("a", "c"), members=2).reason is Reason.TIMED_OUT


def test_no_leader_no_work():
    assert of_members(trio(c=view("c", leaders=()))).actual == "no leader"
    told = of_members(trio(c=view("c", works=False, trouble="no quorum")))
    assert (told.actual, told.because) == ("the cluster does not work", "c: no quorum")


def test_a_member_that_others_have_given_up():
    gone = view("a")
    gone = replace(gone, members=tuple(replace(one, healthy=one.id != "id-b") for one in gone.members))
    assert of_members(trio(a=gone)).actual == "a finds b failed"


def test_what_is_listed_and_was_not_asked():
    told = of_members({"a": view("a")}, members=3)
    assert (told.verdict, told.actual) == (Verdict.UNVERIFIABLE, "1 of 3 members asked")
    told = of_members({"a": view("a"), "b": view("b")})
    assert (told.verdict, told.actual) == (Verdict.UNVERIFIABLE, "0 to 1 may fail")
    assert of_members({"a": view("a"), "b": view("b")}, tolerates=0).reason is Reason.NO_OBSERVABLE


def test_two_votes_of_two():
    told = of_members({name: view(name, of="ab") for name in "ab"})
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 may fail")


# --- parts of the data, copies, watchers


def shards(own: str, replicas: str = "def", well: bool = True) -> Membership:
    masters = tuple(Member(f"id-{one}", address=f"{one}:1", role="leader", healthy=True) for one in "abc")
    copies = tuple(
        Member(f"id-{one}", role="replica", votes=False, follows=f"id-{of}", healthy=well)
        for one, of in zip("def", "abc", strict=True)
        if one in replicas
    )
    leaders = ("id-a", "id-b", "id-c")
    return Membership("", f"id-{own}", masters + copies, leaders=leaders, term=3, quorum=2, works=True)


def test_every_part_needs_a_copy():
    assert of_members({name: shards(name) for name in "abcdef"}).actual == "6 members, 1 may fail"
    told = of_members({name: shards(name, replicas="de") for name in "abcde"})
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 may fail")
    told = of_members({name: shards(name, replicas="") for name in "abc"})
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 may fail")
    told = of_members({name: shards(name) for name in "abc"})
    assert (told.verdict, told.actual) == (Verdict.UNVERIFIABLE, "0 to 1 may fail")


def watcher(own: str, of: str = "abc", copies: int = 1, leader: str = "m:1", **told: object) -> Membership:
    rows = [Member(f"id-{one}", address=f"{one}:1", role="watcher") for one in of]
    rows.append(Member(leader, address=leader, role="leader", votes=False, healthy=True))
    rows += [Member(f"r{n}:1", role="replica", votes=False, follows=leader, healthy=True) for n in range(copies)]
    given = {"leaders": (leader,), "term": 0, "quorum": len(of) // 2 + 1, "works": True, **told}
    return Membership("group", f"id-{own}", tuple(rows), **given)


def test_watchers_vote_and_hold_nothing():
    told = of_members({name: watcher(name) for name in NAMES}, members=3)
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "3 members, 1 may fail")
    assert of_members({name: watcher(name, copies=0) for name in NAMES}).actual == "0 may fail"
    assert of_members({"a": watcher("a", of="a")}, members=3).actual == "1 member"
    assert of_members({"a": watcher("a", of="a")}).actual == "0 may fail"


def replicated(own: str, leads: bool, copies: int = 1, **told: object) -> Membership:
    mine = Member(own, role="leader" if leads else "replica", votes=False, healthy=True)
    others = [Member(f"there-{n}", role="replica", votes=False, healthy=True) for n in range(copies)]
    rest = others if leads else [Member("there", role="leader", votes=False, healthy=True)]
    return Membership("one", own, (mine, *rest), works=True, whole=False, **told)


def test_a_copy_that_nobody_votes_for():
    told = of_members({"a": replicated("a", True), "b": replicated("b", False)})
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "nobody votes" in told.because
    assert of_members({"a": replicated("a", True, copies=0)}).verdict is Verdict.REFUTED
    assert of_members({"a": replicated("a", True), "b": replicated("b", False)}, tolerates=">= 0").actual == (
        "2 members, 0 to 1 may fail"
    )


def test_without_a_stated_quorum_a_majority_is_enough():
    assert of_members({name: view(name, leaders=None, quorum=None) for name in NAMES}).actual == (
        "3 members, 1 to 2 may fail"
    )
    two = {name: view(name, of="ab", leaders=None, quorum=None) for name in "ab"}
    assert of_members(two).reason is Reason.NO_OBSERVABLE
    assert of_members({"a": view("a", of="a", leaders=None, quorum=None)}).verdict is Verdict.REFUTED


def test_nodes_without_any_leader():
    rows = tuple(Member(f"id-{one}", healthy=True) for one in NAMES)
    equals = {name: Membership("", f"id-{name}", rows, works=True) for name in NAMES}
    told = of_members(equals)
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "3 members, 1 to 2 may fail")
    assert "2 of 3 votes are needed" in told.because
    assert of_members({"a": Membership("", "id-a", rows[:1], works=True)}).verdict is Verdict.REFUTED
    assert of_agreement(equals).verdict is Verdict.VERIFIED


# --- cluster.agrees


def test_all_say_the_same_and_show_what_was_written():
    told = of_agreement(trio())
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "3 members agree within 10 ms")


def test_they_part():
    split = view("c", leader="c")
    assert of_agreement(trio(c=split)).actual == "they do not agree on the leader"
    assert of_agreement(trio(c=view("c", term=3))).actual == "they do not agree on the term"
    assert of_agreement(trio(c=view("c", of="abcd"))).actual == "they do not agree on who belongs"
    assert of_agreement(trio(c=view("c", cluster="two"))).actual == "2 clusters"
    assert of_agreement(trio(c=view("a"))).conclusive
    assert of_agreement({name: view(name, leaders=()) for name in NAMES}).actual == "no leader"
    assert of_agreement(trio(c=view("c", works=False, trouble="alone"))).because == "c: alone"


def test_two_watchers_name_two_masters():
    told = of_agreement({"a": watcher("a"), "b": watcher("b", leader="n:1"), "c": watcher("c")})
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "they do not agree on the leader")
    assert "n:1" in told.because


def test_one_cannot_agree():
    assert of_agreement({"a": view("a")}).reason is Reason.TOPOLOGY_TOO_SMALL


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.NOT_REACHABLE])
def test_one_cannot_be_asked(reason):
    two = {name: one for name, one in trio().items() if name != "c"}
    told = of_agreement(two, failure("c", Membership, reason, "why"), names=NAMES)
    assert (told.verdict, told.reason, told.because) == (Verdict.UNVERIFIABLE, reason, "c: why")
    parted = {"a": view("a"), "b": view("b", leader="b")}
    assert of_agreement(parted, failure("c", Membership, reason), names=NAMES).verdict is Verdict.REFUTED


def test_a_member_that_lags_for_ever():
    lagging = trio(a=view("a", position=90), b=view("b", position=88), c=view("c", position=40))
    later = [
        fact(name, view(name, position=at), at=3.0, identity=name) for name, at in (("a", 150), ("b", 150), ("c", 40))
    ]
    told = of_agreement(lagging, *later)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "c lags")
    assert "50 behind" in told.because
    caught = [fact("c", view("c", position=90), at=3.0, identity="c")]
    assert of_agreement(lagging, *later[:2], *caught).verdict is Verdict.VERIFIED, "behind the first look it is not"


def test_a_member_that_is_a_moment_behind_is_not_late():
    """Claimed to hold all the time: what one had when the other was looked at is no measure."""
    always = replace(claim("cluster.agrees"), timing=Timing(Span.HOLDS_FOR, 10.0))
    told = fact("", AgreementProbe((Passed("a"),), {}))
    behind = trio(a=view("a", position=90), b=view("b", position=90), c=view("c", position=88))
    assert judged(always, seen(behind, told)).verdict is Verdict.VERIFIED
    assert of_agreement(behind).actual == "c lags", "with time left it is looked at again"
    late = fact("c", view("c", position=89), at=3.0, identity="c")
    assert judged(always, seen(behind, told, late)).actual == "c lags"


def test_a_word_is_asked_for_once_they_agree():
    answer = judge(claim("cluster.agrees"), CHECKS["cluster.agrees"], seen(trio()))
    assert answer == NeedMore((Probe("agreement-probe", ("members",)),))
    parted = judge(claim("cluster.agrees"), CHECKS["cluster.agrees"], seen(trio(b=view("b", leader="b"))))
    assert not isinstance(parted, NeedMore), "nothing is written on what is no cluster"


@pytest.mark.parametrize("reason", [Reason.NOT_SAFE, Reason.NO_OBSERVABLE])
def test_by_their_words_alone(reason):
    told = of_agreement(trio(), failure("", AgreementProbe, reason, "set probes"))
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "3 members say the same")
    assert "nothing was written: set probes" in told.because
    assert of_agreement(trio(), failure("", AgreementProbe, Reason.TIMED_OUT)).reason is Reason.TIMED_OUT


def test_a_word_that_does_not_arrive():
    lost = AgreementProbe((Passed("a", slowest_s=0.1), Passed("b", missed=("c",))), {})
    told = of_agreement(trio(), fact("", lost))
    assert (told.verdict, told.actual, told.conclusive) == (Verdict.REFUTED, "c shows nothing of it", True)
    refused = AgreementProbe((Passed("a"),), {"b": "permission denied"})
    told = of_agreement(trio(), fact("", refused))
    assert (told.verdict, told.reason, told.because) == (
        Verdict.UNVERIFIABLE,
        Reason.NO_OBSERVABLE,
        "permission denied",
    )
    assert of_agreement(trio(), fact("", AgreementProbe((), {}))).reason is Reason.VACUOUS
    left = AgreementProbe((Passed("a"),), {}, cleaned=False)
    assert "was left" in of_agreement(trio(), fact("", left)).because
