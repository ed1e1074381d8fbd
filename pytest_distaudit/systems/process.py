"""A bare process, known by its pid or because the audit started it: it says nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._program import program

if TYPE_CHECKING:
    import psutil


class ProcessSession:
    """One look at one process through the host's tables."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""

    def close(self) -> None:
        """Nothing is open."""

    def running(self) -> tuple[Inventory, psutil.Process]:
        """The inventory's word and the process. Raises Refusal if it has ended, else Unobservable."""
        import psutil

        if self.located.inventory is None:
            raise Unobservable(
                Reason.NO_OBSERVABLE, f"nothing is known of the process of {self.located.system}; name its pid"
            )
        self.ways.append("process table")
        inventory = self.located.inventory()
        if not inventory.running:
            raise Refusal(f"the process of {self.located.system} has ended (exit status {inventory.exit_code})")
        if inventory.pid is None:
            raise Unobservable(Reason.NO_OBSERVABLE, f"the pid of {self.located.system} is not known")
        try:
            process = psutil.Process(inventory.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                raise Refusal(f"process {inventory.pid} of {self.located.system} has ended")
        except psutil.NoSuchProcess:
            raise Refusal(f"process {inventory.pid} of {self.located.system} has ended") from None
        except psutil.AccessDenied:
            raise Unobservable(Reason.FORBIDDEN, f"process {inventory.pid} may not be looked at") from None
        self.identity = _local.boot(process)
        return inventory, process


def presence(session: ProcessSession, ask: Ask) -> Presence:
    """Whether the process is in the host's table, and since when."""
    import psutil

    _, process = session.running()
    try:
        return Presence(up=True, product=process.name(), started_at=process.create_time())
    except psutil.Error:
        raise Refusal(f"the process of {session.located.system} has just ended") from None


def health(session: ProcessSession, ask: Ask) -> Health:
    """Being alive is not a word on health, and a process has no other."""
    session.running()
    raise Unobservable(
        Reason.NO_OBSERVABLE, "a process has no health answer of its own; declare the system with its real kind"
    )


def process(session: ProcessSession, ask: Ask) -> ServerProcess:
    """The process itself, and on what it listens."""
    inventory, found = session.running()
    return ServerProcess(
        identity=session.identity,
        how="pid and its start",
        pid=inventory.pid,
        listens_on=_local.listens_on(_local.tree(found)),
    )


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({}),
    "process": process,
    "program": program,
}

KIND = Kind(
    name="process",
    endpoints={"pid": ("pid",)},
    connect=ProcessSession,
    answers=_ANSWERS,
)
