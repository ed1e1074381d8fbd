"""Have the systems of a target: attach to what is declared, start what can be started."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_distaudit.domain.target import SystemSpec, Target
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.targets import attached, planning, variables
from pytest_distaudit.targets.closure import closed
from pytest_distaudit.targets.ground import FreePorts, private_directory
from pytest_distaudit.targets.life import Life, Plan
from pytest_distaudit.targets.neighbours import neighbours
from pytest_distaudit.targets.planning import Mode, Plans, Sorted
from pytest_distaudit.targets.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The systems of one target.

    ``located`` holds every wanted system and every one that those need, also such as did not start
    or cannot be had; ``modes``: system -> "attach" or "native".
    """

    located: Mapping[str, Located]
    modes: Mapping[str, str]


@contextmanager
def provision(
    target: Target,
    mode: Mode,
    wanted: Collection[str],
    recipes: Mapping[str, Recipe],
    *,
    root: Path,
    environ: Mapping[str, str],
    on_progress: Callable[[str], None],
) -> Iterator[Provisioned]:
    """Have ``wanted`` while the block runs; everything started has ended when it is left.

    A system that exits, hangs or is not installed is no error: it says so itself. ``environ``
    fills ``${NAME}`` in endpoints; ``root`` is what relative paths are relative to; ``on_progress``
    gets short sentences, in the calling thread. Raises InvalidInput, with every problem, before
    anything is started.
    """
    names = closed(target, wanted, lambda spec: planning.is_native(spec, mode))
    sorted_ = planning.sort(target, mode, names, recipes, environ)
    with ExitStack() as stack:
        plans, lives = Plans({}, sorted_.unavailable, sorted_.attached, {}), {}
        if sorted_.started:
            ground = stack.enter_context(private_directory())
            free_port = FreePorts()
            plans = planning.plan(sorted_, recipes, ground=ground, root=root, environ=environ, free_port=free_port)
            lives = _start(sorted_, plans, ground, stack, on_progress)
        others = _declared(target, mode, names, environ)
        vouching = neighbours({**others, **plans.endpoints})
        inventories = {name: life.inventory for name, life in lives.items()}
        modes = {name: "native" if planning.is_native(target.systems[name], mode) else "attach" for name in names}
        located = {
            name: _located(target.systems[name], modes[name], plans, inventories.get(name), vouching, root)
            for name in names
        }
        yield Provisioned(located, modes)


def _start(
    sorted_: Sorted, plans: Plans, ground: Path, stack: ExitStack, on_progress: Callable[[str], None]
) -> dict[str, Life]:
    """Start all concurrently; returns when the fate of each is known. What ends them is on ``stack`` first."""
    from pytest_distaudit.targets.yard import Yard

    specs = {spec.name: spec for spec in sorted_.started}
    yard = Yard(ground)
    lives = {
        name: Life(
            Plan(specs[name], blueprint, ground / f"{name}.log", plans.endpoints, plans.values[name], plans.secrets),
            yard,
        )
        for name, blueprint in plans.blueprints.items()
    }
    if not lives:
        return lives
    on_progress(f"starting {', '.join(lives)}")
    # Left in the opposite order: end the processes, which frees the threads, then read the last words.
    for life in lives.values():
        stack.callback(life.bury)
    pool = ThreadPoolExecutor(len(lives), "distaudit-start")
    stack.callback(pool.shutdown)
    stack.callback(yard.close)
    fates: dict[str, Future[None]] = {}
    for name, life in lives.items():
        # Plans come in the order of waiting, so those waited for have their futures already.
        fates[name] = pool.submit(life.start, lives, dict(fates))
    by_fate = {fate: lives[name] for name, fate in fates.items()}
    for fate in as_completed(by_fate):
        fate.result()
        life = by_fate[fate]
        on_progress(f"{life.plan.spec.name}: {life.trouble or 'ready'} ({life.took_s:.1f} s)")
    return lives


def _declared(
    target: Target, mode: Mode, names: Collection[str], environ: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """Endpoints of systems that nobody wanted: witnesses all the same, where their variables are set."""
    return {
        spec.name: variables.expanded(spec, environ)[0]
        for spec in target.systems.values()
        if spec.name not in names and not planning.is_native(spec, mode)
    }


def _located(
    spec: SystemSpec,
    mode: str,
    plans: Plans,
    inventory: Callable[[], Inventory] | None,
    vouching: Mapping[str, tuple[tuple[str, int], ...]],
    root: Path,
) -> Located:
    unavailable = plans.unavailable.get(spec.name)
    endpoints = {} if unavailable else plans.endpoints.get(spec.name, {})
    if mode == "attach" and spec.kind == "process":
        inventory = attached.inventory_of(endpoints, root)
    return Located(
        system=spec.name,
        kind=spec.kind,
        endpoints=dict(endpoints),
        source=mode,
        probes=spec.probes,
        disposable=spec.disposable,
        health=spec.health,
        identity=spec.instances.identity if spec.instances else None,
        inventory=inventory,
        neighbours=vouching.get(spec.name, ()),
        unavailable=unavailable,
    )
