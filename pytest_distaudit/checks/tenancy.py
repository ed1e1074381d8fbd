"""Claims about who keeps data where: that each service has a database of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import NoReturn

from pytest_distaudit.checks._tenants import Place, Tenant, Town, asked, kept, listed, reads, tenants, town, writes
from pytest_distaudit.checks._watched import Watched, baseline, busy
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Perform
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.tenancy import LoggedIn, Tenancy

#: place and tenant -> the tables of the tenant there that moved
Moved = Mapping[tuple[Place, Tenant], tuple[str, ...]]

_STORES = Role("the databases, by name or glob", many=True)
_LOGINS = 'the login of each service: "orders=orders_app, users=users_app"; "users=app@users-db" for one of a server'


@check(
    "data.per-service",
    claims="each service keeps its data in a database or schema that no other service can read, and writes there when "
    "the activity is performed",
    says="each service has a database of its own",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={
        "stores": _STORES,
        "services": Role("services that must each have a login in logins", many=True, optional=True),
    },
    params={"logins": Parameter(ParameterType.TEXT, _LOGINS, None)},
    takes_activity=True,
    changes_target=True,
    cost_s=5.0,
    needs=lambda claim: (Perform((Look("stores", asked(claim["logins"])),)),),
    shows_not="that nothing else writes there by sessions too short to be seen, and that no function lends a service "
    "the rights of its owner; databases of one server fail together",
)
def per_service(claim: Claim, evidence: Evidence) -> Judgement:
    """Rights refute at once; what they allow must then be used, by the login that is said to."""
    services = tenants(claim["logins"], "logins")
    _complete(services, evidence.systems("services") if "services" in claim.roles else ())
    stores = town(evidence, "stores", services)
    _told_apart(services, stores)
    _refuted_by_rights(services, stores)
    stores.whole()
    _exist(services, stores)
    _nothing_elsewhere(services, stores)
    _nobody_elsewhere(services, stores)
    run = evidence.shared(ActivityRun)
    if not all(one.ok for one in run.runs):
        baseline(run)
    moved = _moved(services, stores, run)
    _by_whom(services, stores, run, moved)
    return _own(services, stores, moved)


def _complete(services: Sequence[Tenant], named: Sequence[str]) -> None:
    missing = set(named) - {one.name for one in services}
    if missing:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"no login is given for {listed(missing)}", remedy=f"logins: {_LOGINS}")


def _told_apart(services: Sequence[Tenant], stores: Town) -> None:
    """Two names of one database, and one login of two services."""
    for one, other in permutations(services, 2):
        shared = next(
            (place for place in stores.places if one.at != other.at and {one.at, other.at} <= {*place.names}), None
        )
        if shared:
            refute(
                f"{one.at} and {other.at} are one database", f"both names lead to {shared.fact.database} of one server"
            )
        both = set(one.logins) & set(other.logins)
        where = [place for place in stores.of(one) if place in stores.of(other)]
        if not both or not where:
            continue
        servers = {place.fact.server or place.names[0] for place in where}
        if len(servers) > 1:
            unverifiable(
                Reason.AMBIGUOUS_CLAIM,
                f"{listed(both)} is a login of several servers",
                f"{one.name} and {other.name} may mean different ones",
                remedy=f"say which: {one.name}={listed(both)}@{where[0].names[0]}",
            )
        if stores.unseen and not (one.at and other.at):
            continue
        if any(login.name in both for place in where for login in place.fact.logins):
            refute(f"one login for two services: {one.name} and {other.name} are both {listed(both)}", where[0].words)


def _refuted_by_rights(services: Sequence[Tenant], stores: Town) -> None:
    """What one service keeps, another may read or change."""
    for one, other in permutations(services, 2):
        for place in stores.of(one):
            own = kept(one, place)
            if place not in stores.of(other) or not own:
                continue
            almighty = [login.name for login in place.fact.logins if login.superuser and login.name in other.logins]
            if almighty:
                refute(
                    f"{other.name} is a superuser where {one.name} keeps its data",
                    f"{listed(almighty)} may read everything in {place.words}",
                )
            if any(login.superuser and login.name in one.logins for login in place.fact.logins):
                continue  # what a superuser may change tells nothing of whose it is; the other order does
            changed = [str(table) for table in own if writes(other, table)]
            if changed:
                refute(f"shared: {listed(changed)}", f"{one.name} and {other.name} may both write there, {place.words}")
            seen = [str(table) for table in own if reads(other, table)]
            if seen:
                refute(f"{other.name} may read what {one.name} keeps: {listed(seen)}", place.words)


def _exist(services: Sequence[Tenant], stores: Town) -> None:
    for one in services:
        missing = set(one.logins) - stores.knows(one)
        if missing:
            refute(f"{one.name} has no login: {listed(missing)} is no role", listed(_names(stores.of(one))))
        if not any(kept(one, place) for place in stores.of(one)):
            refute(
                f"{one.name} keeps nothing",
                f"{listed(one.logins)} may write no table of {listed(_names(stores.of(one)))}",
            )


def _nothing_elsewhere(services: Sequence[Tenant], stores: Town) -> None:
    """Foreign tables, and schemas of two services."""
    for place in stores.places:
        here = [one for one in services if place in stores.of(one)]
        away = [
            str(table)
            for table in place.fact.tables
            if table.elsewhere and any(reads(one, table) or writes(one, table) for one in here)
        ]
        if away:
            unverifiable(
                Reason.NO_OBSERVABLE,
                f"{listed(away)} of {place.words} is kept elsewhere",
                "whose it is there is not seen",
            )
        for one, other in permutations(here, 2):
            both = {table.schema for table in kept(one, place)} & {table.schema for table in kept(other, place)}
            if both:
                unverifiable(
                    Reason.AMBIGUOUS_CLAIM,
                    f"{one.name} and {other.name} keep tables of their own in one schema: {listed(both)}",
                    "neither may read the other's; whether that is a database of their own is not said",
                )


def _nobody_elsewhere(services: Sequence[Tenant], stores: Town) -> None:
    """Two services in one database that the claim leaves out: they may share what is there."""
    for place in stores.places:
        covered = {other.fact.database for other in stores.places if other.fact.server == place.fact.server}
        here = [one for one in services if place in stores.of(one)]
        seen = {(session.database, session.login) for look in place.looks for session in look.fact.elsewhere}
        for database in sorted({database for database, _ in seen} - covered):
            met = [one.name for one in here if any((database, login) in seen for login in one.logins)]
            if len(met) > 1:
                unverifiable(
                    Reason.NO_OBSERVABLE,
                    f"{listed(met)} are both logged in to {database}",
                    f"it is none of the claim's databases, and on the server of {place.names[0]}",
                    remedy="give the target a system for it, and let stores cover it",
                )


def _moved(services: Sequence[Tenant], stores: Town, run: ActivityRun) -> Moved:
    """What each service's tables show of the activity. Raises unless each moved."""
    found: dict[tuple[Place, Tenant], tuple[str, ...]] = {}
    for place in stores.places:
        _unmasked(place)
        watched = Watched(place.looks, run, f"database {place.fact.database}", _written)
        if any(table.written is None for table in (*watched.start.tables, *watched.end.tables)):
            unverifiable(Reason.NO_OBSERVABLE, "rows are not counted", f"{place.names[0]}: track_counts is off")
        before = {str(table): table.written or 0 for table in watched.start.tables}
        for one in services:
            own = kept(one, place) if place in stores.of(one) else ()
            moved = tuple(str(table) for table in own if (table.written or 0) > before.get(str(table), 0))
            if moved and not watched.quiet_before:
                busy("the database is busy by itself", f"{place.words} was written before the activity began")
            if moved:
                found[place, one] = moved
    for one in services:
        if not any(tenant == one for _, tenant in found):
            _at_rest(one, stores)
    return found


