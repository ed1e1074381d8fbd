"""What a check must see before it can judge."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.observation import Ask


@dataclass(frozen=True, slots=True)
class Look:
    """A read of every system in ``role``: one ask, shared by all claims that want it."""

    role: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often an activity is performed in all (0: as often as for any other claim), by how many ``producers`` at
    once, each of which waits for an answer before it goes on."""

    times: int = 0
    producers: int = 1


@dataclass(frozen=True, slots=True)
class Perform:
    """The claim's activity, performed with nonces while the asks of ``watch`` are followed."""

    watch: tuple[Look, ...] = ()
    repeats: Repeats = Repeats()


@dataclass(frozen=True, slots=True)
class Alternate:
    """The claim's activity, performed with nonces in windows of time drawn by lot among others in which nothing is
    performed, while the asks of ``watch`` are looked at between the windows. ``each``: performances per window."""

    watch: tuple[Look, ...] = ()
    each: int = 5


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing of the audit's for at least so many ``seconds``, with the asks of ``watch`` looked at before, after and
    now and then.

    It is longer where the watched statistics lag much."""

    watch: tuple[Look, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Probe:
    """A procedure over several roles that writes the audit's own nonces (``probes = "write"``).

    ``args``: what else it is told, as (name, text).
    """

    name: str
    roles: tuple[str, ...]
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What the project's own files say; no system is asked."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Disturb:
    """``fault`` done to each system in ``role``, one system after the other, while the claim's operations are asked; a
    fault of a link, to each one's link from the systems in ``caller``.

    ``watch`` is looked at all the while. One experiment serves all claims about the same fault of the same system; its
    course is the longest of theirs. ``held``: a role whose systems stand still from ``hold_s`` before the fault until
    what was disturbed serves again. ``anew``: a role whose systems are killed once the fault shows; who looks after
    them starts them again, else the audit does, and the fault lasts for ``hold_s`` from then on.
    """

    fault: Fault
    role: str
    course: Course
    watch: tuple[Look, ...] = ()
    caller: str = ""
    held: str = ""
    anew: str = ""


@dataclass(frozen=True, slots=True)
class Divert:
    """The claim's operation, asked ``rate`` times a second while instances of the audit's own are registered under
    ``service`` in ``registry`` for ``within_s`` seconds at least.

    ``registry``, ``callers`` and ``callees`` are roles. Where nobody comes and the callers may be started anew, that
    is done while the registry tells of no other instances.
    """

    service: str
    within_s: float
    rate: float
    registry: str = "registry"
    callers: str = "caller"
    callees: str = "callee"


@dataclass(frozen=True, slots=True)
class Drive:
    """The claim's operation, asked at each of ``rates`` (requests a second) for ``warm_s``, which is not counted, and
    ``seconds`` after that. ``control``: how often a second, at the same moments, a server of the audit's own is asked;
    ``patience_s``: how long an answer may take.
    """

    rates: tuple[float, ...]
    seconds: float
    warm_s: float
    control: float
    patience_s: float = 5.0
    role: str = "system"

    @property
    def course(self) -> str:
        """The same in words."""
        rates = ", ".join(f"{rate:g}" for rate in self.rates)
        return f"{rates} a second for {self.warm_s:g} + {self.seconds:g} s each"


Need = Look | Perform | Alternate | Rest | Probe | Read | Disturb | Divert | Drive
