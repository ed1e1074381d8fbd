"""What a change does to the claims: those that it removes, and those that it makes easier to fulfil."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.claim import Claim, Span
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.verdict import Severity, severity_rank

if TYPE_CHECKING:
    from pytest_distaudit.domain.tolerance import Known

_STRICTER_UP, _STRICTER_DOWN = (">", ">="), ("<", "<=")


@dataclass(frozen=True, slots=True, order=True)
class Weakening:
    """One claim that the change removes or weakens. ``place`` is where it stands, or stood; ``allowed``: the run was
    told that it may be."""

    claim: str
    what: str
    place: Place
    allowed: bool = False


def weakenings(before: Iterable[Claim], after: Iterable[Claim], broken: Iterable[str] = ()) -> Iterator[Weakening]:
    """All that is weaker ``after`` than ``before``, claim by claim, in the order of ``before``.

    ``broken``: ids of claims that are malformed after the change; they fail by themselves.
    """
    there = {claim.key: claim for claim in after}
    malformed = set(broken)
    for old in before:
        new = there.get(old.key)
        if new is not None:
            yield from (Weakening(old.key, what, new.place) for what in _weaker(old, new))
        elif old.id not in malformed:
            what = "the claim is removed" if not old.case else "the case is removed"
            yield Weakening(old.key, what, old.place)


def newly_known(before: Iterable[Known], after: Iterable[Known], file: str) -> Iterator[Weakening]:
    """Claims that the change enters in the baseline, whose next refutation nobody would see."""
    there = {(one.claim, one.target, one.statement, one.verdict, one.blocked_by) for one in before}
    for one in after:
        if (one.claim, one.target, one.statement, one.verdict, one.blocked_by) not in there:
            yield Weakening(one.claim, "entered in the baseline", Place(file))


def _weaker(old: Claim, new: Claim) -> Iterator[str]:
    if severity_rank(new.severity.value) > severity_rank(old.severity.value):
        yield f"severity {_words(old.severity)} -> {_words(new.severity)}"
    for name in ("check", "quote", "document", "activity", "operation", "action", "expect"):
        if _folded(getattr(old, name)) != _folded(getattr(new, name)):
            yield f"{name} {_words(getattr(old, name))} -> {_words(getattr(new, name))}"
    if dict(old.roles) != dict(new.roles):
        yield f"roles {_words(old.roles)} -> {_words(new.roles)}"
    yield from _parameters(old.params, new.params)
    yield from _timing(old, new)
    if _narrowed(old.targets, new.targets):
        yield f"targets {_words(old.targets)} -> {_words(new.targets)}"
    yield from _excuses(old, new)


def _folded(value: Any) -> Any:
    """White space does not count: a document is wrapped anew every now and then."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _parameters(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before != after and not _stricter(before, after):
            yield f"{name} {_words(before)} -> {_words(after)}"


def _stricter(before: Any, after: Any) -> bool:
    """Whether what fulfils ``after`` always fulfils ``before``; what cannot be told is not."""
    if not isinstance(before, Comparison) or not isinstance(after, Comparison) or before.dimension != after.dimension:
        return False
    low, high = before.quantity.value, after.quantity.value
    if before.operator in _STRICTER_UP and after.operator in _STRICTER_UP:
        return high > low or (high == low and (before.operator, after.operator) != (">", ">="))
    if before.operator in _STRICTER_DOWN and after.operator in _STRICTER_DOWN:
        return high < low or (high == low and (before.operator, after.operator) != ("<", "<="))
    return after.operator == "==" and before.holds(high)


def _timing(old: Claim, new: Claim) -> Iterator[str]:
    before, after = old.timing, new.timing
    if before == after:
        return
    if before and after and before.span is after.span:
        longer = after.seconds > before.seconds
        if longer != (before.span is Span.WITHIN):
            return
    yield f"timing {before or 'none'} -> {after or 'none'}"


def _narrowed(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    return bool(new) and (not old or not set(old) <= set(new))


def _excuses(old: Claim, new: Claim) -> Iterator[str]:
    before, after = old.waiver, new.waiver
    if after is not None and before is None:
        yield f"waived until {after.until}"
    elif after is not None and before is not None and after.until > before.until:
        yield f"waiver prolonged {before.until} -> {after.until}"
    if new.pending and not old.pending:
        yield "marked pending"


def _words(value: Any) -> str:
    """A value in a sentence about it; foreign text stays as long as one line bears."""
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={one}" for name, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    return value.value if isinstance(value, Severity) else str(value)
