"""Target files that are good, where they may stand, and what never happens with any file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.domain.target import (
    Action,
    Activity,
    Compose,
    Instances,
    Link,
    NestedSystems,
    Operation,
    Probes,
    Project,
)
from pytest_distaudit.sources.target_file import read_project
from tests.thorough import many

KINDS = {
    "http": {"url": ("http", "https")},
    "rabbitmq": {"amqp": ("amqp", "amqps"), "management": ("http", "https")},
    "docker": {"api": ("unix", "tcp")},
    "mcp": {"stdio": ("exec",)},
    "process": {"pid": ("pid",)},
}

# The example of the design, with the systems that its links and requests name.
DESIGN = """\
default = "staging"
[targets.staging]
compose = "docker-compose.yml"
audit_host = "10.0.0.5"
lease = "rabbitmq"
[targets.staging.systems.rabbitmq]
kind = "rabbitmq"
endpoints = {amqp = "amqp://audit:${MQ_PW}@mq:5672/%2F", management = "http://mq:15672"}   # or url = "..."
probes = "write"                                   # none | read | write
disposable = false
[targets.staging.systems.front]
kind = "http"
url = "http://front:8000"
health = "/health"
[targets.staging.systems.front.instances]
identity = "header:X-Boot"
[targets.staging.systems.tools]
kind = "docker"
inside = "engine"
systems = {match = "mcp-*", kind = "mcp", transport = "stdio"}
[targets.staging.links.tasks-model]
from = "tasks"
to = "model"
inject = {env = "MODEL_URL"}
[targets.staging.operations.ask-model]
request = "POST http://front/ask"
ok = [200]
fail = [409, 422]
effect = "GET http://front/asked/{nonce}"
effect_ok = [200]
effect_count = "/asked"
[targets.staging.activities.submit-task]
request = "POST http://front/tasks"
json = {prompt = "{nonce}"}
cleanup = "DELETE http://front/tasks/{id}"
[targets.staging.actions.switch]
argv = ["deploy/switch", "{colour}"]
undo = ["deploy/switch", "{previous}"]
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str, name: str = "distaudit.toml") -> Project | None:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_project(tmp_path, KINDS)

    return read


def test_the_example_of_the_design_is_read_whole(read) -> None:
    project = read(DESIGN)
    target = project.targets["staging"]
    assert project.default == "staging"
    assert (target.compose, target.audit_host, target.lease, target.place) == (
        Compose(("docker-compose.yml",)),
        "10.0.0.5",
        "rabbitmq",
        Place("distaudit.toml", 2, 1),
    )
    rabbitmq, front, tools = target.systems.values()
    assert rabbitmq.endpoints == {"amqp": "amqp://audit:${MQ_PW}@mq:5672/%2F", "management": "http://mq:15672"}
    assert (rabbitmq.probes, rabbitmq.disposable, rabbitmq.native) == (Probes.WRITE, False, None)
    assert rabbitmq.place == Place("distaudit.toml", 6, 1)
    assert (front.endpoints, front.health) == ({"url": "http://front:8000"}, "/health")
    assert front.instances == Instances("header:X-Boot")
    assert (tools.inside, tools.systems) == ("engine", NestedSystems("mcp-*", "mcp", "stdio"))
    assert target.links == {"tasks-model": Link("tasks-model", "tasks", "model", {"env": "MODEL_URL"})}
    asked = Operation(
        "ask-model", "POST http://front/ask", (200,), (409, 422),
        effect="GET http://front/asked/{nonce}", effect_ok=(200,), effect_count="/asked",
    )  # fmt: skip
    assert target.operations == {"ask-model": asked}
    assert target.activities == {
        "submit-task": Activity(
            "submit-task", "POST http://front/tasks", {"prompt": "{nonce}"}, {}, "DELETE http://front/tasks/{id}"
        )
    }
    assert target.actions == {
        "switch": Action("switch", ("deploy/switch", "{colour}"), ("deploy/switch", "{previous}"))
    }


