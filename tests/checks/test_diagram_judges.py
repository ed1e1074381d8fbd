"""The judge of diagrams, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest

from pytest_distaudit.checks.diagram import matches
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.edges import Arrow, Connection, Diagram, Edges, Node
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayServer
from pytest_distaudit.ports.telemetry import Span, Traces

from .evidence import claim, evidence, fact, failure
from .test_wiring_judges import alternation, with_performances

COURSE = alternation()
TURNS = [0.05, *(window.ended + 0.05 for window in COURSE.windows)]
USED = with_performances(10)
STILL = [0] * 19
#: each system listens at a port of its own
PORTS = {"front": 80, "queue": 5672, "worker": 81, "tables": 5432, "stranger": 99}


def wire(caller, called, packets=USED, *, number=1, host="127.0.0.1", counted=True):
    """A connection that carries ``packets`` in each window, and who has its ends."""
    return caller, called, f"{host}:{40000 + number}", f"{host}:{PORTS[called]}", list(packets), counted


def looks(name, *wires, ended=STILL, **more):
    """The looks at one system, from its end of all wires; ``ended``: callers' connections per window."""
    counts = [accumulate(moved, initial=7) for *_, moved, _ in wires]
    gone = list(accumulate(ended or STILL, initial=0))
    told = {"at": (f"127.0.0.1:{PORTS[name]}",), "process": name, "only_answers": name in ("queue", "tables"), **more}
    for place, (at, totals) in enumerate(
        zip(TURNS, zip(*counts, strict=True) if wires else [()] * len(TURNS), strict=True)
    ):
        connections = []
        for (caller, called, here, there, _, counted), total in zip(wires, totals, strict=True):
            if name in (caller, called):
                opened = name == caller
                ends = (here, there) if opened else (there, here)
                peer = called if opened else caller
                numbers = (total, 0) if counted else (None, None)
                connections.append(Connection(*ends, opened, *numbers, peer=f"{peer} (pid {len(peer)})"))
        heard = None if ended is None else {"127.0.0.1": gone[place]} if gone[place] else {}
        hosts = {} if ended is None else {"ended": heard}
        value = {"connections": tuple(connections), **hosts, **told}
        yield fact(name, Edges(**value), at=at)


def told(*wires, systems=("front", "queue", "worker", "tables"), seen=(), course=COURSE, entries=("front",), **params):
    """What is said of the wires; ``seen`` replaces the looks at some."""
    params.setdefault("edges", "front -> queue -> worker -> tables")
    made = claim("wiring.matches-diagram", activity="submit", **params)
    theirs = {name: list(looks(name, *wires)) for name in systems} | dict(seen)
    roles = {"systems": tuple(systems), "activity": tuple(entries)}
    return judge(made, matches, evidence(roles, *(one for each in theirs.values() for one in each), course_of(course)))


def course_of(course):
    return fact("", course, activity="submit")


CHAIN = (wire("front", "queue"), wire("worker", "queue", number=2), wire("worker", "tables", number=3))


def short(answer):
    return answer.verdict, answer.reason or answer.actual


def test_what_is_drawn_and_at_work():
    answer = told(*CHAIN)
    assert short(answer) == (Verdict.VERIFIED, "3 of 3 arrows at work")
    assert answer.connects == (("front", "queue"), ("queue", "worker"), ("worker", "tables"))


def test_an_arrow_that_nothing_is_behind():
    answer = told(*CHAIN[:2])
    assert short(answer) == (Verdict.REFUTED, "worker -> tables is not so")
    assert answer.because == "worker -> tables: worker is not connected to tables"
    assert answer.connects == (("worker", "tables"),)


def test_a_connection_is_no_work():
    idle = wire("worker", "tables", STILL, number=3)
    assert told(*CHAIN[:2], idle).because == "worker -> tables: connected, and nothing goes over it"
    polled = wire("worker", "tables", [4] * 19, number=3)
    assert "does so without the activity, too" in told(*CHAIN[:2], polled).because


