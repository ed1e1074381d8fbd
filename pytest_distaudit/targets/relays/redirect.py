"""Redirects: what a natively started caller sends to an address that it has always known goes to a relay instead.

The caller's processes are of one more group, in which nobody else is and to which no file belongs. A rule in
``nat OUTPUT`` sends connections of sockets that such processes have made to the relay (``-m owner --suppl-groups``,
Linux 5.3). Everybody else's, the relay's and the audit's among them, go where they always went.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_distaudit.domain.target import Link, SystemSpec
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.ground import Lot
from pytest_distaudit.targets.planning import Plans
from pytest_distaudit.targets.relays.placing import Placing

#: groups that no distribution gives to anybody (systemd, docs/UIDS-GIDS.md)
_GROUPS: Final = range(1879048192, 2147483647)
#: so long, in seconds, another program's change of the table is waited for
_WAITS_S: Final = "3"
_ENDS_S: Final = 5.0
#: how iptables ends its search for a rule that is not there
_NO_SUCH_RULE: Final = 1
_COMMENT: Final = 200
#: where root's programs are, which need not be on the path
_SBIN: Final = ("/usr/sbin", "/sbin")
#: IP version -> (its program, where its relays listen)
_VERSIONS: Final = {4: ("iptables", "127.0.0.1"), 6: ("ip6tables", "::1")}

#: a program, and what tells one rule of the chain from all others
Rule = Sequence[str]


class NotUndone(Exception):
    """A rule may still be there."""


class _Refused(Exception):
    """No rule can be made. Args: reason, sentence."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A link, the address that its caller knows, and the other one's endpoint that is meant by it."""

    link: Link
    ip: str
    port: int
    version: int
    url: str


def redirected(plans: Plans, started: Iterable[SystemSpec], placing: Placing, lot: Lot, stack: ExitStack) -> Plans:
    """The same plans, with a group for each caller whose known addresses now lead to relays; rules go with ``stack``.
    Raises InvalidInput for links that name no address of the other one. Where no rule can be made, ``placing`` is told.
    """
    callers = [spec.name for spec in started if spec.name in plans.blueprints]
    links = [link for link in placing.links(callers) if "address" in link.inject and link.to not in plans.unavailable]
    found = [_way(link, plans) for link in links]
    ways = [way for way in found if isinstance(way, _Way)]
    placing.refuse([*(wrong for wrong in found if isinstance(wrong, str)), *_doubled(ways)])
    groups: dict[str, int] = {}
    for way in ways:
        group = groups.get(way.link.source) or random.SystemRandom().choice(_GROUPS)
        try:
            stack.enter_context(_standing(_led(way, group, placing), lot, group))
        except _Refused as refused:
            reason, why = refused.args
            placing.give_up(way.link, reason, f"{why}; or {_instead(way.link)}")
        else:
            groups[way.link.source] = group
    return replace(plans, groups=groups)


def _doubled(ways: Iterable[_Way]) -> Iterator[str]:
    seen: dict[tuple[str, str, int], Link] = {}
    for way in ways:
        first = seen.setdefault((way.link.source, way.ip, way.port), way.link)
        if first is not way.link:
            yield f"link {way.link.name!r}: link {first.name!r} has that address of {way.link.source!r} already"


def known(text: str) -> tuple[IPv4Address | IPv6Address, int] | None:
    """The address and the port that are written there, as a rule can have them; None: there is none."""
    try:
        host, port = address(text if "://" in text else f"//{text}")
        return (ip_address("127.0.0.1" if host == "localhost" else host), port) if port else None
    except ValueError:
        return None


def _way(link: Link, plans: Plans) -> _Way | str:
    """The way, or what is wrong with it."""
    text, endpoints = link.inject["address"], plans.endpoints.get(link.to, {})
    place = known(text)
    if place is None:
        words = f"natively inject.address is an IP address and a port, {_example(endpoints)}: rules know no names"
        return f"link {link.name!r}: {words}; write one, or {_instead(link)}"
    ip, port = place
    url = _meant(text, (str(ip), port), endpoints, drawn=link.to in plans.blueprints)
    if url is None:
        words = f"inject.address is no address of {link.to!r}"
        return f"link {link.name!r}: {words}; write the one that {link.source!r} connects to, {_example(endpoints)}"
    return _Way(link, str(ip), port, ip.version, url)


