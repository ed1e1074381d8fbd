"""What pytest loads in every run: the options and one marker. All else is imported when an audit is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.plugin.options import add_options

_MARKER = (
    "distaudit(id, doc=None, line=None, area=None): this test is the claim `id` of the documentation; "
    "AssertionError refutes it, unverifiable() leaves it open"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks for extensions."""
    from pytest_distaudit.plugin import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """``--distaudit-checks`` lists and stops."""
    if not config.option.distaudit_checks:
        return None
    from pytest_distaudit.plugin.listing import list_checks

    return list_checks()


def pytest_configure(config: pytest.Config) -> None:
    """Switch the audit on if it was asked for, by option or by naming a claim file."""
    config.addinivalue_line("markers", _MARKER)
    if config.option.distaudit or _names_claim_file(config):
        from pytest_distaudit.plugin.at_rest import at_rest

        with at_rest():
            from pytest_distaudit.plugin.activate import activate

            activate(config)


def _names_claim_file(config: pytest.Config) -> bool:
    """Whether a YAML file that holds claims stands on the command line."""
    for argument in config.args:
        path = Path(argument.partition("::")[0])
        if path.suffix in (".yaml", ".yml") and path.is_file() and b"claims:" in path.read_bytes():
            return True
    return False
