"""The check: the rule that decides a kind of claim. It says what it needs, judges, does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.judgement import Judgement, NeedMore
from pytest_distaudit.domain.needs import Need
from pytest_distaudit.domain.verdict import Rung, Scope

if TYPE_CHECKING:
    from pytest_distaudit.domain.evidence import Evidence

Judge = Callable[[Claim, "Evidence"], "Judgement | NeedMore"]
Needs = Callable[[Claim], tuple[Need, ...]]


class ParameterType(StrEnum):
    """What a parameter's value may be."""

    TEXT = "text"
    NUMBER = "comparison"
    TIME = "comparison of times"
    FLAG = "true or false"


#: Default of a parameter that every claim must give.
REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of a claim's ``with:``; ``default`` is written as a claim would write it."""

    type: ParameterType
    help: str
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        """Whether a claim without it is malformed."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Role:
    """One part that a system plays in a claim. ``many``: a glob over system names is meant.

    ``optional``: the claim may leave it out; then ``claim.roles`` lacks it.
    """

    help: str
    many: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Observes:
    """How a look at a system becomes claims of a check, for ``--distaudit-observe``.

    ``fact`` is the capability that is looked at, without arguments; ``params`` gives the parameters of each claim
    that it lets make, as a claim file would hold them.
    """

    fact: Any
    params: Callable[[Any], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Check:
    """The rule of one kind of claim, named ``family.rule``.

    ``claims`` is the sentence it decides; ``shows_not`` what a verified answer leaves open.
    ``cost_s`` is the wall time it may take beyond a snapshot; ``changes_target`` whether it leaves
    traces (only things prefixed ``distaudit-``, removed afterwards). ``needs`` and ``judge`` are
    pure functions of the claim and the evidence. ``settles_s``: how long a claim without ``within``
    is looked at again before it is refuted, for facts that need a moment (0: one look decides).
    ``says`` is the claim with its parameters filled in ("{consumers} consumers of {queue}"), for
    reports; without it they print ``claims``. ``{quote}`` there is the claim's quote.
    ``judges_presence``: roles whose systems may be down without blocking the claim.
    ``connects``: pairs of roles of which a verified claim shows that the first one depends on the second, or works
    through it; "activity" there is whoever performs it.
    ``judges_silence``: a system that nobody uses can be told although the activity cannot be performed, because who
    performs it is down; such a claim may be refuted, and is blocked otherwise.
    ``observes``: how ``--distaudit-observe`` finds claims of this check; None: it proposes none.
    """

    name: str
    claims: str
    rung: Rung
    scope: Scope
    roles: Mapping[str, Role]
    needs: Needs
    judge: Judge
    params: Mapping[str, Parameter] = field(default_factory=dict)
    takes_activity: bool = False
    takes_operation: bool = False
    changes_target: bool = False
    cost_s: float = 0.0
    settles_s: float = 0.0
    judges_presence: tuple[str, ...] = ()
    judges_silence: bool = False
    connects: tuple[tuple[str, str], ...] = ()
    observes: Observes | None = None
    says: str = ""
    shows_not: str = ""
    version: int = 1


def check(
    name: str,
    *,
    claims: str,
    rung: Rung,
    needs: Needs,
    roles: Mapping[str, Role] | None = None,
    params: Mapping[str, Parameter] | None = None,
    scope: Scope = Scope.SNAPSHOT,
    takes_activity: bool = False,
    takes_operation: bool = False,
    changes_target: bool = False,
    cost_s: float = 0.0,
    settles_s: float = 0.0,
    judges_presence: tuple[str, ...] = (),
    judges_silence: bool = False,
    connects: tuple[tuple[str, str], ...] = (),
    observes: Observes | None = None,
    says: str = "",
    shows_not: str = "",
    version: int = 1,
) -> Callable[[Judge], Check]:
    """Make the decorated judge a :class:`Check`. Arguments are the fields of that class."""

    def make(judge: Judge) -> Check:
        return Check(
            name=name,
            claims=claims,
            rung=rung,
            scope=scope,
            roles={"system": Role("the system that the claim is about")} if roles is None else roles,
            needs=needs,
            judge=judge,
            params=params or {},
            takes_activity=takes_activity,
            takes_operation=takes_operation,
            changes_target=changes_target,
            cost_s=cost_s,
            settles_s=settles_s,
            judges_presence=judges_presence,
            judges_silence=judges_silence,
            connects=connects,
            observes=observes,
            says=says,
            shows_not=shows_not,
            version=version,
        )

    return make
