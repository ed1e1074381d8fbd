"""The facts of an audited tree's files, which are data: nothing is run, imported or followed out of the tree."""

from pytest_distaudit.sources.facts.survey import read_facts

__all__ = ["read_facts"]
