"""Who may read and write which table of a PostgreSQL database, and who is logged in."""

from __future__ import annotations

from math import ceil

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.tenancy import KeptTable, LoggedIn, LoggedInElsewhere, Login, TableLink, Tenancy
from pytest_distaudit.systems._postgres_session import PostgresSession

#: every table is asked about once for each login
_MOST_TABLES = 2000
#: 16 tells apart who may become a role and who merely belongs to it
_SET_IS_KNOWN = 160000
#: since 15 an idle session reports what it did after ten seconds; before, when it works next
_REPORTS_WHEN_IDLE, _REPORTS_AFTER_S, _MAY_NEVER_REPORT_S = 150000, 10.5, 60.0

_SETTING = """
select current_setting('server_version_num')::int as number, current_database()::text as database,
       current_setting('track_counts') = 'on' as counting
"""
# the audit's own sessions are those by its name and its role: a name alone hides nobody
_SESSIONS = """
select usename::text as login, coalesce(application_name, '') as application,
       coalesce(host(client_addr), '') as address, extract(epoch from state_change)::float8 as worked_at,
       coalesce(state in ('active', 'fastpath function call'), false) as busy,
       extract(epoch from clock_timestamp() - state_change)::float8 as ago
from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
  and coalesce(backend_type, 'client backend') = 'client backend'
  and usename is not null and not (application_name = 'distaudit' and usename = current_user)
order by 1, 2, 3, backend_start, pid
"""
_ELSEWHERE = """
select distinct usename::text as login, datname::text as database from pg_stat_activity
where usename = any(%s) and datname <> current_database()
  and not (application_name = 'distaudit' and usename = current_user) order by 1, 2
"""
_LOGINS = """
select l.rolname::text as name,
       l.rolsuper or exists (select from pg_roles s where s.rolsuper and {becomes}) as superuser
from pg_roles l where l.rolname = any(%s) order by 1
"""
# Row security is no denial here, so that nobody needs to be asked whether he bypasses it.
# Tables of an extension are nobody's, temporary ones and the audit's own are not kept.
# A view reads with its owner's rights, unless it is said to use those of whoever asks.
_TABLES = """
with recursive kept as (
  select c.oid, n.nspname, c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and c.relpersistence <> 't' and c.relname not like 'distaudit%%'
    and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid
                                              and e.deptype = 'e')
), lent(through, rel) as (
  select r.ev_class, d.refobjid
  from pg_rewrite r join pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                  and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
  where not coalesce(v.reloptions::text ~* 'security_invoker=(true|on|yes|1)', false)
    and has_any_column_privilege(v.relowner, d.refobjid, 'select')
), reach(rel, through) as (
  select oid, oid from kept
  union select reach.rel, lent.through from reach join lent on lent.rel = reach.through
), acting(login, name, role) as (
  select l.oid, l.rolname::text, m.oid
  from pg_roles l join pg_roles m on m.oid = l.oid or (not l.rolsuper and {becomes})
  where l.rolname = any(%s) and l.rolcanlogin and has_database_privilege(l.oid, current_database(), 'connect')
), grants as (
  select reach.rel, a.name,
         bool_or(has_any_column_privilege(a.role, t.oid, 'select')) as reads,
         bool_or((has_any_column_privilege(a.role, t.oid, 'insert, update')
                  or has_table_privilege(a.role, t.oid, 'delete, truncate'))
                 and (t.oid = reach.rel or pg_relation_is_updatable(t.oid, true) & 28 <> 0)) as writes
  from reach join pg_class t on t.oid = reach.through
  join acting a on has_schema_privilege(a.role, t.relnamespace, 'usage')
  group by 1, 2
)
select k.nspname::text as schema, k.relname::text as name, k.relkind = 'f' as elsewhere,
       coalesce((select array_agg(g.name order by g.name) from grants g where g.rel = k.oid and g.reads), '{{}}')
         as readers,
       coalesce((select array_agg(g.name order by g.name) from grants g where g.rel = k.oid and g.writes), '{{}}')
         as writers,
       (select s.n_tup_ins + s.n_tup_upd + s.n_tup_del from pg_stat_all_tables s where s.relid = k.oid)::bigint
         as written
from kept k order by 1, 2 limit {most}
"""
_LINKS = """
select distinct an.nspname || '.' || a.relname as "table", bn.nspname || '.' || b.relname as refers_to
from pg_constraint f join pg_class a on a.oid = f.conrelid join pg_namespace an on an.oid = a.relnamespace
join pg_class b on b.oid = f.confrelid join pg_namespace bn on bn.oid = b.relnamespace
where f.contype = 'f' and a.oid <> b.oid order by 1, 2
"""


def tenancy(session: PostgresSession, ask: Ask) -> Tenancy:
    """The catalogs' own answer about each login. Raises ``too-large`` rather than to leave tables out."""
    session.ways.append("pg_roles, privileges of pg_class, pg_constraint, pg_stat_activity, pg_stat_all_tables")
    setting = session.row(_SETTING)
    sessions = session.rows(_SESSIONS)
    asked = [name for name in ask.arg("logins").split(",") if name]
    names = sorted({*asked, *(one["login"] for one in sessions)})
    tables = session.rows(_TABLES.format(becomes=_becomes(setting["number"], "m"), most=_MOST_TABLES + 1), names)
    if len(tables) > _MOST_TABLES:
        raise Unobservable(Reason.TOO_LARGE, f"more than {_MOST_TABLES} tables")
    logins = session.rows(_LOGINS.format(becomes=_becomes(setting["number"], "s")), names)
    counting = setting["counting"]
    return Tenancy(
        server=session.cluster,
        database=setting["database"],
        logins=tuple(Login(row["name"], row["superuser"]) for row in logins),
        tables=tuple(
            KeptTable(
                row["schema"],
                row["name"],
                tuple(row["readers"]),
                tuple(row["writers"]),
                (row["written"] or 0) if counting else None,
                row["elsewhere"],
            )
            for row in tables
        ),
        links=tuple(TableLink(row["table"], row["refers_to"]) for row in session.rows(_LINKS)),
        sessions=tuple(
            LoggedIn(row["login"], row["application"], row["address"], row["worked_at"], row["busy"])
            for row in sessions
        ),
        elsewhere=tuple(LoggedInElsewhere(row["login"], row["database"]) for row in session.rows(_ELSEWHERE, asked)),
        reports_in_s=_reports_in(setting["number"], [row["ago"] for row in sessions if row["ago"] is not None]),
    )


def _becomes(number: int, role: str) -> str:
    """SQL: whether ``l`` has the rights of that role, or takes them when it likes."""
    if number < _SET_IS_KNOWN:
        return f"pg_has_role(l.oid, {role}.oid, 'member')"
    return f"(pg_has_role(l.oid, {role}.oid, 'usage') or pg_has_role(l.oid, {role}.oid, 'set'))"


def _reports_in(number: int, ago: list[float]) -> int:
    """Seconds until all sessions must have reported what they did."""
    if number < _REPORTS_WHEN_IDLE:
        return int(_REPORTS_AFTER_S) if any(one < _MAY_NEVER_REPORT_S for one in ago) else 0
    return max((ceil(_REPORTS_AFTER_S - one) for one in ago if one < _REPORTS_AFTER_S), default=0)
