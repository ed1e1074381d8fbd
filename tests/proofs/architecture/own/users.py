"""Users: keeps who was greeted in a table of its own."""

from __future__ import annotations

import sqlite3
import threading

from company import Service

service = Service()
lock = threading.Lock()
database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("create table people (name text primary key, visits integer)")
VISIT = "insert into people values (?, 1) on conflict (name) do update set visits = visits + 1"


@service.get("/greet")
def greet(query):
    name = query.get("nonce")
    if not name:
        return 422, {"detail": "say who you are"}
    with lock:
        database.execute(VISIT, (name,))
        database.commit()
        (visits,) = database.execute("select visits from people where name = ?", (name,)).fetchone()
    word = "welcome" if visits == 1 else "welcome back"
    return 200, {"greeting": f"{word}, {name}", "visits": visits}


@service.get("/people")
def people(query):
    with lock:
        rows = database.execute("select name, visits from people order by visits desc limit 10").fetchall()
    return 200, {"asked": query.get("nonce"), "people": rows}


def main() -> None:
    try:
        service.run()
    finally:
        database.close()


main()
