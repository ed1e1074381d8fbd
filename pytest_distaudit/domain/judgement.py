"""What a check answers: a judgement, or the wish to see more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pytest_distaudit.domain.verdict import Reason, Verdict

if TYPE_CHECKING:
    from pytest_distaudit.domain.needs import Need


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check's answer about one claim.

    ``actual`` is short and in the terms of the claim ("0 consumers"); ``because`` is the sentence
    that a reader can argue with; ``remedy`` says what to do next; ``shows_not`` what a verified
    answer still leaves open. ``conclusive``: waiting longer cannot change a refutation. ``connects``: pairs of systems
    that the answer is about, where the check's roles alone do not tell them; None: they do.
    """

    verdict: Verdict
    actual: str
    because: str = ""
    remedy: str = ""
    reason: Reason | None = None
    shows_not: str = ""
    conclusive: bool = False
    connects: tuple[tuple[str, str], ...] | None = None

    def __post_init__(self) -> None:
        if (self.verdict is Verdict.UNVERIFIABLE) != (self.reason is not None):
            raise ValueError(f"{self.verdict.value} with reason {self.reason}: exactly the unverifiable have one")
        if self.verdict is Verdict.WAIVED:
            raise ValueError("a check never waives; waivers stand in the claim")


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The check's answer when it must see more first: gather ``needs``, then judge again."""

    needs: tuple[Need, ...]


class Refuted(AssertionError):
    """Raised by :func:`refute`; in an ordinary test marked as a claim any AssertionError refutes."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.actual)
        self.judgement = judgement


class Unverifiable(Exception):
    """Raised by :func:`unverifiable`."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.actual)
        self.judgement = judgement


def verified(actual: str, because: str = "", *, shows_not: str = "") -> Judgement:
    """The evidence shows the claim to hold; say in ``shows_not`` what it does not show."""
    return Judgement(Verdict.VERIFIED, actual, because, shows_not=shows_not)


def refute(actual: str, because: str = "", *, remedy: str = "", conclusive: bool = False) -> NoReturn:
    """The evidence contradicts the claim. Raises, so that a forgotten ``return`` never becomes a pass.

    ``conclusive``: a claim with ``within`` need not be looked at again.
    """
    raise Refuted(Judgement(Verdict.REFUTED, actual, because, remedy, conclusive=conclusive))


def unverifiable(reason: Reason | str, actual: str = "", because: str = "", *, remedy: str = "") -> NoReturn:
    """The audit could not tell; ``reason`` is one of the closed :class:`Reason` list. Raises."""
    why = Reason(reason)
    raise Unverifiable(Judgement(Verdict.UNVERIFIABLE, actual or why.value, because, remedy, why))
