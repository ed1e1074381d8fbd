"""The composition root: the one package that knows checks, systems, targets, sources and engine together."""

from pytest_distaudit.domain.target import Provision
from pytest_distaudit.wiring.bench import Bench
from pytest_distaudit.wiring.definitions import load_checks, load_kinds
from pytest_distaudit.wiring.wishes import Wishes

__all__ = ["Bench", "Provision", "Wishes", "load_checks", "load_kinds"]
