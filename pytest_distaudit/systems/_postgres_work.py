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
#: what other sessions hold or wait for that moves none of these counters
_HIDDEN = "select count(*)::int as locks from pg_locks where locktype = 'advisory'"


def work(session: PostgresSession, ask: Ask) -> Work:
    """Rows of the declared database's user tables. What the audit reads is in the catalogs, and is not counted."""
    session.ways.append("pg_stat_user_tables, pg_locks")
    if session.row(_COUNTING)["counting"] != "on":
        raise Unobservable(Reason.NO_OBSERVABLE, "the server counts no rows: track_counts is off")
    counts = {name: int(rows) for name, rows in session.row(_ROWS).items()}
    unseen = "advisory locks" if session.row(_HIDDEN)["locks"] else ""
    return Work({name: rows for name, rows in counts.items() if rows}, unseen=unseen, way="pg_stat_user_tables")
