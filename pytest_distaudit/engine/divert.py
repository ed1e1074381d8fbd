"""The audit's own instances in a registry, while an operation is asked whose callers may follow the registry."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.target import Operation, Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.arranged import Promised, Tools
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.slowness import Slowness
from pytest_distaudit.engine.substitute import Substitute, substitute
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.control import Control, Uncontrolled
from pytest_distaudit.ports.diversion import Diversion, enough, spoilt
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.registrar import Registrar
from pytest_distaudit.ports.registrations import Instance, Registry
from pytest_distaudit.ports.traffic import Sent, Traffic

#: requests of the steady state; calls to the audit's instance after which it is clear how their answers are taken;
#: requests without the service
_STEADY, _CLEAR, _WITHOUT = 30, 24, 10
_POLL_S = 0.1
#: what one workload sends; every request is kept until it is judged
_MOST_A_SECOND = 500
#: a registry tells of what it was told, in seconds
_TOLD_S = 10.0
#: the first and the last in every order of names, so that who always takes one of these meets the audit's
_NAMES = ("!distaudit-{}", "~distaudit-{}")
_PASSING = "passing"


@dataclass(frozen=True, slots=True)
class Diverting:
    """What is to be tried. ``within_s``: how soon callers take up what the registry tells; ``audit_host``: where they
    reach the audit, None if that is not told.
    """

    service: str
    registry: str
    callers: tuple[str, ...]
    callees: tuple[str, ...]
    operation: Operation
    within_s: float
    rate: float
    audit_host: str | None = None

    def key(self, bound: Mapping[str, Located]) -> Hashable:
        """One for all claims that say the same of the same."""
        said = self.service, self.registry, self.callers, self.callees, self.operation.name, self.within_s, self.rate
        return ("diverted", *said, *(one.place for one in bound.values()))

    def run(self, bound: Mapping[str, Located], tools: Tools) -> tuple[Observation, ...]:
        """One Diversion of the registry, and the Traffic of the operation."""
        began, ask = time.time(), Diversion.ask(service=self.service, operation=self.operation.name)
        try:
            told, traffic = self._tried(bound, tools)
        except Unobservable as error:
            detail = tools.hub.redactor.text(error.detail)
            return (Observation(self.registry, ask, began, time.time() - began, reason=error.reason, detail=detail),)
        latency, redacted = time.time() - began, tools.hub.redactor.value
        value = redacted(to_json(told))
        way = f"{traffic.operation} x {len(traffic.sent)} at {traffic.rate:g}/s"
        flow = Traffic.ask(operation=self.operation.name, fault=Diversion.capability, system=self.service)
        return (
            Observation(self.registry, ask, began, latency, "registered beside the others", value=value),
            Observation("", flow, began, latency, way, value=redacted(to_json(traffic))),
        )  # fmt: skip

    def _tried(self, bound: Mapping[str, Located], tools: Tools) -> tuple[Diversion, Traffic]:
        """Raises Unobservable where nothing may or can be done."""
        for name in (self.registry, *self.callees):
            if not (bound[name].probes is Probes.WRITE or bound[name].disposable):
                because = f'{name} does not allow an instance of the audit\'s beside it; set probes = "write" to'
                raise Unobservable(Reason.NOT_SAFE, because)
        if self.rate > _MOST_A_SECOND:
            raise Unobservable(Reason.BUDGET, f"{self.rate:g} requests a second; it sends {_MOST_A_SECOND} at most")
        registry = bound[self.registry]
        make = tools.kinds[registry.kind].registrar
        if make is None:
            raise Unobservable(Reason.NO_CONTROL, f"nothing can be registered in a {registry.kind} by the audit")
        clock, registrar = Clock(), make(registry, tools.hub.limits)
        callers, callees = ({name: bound[name].control for name in names} for names in (self.callers, self.callees))
        with ExitStack() as stack:
            stack.callback(registrar.close)
            stack.enter_context(tools.alone())
            shelf = _Shelf(registry, self.service, tools, registrar)
            host = self._host(bound, shelf.instances())
            here = stack.enter_context(substitute(host, clock))
            promised = stack.enter_context(tools.promising())
            slowness = stack.enter_context(Slowness())
            load = stack.enter_context(Workload(self.operation, self.rate, tools.fetch, tools.base_url, clock))
            told = _Course(self, shelf, here, host, promised, load, clock, callers, callees, tools.tell).run()
        return told, replace(load.traffic(), slowed=slowness.slowed)

    def _host(self, bound: Mapping[str, Located], instances: tuple[Instance, ...]) -> str:
        """The address at which callers and registry reach the audit. Without a word of the target's, that is sure
        only where the audit has started them beside itself, and they reach the service on this host.
        """
        if self.audit_host:
            return self.audit_host
        started = all(bound[name].source == "native" for name in (self.registry, *self.callers))
        if not (started and instances and all(_is_loopback(one.address) for one in instances)):
            because = f"where callers of {self.service} reach the audit is not known; set audit_host in the target"
            raise Unobservable(Reason.NO_CONTROL, because)
        return "127.0.0.1"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Shelf:
    """The service's entries in the registry."""

    def __init__(self, registry: Located, service: str, tools: Tools, registrar: Registrar) -> None:
        self._registry, self._service, self._hub, self.registrar = registry, service, tools.hub, registrar

    @property
    def ends(self) -> bool:
        """Whether the registry ends with the run."""
        return self._registry.source != "attach"

    def instances(self) -> tuple[Instance, ...]:
        """What it tells now. Raises Unobservable."""
        (seen,) = self._hub.watch(self._registry, (Registry.ask(),))
        if seen.reason is not None:
            raise Unobservable(seen.reason, seen.detail)
        told = from_json(Registry, seen.value)
        return next((one.instances for one in told.services if one.name == self._service), ())

    def passing(self) -> frozenset[tuple[str, str, int]]:
        """(name, host, port) of those that pass."""
        return frozenset((one.id, one.address, one.port) for one in self.instances() if one.status == _PASSING)

    def entry(self, name: str, host: str, port: int) -> Request:
        """As the registrar words it."""
        return self.registrar.entry(self._service, name, host, port)