def test_a_name_is_no_end():
    """Somebody else is connected, whatever the server calls him, and the other one is connected elsewhere."""
    other = wire("stranger", "tables", [4] * 19, number=4)
    elsewhere = wire("worker", "stranger", number=5)
    answer = told(*CHAIN[:2], other)
    assert answer.verdict is Verdict.REFUTED
    assert answer.because.endswith("other clients of tables: stranger (pid 8)")
    decoy = ("worker", "decoy", *elsewhere[2:])
    assert "instead it is connected to decoy (pid 5)" in told(*CHAIN[:2], decoy).because


def test_who_stands_between_leaves_it_open():
    through = wire("worker", "stranger", number=5), wire("stranger", "tables", number=6)
    answer = told(*CHAIN[:2], *through)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "perhaps through stranger (pid 8)" in answer.because
    answer = told(*CHAIN[:2], wire("stranger", "tables", number=6))
    assert "works with tables meanwhile" in answer.because


def test_a_system_that_the_diagram_leaves_out_may_stand_between():
    through = wire("front", "worker", number=5), wire("worker", "tables", number=6)
    answer = told(*through, systems=("front", "worker", "tables"), edges="front -> tables")
    assert "perhaps through worker (pid 6)" in answer.because


@pytest.mark.parametrize("calls", [USED, STILL])
def test_other_clients_are_told(calls):
    answer = told(*CHAIN, wire("stranger", "tables", calls, number=6))
    assert answer.verdict is Verdict.VERIFIED
    assert "also connected to tables: stranger (pid 8)" in answer.because


def test_what_is_not_drawn_may_carry_nothing():
    direct = wire("front", "tables", [0, 0, 1, *[0] * 16], number=7)
    answer = told(*CHAIN, direct)
    assert short(answer) == (Verdict.REFUTED, "front -> tables is not drawn")
    assert answer.connects == ()
    assert told(*CHAIN, direct, only="false").verdict is Verdict.VERIFIED
    assert told(*CHAIN, wire("front", "tables", STILL, number=7)).verdict is Verdict.VERIFIED


def test_arrows_of_services_say_who_calls():
    answer = told(wire("worker", "front"), systems=("front", "worker"), edges="front -> worker", entries=())
    assert short(answer) == (Verdict.REFUTED, "front -> worker is not so")
    assert answer.because == "front -> worker: it is worker that calls front"
    assert (
        told(wire("worker", "front"), systems=("front", "worker"), edges="worker -> front").verdict is Verdict.VERIFIED
    )


def test_connections_that_end_at_once_are_nobodys():
    fresh = {"tables": list(looks("tables", *CHAIN[:2], ended=with_performances(5)))}
    answer = told(*CHAIN[:2], seen=fresh)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "35 connections to tables opened for performances and closed at once" in answer.because
    assert told(*CHAIN, seen={"tables": list(looks("tables", *CHAIN, ended=with_performances(5)))}).actual == (
        "3 of 3 arrows at work; not to be told: whoever -> tables"
    )


def test_the_audits_own_performances_are_nobodys_edge():
    own = {"front": list(looks("front", *CHAIN, ended=with_performances(5)))}
    assert told(*CHAIN, seen=own).verdict is Verdict.VERIFIED
    assert told(*CHAIN, seen=own, entries=()).verdict is Verdict.UNVERIFIABLE
    more = {"front": list(looks("front", *CHAIN, ended=with_performances(10)))}
    assert told(*CHAIN, seen=more).verdict is Verdict.UNVERIFIABLE


def test_without_ears_nothing_is_missing():
    deaf = {"tables": list(looks("tables", *CHAIN[:2], ended=None, deaf="told to root alone"))}
    answer = told(*CHAIN[:2], seen=deaf)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "told to root alone" in answer.because
    heard = {"tables": list(looks("tables", *CHAIN, ended=None))}
    assert told(*CHAIN, seen=heard).verdict is Verdict.UNVERIFIABLE
    assert told(*CHAIN, seen=heard, only="false").verdict is Verdict.VERIFIED


