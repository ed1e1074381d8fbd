"""Have the systems of a target: attach to what is declared, start what can be started."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pytest_distaudit.domain.target import Provision, SystemSpec, Target
from pytest_distaudit.ports.control import Control
from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.targets import attached, planning, variables
from pytest_distaudit.targets.closure import closed
from pytest_distaudit.targets.containers.stack import Stack
from pytest_distaudit.targets.ground import FreePorts, Lot, private_directory, private_path
from pytest_distaudit.targets.guard import guarded
from pytest_distaudit.targets.life import Life, Plan
from pytest_distaudit.targets.native_control import NativeControl
from pytest_distaudit.targets.neighbours import neighbours
from pytest_distaudit.targets.planning import Plans, Sorted
from pytest_distaudit.targets.recipe import Recipe
from pytest_distaudit.targets.relays import native as native_relays
from pytest_distaudit.targets.relays.placing import Placing
from pytest_distaudit.targets.relays.redirect import redirected


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The systems of one target.

    ``located`` holds every wanted system and every one that those need, also such as did not start
    or cannot be had; ``modes``: system -> "attach", "compose", "containers" or "native".
    """

    located: Mapping[str, Located]
    modes: Mapping[str, str]


@contextmanager
def provision(
    target: Target,
    mode: Provision,
    wanted: Collection[str],
    recipes: Mapping[str, Recipe],
    *,
    root: Path,
    environ: Mapping[str, str],
    on_progress: Callable[[str], None],
    on_notice: Callable[[str], None] | None = None,
    keep_s: float = 0.0,
    handed_on: Mapping[str, str] | None = None,
    relayed: bool = False,
) -> Iterator[Provisioned]:
    """Have ``wanted`` while the block runs; everything started has ended when it is left.

    A system that exits, hangs or is not installed is no error: it says so itself. ``environ``
    fills ``${NAME}`` in endpoints; ``handed_on`` is what of it services and their description get (None: as usual);
    ``root`` is what relative paths are relative to; ``on_progress`` gets short sentences, in the calling thread, and
    ``on_notice`` (without it the same) those that are worth knowing afterwards; containers that are well may outlive
    the run by ``keep_s``. ``relayed``: whether relays are put in the way of the links that say how, and systems may be
    disturbed.
    Raises InvalidInput, with every problem, before anything is started.
    """
    ways = {spec.name: planning.way_of(spec, mode, target) for spec in target.systems.values()}
    names = closed(target, wanted, lambda spec: ways[spec.name] == "native")
    sorted_ = planning.sort(target, mode, names, recipes, environ)
    with ExitStack() as stack:
        given = environ if handed_on is None else handed_on
        lot = _lot(sorted_, stack, root, given, keep_s, on_progress, on_notice or on_progress, relayed)
        placing = Placing(target, stack, relayed)
        contained = _contained(target, mode, sorted_, lot, stack, placing)
        sorted_ = _with(sorted_, contained)
        plans, lives = _native(sorted_, recipes, lot, stack, placing)
        vouching = neighbours({**_declared(target, ways, names, environ), **plans.endpoints})
        inventories = {**contained.inventories, **{name: life.inventory for name, life in lives.items()}}
        controls = {**contained.controls, **{name: NativeControl(life) for name, life in lives.items()}}
        located: dict[str, Located] = {}
        for name in sorted(names, key=partial(_depth, target)):
            spec = target.systems[name]
            found = _located(spec, ways[name], plans, inventories.get(name), controls.get(name), vouching, root)
            found = replace(found, relays=placing.placed(name), unrelayed=placing.given_up(name))
            located[name] = _inside(found, spec, located[spec.inside]) if spec.inside else found
        yield Provisioned(located, {name: ways[name] for name in names})


