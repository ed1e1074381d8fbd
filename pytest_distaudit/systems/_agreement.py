"""The audit's own words, written through each member of a cluster and looked for on the others."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.clusters import AgreementProbe, Passed
from pytest_distaudit.ports.kind import Limits

_PATIENCE_S, _POLL_S = 5.0, 0.02


class Words(Protocol):
    """How one member takes and shows a word; ``place`` is a name of the audit's own. All raise Unobservable."""

    def write(self, place: str, word: str) -> str:
        """Store it through this member; give the place where it is then, "" if members of its part take none."""
        ...

    def shows(self, place: str, word: str) -> bool:
        """Whether this member has it, by what it holds itself where it can be asked so."""
        ...

    def remove(self, place: str) -> None:
        """Take it away again."""
        ...


def agreement_probe(words_of: Callable[[Any], Words]) -> Callable[..., AgreementProbe]:
    """The probe of a kind whose sessions take words in this manner."""

    def probe(sessions: Mapping[str, Any], limits: Limits) -> AgreementProbe:
        """Changes the cluster: one key ``distaudit-*`` a member, always removed again.

        The caller has seen to it that all members allow writing.
        """
        members = {session.located.system: words_of(session) for session in sessions.values()}
        passed: list[Passed] = []
        refused: dict[str, str] = {}
        cleaned = True
        for name, member in members.items():
            place, word = f"distaudit-{secrets.token_hex(16)}", secrets.token_hex(16)
            try:
                place = member.write(place, word)
            except Unobservable as error:
                refused[name] = error.detail
            else:
                if not place:
                    continue
                others = {other: words for other, words in members.items() if other != name}
                passed.append(_followed(name, others, place, word))
            # a write that was not acknowledged may have been done
            cleaned &= _removed(members, name, place) or name in refused
        return AgreementProbe(tuple(passed), refused, cleaned)

    return probe


def _followed(through: str, others: Mapping[str, Words], place: str, word: str) -> Passed:
    """When the others show it; timed by this host's monotonic clock from the acknowledgement."""
    written = time.monotonic()
    missing, slowest = dict(others), 0.0
    while missing:
        for name, member in list(missing.items()):
            with suppress(Unobservable):
                if member.shows(place, word):
                    slowest = time.monotonic() - written
                    del missing[name]
        if time.monotonic() - written > _PATIENCE_S:
            break
        if missing:
            time.sleep(_POLL_S)
    return Passed(through, tuple(sorted(missing)), round(slowest, 4))


def _removed(members: Mapping[str, Words], first: str, place: str) -> bool:
    """By the member that took it, else by any other."""
    for name in sorted(members, key=lambda one: one != first):
        try:
            members[name].remove(place)
        except Unobservable:
            continue
        return True
    return False