def test_callers_with_an_address_of_their_own_are_known_by_it():
    """In networks of their own, as containers are."""
    apart = {
        name: list(looks(name, network=f"net:{name}", hosts=(f"10.0.0.{number}",)))
        for number, name in enumerate(("front", "worker"))
    }
    gone = list(accumulate(with_performances(5), initial=0))
    called = [
        fact(
            "worker",
            Edges((), process="worker", network="net:worker", hosts=("10.0.0.1",), ended={"10.0.0.0": many}),
            at=at,
        )
        for at, many in zip(TURNS, gone, strict=True)
    ]
    answer = told(systems=("front", "worker"), edges="front -> worker", seen={**apart, "worker": called})
    assert answer.because == "front -> worker: 35 connections more with performances, closed at once"
    answer = told(systems=("front", "worker"), edges="worker -> front", seen={**apart, "worker": called}, entries=())
    assert answer.verdict is Verdict.REFUTED


def test_other_ways_than_connections_leave_it_open():
    ways = {"tables": list(looks("tables", *CHAIN[:2], besides=("UDP port 53",)))}
    assert "UDP port 53" in told(*CHAIN[:2], seen=ways).because
    files = wire("worker", "tables", number=3, counted=False)
    answer = told(*CHAIN[:2], files)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "which counts nothing" in answer.because


def test_who_cannot_be_seen():
    far = {"worker": [fact("worker", Edges(None, unseen="it runs elsewhere"), at=at) for at in TURNS]}
    answer = told(*CHAIN, seen=far)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "worker: it runs elsewhere" in answer.because
    failed = {"worker": [failure("worker", Edges, Reason.NOT_INSTALLED, "ss is not here")]}
    assert short(told(*CHAIN, seen=failed)) == (Verdict.UNVERIFIABLE, Reason.NOT_INSTALLED)
    assert told(wire("front", "queue", STILL), seen=failed).verdict is Verdict.REFUTED


def test_a_server_elsewhere_is_known_by_its_address():
    far = {"tables": [fact("tables", Edges(None, ("127.0.0.1:5432",), unseen="elsewhere"), at=at) for at in TURNS]}
    answer = told(*CHAIN, seen=far, only="false")
    assert short(answer) == (Verdict.VERIFIED, "3 of 3 arrows at work")
    assert told(*CHAIN[:2], seen=far, only="false").reason is Reason.NO_OBSERVABLE


def test_one_process_is_no_two_systems():
    same = {name: list(looks(name, process="one")) for name in ("front", "worker")}
    answer = told(systems=("front", "worker"), edges="front -> worker", seen=same)
    assert "front, worker are one process" in answer.because
    twins = {name: list(looks(name, ONE, process="one")) for name in ("queue", "tables")}
    answer = told(ONE, edges="front -> queue", systems=("front", "queue", "tables"), seen=twins)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_a_system_that_another_one_started_keeps_its_own():
    """The parent is not connected because its child is."""
    within = {"worker": list(looks("worker", *CHAIN[1:], within=("front",)))}
    parent = looks("worker", *CHAIN[1:], process="front")
    seen = {"front": [replace(one, system="front") for one in parent], **within}
    answer = told(*CHAIN[1:], seen=seen, edges="front -> tables, worker -> queue, worker -> tables")
    assert answer.actual == "front -> tables is not so"


def test_a_restart_leaves_it_open():
    turns = list(looks("worker", *CHAIN))
    later = list(looks("worker", *CHAIN, process="another"))
    answer = told(*CHAIN, seen={"worker": [*turns[:9], *later[9:]]})
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_failed_performances_are_no_baseline():
    assert told(*CHAIN, course=alternation(failing=1)).reason is Reason.BASELINE


def test_more_performances_are_asked_for_where_few_leave_it_open():
    noise = [9, 4, 12, 7, 3, 8, 6, 11, 5, 9, 3, 12, 8, 10, 4, 7, 9, 6, 11]
    answer = told(*CHAIN[:2], wire("worker", "tables", noise, number=3))
    assert isinstance(answer, NeedMore)
    assert [need.each for need in answer.needs] == [15]


