"""From a find to a proposal: the check that would decide it, its roles and parameters, the figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pytest_distaudit.domain.products import product_named
from pytest_distaudit.domain.proposal import Figure, Proposal
from pytest_distaudit.sources.mining.statement import Find, Statement

_FIGURE = re.compile(
    r"(?<![\w.:/-])(\d{1,7}(?:[.,]\d{1,6})?)\s?"
    r"(ms|milliseconds?|s|secs?|seconds?|min|minutes?|h|hours?|days?|%|percent|[KMGT]i?B|rps|tps|qps|req/s)(?![\w])"
)
_UNITS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
    **dict.fromkeys(("millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    "percent": "%",
}
_OF = re.compile(
    r"\b(timeout|latency|throughput|delay|lag|p50|p90|p95|p99|median|uptime|interval|retention)\b", re.IGNORECASE
)
_QUEUE_BEFORE = re.compile(r"\bqueues? (?:named |called |is |: ?)?[`\"']?$", re.IGNORECASE)
_QUEUE_BEHIND = re.compile(r"[`\"']? queue\b", re.IGNORECASE)
_PATH = re.compile(r"\bGET\b[`:*\s|]{1,6}(/[\w/.-]{0,120})(?![\w/.{<:-])")
_AT_LEAST_BEFORE = r"at least|minimum|newer than|from|since|>=|≥"
_AT_LEAST_BEHIND = r"newer|later|higher|above|up|greater|onwards?"
_HEALTHY = re.compile(r"\bhealthy\b|\bhealth[- ]?checks?\b", re.IGNORECASE)
#: more than a look can show
_MORE_THAN_HEALTH = re.compile(
    r"\b(?:recover|restart|re-?start|heal(?:s|ed|ing)\b|replac|fail|when|if|until|while)", re.IGNORECASE
)
_LONGEST_QUOTE = 400


class Filled(NamedTuple):
    """A check with its roles and parameters as a claim file would write them."""

    check: str = ""
    roles: Mapping[str, str] = {}
    params: Mapping[str, Any] = {}


def proposal_of(find: Find, statement: Statement, document: str) -> Proposal:
    """The find as the miner hands it out."""
    passage = statement.passage
    figures = (*find.figures, *_figures(statement.text))
    filled = _filled(find, statement)
    return Proposal(
        document=document,
        line=passage.line(find.at),
        quote=_quote(statement, find.at),
        component=find.component,
        pattern=find.pattern,
        rule=find.rule,
        spelled=find.spelled,
        check=filled.check,
        roles=filled.roles,
        params=filled.params,
        figures=tuple(dict.fromkeys(figures)),
        expect=find.expect,
        headings=passage.headings,
    )


def _quote(statement: Statement, at: int) -> str:
    """The sentence; of a long one the part around ``at``, cut between words."""
    start, end, text = statement.start, statement.end, statement.passage.text
    if end - start > _LONGEST_QUOTE:
        start = text.rfind(" ", start, max(start + 1, at - _LONGEST_QUOTE // 4)) + 1 if at > start + 100 else start
        start = max(start, statement.start)
        end = min(end, start + _LONGEST_QUOTE)
        end = text.rfind(" ", at, end) if end < statement.end and text.rfind(" ", at, end) > at else end
    return text[start:end].strip()


def _figures(text: str) -> tuple[Figure, ...]:
    named = _OF.search(text)
    of = named[1].lower() if named else ""
    return tuple(
        Figure(match[1].replace(",", ""), _UNITS.get(match[2].lower(), match[2]), of)
        for match in _FIGURE.finditer(text)
    )


def _filled(find: Find, statement: Statement) -> Filled:
    """The check that decides a find, where one exists."""
    if find.component == "all-services":
        return Filled()
    system = {"system": find.component}
    number = find.figures[0].value if find.figures else ""
    if find.pattern == "port" and number:
        return Filled("port.open", system, {"port": int(number)})
    if find.pattern == "version" and number:
        return Filled("system.version", system, {"version": _bounded(number, statement.text)})
    if find.pattern == "count" and number.isdigit():
        return _counted(find, statement, int(number))
    if find.pattern == "messaging" and _is_broker(find.component) and (queue := _queue(statement)):
        return Filled("queue.exists", system, {"queue": queue})
    if find.pattern == "rest" and find.rule == "endpoint" and (path := _PATH.search(statement.text)):
        return Filled("http.responds", system, {"path": path[1]})
    return _by_pattern(find, statement.text)


def _is_broker(component: str) -> bool:
    """Others may stand in the same sentence; they have no queues."""
    product = product_named(component)
    return product is not None and product.kind == "broker"


def _bounded(number: str, text: str) -> str:
    """The version, or at least it where the sentence says so."""
    at = re.escape(number)
    least = rf"(?:{_AT_LEAST_BEFORE})[^.;]{{0,40}}{at}|{at}\+|{at}(?:\.x)?(?:,? (?:or|and) (?:{_AT_LEAST_BEHIND}))"
    return f">= {number}" if re.search(least, text, re.IGNORECASE) else number


def _queue(statement: Statement) -> str:
    """The name, written as code, beside the word "queue"."""
    text = statement.passage.text
    for mark in statement.passage.marked("code"):
        before = text[max(statement.start, mark.start - 20) : mark.start]
        if statement.start <= mark.start < statement.end and (
            _QUEUE_BEFORE.search(before) or _QUEUE_BEHIND.match(text, mark.end)
        ):
            return text[mark.start : mark.end].strip("`")
    return ""


def _counted(find: Find, statement: Statement, number: int) -> Filled:
    if find.figures[0].of.startswith("queue"):
        return Filled("queue.count", {"system": find.component}, {"count": number})
    if find.figures[0].of.startswith(("instance", "replica", "node", "server", "broker")):
        return Filled("system.count", {"servers": f"{find.component}*"}, {"count": number})
    return Filled()


def _by_pattern(find: Find, text: str) -> Filled:
    """Checks that need no more than the component. A sentence that says more than its check decides gets none."""
    system = {"system": find.component}
    if find.pattern == "running" and not re.search(r"\d", text):
        return Filled("system.running", system)
    if find.pattern == "health_recovery" and _HEALTHY.search(text) and not _MORE_THAN_HEALTH.search(text):
        return Filled("system.healthy", system)
    if find.pattern == "replicated" and find.component in ("postgres", "timescaledb"):
        return Filled("database.replicated", {"primary": find.component, "standby": f"{find.component}-standby"})
    return Filled()
