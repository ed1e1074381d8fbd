#!/bin/sh
# Once, and never again.
pg_dump --host=postgres --username="$POSTGRES_USER" "$POSTGRES_DB" |
    psql --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" > /dev/null
