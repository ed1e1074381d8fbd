"""Claims about bounded contexts: what a database must show where contexts keep apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NoReturn

from pytest_distaudit.checks._tenants import Place, Tenant, Town, asked, kept, listed, tenants, town, writes
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.tenancy import TableLink, Tenancy

_MAP = 'the logins of each context: "orders=orders_app+orders_worker, users=users_app"'


@check(
    "architecture.bounded-contexts",
    claims="no table is written by two contexts of the declared map, and no foreign key leads from one to another",
    says="the contexts keep apart in their databases",
    rung=Rung.CONFIGURED,
    roles={"stores": Role("the databases, by name or glob", many=True)},
    params={"contexts": Parameter(ParameterType.TEXT, _MAP, None)},
    needs=lambda claim: (Look("stores", asked(claim["contexts"])),),
    shows_not="that none reads what another keeps, that the contexts mean what their names say, that they call one "
    "another by published interfaces only, and that no code of one is imported by another: these are necessary "
    "conditions",
)
def bounded_contexts(claim: Claim, evidence: Evidence) -> Judgement:
    """Rights and foreign keys against the declared map; without one, what is seen may mean anything."""
    if claim["contexts"] is None:
        _without_map(evidence.attempts(Tenancy, "stores"))
    contexts = tenants(claim["contexts"], "contexts")
    stores = town(evidence, "stores", contexts)
    _one_login_each(contexts, stores)
    for place in stores.places:
        here = [one for one in contexts if place in stores.of(one)]
        _written_by_two(here, place)
        _linked(here, place)
    stores.whole()
    _all_there(contexts, stores)
    tables = sum(len(kept(one, place)) for one in contexts for place in stores.of(one))
    told = "; ".join(f"{one.name}: {listed(_tables(one, stores))}" for one in contexts)
    return verified(
        f"{counted(len(contexts), 'context')}, {counted(tables, 'table')}, none shared and none linked", told
    )


def _without_map(found: Mapping[str, Tenancy | Unobservable]) -> NoReturn:
    """Raise in any case: what is seen is told, and what it would take."""
    facts = [fact for fact in found.values() if not isinstance(fact, Unobservable)]
    for error in found.values():
        if isinstance(error, Unobservable):
            raise error
    crossing = [f"{link.table} refers to {link.refers_to}" for fact in facts for link in fact.links if _crosses(link)]
    seen = f"foreign keys between schemas: {listed(crossing)}" if crossing else "the necessary conditions hold"
    unverifiable(
        Reason.AMBIGUOUS_CLAIM,
        "which contexts there are is not declared",
        f"{seen}; a schema need not be a context",
        remedy=f"contexts: {_MAP}",
    )


def _crosses(link: TableLink) -> bool:
    """Whether a foreign key leads from one schema to another."""
    return link.table.partition(".")[0] != link.refers_to.partition(".")[0]


def _one_login_each(contexts: Sequence[Tenant], stores: Town) -> None:
    """One login of two contexts on one server is what both write with."""
    for one, other in combinations(contexts, 2):
        both = set(one.logins) & set(other.logins)
        where = [place for place in stores.of(one) if place in stores.of(other)]
        if not both or not where:
            continue
        if len({place.fact.server or place.names[0] for place in where}) > 1 or stores.unseen:
            unverifiable(
                Reason.AMBIGUOUS_CLAIM,
                f"{listed(both)} is the login of two contexts",
                f"{one.name} and {other.name} may mean different servers",
                remedy=f"say which: {one.name}={listed(both)}@{where[0].names[0]}",
            )
        if any(login.name in both for place in where for login in place.fact.logins):
            refute(f"{one.name} and {other.name} write with one login: {listed(both)}", where[0].words)


def _written_by_two(here: Sequence[Tenant], place: Place) -> None:
    for one, other in combinations(here, 2):
        both = [str(table) for table in kept(one, place) if writes(other, table)]
        if both:
            refute(f"written by {one.name} and {other.name}: {listed(both)}", f"both may write there, {place.words}")


def _linked(here: Sequence[Tenant], place: Place) -> None:
    owner = {str(table): one.name for one in here for table in kept(one, place)}
    kept_by: dict[str, set[str]] = {}
    for one in here:
        for table in kept(one, place):
            kept_by.setdefault(table.schema, set()).add(one.name)
    # what nobody of the map writes belongs to whoever has the schema to himself
    schemas = {schema: who for schema, names in kept_by.items() if len(names) == 1 for who in names}
    for link in place.fact.links:
        ends = [owner.get(end) or schemas.get(end.partition(".")[0], "") for end in (link.table, link.refers_to)]
        if all(ends) and ends[0] != ends[1]:
            refute(
                f"{link.table} of {ends[0]} refers to {link.refers_to} of {ends[1]}", f"a foreign key in {place.words}"
            )


def _all_there(contexts: Sequence[Tenant], stores: Town) -> None:
    """Verified only where every context is seen to use its own login, and nobody writes for two of them."""
    for one in contexts:
        missing = set(one.logins) - stores.knows(one)
        if missing:
            refute(f"{one.name} has no login: {listed(missing)} is no role", "the declared map names it")
        if not _tables(one, stores):
            unverifiable(Reason.VACUOUS, f"{one.name} may write no table", "there is nothing to keep apart")
    for place in stores.places:
        for login, between in _go_between(contexts, stores, place):
            unverifiable(
                Reason.NO_OBSERVABLE,
                f"{login} writes for no declared context",
                f"it is logged in to {place.words} and may write what {listed(between)} keep",
                remedy="name whose login it is in contexts",
            )
    for one in contexts:
        if not any(session.login in one.logins for place in stores.of(one) for session in place.fact.sessions):
            unverifiable(
                Reason.NO_OBSERVABLE,
                f"nobody is logged in for {one.name}",
                f"{listed(one.logins)} exists, and whether the context uses it is not seen",
                remedy="audit while the contexts run and keep their sessions open",
            )


def _go_between(contexts: Sequence[Tenant], stores: Town, place: Place) -> Iterator[tuple[str, list[str]]]:
    """Logins of no context that are logged in and may write what contexts keep."""
    known = {login for one in contexts for login in one.logins}
    for login in sorted({session.login for session in place.fact.sessions} - known):
        between = [
            one.name
            for one in contexts
            if place in stores.of(one) and any(login in table.writers for table in kept(one, place))
        ]
        if between:
            yield login, between


def _tables(one: Tenant, stores: Town) -> list[str]:
    return [str(table) for place in stores.of(one) for table in kept(one, place)]
