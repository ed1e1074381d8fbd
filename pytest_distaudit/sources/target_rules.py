"""What the parts of one target owe one another: names that exist, endpoints of the kind, requests that can be sent.

Addresses and requests are never repeated in an error: they may hold passwords.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Place, did_you_mean
from pytest_distaudit.sources.shape_errors import Path
from pytest_distaudit.sources.target_shape import OperationEntry, SystemEntry, TargetEntry
from pytest_distaudit.sources.toml_places import TomlPlaces

#: Kind -> endpoint name -> allowed URL schemes; the first endpoint is what ``url`` means.
Kinds = Mapping[str, Mapping[str, tuple[str, ...]]]

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_READS = ("GET",)
#: An endpoint that every kind may have: not an address but a process of this machine.
_PROCESS = {"pid": ("pid", "pidfile")}
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


#: the kind of systems that others can be inside of
_ENGINE = "docker"
#: addresses of files, sockets and programs
_HOSTLESS = ("exec", "file", "unix")


@dataclass(frozen=True, slots=True)
class TargetRules:
    """The rules for one target; complaints go to ``report``.

    ``systems``: the names as the file gives them, also of systems that could not be read: a fault
    in one system must not make every link to it look wrong.
    """

    kinds: Kinds
    systems: Collection[str]
    path: Path
    places: TomlPlaces
    report: Callable[[Place, str], None]

    def check(self, entry: TargetEntry) -> None:
        """Hold the whole target against the rules."""
        for name, system in entry.systems.items():
            self._system(system, ("systems", name))
            self._inside(entry, name)
        self._lease(entry)
        # The systems of a compose file are known only once it is read.
        closed = entry.compose is None
        if closed:
            self._links(entry)
        for name, operation in entry.operations.items():
            self._operation(operation, ("operations", name), closed)
        for name, activity in entry.activities.items():
            self._request(activity.request, ("activities", name, "request"), closed)
            if activity.cleanup is not None:
                self._request(activity.cleanup, ("activities", name, "cleanup"), closed)

    def _operation(self, entry: OperationEntry, path: Path, closed: bool) -> None:
        self._request(entry.request, (*path, "request"), closed)
        for status in sorted(set(entry.ok) & set(entry.fail)):
            self._say((*path, "fail"), f"status {status} is both ok and fail; keep it in one list")
        self._reduced(entry, path)
        self._counted(entry, path)
        if entry.effect is None:
            return
        self._request(entry.effect, (*path, "effect"), closed)
        if "{nonce}" not in entry.effect:
            self._say((*path, "effect"), "it asks for no {nonce}, and would show the same for every request")
        if entry.effect.split(maxsplit=1)[0] not in _READS:
            self._say((*path, "effect"), f"it is asked again and again and must only read: {' or '.join(_READS)}")

    def _counted(self, operation: OperationEntry, path: Path) -> None:
        """What is counted is in the answer about the effect."""
        pointer = operation.effect_count
        if pointer is None:
            return
        if operation.effect is None:
            self._say((*path, "effect_count"), "a count without 'effect'; say by which request effects are seen")
        if pointer and not pointer.startswith("/"):
            because = 'it begins with "/", or is "" for the whole answer'
            self._say((*path, "effect_count"), f"{pointer!r} is no JSON pointer; {because}")

    def _reduced(self, operation: OperationEntry, path: Path) -> None:
        """A reduced answer can be told from a full one."""
        if operation.marker is not None and not operation.degraded:
            self._say((*path, "marker"), "a marker of reduced answers without 'degraded'; list their statuses there")
        for status in operation.degraded if operation.marker is None else ():
            if status in operation.ok or (not operation.ok and 200 <= status < 300):
                because = "name the 'marker' that only a degraded answer bears: a text or header:NAME"
                self._say((*path, "degraded"), f"status {status} is both ok and degraded; {because}")

    def _inside(self, entry: TargetEntry, name: str) -> None:
        """What a system is inside of is an engine, and not itself by any number of steps."""
        engine, path = entry.systems[name].inside, ("systems", name, "inside")
        if engine is None:
            return
        if engine not in self.systems:
            if entry.compose is None:
                self._say(path, f"unknown system {engine!r}; {did_you_mean(engine, self.systems)}")
            return
        seen = {name}
        while engine is not None and engine in entry.systems:
            if entry.systems[engine].kind != _ENGINE:
                self._say(path, f"system {engine!r} is no container engine; only kind {_ENGINE!r} has containers")
                return
            if engine in seen:
                self._say(path, f"system {name!r} is inside itself")
                return
            seen.add(engine)
            engine = entry.systems[engine].inside

    def _lease(self, entry: TargetEntry) -> None:
        """Where runs agree is written to."""
        name, path = entry.lease, ("lease",)
        if name is None:
            return
        if name not in self.systems:
            self._say(path, f"unknown system {name!r}; {did_you_mean(name, self.systems)}")
        elif name in entry.systems and not (entry.systems[name].disposable or entry.systems[name].probes == "write"):
            self._say(path, f'a lease is written down; allow that with probes = "write" at system {name!r}')

    def _links(self, entry: TargetEntry) -> None:
        for name, link in entry.links.items():
            for key, system in (("from", link.from_), ("to", link.to)):
                if system not in self.systems:
                    known = did_you_mean(system, self.systems)
                    self._say(("links", name, key), f"link {name!r}: unknown system {system!r}; {known}")
            if link.inject and (link.inject.env is None) is (link.inject.address is None):
                words = "say how the caller comes by the address: either env or address"
                self._say(("links", name, "inject"), f"link {name!r}: {words}")

    def _say(self, path: Path, message: str) -> None:
        self.report(self.places.place((*self.path, *path)), message)

    def _system(self, system: SystemEntry, path: Path) -> None:
        if system.systems is not None and system.systems.kind not in self.kinds:
            self._say((*path, "systems"), self._unknown_kind(system.systems.kind))
        if system.kind not in self.kinds:
            self._say((*path, "kind"), self._unknown_kind(system.kind))
            return
        endpoints = {**self.kinds[system.kind], **_PROCESS}
        for name, url in system.endpoints.items():
            if name in endpoints:
                self._url(url, endpoints[name], (*path, "endpoints", name))
            else:
                known = did_you_mean(name, endpoints)
                self._say((*path, "endpoints", name), f"kind {system.kind!r} has no endpoint {name!r}; {known}")
        if system.url is not None:
            self._shorthand(system, self.kinds[system.kind], path)

    def _shorthand(self, system: SystemEntry, endpoints: Mapping[str, tuple[str, ...]], path: Path) -> None:
        first = next(iter(endpoints), None)
        if first is None:
            self._say((*path, "url"), f"kind {system.kind!r} has no endpoints; delete 'url'")
            return
        self._url(system.url or "", _PROCESS.get(first, endpoints[first]), (*path, "url"))
        if first in system.endpoints:
            self._say((*path, "url"), f"'url' is short for endpoint {first!r}, which is given too; keep one of them")

    def _unknown_kind(self, kind: str) -> str:
        return f"kind {kind!r} is not known; {did_you_mean(kind, self.kinds)}"

    def _url(self, url: str, schemes: tuple[str, ...], path: Path) -> None:
        # A variable that holds the whole address can be checked only when it is expanded.
        if _VARIABLE.match(url):
            return
        if schemes == _PROCESS["pid"]:
            if not re.fullmatch(r"pid:[1-9][0-9]*|pidfile:.+", url):
                self._say(path, f"{url!r} names no process; write pid:NUMBER or pidfile:PATH")
            return
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        plain = self._expanded(url, path)
        try:
            parts = urlsplit(plain)
            usable = (parts.port or 1) > 0 and bool(parts.hostname or "host=" in parts.query)
            usable = usable or (parts.scheme in _HOSTLESS and bool(parts.path))
        except ValueError:
            self._say(path, "this address cannot be read: a host and a port below 65536 are wanted")
            return
        if parts.scheme not in schemes:
            self._say(path, f"this address must start with {wanted}")
        elif not usable:
            self._say(path, f"this address names no host; write {schemes[0]}://HOST:PORT")

    def _expanded(self, url: str, path: Path) -> str:
        """The address with every variable replaced by what fits a name, a host and a port alike."""
        plain = _VARIABLE.sub("1", url)
        if "${" in plain:
            self._say(path, "a '${' without a variable's name and '}'; write ${NAME}")
        return plain

    def _request(self, request: str, path: Path, closed: bool) -> None:
        method, _, url = request.partition(" ")
        if method not in _METHODS or not url.startswith(("http://", "https://")):
            self._say(path, f"this is no request; write 'METHOD http://SYSTEM/path', METHOD: {' '.join(_METHODS)}")
            return
        try:
            host = urlsplit(self._expanded(url, path)).hostname or ""
        except ValueError:
            host = ""
        if not host:
            self._say(path, "this request names no host; write 'METHOD http://SYSTEM/path'")
        elif closed and not _is_address(host) and host not in {name.lower() for name in self.systems}:
            known = did_you_mean(host, self.systems)
            self._say(path, f"unknown system {host!r} in the request; {known}")


def _is_address(host: str) -> bool:
    return "." in host or ":" in host or host == "localhost" or host.isdigit()
