"""Who is meant by a claim about tenants of databases, and what its databases say of their logins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.tenancy import KeptTable, Tenancy

_PAIR = re.compile(r"(?P<tenant>[^=@+\s]+)\s*=\s*(?P<logins>[^=@\s]+)(?:@(?P<at>[^=@+\s]+))?")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A service or context, the logins that are its own, and the system it names as its database ("": any)."""

    name: str
    logins: tuple[str, ...]
    at: str = ""


def tenants(text: str | None, parameter: str) -> tuple[Tenant, ...]:
    """Read ``orders=orders_app, users=users_app+users_worker@users-db``. Raises unverifiable if it says less."""
    form = f'{parameter}: "orders=orders_app, users=users_app", with @SYSTEM after a login of one server among several'
    if text is None:
        unverifiable(
            Reason.NO_OBSERVABLE,
            "whose login is whose is not said",
            "a database knows logins, and not who uses them",
            remedy=form,
        )
    found = [_PAIR.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
    told = [Tenant(one["tenant"], tuple(one["logins"].split("+")), one["at"] or "") for one in found if one]
    if len(told) < len(found) or not all(all(one.logins) for one in told):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "the logins cannot be read", f"it says {text!r}", remedy=form)
    names = [one.name for one in told]
    if len(set(names)) < max(2, len(names)):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "two or more are to be told apart, each once", f"it says {text!r}")
    return tuple(told)


def asked(text: str | None) -> Ask:
    """What databases are asked: about the logins that are named; a text that cannot be read names none."""
    found = [_PAIR.fullmatch(part.strip()) for part in (text or "").split(",")]
    return Tenancy.ask(logins=",".join(sorted({name for one in found if one for name in one["logins"].split("+")})))


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One database, under the first name by which it is looked at; ``names``: all of them."""

    names: tuple[str, ...]
    looks: Sequence[Seen[Tenancy]]

    @property
    def fact(self) -> Tenancy:
        """The latest."""
        return self.looks[-1].fact

    @property
    def words(self) -> str:
        """How messages call it."""
        return f"{self.fact.database} of {self.names[0]}"


@dataclass(frozen=True, slots=True)
class Town:
    """All databases of a claim, each once, and why others could not be seen."""

    places: tuple[Place, ...]
    unseen: Mapping[str, Unobservable]

    def of(self, tenant: Tenant) -> tuple[Place, ...]:
        """The databases where the tenant's logins mean the tenant: all of its server, or of any."""
        if not tenant.at:
            return self.places
        server = next((_server(place) for place in self.places if tenant.at in place.names), None)
        return tuple(place for place in self.places if _server(place) == server)

    def knows(self, tenant: Tenant) -> frozenset[str]:
        """Those of the tenant's logins that exist in a database of the tenant's."""
        known = {login.name for place in self.of(tenant) for login in place.fact.logins}
        return frozenset(set(tenant.logins) & known)

    def whole(self) -> None:
        """Raise Unobservable if a database could not be seen, or which server it is on, where that matters."""
        for error in self.unseen.values():
            raise error
        if len(self.places) > 1 and not all(place.fact.server for place in self.places):
            raise Unobservable(
                Reason.FORBIDDEN,
                "whether two names mean one server cannot be seen: the audit's role may not call pg_control_system()",
            )


def town(evidence: Evidence, role: str, wanted: Sequence[Tenant]) -> Town:
    """The databases of ``role``. Raises unverifiable where a tenant names none of them."""
    found: dict[tuple[str, str], Place] = {}
    unseen: dict[str, Unobservable] = {}
    for name, looks in evidence.histories(Tenancy, role).items():
        if isinstance(looks, Unobservable):
            unseen[name] = looks
            continue
        fact = looks[-1].fact
        key = (fact.server or name, fact.database)
        found[key] = Place((*found[key].names, name), found[key].looks) if key in found else Place((name,), looks)
    for tenant in wanted:
        if tenant.at and tenant.at not in evidence.systems(role):
            unverifiable(Reason.AMBIGUOUS_CLAIM, f"{tenant.at} is none of the claim's databases")
    if not found:
        for error in unseen.values():
            raise error
    return Town(tuple(found.values()), unseen)


def _server(place: Place) -> str:
    return place.fact.server or place.names[0]


def writes(tenant: Tenant, table: KeptTable) -> bool:
    """Whether a login of the tenant may change the table."""
    return bool(set(tenant.logins) & set(table.writers))


def reads(tenant: Tenant, table: KeptTable) -> bool:
    """Whether a login of the tenant may read the table."""
    return bool(set(tenant.logins) & set(table.readers))


def kept(tenant: Tenant, place: Place) -> tuple[KeptTable, ...]:
    """The tables there that the tenant may change."""
    return tuple(table for table in place.fact.tables if writes(tenant, table))


def listed(names: Iterable[str], most: int = 4) -> str:
    """The first of the names, and how many more there are."""
    every = sorted(set(names))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