def _unmasked(place: Place) -> None:
    """Raise unless it may be seen when sessions worked: it tells who wrote, and whether that is counted already."""
    if any(one.worked_at is None for look in place.looks for one in look.fact.sessions):
        unverifiable(
            Reason.FORBIDDEN,
            "who worked may not be seen",
            f"{place.words} hides when other sessions worked",
            remedy="give the audit's role pg_read_all_stats",
        )


def _written(fact: Tenancy) -> tuple[int, ...]:
    return tuple(table.written or 0 for table in fact.tables)


def _at_rest(one: Tenant, stores: Town) -> NoReturn:
    own = [(place, table) for place in stores.of(one) for table in kept(one, place)]
    late = [place.words for place, _ in own if place.fact.reports_in_s]
    if late:
        busy(f"{one.name} wrote nothing that is counted yet", f"sessions of {listed(late)} report later than one waits")
    never = "never written since the counters began" if not any(table.written for _, table in own) else "at rest"
    refute(
        f"{one.name} writes nothing when the activity is performed",
        f"{listed(str(table) for _, table in own)}: {never}",
        remedy="the activity must be one that makes every service write",
    )


def _by_whom(services: Sequence[Tenant], stores: Town, run: ActivityRun, moved: Moved) -> None:
    """The rows must be those of the login: it was seen to work, and nobody else who may write them."""
    strangers: dict[str, set[str]] = {}
    unseen: list[Tenant] = []
    for (place, one), tables in moved.items():
        worked = _worked(place, run)
        able = {login for table in place.fact.tables if str(table) in tables for login in table.writers}
        others = (worked - {*one.logins}) & able
        if worked & {*one.logins} and others:
            busy(f"who wrote {listed(tables)} cannot be told", f"{listed(others)} worked as well as {one.name}")
        if not worked & {*one.logins}:
            unseen.append(one)
            for other in others:
                strangers.setdefault(other, set()).add(one.name)
    for login, victims in strangers.items():
        if len(victims) > 1 and len({one.name for one in unseen}) == len(services):
            refute(
                f"one login for {listed(victims)}: {login} writes the tables",
                f"the logins {listed(name for one in unseen for name in one.logins)} did nothing",
            )
    if unseen:
        who = f"{listed(strangers)} worked instead" if strangers else "nobody who may write them was seen to work"
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"rows appear, and {listed(name for one in unseen for name in one.logins)} was not seen to write them",
            f"{who}: a session is too short, or a pool between logs in by another name",
            remedy="let each service keep its sessions open, under the login of the claim",
        )


