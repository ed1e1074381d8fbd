#!/bin/sh
# The image lets nobody replicate from another host; the standby does.
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
