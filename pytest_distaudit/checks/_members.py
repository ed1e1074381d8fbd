"""What the members of a cluster say, each for itself, set side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NoReturn

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.clusters import Member, Membership

ROLE = "members"
_WATCHER = "watcher"


class Told:
    """System -> its own word, the systems that are known not to run, and those of which nothing is known."""

    def __init__(self, evidence: Evidence) -> None:
        self.names = evidence.systems(ROLE)
        self.views: dict[str, Membership] = {}
        self.dead: dict[str, str] = {}
        self.unclear: dict[str, Unobservable] = {}
        for name, seen in evidence.attempts(Membership, ROLE).items():
            if isinstance(seen, Membership):
                self.views[name] = seen
            elif seen.reason is Reason.BLOCKED:
                self.dead[name] = seen.detail
            else:
                self.unclear[name] = seen

    def called(self, ids: Iterable[str]) -> str:
        """Members as a reader knows them: by their systems' names, else as others list them."""
        names = {one.id: one.name or one.address for view in self.views.values() for one in view.members if one.address}
        names |= {view.own: name for name, view in self.views.items()}
        return listed(sorted(names.get(each) or short(each) for each in ids))

    @property
    def proven(self) -> set[str]:
        """Ids of the members that answered for themselves."""
        return {view.own for view in self.views.values()}

    def refute_strangers(self) -> None:
        """Refute names of one member, members of several clusters, and such as do not know each other."""
        for (first, one), (second, other) in combinations(self.views.items(), 2):
            if one.own == other.own:
                because = f"{first} and {second} both lead to the member {short(one.own)}"
                remedy = "give each member a server of its own"
                refute(f"{len(self.proven)} of {len(self.views)} members", because, remedy=remedy, conclusive=True)
        ids = _by_word({name: view.cluster for name, view in self.views.items() if view.cluster})
        if len(ids) > 1:
            because = "; ".join(f"{listed(names)}: {short(shared)}" for shared, names in ids.items())
            refute(f"{len(ids)} clusters", f"their ids differ: {because}", remedy="let them join one cluster")
        for first, one in self.views.items():
            known = {member.id for member in one.members}
            unknown = [name for name, view in self.views.items() if one.whole and view.whole and view.own not in known]
            if unknown:
                refute(
                    f"{first} does not know {listed(unknown)}",
                    f"it lists {self.called([member.id for member in one.members])}",
                    remedy="let them join it",
                )

    def refute_unled(self) -> None:
        """Refute where a member follows nobody, or says that the cluster does not work."""
        for name, view in self.views.items():
            if view.leaders == ():
                refute("no leader", f"{name} knows none")
            if view.works is False:
                refute("the cluster does not work", f"{name}: {view.trouble}")

    def raise_unclear(self) -> None:
        """Without every member's own word nothing can be verified."""
        for name, error in self.unclear.items():
            many = f"{len(self.views)} of {len(self.names)} members told"
            unverifiable(error.reason, many, f"{name}: {error.detail}")


def peers(view: Membership) -> list[Member]:
    """Those of the member's own sort: who watches is not of those that it watches."""
    watches = any(member.id == view.own and member.role == _WATCHER for member in view.members)
    return [member for member in view.members if (member.role == _WATCHER) is watches]


def parted(what: str, words: Mapping[str, object]) -> None:
    """Refute unless all say the same of ``what``."""
    told = _by_word(words)
    if len(told) > 1:
        because = "; ".join(f"{listed(names)}: {word}" for word, names in told.items())
        refute(f"they do not agree on {what}", because)


def _by_word(words: Mapping[str, object]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, word in words.items():
        found.setdefault(str(word), []).append(name)
    return found


def short(name: str) -> str:
    """As much of an id as tells it from others."""
    return name if len(name) <= 24 else f"{name[:12]}..."


def too_small(many: int) -> NoReturn:
    """One name cannot agree with itself."""
    words = "agreement takes two members; the role is played by fewer"
    unverifiable(Reason.TOPOLOGY_TOO_SMALL, f"{many} member", words, remedy="name the others in the target")