@dataclass
class _Course:
    """The course of one experiment. Whatever happens, what was changed is changed back when ``run`` is left."""

    trial: Diverting
    shelf: _Shelf
    here: Substitute
    host: str
    promised: Promised
    load: Workload
    clock: Clock
    callers: Mapping[str, Control | None]
    callees: Mapping[str, Control | None]
    tell: Callable[[str], None]
    trouble: str = ""
    alone: tuple[float, float] | None = None
    without: tuple[float, float] | None = None
    entered: float | None = None
    registered: float | None = None
    withdrawn: float | None = None
    _before: frozenset[tuple[str, str, int]] = field(default_factory=frozenset)

    def run(self) -> Diversion:
        """Steady state; the audit's instances beside the others; if nobody comes, they alone; then all as before."""
        began = self.clock.now()
        self._say("steady state")
        self._asked(_STEADY, since=began)
        self._before = self.shelf.passing()
        if not self._before:
            self.trouble = f"the registry tells of no passing instance of {self.trial.service}"
        elif self._steady(began):
            self._diverted(began)
        restored = self._until(lambda: self.shelf.passing() == self._before)
        return Diversion(
            self.trial.service, began, self.clock.now(), len(self._before), self.entered, self.registered,
            self.withdrawn,
            self.alone, self.without, self.here.came, restored, self.trouble,
        )  # fmt: skip

    def _steady(self, began: float) -> bool:
        flow = self.load.traffic().part(began, self.clock.now())
        self.trouble = "" if flow.steady else flow.told
        return flow.steady

    def _diverted(self, began: float) -> None:
        self.entered = self.clock.now()
        with ExitStack() as undoing:
            names = [name.format(secrets.token_hex(8)) for name in _NAMES]
            for name in names:
                undoing.enter_context(self._undone(self.shelf.registrar.withdrawal(name)))
                self._send(self.shelf.entry(name, self.host, self.here.port))
            self._say("an instance of the audit's is registered")
            if not self._until(lambda: set(names) <= {name for name, _, _ in self.shelf.passing()}):
                self.trouble = f"the registry does not see the audit's instance pass at {self.host}"
                return
            self.registered = self.clock.now()
            self._beside()
            if not self._taken(began):
                self._by_itself(names)
        self._until(lambda: not set(names) & {name for name, _, _ in self.shelf.passing()})
        self.withdrawn = self.clock.now()
        self._say("it is gone again")
        if self.alone:
            self._restarted()
        if any(one.nonce for one in self.here.came):
            self._quiet(self.clock.now())

    def _beside(self) -> None:
        """Until it is clear that calls come, or enough were asked in the time that callers have."""
        assert self.registered is not None
        until, wanted = self.registered + self.trial.within_s, enough(len(self._before))
        while sum(bool(one.nonce) for one in self.here.came) < _CLEAR:
            if self.clock.now() > until and len(self._since(self.registered)) >= wanted:
                return
            if self.clock.now() > until + wanted / self.trial.rate + _TOLD_S:
                return  # the requests are not answered any more
            time.sleep(_POLL_S)

    def _taken(self, began: float) -> bool:
        """Whether calls come, and their answers are taken."""
        assert self.entered is not None
        traffic = self.load.traffic()
        echoes = all(one.echoed for one in traffic.between(began, self.entered) if one.ok)
        nonces = frozenset(one.nonce for one in self.here.came if one.nonce)
        return spoilt(traffic.sent, nonces, echoes) > 0

    def _by_itself(self, names: list[str]) -> None:
        """The others are paused and the callers started anew: who asks the registry has to come now."""
        if any(control is None for control in self.callers.values()):
            self.trouble = "callers that nobody may start anew may keep what they were told when they started"
            return
        with ExitStack() as undoing:
            self._say("the others are paused, the callers start anew")
            for name, _, _ in sorted(self._before):
                undoing.enter_context(self._undone(self.shelf.registrar.resume(name)))
                self._send(self.shelf.registrar.pause(name))
            if not self._until(lambda: {name for name, _, _ in self.shelf.passing()} == set(names)):
                self.trouble = "the registry does not pause the other instances"
                return
            if not self._restarted():
                return
            began = self.clock.now()
            self._asked(enough(len(self._before)), since=began)
            self.alone = (began, self.clock.now())
        if not any(one.nonce for one in self.here.came):
            self._taken_away()

    def _taken_away(self) -> None:
        """Whether the operation needs the service at all: without that, nobody had to come."""
        hands = [control for control in self.callees.values() if control is not None]
        if len(hands) < len(self.callees):
            return
        self._say("the service itself is taken away for a moment")
        try:
            for control in hands:
                control.take_away()
            began = self.clock.now()
            self._asked(_WITHOUT, since=began)
            self.without = (began, self.clock.now())
        except Uncontrolled as error:
            self.trouble = f"{self.trial.service} could not be taken away: {error}"
        finally:
            for control in hands:
                with suppress(Uncontrolled):  # the registry, in the end, does not tell what it did
                    control.bring_back()

    def _restarted(self) -> bool:
        """The callers, one after the other; a caller that does not come back shows in whatever is judged next."""
        for name, control in self.callers.items():
            assert control is not None
            try:
                control.take_away()
                control.bring_back()
            except Uncontrolled as error:
                self.trouble = f"{name} could not be started anew: {error}"
                with suppress(Uncontrolled):
                    control.bring_back()
                return False
        return True

    def _quiet(self, since: float) -> None:
        """Until so many in a row did not come that it is as good as certain that no more will; or time is up. Who was
        started anew until ``since`` may have answered none before.
        """
        assert self.withdrawn is not None
        until = self.withdrawn + self.trial.within_s
        while True:
            last = max((one.at for one in self.here.came if one.nonce), default=0.0)
            since = max(since, last)
            if len(self._since(since)) >= enough(len(self._before)):
                return
            if self.clock.now() > max(until, since) + enough(len(self._before)) / self.trial.rate + _TOLD_S:
                return
            if last > until:
                return
            time.sleep(_POLL_S)

    # --- means

    def _since(self, began: float) -> tuple[Sent, ...]:
        return self.load.traffic().between(began, self.clock.now())

    def _asked(self, wanted: int, since: float) -> None:
        """Wait until so many requests have been answered or given up."""
        until = since + wanted / self.trial.rate + _TOLD_S
        while len(self._since(since)) < wanted and self.clock.now() < until:
            time.sleep(_POLL_S)

    def _until(self, holds: Callable[[], bool]) -> bool:
        until = self.clock.now() + _TOLD_S
        while not holds():
            if self.clock.now() > until:
                return False
            time.sleep(_POLL_S)
        return True

    @contextmanager
    def _undone(self, undo: Request) -> Iterator[None]:
        """The undo is promised before anything is done, and done when the block is left; else it stays promised."""
        error: BaseException | None = None
        how = {"method": undo.method, "url": undo.url, "headers": dict(undo.headers), "ends": self.shelf.ends}
        with self.promised("request", **how):
            try:
                yield
            except BaseException as raised:  # noqa: BLE001 - raised again
                error = raised
            self._send(undo)
        if error is not None:
            raise error

    def _send(self, request: Request) -> None:
        self.shelf.registrar.send(request)

    def _say(self, what: str) -> None:
        self.tell(f"{self.trial.service}: {what}")