# --- whose calls they were


def trace_of(run, *, pid="7", calls=1, service="worker"):
    """One trace: the front, and its calls of the other one."""
    front = Span(run.trace, "f", "", "front", "GET", 1.0, 0.1, host="h", pid="1000")
    called = [Span(run.trace, f"w{n}", "f", service, "GET", 1.0, 0.1, host="h", pid=pid) for n in range(calls)]
    return front, *called


def traced(*wires, many=5, systems=("front", "worker"), edges="front -> worker", **of_trace):
    """``many`` connections to the worker end with the performances of each window."""
    windows = tuple(
        replace(window, runs=tuple(replace(run, trace=run.nonce[-32:]) for run in window.runs))
        for window in COURSE.windows
    )
    runs = [run for window in windows for run in window.runs]
    made = claim("wiring.matches-diagram", activity="submit", edges=edges)
    made = replace(made, roles={"systems": "*", "traces": "store"})
    gone = {"worker": with_performances(many)}
    seen = [one for name in systems for one in looks(name, *wires, ended=gone.get(name, STILL))]
    seen.append(fact("", replace(COURSE, windows=windows), activity="submit"))
    roles = {"systems": systems, "activity": ("front",), "traces": ("store",)}
    wanted = judge(made, matches, evidence(roles, *seen))
    assert isinstance(wanted, NeedMore)
    (need,) = wanted.needs
    spans = tuple(span for run in runs for span in trace_of(run, **of_trace))
    store = Observation("store", need.ask, 50.0, 0.01, value=to_json(Traces(("front", "worker"), spans)))
    return judge(made, matches, evidence(roles, *seen, store))


def test_traces_tell_whose_connections_they_were():
    answer = traced()
    assert short(answer) == (Verdict.VERIFIED, "1 of 1 arrow at work")
    assert answer.because == "front -> worker: 1 calls for each performance, closed at once, by its trace"


def test_traces_of_one_process_or_of_others_tell_nothing():
    assert traced(pid="1000").reason is Reason.NO_OBSERVABLE
    assert traced(pid="").reason is Reason.NO_OBSERVABLE
    assert traced(service="another").reason is Reason.NO_OBSERVABLE
    assert traced(calls=0).reason is Reason.NO_OBSERVABLE


def test_more_connections_than_traces_tell_of_are_somebody_elses():
    chain = {"systems": ("front", "worker", "tables"), "edges": "front -> worker, front -> tables"}
    kept = wire("front", "tables")
    assert traced(kept, **chain).actual == "2 of 2 arrows at work"
    assert traced(kept, many=10, **chain).actual == "2 of 2 arrows at work; not to be told: whoever -> worker"
    assert traced(kept, many=10, calls=2, **chain).actual == "2 of 2 arrows at work"


# --- gateways that count


def counted(*wires, answered, address="127.0.0.1:81", many=5):
    """``answered`` requests in each window, by the front's own count; ``many`` connections end with performances."""
    systems = ("front", "worker", "tables")
    made = claim("wiring.matches-diagram", activity="submit", edges="front -> worker, front -> tables")
    made = replace(made, roles={"systems": "*", "gateways": "front"})
    gone = {"worker": with_performances(many)}
    seen = [one for name in systems for one in looks(name, *wires, ended=gone.get(name, STILL))]
    for at, total in zip(TURNS, accumulate(answered, initial=3), strict=True):
        backend = GatewayBackend("back", (GatewayServer("one", address, answered=total), GatewayServer("two")))
        seen.append(fact("front", Gateway(None, (backend,)), at=at))
    roles = {"systems": systems, "activity": ("front",), "gateways": ("front",)}
    return judge(made, matches, evidence(roles, *seen, course_of(COURSE)))


