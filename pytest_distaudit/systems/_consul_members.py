"""Which servers form a Consul cluster, as one agent knows by itself: nothing here is passed on to the leader."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member, Membership
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.systems._consul_session import MARK, ConsulSession, identify

#: as the agent prints its latest configuration of Raft
_SERVER = re.compile(r"\{Suffrage:(\w+) ID:(\S+) Address:([^\s}]+)\}")
_ALIVE = 1


def membership(session: ConsulSession, ask: Ask) -> Membership:
    """The agent's part in Raft and its view of the others. Raises Unobservable for an agent that is no server."""
    agent = session.agent()
    raft, consul = (agent.get("Stats", {}).get(part, {}) for part in ("raft", "consul"))
    if not agent["Config"].get("Server"):
        words = "the agent is a client, which is no member; name the servers"
        raise Unobservable(Reason.NO_OBSERVABLE, words)
    servers = _SERVER.findall(str(raft.get("latest_configuration", "")))
    if not servers:
        raise Unobservable(Reason.UNSUPPORTED_VERSION, "the agent tells no configuration of Raft")
    identify(session)
    leads = str(consul.get("leader_addr", ""))
    seen = {str(one.get("Tags", {}).get("id", "")): one for one in session.read("agent/members")}
    members = tuple(_member(server, leads, seen) for server in servers)
    votes = sum(member.votes for member in members)
    leaders = tuple(member.id for member in members if leads and member.address == leads)
    return Membership(
        # servers share nothing but knowing each other
        cluster="",
        own=str(agent["Config"].get("NodeID", "")),
        members=members,
        leaders=leaders,
        term=int(raft.get("term", 0)),
        quorum=votes // 2 + 1,
        works=bool(leaders),
        trouble="" if leaders else "the agent knows no leader",
        position=int(raft.get("applied_index", 0)),
        way="/v1/agent/self, /v1/agent/members",
    )


def _member(server: tuple[str, str, str], leads: str, seen: Mapping[str, Mapping[str, Any]]) -> Member:
    suffrage, node, place = server
    votes = suffrage == "Voter"
    role = ("leader" if place == leads else "follower") if votes else "learner"
    row = seen.get(node)
    return Member(
        node,
        str(row.get("Name", "")) if row else "",
        place,
        role,
        votes,
        "",
        row is not None and row["Status"] == _ALIVE,
    )


class ConsulWords:
    """How one agent takes and shows a word of the audit's. Reads are the server's own (stale)."""

    def __init__(self, session: ConsulSession) -> None:
        self._session = session

    def write(self, place: str, word: str) -> str:
        """Put one key."""
        self._send("PUT", place, word)
        return place

    def shows(self, place: str, word: str) -> bool:
        """Whether the agent has it."""
        what = "GET /v1/kv"
        answer = self._session.ask(f"kv/{place}?stale")
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self._session.refused(answer, what)
        rows = answer.decoded(what)
        return any(base64.b64decode(row.get("Value") or "") == f'"{word}"'.encode() for row in rows)

    def remove(self, place: str) -> None:
        """Delete the key."""
        self._send("DELETE", place)

    def _send(self, method: str, place: str, word: str | None = None) -> None:
        self._session.ways.append(f"{method} /v1/kv/distaudit-*")
        url = f"{self._session.url}/v1/kv/{place}?{MARK}=1"
        answer = self._session.send(Request(method, url, self._session.headers, word))
        if answer.status != 200:
            raise self._session.refused(answer, f"{method} /v1/kv")
        if answer.text.strip() != "true":
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{method} /v1/kv: the agent did not do it")
