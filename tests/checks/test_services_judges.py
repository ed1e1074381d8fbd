"""The judge of services, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.checks.services import _plain
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import Presence, ServerProcess
from pytest_distaudit.ports.programs import Program, Source, Surface

from .evidence import CHECKS, claim, evidence, fact, failure, judged

NAMES = ("orders", "users")
SERVES = "orders=/orders, users=/users"
PATHS = "/orders /users"


def source(name, size=20, shape=None):
    """A file whose statements nobody else has."""
    return Source(f"/{name}.py", tuple(f"{name}-{at}" for at in range(size)), (f"{shape or name}-shape",))


LIBRARY = source("library", 60)


class Look:
    """What is seen of one service."""

    def __init__(self, name, **program):
        self.name = name
        self.presence = Presence(True)
        self.process = ServerProcess(f"run-{name}", "pid", listens_on=(f"127.0.0.1:{len(name)}",))
        own = {"process": f"run-{name}", "file": f"/{name}.py", "digest": name, "code": (source(name), LIBRARY)}
        self.program = Program(**{**own, **program})
        self.surface = Surface((f"/{name}",))

    def but(self, **fields):
        made = Look(self.name)
        vars(made).update({**vars(self), **fields})
        return made


ORDERS, USERS = Look("orders"), Look("users")
ONE = {"file": "/mono.py", "digest": "mono", "code": (source("mono"),)}


def seen(*looks, paths=PATHS):
    facts = []
    for one in looks:
        for of, each, args in (
            (Presence, one.presence, {}),
            (ServerProcess, one.process, {}),
            (Program, one.program, {}),
            (Surface, one.surface, {"paths": paths}),
        ):
            facts.append(
                failure(one.name, of, each, "hidden", **args)
                if isinstance(each, Reason)
                else fact(one.name, each, **args)
            )
    return evidence({"services": tuple(one.name for one in looks)}, *facts)


def told(*looks, paths=PATHS, serves=SERVES, **params):
    return judged(claim("architecture.services", serves=serves, **params), seen(*looks, paths=paths))


def word(*looks, **params):
    judgement = told(*looks, **params)
    return judgement.verdict, judgement.reason or judgement.actual


def test_programs_that_serve_apart():
    assert word(ORDERS, USERS) == (Verdict.VERIFIED, "2 services, each of its own")
    assert "orders: /orders.py" in told(ORDERS, USERS).because
    assert word(ORDERS, USERS, count=3) == (Verdict.REFUTED, "2 services")


def test_one_process_under_two_names():
    again = Look("users", process="run-orders")
    assert word(ORDERS, again) == (Verdict.REFUTED, "orders and users are one process")
    same = USERS.but(process=ORDERS.process, program=Reason.NO_OBSERVABLE)
    assert word(ORDERS, same) == (Verdict.REFUTED, "orders and users are one process")


def test_relays():
    hidden = [one.but(process=replace(one.process, forwards_to=("127.0.0.1:99",))) for one in (ORDERS, USERS)]
    assert word(*hidden) == (Verdict.REFUTED, "orders and users lead to one")
    leads = USERS.but(process=replace(USERS.process, forwards_to=ORDERS.process.listens_on))
    assert word(ORDERS, leads) == (Verdict.REFUTED, "users only leads to orders")
    assert word(ORDERS, hidden[1]) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    doubt = USERS.but(process=replace(USERS.process, doubt="two answer"))
    assert word(ORDERS, doubt) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize("words", [((), ()), (("--name", "orders", "--port", "1"), ("--name", "users"))])
def test_one_program_with_one_command(words):
    pair = [Look(name, **ONE, words=given) for name, given in zip(NAMES, words, strict=True)]
    assert word(*pair) == (Verdict.REFUTED, "orders and users are one program")
    assert word(*pair, replicas="both=orders+users", serves=None, paths="") == (Verdict.REFUTED, "1 service")
    alone = word(*pair, replicas="both=orders+users", serves=None, paths="", count=1)
    assert alone == (Verdict.UNVERIFIABLE, Reason.TOPOLOGY_TOO_SMALL)


def both(**program):
    """Two that run the same, with these differences."""
    changed = {key: [value, value] if not isinstance(value, list) else value for key, value in program.items()}
    return [Look(name, **ONE | {key: value[at] for key, value in changed.items()}) for at, name in enumerate(NAMES)]


def test_one_program_that_is_told_its_part_by_its_command_may_be_two():
    pair = both(words=[("orders-part",), ("users-part",)])
    assert word(*pair) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    alike = [one.but(surface=Surface(("/orders", "/users"))) for one in pair]
    assert word(*alike) == (Verdict.REFUTED, "orders and users are one program")


def changed(by, size=20, of="mono"):
    """The same file with so many other statements."""
    kept = source(of, size).statements[by:]
    return Source("/copy.py", (*kept, *(f"changed-{at}" for at in range(by))), ("changed-shape",))


@pytest.mark.parametrize("by", [0, 1, 4])
def test_a_copy_with_few_changes_is_the_same_program(by):
    pair = both(digest=["one", "two"], code=[(source("mono"),), (changed(by),)])
    assert word(*pair) == (Verdict.REFUTED, "orders and users are one program")


@pytest.mark.parametrize("by", [6, 9])
def test_a_copy_with_many_changes_is_not_told(by):
    pair = both(digest=["one", "two"], code=[(source("mono"),), (changed(by),)])
    assert word(*pair) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_thin_files_before_a_common_one_are_one_program_and_thicker_ones_are_not_told():
    thin = both(digest=["one", "two"], code=[(source(name, 2), LIBRARY) for name in NAMES])
    assert word(*thin) == (Verdict.REFUTED, "orders and users are one program")
    more = both(digest=["one", "two"], code=[(source(name, 8), LIBRARY) for name in NAMES])
    judgement = told(*more)
    assert (judgement.reason, judgement.because) == (
        Reason.NO_OBSERVABLE, "of 68 statements seen 60 are common to both",
    )  # fmt: skip
    part = both(digest=["one", "two"], code=[(source("orders"), LIBRARY), (LIBRARY,)])
    assert word(*part) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize(
    "unseen",
    [{"unseen": "loads by name"}, {"installed": [("orders_app",), ("users_app",)]}, {"beside": [("a",), ("b",)]}],
)
def test_what_may_load_more_is_not_one_program(unseen):
    thin = both(digest=["one", "two"], code=[(source(name, 2), LIBRARY) for name in NAMES], **unseen)
    assert word(*thin) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_other_names_make_no_other_program():
    pair = both(digest=["one", "two"], code=[(source(name, shape="one"),) for name in NAMES])
    assert word(*pair) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "with other names" in told(*pair).because


def test_code_that_may_never_be_reached_is_none_of_its_own():
    """Of other languages than Python it is not seen what is never called: thin files may be padded."""
    scripts = [(replace(source(name), file=f"/{name}.js"), LIBRARY) for name in NAMES]
    pair = both(digest=["one", "two"], code=scripts)
    assert word(*pair) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert told(*pair).because == "60 statements are common to both, and what of the rest is ever reached is not seen"
    alone = both(digest=["one", "two"], code=[files[:1] for files in scripts])
    assert word(*alone)[0] is Verdict.VERIFIED


def test_a_small_program_in_two_places_is_one():
    assert word(*both(code=(source("tiny", 3),))) == (Verdict.REFUTED, "orders and users are one program")
    apart = both(digest=["one", "two"], code=[(source("tiny", 3),), (source("tiny", 3),)])
    assert word(*apart) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_code_that_cannot_be_read_is_not_told_apart():
    hidden = both(digest=["one", "two"], code=None, unread="it is compiled")
    assert word(*hidden) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert "it is compiled" in told(*hidden).because
    same = [one.but(surface=Surface(("/orders", "/users"))) for one in both(code=None)]
    assert word(*same) == (Verdict.REFUTED, "orders and users are one program")
    assert word(*both(code=None)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    launched = [one.but(surface=Surface(("/orders", "/users"))) for one in both(code=None, digest="")]
    assert word(*launched) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_a_refutation_comes_before_what_is_not_told():
    third = Look("stock", code=(source("stock"),), digest="stock")
    third.process = replace(third.process, forwards_to=("127.0.0.1:99",))
    given = {"serves": f"{SERVES}, stock=/stock", "paths": "/orders /stock /users"}
    assert word(third, *both(), **given) == (Verdict.REFUTED, "orders and users are one program")
    short = USERS.but(surface=Surface(()))
    assert word(third, ORDERS, short, **given) == (Verdict.REFUTED, "users does not serve /users")


def test_without_a_path_of_its_own_it_may_be_the_other_once_more():
    wide = USERS.but(surface=Surface(("/orders", "/users")))
    assert word(ORDERS, wide) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    hidden = USERS.but(surface=Surface(("/users",), hidden=("/orders",)))
    assert word(ORDERS, hidden) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    unasked = USERS.but(surface=Reason.FORBIDDEN)
    assert word(ORDERS, unasked) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert word(ORDERS, USERS, serves="orders=/orders", paths="/orders") == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    missing = USERS.but(surface=Surface(()))
    assert word(ORDERS, missing) == (Verdict.REFUTED, "users does not serve /users")


@pytest.mark.parametrize("field", ["process", "program"])
@pytest.mark.parametrize("reason", [Reason.NO_OBSERVABLE, Reason.FORBIDDEN])
def test_what_cannot_be_seen_is_not_known_to_be_apart(field, reason):
    assert word(ORDERS, USERS.but(**{field: reason})) == (Verdict.UNVERIFIABLE, reason)


def test_a_service_that_is_down_is_none():
    down = USERS.but(presence=Presence(False, witness="gone"))
    assert word(ORDERS, down) == (Verdict.REFUTED, "users does not run")


@pytest.mark.parametrize(
    "params",
    [{"serves": "orders"}, {"serves": "mail=/mail"}, {"replicas": "orders"}, {"replicas": "x=orders+mail"}],
)
def test_what_cannot_be_read(params):
    assert word(ORDERS, USERS, **params) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


def test_replicas_serve_as_one():
    twice = Look("users-2", digest="users", code=USERS.program.code, file="/users.py").but(surface=USERS.surface)
    given = {"replicas": "users=users+users-2", "count": 2}
    assert word(ORDERS, USERS, twice, **given)[0] is Verdict.VERIFIED
    assert word(ORDERS, USERS, twice) == (Verdict.REFUTED, "users and users-2 are one program")


def test_their_own_documents_say_what_all_are_asked():
    pair = [one.but(surface=Surface((), published=(f"/{one.name}", "/health"))) for one in (ORDERS, USERS)]
    of = claim("architecture.services")
    more = judge(of, CHECKS[of.check], seen(*pair, paths=""))
    assert isinstance(more, NeedMore)
    assert more.needs[0].ask == Surface.ask(paths="/health /orders /users")
    asked = [
        one.but(surface=Surface((f"/{one.name}", "/health"), published=(f"/{one.name}", "/health")))
        for one in (ORDERS, USERS)
    ]
    assert word(*asked, serves=None, paths="/health /orders /users")[0] is Verdict.VERIFIED
    stale = evidence({"services": NAMES}, *seen(*asked, paths="/health /orders /users").observations,
                     *seen(*pair, paths="").observations)  # fmt: skip
    assert isinstance(judge(of, CHECKS[of.check], stale), NeedMore), "a later look is asked anew"
    nothing = [one.but(surface=Surface()) for one in (ORDERS, USERS)]
    assert word(*nothing, serves=None, paths="") == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_where_it_listens_is_no_word_of_what_it_is():
    given = ("serve", "--port", "80", "--url=http://a:1", "-v", "127.0.0.1:80", "--name", "orders", "--fast")
    assert _plain(given, "orders") == ("serve", "--fast")
