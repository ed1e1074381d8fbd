"""All checks, from the registry: what each one claims, needs, costs and leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from docs.generate.markdown import code, page, plain, sentence, table
from pytest_distaudit.domain.check import Check, Parameter
from pytest_distaudit.wiring import load_checks


@cache
def all_checks() -> Sequence[Check]:
    """The built-in checks, by name; those of extensions that happen to be installed are left out."""
    registry = load_checks()
    return [registry[name] for name in registry if registry[name].judge.__module__.startswith("pytest_distaudit.")]


def checks_page() -> str:
    """The reference page."""
    parts = [
        "What `pytest --distaudit-checks` prints, as a page. A claim names one of these under `check:`.",
        "The *rung* is how far a verified claim carries its system; the *scope* is the least `--distaudit-scope` "
        "that judges it.",
        table(
            ["check", "claims", "rung", "scope"],
            [[link(check), plain(check.claims), check.rung.word, check.scope.word] for check in all_checks()],
        ),
    ]
    for family, checks in groupby(all_checks(), key=lambda check: check.name.partition(".")[0]):
        parts.append(f"## {family}")
        for check in checks:
            parts.extend(_entry(check))
    return page("Checks", *parts)


def link(check: Check) -> str:
    """To where the check is described, from any page."""
    return f"{{ref}}`{check.name} <check-{check.name}>`"


def _entry(check: Check) -> Iterator[str]:
    yield f"(check-{check.name})=\n### {check.name}"
    yield f"Claims: {plain(sentence(check.claims))}"
    if check.shows_not:
        yield f"Does not show {plain(check.shows_not.rstrip('.'))}."
    yield table(["", ""], _facts(check))
    if check.params:
        yield table(["under `with:`", "type", "default", "meaning"], map(_parameter, check.params.items()))


def _facts(check: Check) -> Iterator[tuple[str, str]]:
    yield "rung", check.rung.word
    yield "scope", check.scope.word
    for name, role in check.roles.items():
        manner = [
            word for word, is_so in (("a glob may name several", role.many), ("optional", role.optional)) if is_so
        ]
        yield f"role {code(name)}", plain(role.help) + (f" ({', '.join(manner)})" if manner else "")
    if check.takes_activity:
        yield "needs", "an `activity:` of the target"
    yield "cost", f"{check.cost_s:g} s beyond a snapshot" if check.cost_s else "nothing beyond a snapshot"
    changes = "own traces only, removed afterwards" if check.changes_target else "nothing"
    yield "changes in the target", changes


def _parameter(named: tuple[str, Parameter]) -> list[str]:
    name, parameter = named
    return [code(name), parameter.type.value, _default(parameter), plain(parameter.help)]


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None:
        return "none"
    return code(str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default))


def shown_page() -> str:
    """The explanation page: what each check can and cannot show."""
    return page("What each check can and cannot show", *_SHOWN, *_by_rung())


def _by_rung() -> Iterator[str]:
    ordered = sorted(all_checks(), key=lambda check: check.rung)
    for rung, checks in groupby(ordered, key=lambda check: check.rung):
        yield f"## {rung.word}"
        rows = [
            [link(check), plain(check.claims), plain(check.shows_not) or "nothing more is claimed"] for check in checks
        ]
        yield table(["check", "verified shows that", "it does not show"], rows)


_SHOWN = (
    "A check is a small rule with an honest edge. It says what a verified claim shows, and what it leaves open. The "
    "right-hand column stands in every report beside the claims that it concerns (`shows_not` in the JSON).",
    "Read the tables from the bottom of the ladder upwards. A check of a lower rung costs little and says little: "
    "that a queue exists does not say that anybody uses it. A check of the rung *used* has something done and "
    "looks for what it leaves behind (rows that arrive, messages that are taken, look-ups at that moment), so that "
    "nothing that merely stands there can pass.",
    "No check here reaches *resilient*. That takes experiments, faults in a running system, which are not there yet.",
)