def _worked(place: Place, run: ActivityRun) -> set[str]:
    """The logins that ended a statement since the activity began, by the server's own clock."""
    before = [look for look in place.looks if look.at < run.active_from][-1].fact.sessions
    after = [one for look in place.looks if look.at >= run.active_from for one in look.fact.sessions]
    return {
        one.login for one in after if one.busy or _since(one) > max(map(_since, _of(one.login, before)), default=0.0)
    }


def _of(login: str, sessions: Sequence[LoggedIn]) -> list[LoggedIn]:
    return [one for one in sessions if one.login == login]


def _since(one: LoggedIn) -> float:
    return one.worked_at or 0.0


def _own(services: Sequence[Tenant], stores: Town, moved: Moved) -> Judgement:
    """Say how far apart they are."""
    homes = {
        place: [one.name for one in services if kept(one, place) and place in stores.of(one)] for place in stores.places
    }
    servers = {place.fact.server or place.names[0] for place, here in homes.items() if here}
    what = "schema" if any(len(here) > 1 for here in homes.values()) else "database"
    told = "; ".join(f"{one.name}: {listed(tables)} in {place.words}" for (place, one), tables in moved.items())
    on = "one server" if len(servers) == 1 else counted(len(servers), "server")
    return verified(f"{counted(len(services), 'service')}, each with a {what} of its own on {on}", told)


def _names(places: Sequence[Place]) -> list[str]:
    return [name for place in places for name in place.names]