BASED = """\
[targets.plain]
compose = {files = ["a.yml"], env = {SIZE = "1"}}
[targets.plain.systems.front]
kind = "http"
native = {argv = ["x"], env = {A = "1", B = "2"}}
[targets.plain.systems.tasks]
kind = "http"
[targets.plain.links.front-tasks]
from = "front"
to = "tasks"
[targets.more]
based_on = "plain"
compose.files = ["a.yml", "b.yml"]
systems.front.native.env.B = "3"
[targets.more.systems.store]
kind = "process"
[targets.most]
based_on = "more"
systems.front.native = {argv = ["y"]}
"""


def test_a_target_based_on_another_says_only_in_what_it_differs(read) -> None:
    targets = read(BASED).targets
    assert targets["plain"].systems["front"].native == {"argv": ["x"], "env": {"A": "1", "B": "2"}}
    assert targets["more"].systems["front"].native == {"argv": ["x"], "env": {"A": "1", "B": "3"}}
    assert targets["most"].systems["front"].native == {"argv": ["y"], "env": {"A": "1", "B": "3"}}
    assert [list(targets[name].systems) for name in targets] == [
        ["front", "tasks"], ["front", "tasks", "store"], ["front", "tasks", "store"],
    ]  # fmt: skip
    assert targets["most"].compose == Compose(("a.yml", "b.yml"), {"SIZE": "1"})
    assert targets["most"].links == targets["plain"].links != {}


