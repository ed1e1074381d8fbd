"""The options. Their names are an interface: other tools pass them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_distaudit.domain.verdict import Scope, Severity


def add_options(parser: pytest.Parser) -> None:
    """Declare every ``--distaudit...`` option."""
    group = parser.getgroup("distaudit", "audit the claims of the documentation against running systems")
    add = group.addoption
    add("--distaudit", action="store_true", help="judge the project's claims: claims/*.yaml and inline ones")
    add("--distaudit-target", metavar="NAME", help="which target of distaudit.toml; default: its `default`")
    _systems(add)
    add(
        "--distaudit-scope",
        choices=[scope.word for scope in Scope],
        default=Scope.ACTIVITY.word,
        help="the most that the audit may do; claims that need more are listed as not judged. An experiment disturbs "
        "systems that are declared disposable",
    )
    _without_systems(add)
    add("--distaudit-tree", metavar="DIR", type=Path, help=argparse.SUPPRESS)
    _reports(add)
    add("--distaudit-evidence", metavar="DIR", type=Path, help="keep the evidence, for --distaudit-replay")
    add("--distaudit-replay", metavar="DIR", type=Path, help="judge recorded evidence again; no server is needed")
    add(
        "--distaudit-merge",
        metavar="DIR",
        type=Path,
        nargs="+",
        action="extend",
        help="judge what several runs recorded, on several machines or in several CI jobs, as one; of a claim recorded "
        "more than once the worst verdict counts. (Folders outside the project: --distaudit-merge=DIR for each.)",
    )
    add(
        "--distaudit-unverifiable",
        choices=("fail", "skip"),
        default="fail",
        help="what an unverifiable claim does to the run; default: fail",
    )
    _gate(add)
    _proving(add)


def _gate(add: Callable[..., None]) -> None:
    """What fails the run, and what is known already."""
    add(
        "--distaudit-fail-on",
        choices=[severity.value for severity in Severity],
        default=Severity.MINOR.value,
        help="claims below this severity are judged and reported, but do not fail the run; default: minor, so all do",
    )
    add(
        "--distaudit-baseline",
        metavar="PATH",
        type=Path,
        help="claims that are known not to hold do not fail the run; what holds now is taken out of the file at the "
        "end of a whole run, except where the environment variable CI is set. It never grows by itself",
    )
    add(
        "--distaudit-write-baseline",
        metavar="PATH",
        type=Path,
        help="write a baseline of every claim that does not hold now",
    )
    add(
        "--distaudit-since",
        metavar="PATH",
        type=Path,
        help="an earlier file of --distaudit-json: say what has changed since then (it may be the same path)",
    )
    add(
        "--distaudit-base",
        metavar="REF",
        help="the gate of a pull request: targets, waivers, pending claims and the baseline are read from the commit "
        "where this branch left REF, and claims that the change removes or weakens fail the run",
    )
    add(
        "--distaudit-allow-weaker",
        metavar="ID",
        action="append",
        default=[],
        help="with --distaudit-base: this claim (a glob over ids) may be removed or weakened; may be repeated",
    )


def _proving(add: Callable[..., None]) -> None:
    """How good the claims themselves are."""
    add(
        "--distaudit-prove",
        action="store_true",
        help="after the audit: can each green claim go red? Its evidence is made untrue in many small ways and judged "
        "again; those that nothing refutes are listed",
    )
    add(
        "--distaudit-min-proved",
        metavar="N",
        type=_percentage,
        help="like --distaudit-prove; fail if less than N %% of the green claims can go red",
    )
    add(
        "--distaudit-plan",
        action="store_true",
        help="print what an audit with these options would look at, perform and disturb, and for how long, and stop; "
        "nothing is started or asked",
    )
    add(
        "--distaudit-explain",
        metavar="ID",
        help="print how this claim is judged, how to make it pass and what its last evidence says, and stop; the "
        "evidence is that of --distaudit-evidence or --distaudit-replay, default .distaudit/evidence",
    )


def _reports(add: Callable[..., None]) -> None:
    """The verdict as files, and where else it is told."""
    add(
        "--distaudit-reports",
        metavar="DIR",
        type=Path,
        help="write every report into this folder, under its usual name",
    )
    add("--distaudit-html", metavar="PATH", type=Path, help="write the verdict as one page that loads nothing")
    add("--distaudit-json", metavar="PATH", type=Path, help="write the verdict as JSON")
    add("--distaudit-markdown", metavar="PATH", type=Path, help="write the forensic report, in ten sections")
    add("--distaudit-comment", metavar="PATH", type=Path, help="write the verdict as a pull request's comment")
    add("--distaudit-oscal", metavar="PATH", type=Path, help="write the verdict as OSCAL assessment results")
    add(
        "--distaudit-attestation",
        metavar="PATH",
        type=Path,
        help="write an in-toto statement on the verdict and the evidence; needs --distaudit-evidence",
    )
    add("--distaudit-sarif", metavar="PATH", type=Path, help="write what does not hold as SARIF 2.1.0")
    add(
        "--distaudit-github",
        choices=("auto", "off"),
        default="auto",
        help="auto: in GitHub Actions annotate the documents and append to the step's summary",
    )


def _systems(add: Callable[..., None]) -> None:
    """Where systems come from, and how long they stay."""
    add(
        "--distaudit-provision",
        choices=("auto", "attach", "compose", "containers", "native"),
        default="auto",
        help="where systems come from: declared addresses, the target's compose project, its services in containers, "
        "native processes, or (auto) whichever a system declares, in this order: address, native, compose",
    )
    add(
        "--distaudit-keep",
        metavar="TIME",
        nargs="?",
        const="1h",
        type=_seconds,
        help="let containers outlive the run: the next one uses them if they are well, their description is the same "
        "and they are not older than TIME (--distaudit-keep=2h; default 1h)",
    )
    add("--distaudit-down", action="store_true", help="remove every stack that was kept, and stop")


def _without_systems(add: Callable[..., None]) -> None:
    """What asks no system: lists, files, the first claims of a project."""
    add("--distaudit-checks", action="store_true", help="list every check and stop")
    add(
        "--distaudit-static",
        action="store_true",
        help="judge what files alone can decide; the folder named (default: this one) is data, nothing of it is run",
    )
    add(
        "--distaudit-validate",
        action="store_true",
        help="with --distaudit-static: have haproxy, nginx, promtool and docker compose, where they are installed, "
        "check the configuration files, without a network",
    )
    add("--distaudit-mine", action="store_true", help="print the checkable sentences of the folder named, and stop")
    add(
        "--distaudit-mine-format",
        choices=("yaml", "jsonl"),
        default="yaml",
        help="yaml: as a claim file would hold them; jsonl: one object a line",
    )
    add(
        "--distaudit-init",
        action="store_true",
        help="write claims/, distaudit.toml and a CI file for this project, or add what is new to them, and stop",
    )
    add(
        "--distaudit-observe",
        action="store_true",
        help="print what the target really is, as a document with claims, and what runs but no document mentions; stop",
    )
    add(
        "--distaudit-min-coverage",
        metavar="N",
        type=_percentage,
        help="fail if less than N %% of the documents' checkable sentences are claimed",
    )


def _seconds(text: str) -> float:
    from pytest_distaudit.domain.comparison import Quantity  # not in every pytest run

    try:
        quantity = Quantity.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if quantity.dimension != "time" or quantity.value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 30min or 2h")
    return float(quantity.value)


def _percentage(text: str) -> float:
    value = float(text.removesuffix("%"))
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage; write a number from 0 to 100")
    return value
