"""What a PostgreSQL database did for others: rows and scans of user tables."""

from __future__ import annotations

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems._postgres_session import PostgresSession

#: the counters of user tables are nobody's but those who use them: vacuum and the audit's catalog queries leave
#: them alone, and dropped tables take theirs along
_ROWS = """
select coalesce(sum(n_tup_ins), 0)::bigint as "rows inserted", coalesce(sum(n_tup_upd), 0)::bigint as "rows updated",
       coalesce(sum(n_tup_del), 0)::bigint as "rows deleted",
       coalesce(sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)), 0)::bigint as "scans"
from pg_stat_user_tables where relname not like 'distaudit%'
"""
_COUNTING = "select current_setting('track_counts') as counting"
#: what other sessions hold that moves none of these counters; and those that may have done what they have not
#: reported yet: a session reports at most once a second while it works, and up to ten seconds after it came to rest
#: (PGSTAT_MIN_INTERVAL, PGSTAT_IDLE_INTERVAL of the server). ``masked``: when they worked may not be seen.
_HIDDEN = """
select (select count(*) from pg_locks where locktype = 'advisory')::int as locks,
       count(*) filter (where state_change < now() - interval '1.5 s'
                          and state_change > now() - interval '10.5 s')::int as late,
       count(*) filter (where state_change is null)::int as masked
from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and application_name <> 'distaudit'
  and coalesce(backend_type, 'client backend') = 'client backend'
"""


def work(session: PostgresSession, ask: Ask) -> Work:
    """Rows of the declared database's user tables. What the audit reads is in the catalogs, and is not counted."""
    session.ways.append("pg_stat_user_tables, pg_stat_activity, pg_locks")
    if session.row(_COUNTING)["counting"] != "on":
        raise Unobservable(Reason.NO_OBSERVABLE, "the server counts no rows: track_counts is off")
    counts = {name: int(rows) for name, rows in session.row(_ROWS).items()}
    moved = {name: rows for name, rows in counts.items() if rows}
    return Work(moved, unseen=_unseen(session), way="pg_stat_user_tables")


def _unseen(session: PostgresSession) -> str:
    hidden = session.row(_HIDDEN)
    if hidden["masked"]:
        return "when other sessions worked last (give the audit's role pg_read_all_stats)"
    if hidden["late"]:
        return "rows of a session that worked a moment ago and reports them up to ten seconds later"
    return "advisory locks" if hidden["locks"] else ""