def _meant(text: str, place: tuple[str, int], endpoints: Mapping[str, str], drawn: bool) -> str | None:
    """The endpoint there. Of a system whose ports the audit has ``drawn``, nobody can have known one: the first
    endpoint, or the first of the address's scheme.
    """
    for url in endpoints.values():
        host, port = address(url)
        if ("127.0.0.1" if host == "localhost" else host, port) == place:
            return url
    scheme = urlsplit(text).scheme if "://" in text else ""
    return next((url for url in endpoints.values() if drawn and scheme in ("", urlsplit(url).scheme)), None)


def _example(endpoints: Mapping[str, str]) -> str:
    port = next((address(url)[1] for url in endpoints.values()), 0)
    return f"such as 127.0.0.1:{port or 8000}"


def _instead(link: Link) -> str:
    return f"let {link.source!r} take the address from a variable: inject = {{env = ...}}"


def _led(way: _Way, group: int, placing: Placing) -> Rule:
    """The rule that leads members of the group to a relay that is put there for them. Raises _Refused."""
    name, host = _VERSIONS[way.version]
    program = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_SBIN]))
    if program is None:
        why = f"what {way.link.source} sends to {way.ip} is led to a relay by {name}, which is not here"
        raise _Refused(Reason.NOT_INSTALLED, f"{why}; install it, where there is Linux")
    place, comment = address(way.url), f"distaudit-{way.link.name}"[:_COMMENT]
    _, port = placing.put(way.link, lambda: place, way.url.startswith("http://"), host)
    return (
        program, "-d", way.ip, "-p", "tcp", "-m", "tcp", "--dport", str(way.port),
        "-m", "owner", "--gid-owner", str(group), "--suppl-groups",
        "-m", "comment", "--comment", comment, "-j", "REDIRECT", "--to-ports", str(port),
    )  # fmt: skip


@contextmanager
def _standing(rule: Rule, lot: Lot, group: int) -> Iterator[None]:
    """The rule, for as long as the block runs; what cannot be undone here is left to the guard. Raises _Refused."""
    making = lot.ground / "redirecting"
    with suppress(NotUndone), lot.guard.promised("redirect", rule=rule, making=str(making)):
        why = _not_made(rule, group, making)
        if not why:
            try:
                yield
            finally:
                undo(rule)
    if why:
        raise _Refused(Reason.FORBIDDEN, f"{why}; run the audit as root")


def _not_made(rule: Rule, group: int, making: Path) -> str:
    """Why it could not be made; "" if it stands. Whoever makes it is of the group, as the caller will have to be, and
    holds a lock on the file ``making``, whether the run goes on or not.
    """
    from fcntl import LOCK_EX, flock

    try:
        with making.open("w") as lock:
            flock(lock, LOCK_EX)
            done = _run(rule, "-I", extra_groups=(*os.getgroups(), group), pass_fds=(lock.fileno(),))
    except OSError as error:
        return f"no process can be started in a group of its own ({error.strerror})"
    except subprocess.TimeoutExpired:  # it may have been: the promise stays
        raise _Refused(Reason.TIMED_OUT, f"{Path(rule[0]).name} does not end; find out what it waits for") from None
    said = " ".join(done.stderr.split())
    return f"{Path(rule[0]).name} makes no rule ({said})" if done.returncode else ""


def undo(rule: Rule) -> None:
    """Delete exactly this rule. Raises NotUndone unless it was there and is gone."""
    try:
        done = _run(rule, "-D")
    except (OSError, subprocess.SubprocessError) as error:
        raise NotUndone from error
    if done.returncode:
        raise NotUndone


def is_gone(rule: Rule) -> bool:
    """Whether it is seen not to be there; False also where that cannot be seen."""
    with suppress(OSError, subprocess.SubprocessError):
        return _run(rule, "-C").returncode == _NO_SUCH_RULE
    return False


def _run(rule: Rule, does: str, **more: Any) -> subprocess.CompletedProcess[str]:
    program, *rest = rule
    argv = [program, "--wait", _WAITS_S, "-t", "nat", does, "OUTPUT", *rest]
    return subprocess.run(argv, capture_output=True, text=True, timeout=_ENDS_S, check=False, cwd="/", **more)  # noqa: S603