def test_gateways_count_what_they_pass_on():
    kept = wire("front", "tables")
    answer = counted(kept, answered=with_performances(5))
    assert short(answer) == (Verdict.VERIFIED, "2 of 2 arrows at work")
    assert "front -> worker: 35 requests more with performances, by the count of front" in answer.because
    assert counted(kept, answered=STILL).reason is Reason.NO_OBSERVABLE
    assert counted(kept, answered=with_performances(5), address="127.0.0.1:82").reason is Reason.NO_OBSERVABLE
    assert counted(kept, answered=with_performances(5), many=10).actual.endswith("not to be told: whoever -> worker")
    assert counted(kept, answered=STILL, many=0).actual == "front -> worker is not so"


# --- what is drawn


def shown(*arrows, nodes=(), unread=()):
    made = [Arrow(source, to, line, pointed) for line, (source, to, pointed) in enumerate(arrows, start=1)]
    ids = dict.fromkeys(end for arrow in made for end in (arrow.source, arrow.to))
    labels = dict(nodes)
    return Diagram("a.md", 1, tuple(Node(labels.get(one, one), one) for one in ids), tuple(made), unread)


def of_diagram(diagram, *wires, systems=("front", "queue"), **params):
    made = claim("wiring.matches-diagram", activity="submit", **params)
    theirs = [one for name in systems for one in looks(name, *wires)]
    roles = {"systems": tuple(systems), "activity": ("front",)}
    seen = fact("", diagram, document=made.document, line=made.line)
    return judge(made, matches, evidence(roles, *theirs, seen, course_of(COURSE)))


ONE = wire("front", "queue")


def test_nodes_are_systems_by_id_label_or_word_of_the_claim():
    assert of_diagram(shown(("front", "queue", True)), ONE).verdict is Verdict.VERIFIED
    labelled = shown(("a", "b", True), nodes={"a": "Front", "b": "Queue"})
    assert of_diagram(labelled, ONE).verdict is Verdict.VERIFIED
    other = shown(("a", "b", True), nodes={"a": "API Gateway", "b": "Broker"})
    assert of_diagram(other, ONE).actual == "which system is API Gateway, Broker?"
    assert of_diagram(other, ONE, names="api gateway = front, b = queue").verdict is Verdict.VERIFIED
    assert of_diagram(other, ONE, names="a = nobody").actual == "names: a = nobody"


def test_a_node_that_nobody_knows_is_asked_about():
    drawn = shown(("user", "front", True), ("front", "queue", True))
    answer = of_diagram(drawn, ONE)
    assert short(answer) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    assert answer.actual == "which system is user?"
    answer = of_diagram(drawn, ONE, beyond="User")
    assert "not judged: user -> front" in answer.because


def test_a_diagram_without_arrows_between_systems_says_nothing():
    assert of_diagram(shown(("user", "front", True)), ONE, beyond="user").reason is Reason.VACUOUS


def test_lines_that_cannot_be_read():
    assert of_diagram(shown(("front", "queue", True), unread=(7,)), ONE).actual == "a.md:7 cannot be read as an arrow"


def test_a_line_without_a_head_may_be_opened_from_either_end():
    back = wire("worker", "front")
    drawn = shown(("front", "worker", False))
    assert of_diagram(drawn, back, systems=("front", "worker")).verdict is Verdict.VERIFIED


def test_arrows_apart_are_not_judged():
    drawn = shown(("front", "queue", True), ("front", "worker", True))
    answer = of_diagram(drawn, ONE, systems=("front", "queue", "worker"), apart="front -> worker")
    assert short(answer) == (Verdict.VERIFIED, "1 of 1 arrow at work")
    assert "not judged: front -> worker" in answer.because
    wrong = of_diagram(drawn, ONE, systems=("front", "queue", "worker"), apart="queue -> worker")
    assert wrong.reason is Reason.AMBIGUOUS_CLAIM


def test_a_list_that_cannot_be_read():
    assert told(*CHAIN, edges="front to queue").reason is Reason.AMBIGUOUS_CLAIM
