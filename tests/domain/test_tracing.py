from __future__ import annotations

import re

from pytest_distaudit.domain.tracing import carries_trace, span_of, trace_headers, trace_of

NONCE, OTHER = "distaudit-" + "0" * 32, "distaudit-" + "1" * 32


def test_every_nonce_has_a_trace_of_its_own():
    assert trace_of(NONCE) == trace_of(NONCE) != trace_of(OTHER)
    assert re.fullmatch("[0-9a-f]{32}", trace_of(NONCE))
    assert re.fullmatch("[0-9a-f]{16}", span_of(NONCE))


def test_it_is_said_sampled_in_every_spelling():
    trace, span, told = trace_of(NONCE), span_of(NONCE), trace_headers(NONCE)
    assert told["traceparent"] == f"00-{trace}-{span}-01"
    assert told["b3"] == f"{trace}-{span}-1"
    assert (told["x-b3-traceid"], told["x-b3-spanid"], told["x-b3-sampled"]) == (trace, span, "1")
    assert told["uber-trace-id"] == f"{trace}:{span}:0:1"


def test_an_activity_that_sets_one_itself():
    assert carries_trace(["Accept", "TraceParent"])
    assert carries_trace(["B3"])
    assert not carries_trace(["tracestate", "Authorization"])
