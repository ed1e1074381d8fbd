"""``--distaudit-explain``: how a claim is judged, how to make it pass, the last evidence; stdout is that alone."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import ANSWERS, RUNS, AuditedProject, Web

CASES = """
  - id: pages
    quote: It answers on /hello.
    check: http.responds
    system: web
    cases: [{path: /hello, id: hello}, {path: /, id: front}]
"""


def explain(project: AuditedProject, name: str, *options: str) -> pytest.RunResult:
    words = ("-p", "no:randomly", "-W", "error", f"--distaudit-explain={name}", *options)
    return project.pytester.runpytest_inprocess(*words)


def test_a_claim_without_evidence(project: AuditedProject, web: Web) -> None:
    project.claims(RUNS + ANSWERS)
    result = explain(project, "web-answers")
    assert result.ret == 0
    assert result.outlines[0] == "web-answers (claims/page.yaml:10:5), major"
    result.stdout.fnmatch_lines(
        [
            "  quote      It answers on /hello.",
            "  check      http.responds (version 1): *",
            "  role       system = web (*",
            "  parameter  path = /hello (*; required)",
            "  parameter  status = 200 (*; default 200)",
            "  looks at   answer(path=/hello) of system",
            "  rung       configured*",
            "  shows not  ?*",
            "how to make it pass",
            "last evidence",
            "  none; keep some with --distaudit-evidence=.distaudit/evidence",
        ]
    )
    assert "test session starts" not in result.stdout.str()
    assert not web.asked


def test_the_last_evidence_of_the_default_folder(project: AuditedProject, web: Web) -> None:
    web.pages["/hello"] = (500, "\x1b[31mno\u202e")
    project.claims(RUNS + ANSWERS)
    project.audit("--distaudit-evidence=.distaudit/evidence")
    asked = len(web.asked)
    text = explain(project, "web-answers").stdout.str()
    assert "refuted: status 500" in text
    assert "web answer(path=/hello) -> " in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert "it passes" in explain(project, "web-runs", "--distaudit-evidence=.distaudit/evidence").stdout.str()
    assert len(web.asked) == asked


DISTURBED = """
[targets.local.systems.broker]
kind = "rabbitmq"
[targets.local.systems.worker]
kind = "http"
[targets.local.operations.submit]
request = "POST http://worker/{nonce}"
effect = "GET http://worker/{nonce}"
"""


def test_what_a_fault_is_done_to_and_what_it_does_to_others(project: AuditedProject) -> None:
    project.write("distaudit.toml", DISTURBED)
    queued = {"check": "queue.durable", "roles": {"system": "broker", "consumer": "worker"}, "with": {"queue": "tasks"}}
    timed = {"check": "timeout.bounds", "roles": {"system": "broker", "caller": "worker"}, "with": {"time": "1 s"}}
    started = {"check": "degradation.starts", "roles": timed["roles"], "with": {"unaffected": "submit"}}
    passed = {"check": "wiring.by-way-of", "roles": {"via": "worker", "into": "broker"}}
    claims = [{"id": one["check"].replace(".", "-"), "quote": "It answers on /hello.", "operation": "submit", **one}
              for one in (queued, timed, started, passed)]  # fmt: skip
    project.write("claims/page.yaml", json.dumps({"document": "docs/page.md", "claims": claims}))
    explain(project, "queue-durable").stdout.fnmatch_lines(
        ["  looks at   1 x crash of system while consumer stands still for *, and the operations at */s, while it *"]
    )
    explain(project, "degradation-starts").stdout.fnmatch_lines(
        ["  looks at   1 x outage of system while caller starts anew for 7 s, and the operations at */s, while it *"]
    )
    explain(project, "timeout-bounds").stdout.fnmatch_lines(["  looks at   1 x half-open of caller -> system for *"])
    explain(project, "wiring-by-way-of").stdout.fnmatch_lines(
        ["  looks at   1 x freeze of via for 10 s (and 4 x what statistics lag), and the operations at 20/s, while *"]
    )


def test_all_cases_or_one(project: AuditedProject) -> None:
    project.claims(RUNS + CASES)
    assert explain(project, "pages").stdout.str().count("how it is judged") == 2
    assert explain(project, "pages[front]").outlines[0].startswith("pages[front] (")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("web-anwsers", (), "*no claim is called 'web-anwsers'; did you mean 'web-answers'?*"),
        ("bad", (), "*'bad' is malformed; pytest --distaudit says what is wrong with it*"),
        ("web-answers", ("--distaudit-replay=nowhere",), "*holds no evidence*"),
        ("web-answers", ("--distaudit-target=far",), "*there is no target 'far'*"),
    ],
)
def test_what_cannot_be_explained(project: AuditedProject, name: str, options: tuple[str, ...], said: str) -> None:
    project.claims(RUNS + ANSWERS + RUNS.replace("web-runs", "bad").replace("system:", "sytem:"))
    result = explain(project, name, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not result.outlines
    result.stderr.fnmatch_lines([said])