def _declared(
    target: Target, ways: Mapping[str, str], names: Collection[str], environ: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """Endpoints of systems that nobody wanted: witnesses all the same, where their variables are set."""
    return {
        spec.name: variables.expanded(spec, environ)[0]
        for spec in target.systems.values()
        if spec.name not in names and ways[spec.name] == "attach"
    }


def _lot(
    sorted_: Sorted,
    stack: ExitStack,
    root: Path,
    environ: Mapping[str, str],
    keep_s: float,
    on_progress: Callable[[str], None],
    on_notice: Callable[[str], None],
    disturbs: bool,
) -> Lot | None:
    """What a start needs of this machine; None if nothing is to be started."""
    if not (sorted_.started or sorted_.contained):
        return None
    guard = stack.enter_context(guarded())
    place = private_path()
    guard.promise("folder", path=str(place))
    ground = stack.enter_context(private_directory(place))
    return Lot(root, environ, ground, guard, FreePorts(), on_progress, on_notice, keep_s, disturbs)


def _contained(
    target: Target, mode: Provision, sorted_: Sorted, lot: Lot | None, stack: ExitStack, placing: Placing
) -> Stack:
    """What runs in containers, started; removed by ``stack``."""
    if lot is None or not sorted_.contained:
        return Stack()
    from pytest_distaudit.targets.containers import description, tables, with_compose, with_testcontainers
    from pytest_distaudit.targets.containers.project import running
    from pytest_distaudit.targets.relays import contained

    if placing.links(spec.name for spec in sorted_.contained):
        # what is kept would look for relays that are gone
        lot = replace(lot, keep_s=0.0)
    compose = target.compose
    source = tables.of_tables(sorted_.contained) if compose is None else description.of_compose(compose)
    up = with_testcontainers.up if compose is None or mode == "containers" else with_compose.up
    return stack.enter_context(
        running(source, sorted_.contained, up, lot, partial(contained.relayed, sorted_.contained, placing))
    )


def _native(
    sorted_: Sorted, recipes: Mapping[str, Recipe], lot: Lot | None, stack: ExitStack, placing: Placing
) -> tuple[Plans, dict[str, Life]]:
    """What runs as processes of this machine, started; ended by ``stack``."""
    if not sorted_.started:
        return Plans({}, sorted_.unavailable, sorted_.attached, {}), {}
    assert lot is not None
    plans = planning.plan(
        sorted_, recipes, ground=lot.ground, root=lot.root, environ=lot.environ, free_port=lot.free_port
    )
    plans = native_relays.relayed(plans, sorted_.started, placing)
    plans = redirected(plans, sorted_.started, placing, lot, stack)
    return plans, _start(sorted_, plans, lot, stack)


def _with(sorted_: Sorted, stack: Stack) -> Sorted:
    """Containers that run are, for all that is started beside them, systems to attach to."""
    return replace(
        sorted_,
        attached={**sorted_.attached, **stack.endpoints},
        unavailable={**sorted_.unavailable, **stack.unavailable},
    )


def _start(sorted_: Sorted, plans: Plans, lot: Lot, stack: ExitStack) -> dict[str, Life]:
    """Start all concurrently; returns when the fate of each is known. What ends them is on ``stack`` first."""
    from pytest_distaudit.targets.yard import Yard

    specs = {spec.name: spec for spec in sorted_.started}
    ground, on_progress = lot.ground, lot.on_progress
    yard = Yard(ground)
    lives = {
        name: Life(
            Plan(
                specs[name], blueprint, ground / f"{name}.log", plans.endpoints, plans.values[name], plans.secrets,
                plans.groups.get(name),
            ),
            yard,
        )
        for name, blueprint in plans.blueprints.items()
    }  # fmt: skip
    if not lives:
        return lives
    on_progress(f"starting {', '.join(lives)}")
    stack.enter_context(lot.guard.promised("processes", mark=yard.mark, ground=str(ground)))
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


def _depth(target: Target, name: str) -> int:
    """In how many engines the system is."""
    inside = target.systems[name].inside
    return 0 if inside is None else 1 + _depth(target, inside)


def _inside(found: Located, spec: SystemSpec, engine: Located) -> Located:
    """What is in a container of an engine that cannot be had cannot be had either."""
    why = engine.unavailable
    told = (why[0], f"{spec.name} is inside {engine.system}: {why[1]}") if why else found.unavailable
    return replace(found, inside=engine, container=spec.service or spec.name, unavailable=told)


def _located(
    spec: SystemSpec,
    mode: str,
    plans: Plans,
    inventory: Callable[[], Inventory] | None,
    control: Control | None,
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
        control=control if spec.disposable else None,
        neighbours=vouching.get(spec.name, ()),
        unavailable=unavailable,
        nested=spec.systems,
    )
