"""What the recipes of gateways have in common: where they lead, and configuration of the project's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets.options import COMMON, SYSTEMS, TEXT
from pytest_distaudit.targets.recipe import Option, Site, StartFailed, World

#: ``to``: systems that everything is handed on to; ``config``: sections of the product's own configuration, with
#: placeholders; ``file``: the same in a file of the project
OPTIONS: Mapping[str, Option] = {**COMMON, "to": SYSTEMS, "config": TEXT, "file": TEXT}


def own_sections(spec: SystemSpec, site: Site, world: World) -> str:
    """What the project itself configures, placeholders filled. Raises StartFailed."""
    native = spec.native or {}
    text: str = native.get("config", "")
    if "file" in native:
        try:
            text += (site.root / native["file"]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StartFailed(f"native.file cannot be read: {type(error).__name__}") from None
    try:
        return world.resolve(text)
    except KeyError as error:
        raise StartFailed(
            f"unknown placeholder {{{error.args[0]}}} in native.file; name its system in native.after"
        ) from None


def leads_to(spec: SystemSpec, world: World) -> Iterator[tuple[str, str]]:
    """(system, host:port of its first address) of everything in ``to``. Raises StartFailed."""
    to = (spec.native or {}).get("to", ())
    for name in (to,) if isinstance(to, str) else to:
        url = next(iter(world.endpoints.get(name, {}).values()), "")
        if not url:
            raise StartFailed(f"{name}, where it is to lead, has no address")
        yield name, "{}:{}".format(*address(url))
