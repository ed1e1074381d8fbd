"""Parameters of a claim that no file holds, as the claim reader would parse them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.check import Check


def parsed(check: Check, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values, defaults filled in. Raises TypeError for parameters that are unknown or missing."""
    from pytest_distaudit.sources.claim_parameters import parse_parameter

    unknown = set(given) - set(check.params)
    missing = {name for name, parameter in check.params.items() if parameter.required} - set(given)
    if unknown or missing:
        raise TypeError(f"{check.name}: unknown parameters {sorted(unknown)}, missing {sorted(missing)}")
    values = {name: given.get(name, parameter.default) for name, parameter in check.params.items()}
    return {
        name: None if value is None else parse_parameter(check.params[name].type, value, str(value))
        for name, value in values.items()
    }