def test_what_is_taken_over_stands_where_it_is_written(read) -> None:
    target = read(BASED).targets["most"]
    assert target.place == Place("distaudit.toml", 17, 1)
    assert target.systems["tasks"].place == Place("distaudit.toml", 6, 1)
    assert target.systems["store"].place == Place("distaudit.toml", 15, 1)
    with pytest.raises(InvalidInput) as refused:
        read(BASED.replace('to = "tasks"', 'to = "tsks"').replace("compose", "#"))
    assert [problem.place.line for problem in refused.value.problems] == [10]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[targets.a]\nbased_on = "bb"\n[targets.b]\n', "2:1: there is no target 'bb'; did you mean 'b'?"),
        ('[targets.a]\nbased_on = "a"\n', "2:1: it is based on itself"),
        (
            '[targets.a]\nbased_on = "b"\n[targets.b]\nbased_on = "a"\n',
            "2:1: it is based on one that is based on it\ndistaudit.toml:4:1: it is based on one that is based on it",
        ),
        ('[targets.a]\nbased_on = ["b"]\n[targets.b]\n', "2:1: 'based_on' must be text, not a list"),
        ('[targets]\nb = 5\n[targets.a]\nbased_on = "b"\n', "2:1: 'b' must be a mapping, not the number 5"),
    ],
)
def test_a_base_that_cannot_be(read, text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert "\n".join(str(problem) for problem in refused.value.problems) == f"distaudit.toml:{told}"


def test_without_a_file_there_is_no_project(tmp_path: Path) -> None:
    assert read_project(tmp_path, KINDS) is None


def test_an_empty_file_is_a_project_with_the_usual_documents(read) -> None:
    assert read("") == Project(Place("distaudit.toml"))


def test_documents_and_claims_are_settable(read) -> None:
    project = read('documents = ["doc", "*.md"]\nclaims = "audit/claims"\n')
    assert (project.documents, project.claims) == (("doc", "*.md"), "audit/claims")


def test_native_options_are_passed_on_untouched(read) -> None:
    project = read(
        '[targets.a.systems.front]\nkind = "http"\n[targets.a.systems.front.native]\nargv = ["x"]\nenv = {A = 1}\n'
    )
    assert project.targets["a"].systems["front"].native == {"argv": ["x"], "env": {"A": 1}}


def test_pyproject_can_hold_the_targets(read) -> None:
    project = read(
        '[project]\nname = "a"\n\n[tool.distaudit.targets.a.systems.front]\nkind = "http"\n', "pyproject.toml"
    )
    assert project.targets["a"].systems["front"].place == Place("pyproject.toml", 4, 1)


def test_a_pyproject_without_targets_is_left_alone(read) -> None:
    assert read('[project]\nname = "a"\n# tool.distaudit\n', "pyproject.toml") is None
    assert read("[project\n", "pyproject.toml") is None


def test_two_descriptions_are_one_too_many(read) -> None:
    read("[tool.distaudit]\n", "pyproject.toml")
    with pytest.raises(InvalidInput, match=r"pyproject.toml:1:1: \[tool.distaudit\] and distaudit.toml both"):
        read("")


@pytest.mark.parametrize(
    "line",
    [
        'url = "${FRONT_URL}"',
        'url = "http://${HOST}:${PORT}/x"',
        'url = "https://front.example.org"',
        'endpoints = {url = "http://[::1]:80", pid = "pidfile:/run/front.pid"}',
        'endpoints = {pid = "pid:12"}',
    ],
)
def test_addresses_that_can_be_used(read, line: str) -> None:
    assert read(f'[targets.a.systems.front]\nkind = "http"\n{line}\n')


@pytest.mark.parametrize("host", ["front", "FRONT", "localhost:1", "10.0.0.1", "a.example.org", "${FRONT}", "[::1]"])
def test_hosts_that_an_activity_may_name(read, host: str) -> None:
    text = '[targets.a.systems.front]\nkind = "http"\n[targets.a.activities.x]\n'
    assert read(f'{text}request = "GET http://{host}/x"\n')


def test_systems_of_a_compose_file_are_not_known_yet(read) -> None:
    text = '[targets.a]\ncompose = "c.yml"\n[targets.a.links]\nx = {from = "a", to = "b"}\n[targets.a.activities.y]\n'
    assert read(f'{text}request = "GET http://a/x"\n')


def test_a_broken_system_does_not_make_its_links_look_wrong(read) -> None:
    text = '[targets.a.systems.front]\nknd = "http"\n[targets.a.links]\nx = {from = "front", to = "front"}\n'
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert [problem.message for problem in refused.value.problems] == [
        "'kind' is missing in 'front'",
        "unknown key 'knd'; did you mean 'kind'?",
    ]


@pytest.mark.parametrize(
    "text", ["targets = 5", "[targets]\na = 5", "[targets.a]\nsystems = 5", "[targets.a.systems]\nb = 5"]
)
def test_a_value_where_a_table_belongs_is_told(read, text: str) -> None:
    with pytest.raises(InvalidInput, match="must be a mapping, not the number 5"):
        read(f"{text}\n")


def test_a_large_file_is_refused(read) -> None:
    with pytest.raises(InvalidInput, match="more than the 4194304 that are read"):
        read("# x\n" * 2_000_000)


def test_deep_nesting_is_refused(read) -> None:
    with pytest.raises(InvalidInput):
        read(f"a = {'[' * 20_000}\n")


_NAMES = st.sampled_from(
    ["targets", "default", "systems", "kind", "url", "links", "from", "to", "ok", "argv", "a", "b c"]
)
_TREES = st.recursive(
    st.sampled_from(["http", "rabbitmq", "GET http://a/", "", 200, True, 1.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


def refusal(read: Callable[[], object]) -> Sequence[Problem] | None:
    """The problems of what was refused; None if it was read."""
    try:
        read()
    except InvalidInput as refused:
        return refused.problems
    return None


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(inner)}' for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=many(300))
@given(
    st.dictionaries(st.sampled_from(["systems", "links", "operations", "activities", "actions"]), _TREES, max_size=3)
)
def test_any_target_is_read_or_refused_with_places(read, target: dict[str, object]) -> None:
    problems = refusal(lambda: read(f"targets = {{a = {_toml(target)}}}\n"))
    assert problems != ()
    assert {problem.place.line for problem in problems or ()} <= {1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="[]{}=\"'.,#\nat1 ", max_size=60))
def test_any_text_is_read_or_refused(read, text: str) -> None:
    assert refusal(lambda: read(text)) != ()
