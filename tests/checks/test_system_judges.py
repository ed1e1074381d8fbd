"""system.* and process.distinct on hand-made evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit import Verdict
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess

from .evidence import claim, evidence, fact, failure, judged

UP = Presence(up=True, product="Shop", version="2.4.1")
DOWN = Presence(up=False, witness="its process exited with status 1")
V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE


def names(seen: tuple[Observation, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.system for one in seen))


def told(check: str, *seen: Observation, role: str = "system", **params: object) -> Judgement:
    return judged(claim(check, **params), evidence({role: names(seen)}, *seen))


# --- system.running


def test_running_tells_product_and_version() -> None:
    told_up = told("system.running", fact("a", UP), fact("b", Presence(up=True)))
    assert (told_up.verdict, told_up.actual) == (V, "a runs Shop 2.4.1, b runs")


def test_running_names_who_is_down_and_why() -> None:
    answer = told("system.running", fact("a", UP), fact("b", DOWN), failure("c", Presence, Reason.TIMED_OUT))
    assert (answer.verdict, answer.actual, answer.because) == (R, "b down", "b: its process exited with status 1")


def test_running_an_unknown_one_is_never_running() -> None:
    answer = told("system.running", fact("a", UP), failure("b", Presence, Reason.WRONG_PRODUCT, "it speaks http"))
    assert (answer.verdict, answer.reason, answer.because) == (U, Reason.WRONG_PRODUCT, "b: it speaks http")


def test_running_a_refused_login_still_runs() -> None:
    assert told("system.running", fact("a", Presence(up=True, authenticated=False))).verdict is V


# --- system.healthy

WELL = Health(healthy=True, detail="200 ok", discerning=True, way="GET /health")


def test_healthy_says_so_in_its_own_words() -> None:
    answer = told("system.healthy", fact("a", WELL), fact("b", Health(healthy=True, way="SQL")))
    assert (answer.verdict, answer.actual, answer.because) == (V, "a, b healthy", "200 ok; SQL")


@pytest.mark.parametrize(
    ("health", "because"),
    [
        (Health(healthy=False, detail="503 sick"), "503 sick"),
        (Health(healthy=False), "no reason given"),
        (Health(healthy=False, detail="x", parts=(HealthPart("disk", False, "full"),)), "disk: full"),
        (Health(healthy=True, parts=(HealthPart("db", False, "gone"), HealthPart("mq", True, "fine"))), "db: gone"),
        (Health(healthy=False, discerning=False, detail="503 sick"), "503 sick"),
    ],
)
def test_healthy_no_complaint_is_passed_over(health: Health, because: str) -> None:
    answer = told("system.healthy", fact("a", WELL), fact("b", health), failure("c", Health, Reason.FORBIDDEN))
    assert (answer.verdict, answer.actual, answer.because) == (R, "b unhealthy", because)


@pytest.mark.parametrize(("way", "words"), [("GET /health", "GET /health"), ("", "its health check")])
def test_healthy_says_whose_complaint_to_read(way: str, words: str) -> None:
    answer = told("system.healthy", fact("a", Health(healthy=False, way=way)))
    assert answer.remedy == f"see what {words} complains of"


def test_healthy_an_answer_that_nonsense_gets_too_is_vacuous() -> None:
    answer = told("system.healthy", fact("a", WELL), fact("b", Health(healthy=True, discerning=False, way="GET /x")))
    assert (answer.verdict, answer.reason, answer.actual) == (U, Reason.VACUOUS, "b answers everything alike")


def test_healthy_nobody_is_taken_on_trust() -> None:
    answer = told("system.healthy", fact("a", WELL), failure("b", Health, Reason.FORBIDDEN, "401"))
    assert (answer.verdict, answer.reason) == (U, Reason.FORBIDDEN)


# --- system.count


def process(identity: str, **more: object) -> ServerProcess:
    return ServerProcess(identity, **{"how": "pid and its start", **more})  # type: ignore[arg-type]


def server(name: str, its: ServerProcess) -> tuple[Observation, Observation]:
    return fact(name, UP), fact(name, its)


def count(number: object, *seen: Observation) -> Judgement:
    return told("system.count", *seen, role="servers", count=number)


def test_count_of_separate_servers() -> None:
    seen = (*server("a", process("1")), *server("b", process("2")), *server("c", process("2")), fact("d", DOWN))
    answer = count(2, *seen)
    assert (answer.verdict, answer.actual) == (V, "2 servers")
    assert answer.because == "2 servers run separately among 4 named: a, b, c, d"
    assert count(3, *seen).verdict is R
    assert count(4, *seen).verdict is R
    assert count("<= 1", *seen).verdict is R


def test_count_leaves_out_a_relay_to_a_counted_one() -> None:
    seen = (
        *server("a", process("1", listens_on=("h:1",))),
        *server("relay", process("2", forwards_to=("h:1",), listens_on=("h:2",))),
    )
    assert count(1, *seen).verdict is V
    assert count(2, *seen).verdict is R


@pytest.mark.parametrize("blind", ["presence", "process"])
def test_count_is_open_while_one_is_unknown(blind: str) -> None:
    unknown = {
        "presence": (failure("b", Presence, Reason.TIMED_OUT, "late"), failure("b", ServerProcess, Reason.TIMED_OUT)),
        "process": (fact("b", UP), failure("b", ServerProcess, Reason.TIMED_OUT, "late")),
    }[blind]
    seen = (*server("a", process("1")), *unknown)
    answer = count(2, *seen)
    assert (answer.verdict, answer.reason) == (U, Reason.TIMED_OUT)
    assert answer.because == "1 to 2 servers run separately among 2 named: a, b; b: late"
    assert count(1, *seen).verdict is U
    assert count(">= 1", *seen).verdict is V
    assert count("<= 2", *seen).verdict is V
    assert count(3, *seen).verdict is R
    assert count(0, *seen).verdict is R


def test_count_whatever_answers_is_one_at_least() -> None:
    seen = (fact("a", UP), failure("a", ServerProcess, Reason.NO_OBSERVABLE))
    assert count(">= 1", *seen).verdict is V
    assert count(1, *seen).verdict is V
    assert count(2, *seen).verdict is R


def test_count_of_nothing_running_is_none() -> None:
    seen = (fact("a", DOWN), failure("a", ServerProcess, Reason.BLOCKED))
    assert count(0, *seen).verdict is V
    assert count(">= 1", *seen).verdict is R


def test_count_relays_to_each_other_are_one_and_no_crash() -> None:
    seen = (
        *server("a", process("1", listens_on=("h:1",), forwards_to=("h:2",))),
        *server("b", process("2", listens_on=("h:2",), forwards_to=("h:1",))),
    )
    assert count(1, *seen).verdict is V


def test_count_relays_to_a_hidden_server_are_one_or_two() -> None:
    seen = (*server("a", process("1", forwards_to=("h:9",))), *server("b", process("2", forwards_to=("h:9",))))
    assert (count(2, *seen).verdict, count(2, *seen).reason) == (U, Reason.NO_OBSERVABLE)
    assert count(">= 1", *seen).verdict is V
    assert count(3, *seen).verdict is R


@given(
    st.lists(st.sampled_from(["up-1", "up-2", "up-3", "down", "blind"]), min_size=1, max_size=6),
    st.sampled_from(["==", "<", "<=", ">", ">=", "!="]),
    st.integers(0, 7),
)
def test_count_decides_only_what_every_possible_number_decides(states: list[str], operator: str, number: int) -> None:
    seen: list[Observation] = []
    for index, state in enumerate(states):
        name = f"s{index}"
        if state == "down":
            seen += [fact(name, DOWN), failure(name, ServerProcess, Reason.BLOCKED)]
        elif state == "blind":
            seen += [failure(name, Presence, Reason.TIMED_OUT), failure(name, ServerProcess, Reason.TIMED_OUT)]
        else:
            seen += server(name, process(state))
    least = len({state for state in states if state.startswith("up")})
    possible = range(least, least + states.count("blind") + 1)
    holds = {
        {"==": n == number, "<": n < number, "<=": n <= number, ">": n > number, ">=": n >= number, "!=": n != number}[
            operator
        ]
        for n in possible
    }
    assert count(f"{operator} {number}", *seen).verdict is (U if len(holds) == 2 else V if holds == {True} else R)


# --- process.distinct


def distinct(*seen: Observation, **params: object) -> Judgement:
    return told("process.distinct", *seen, role="servers", **params)


def test_distinct_processes() -> None:
    answer = distinct(*server("a", process("1", pid=7)), *server("b", process("2", how="header x-boot", pid=7)))
    assert (answer.verdict, answer.actual) == (V, "2 processes")
    assert answer.because == "told apart by header x-boot and pid and its start"


def test_distinct_needs_two() -> None:
    assert distinct(*server("a", process("1"))).reason is Reason.TOPOLOGY_TOO_SMALL


def test_distinct_equal_identities_are_one_process() -> None:
    answer = distinct(
        *server("a", process("1")), *server("b", process("2")), *server("c", process("1")),
        fact("d", UP), failure("d", ServerProcess, Reason.FORBIDDEN),
    )  # fmt: skip
    assert (answer.verdict, answer.actual) == (R, "a and c are one process")


def test_distinct_a_header_does_not_make_two_of_one_pid() -> None:
    one = {"how": "header x-boot", "pid": 7}
    assert distinct(*server("a", process("1", **one)), *server("b", process("2", **one))).verdict is R
    unknown = {"how": "header x-boot"}
    assert distinct(*server("a", process("1", **unknown)), *server("b", process("2", **unknown))).verdict is V


def test_distinct_one_balancer_on_two_ports_may_lead_to_two() -> None:
    behind = {"how": "header x-boot", "pid": 7}
    answer = distinct(
        *server("a", process("1", forwards_to=("h:8",), **behind)),
        *server("b", process("2", forwards_to=("h:9",), **behind)),
    )
    assert (answer.verdict, answer.reason) == (U, Reason.NO_OBSERVABLE)


def test_distinct_three_names_by_two_ways_are_one() -> None:
    one = {"how": "header x-boot"}
    answer = distinct(
        *server("a", process("1", pid=7, **one)), *server("b", process("2", pid=8, **one)),
        *server("c", process("1", pid=8, **one)),
    )  # fmt: skip
    assert (answer.verdict, answer.actual) == (R, "a and b and c are one process")


def test_distinct_of_three_behind_balancers_two_share_one() -> None:
    behind = {"how": "header x-boot"}
    seen = [
        *server("a", process("1", pid=7, forwards_to=("h:8",), **behind)),
        *server("b", process("2", pid=7, forwards_to=("h:9",), **behind)),
        *server("c", process("3", pid=8, forwards_to=("h:7",), **behind)),
    ]
    assert distinct(*seen).verdict is U
    assert distinct(*seen[:2], *seen[4:]).verdict is V


def test_distinct_one_of_a_group_is_enough_to_belong_to_it() -> None:
    one = {"how": "header x-boot"}
    answer = distinct(
        *server("a", process("1", pid=7, **one)), *server("b", process("1", pid=8, **one)),
        *server("c", process("2", pid=8, **one)),
    )  # fmt: skip
    assert (answer.verdict, answer.actual) == (R, "a and b and c are one process")


def test_distinct_needs_two_names() -> None:
    alone = distinct(*server("a", process("1")))
    assert (alone.verdict, alone.reason, alone.because) == (U, Reason.TOPOLOGY_TOO_SMALL, "only a matches")


def test_distinct_a_relay_is_no_server() -> None:
    answer = distinct(
        *server("a", process("1", listens_on=("h:1",))),
        *server("b", process("2", how="header x-boot", forwards_to=("h:1",))),
    )
    assert (answer.verdict, answer.actual) == (R, "b only forwards")
    assert answer.because == "a connection to b was passed on to h:1"


@pytest.mark.parametrize(("how", "verdict"), [("pid and its start", U), ("header x-boot", V)])
def test_distinct_a_relay_to_somebody_unnamed_is_doubtful_unless_it_tells_itself(how: str, verdict: Verdict) -> None:
    answer = distinct(*server("a", process("1")), *server("b", process("2", how=how, forwards_to=("h:9",))))
    assert answer.verdict is verdict
    assert verdict is V or answer.reason is Reason.NO_OBSERVABLE


@pytest.mark.parametrize("how", ["pid and its start", "header x-boot"])
def test_distinct_a_doubt_about_who_answers_is_never_overruled(how: str) -> None:
    seen = (*server("a", process("1")), *server("b", process("2", how=how, doubt="c runs with each answer")))
    answer = distinct(*seen)
    assert (answer.verdict, answer.reason) == (U, Reason.NO_OBSERVABLE)
    assert answer.because == "b: c runs with each answer; declare instances.identity"
    assert count(2, *seen).verdict is U
    assert count(">= 1", *seen).verdict is V


def test_distinct_a_relay_to_a_named_one_is_refuted_whatever_is_in_doubt() -> None:
    relay = process("2", forwards_to=("h:1",), doubt="h:1 answers in its place, under another name")
    assert distinct(*server("a", process("1", listens_on=("h:1",))), *server("b", relay)).verdict is R


def test_distinct_what_it_listens_on_itself_is_no_relay() -> None:
    own = process("1", listens_on=("h:1",), forwards_to=("h:1",), how="header x-boot")
    assert distinct(*server("a", own), *server("b", process("2"))).verdict is V


def test_distinct_a_dead_one_is_no_process() -> None:
    answer = distinct(*server("a", process("1")), fact("b", DOWN), failure("b", ServerProcess, Reason.BLOCKED))
    assert (answer.verdict, answer.actual, answer.because) == (R, "b is no running process", DOWN.witness)


def test_distinct_an_unseen_one_is_not_taken_on_trust() -> None:
    answer = distinct(*server("a", process("1")), fact("b", UP), failure("b", ServerProcess, Reason.FORBIDDEN, "no"))
    assert (answer.verdict, answer.reason, answer.because) == (U, Reason.FORBIDDEN, "b: no")


@pytest.mark.parametrize(("number", "verdict"), [(2, V), (">= 2", V), (3, R), (">= 3", R), ("< 2", R), (20, R)])
def test_distinct_the_claimed_number(number: object, verdict: Verdict) -> None:
    seen = (*server("a", process("1")), *server("b", process("2")))
    assert distinct(*seen, count=number).verdict is verdict


# --- system.version


def version(wanted: str, *seen: Presence | Observation) -> Judgement:
    looks = [one if isinstance(one, Observation) else fact(f"s{n}", one) for n, one in enumerate(seen)]
    return told("system.version", *looks, version=wanted)


def says(text: str) -> Presence:
    return Presence(up=True, product="Shop", version=text)


@pytest.mark.parametrize(
    ("own", "true", "lies"),
    [
        (
            "15.4 (Debian 15.4-1)",
            ["15", "15.4", "v15", "15.x", ">= 15, < 16", "!= 14"],
            ["1", "5", "16", "15.5", "<15"],
        ),
        ("1.20.1", ["1", "1.20", "> 1.9"], ["1.2", "1.21", "20", "< 1.3"]),
        ("16rc1", ["16"], [">= 16", "15"]),
        ("9.4.1-alpine", ["9", "9.4.1"], ["9.5"]),
        ("1.2.3-4", ["== 1.2.3"], ["== 1.2.4"]),
    ],
)
def test_version_by_the_servers_own_account(own: str, true: list[str], lies: list[str]) -> None:
    for wanted in true:
        assert version(wanted, says(own)).verdict is V, wanted
    for wanted in lies:
        assert version(wanted, says(own)).verdict is R, wanted


def test_version_of_each_server() -> None:
    answer = version("15", says("15.4"), says("14.9"), says(""), failure("s3", Presence, Reason.TIMED_OUT))
    assert (answer.verdict, answer.actual, answer.because) == (R, "s1 14.9", "claimed 15")
    assert version("15", says("15.4"), says("15.1")).actual == "s0 15.4, s1 15.1"


def test_version_is_not_known() -> None:
    assert version("15", says("15.4"), says("")).reason is Reason.NO_OBSERVABLE
    assert version("15", says("15.4"), says("unknown")).reason is Reason.NO_OBSERVABLE
    assert version("15", Presence(up=True, authenticated=False)).reason is Reason.FORBIDDEN
    assert version("15", Presence(up=True, version="15.1", authenticated=False)).verdict is V
    assert version("15", says("15.4"), failure("s1", Presence, Reason.TIMED_OUT)).reason is Reason.TIMED_OUT


@pytest.mark.parametrize("nothing", ["newest", ",", " ", "15 or 16", "~ 15"])
def test_version_that_allows_everything_or_says_nothing(nothing: str) -> None:
    assert version(nothing, says("15.4")).reason is Reason.AMBIGUOUS_CLAIM


NUMBERS = st.lists(st.integers(0, 40), min_size=1, max_size=4)


@given(NUMBERS, NUMBERS)
def test_version_a_bare_number_is_a_prefix_by_whole_numbers(own: list[int], wanted: list[int]) -> None:
    padded = (own + [0] * 4)[: len(wanted)]
    answer = version(".".join(map(str, wanted)), says(".".join(map(str, own))))
    assert answer.verdict is (V if padded == wanted else R)


@given(NUMBERS, NUMBERS)
def test_version_comparisons_compare_numbers_not_letters(own: list[int], wanted: list[int]) -> None:
    here, there = ((numbers + [0] * 4)[:4] for numbers in (own, wanted))
    mine, text = ".".join(map(str, own)), ".".join(map(str, wanted))
    assert version(f">= {text}", says(mine)).verdict is (V if here >= there else R)
    assert version(f"<= {text}", says(mine)).verdict is (V if here <= there else R)
