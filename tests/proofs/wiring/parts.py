"""Parts of servers that several ways share: a virtual host or a database for each."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from urllib.parse import urlsplit, urlunsplit

import psycopg


def virtual_host(management: str, name: str) -> None:
    parts = urlsplit(management)
    login = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    everything = json.dumps(dict.fromkeys(("configure", "write", "read"), ".*")).encode()
    for path, body in ((f"vhosts/{name}", b"{}"), (f"permissions/{name}/{parts.username}", everything)):
        url = f"http://{parts.hostname}:{parts.port}/api/{path}"
        urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT")).close()


def database(url: str, name: str) -> str:
    """Its own address; the tables are what the fronts and workers here ask for."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(own) as connection:
        connection.execute("create table tasks (name text); create table jobs (name text)")
        connection.execute("create table limits as select 0 as most")
    return own
