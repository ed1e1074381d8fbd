"""What pytest loads in every run: the options and one marker. All else is imported when an audit is asked for."""

from __future__ import annotations

from collections.abc import Generator
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


#: what is done before pytest looks at the folder: its settings and conftest files are data
_APART = ("--distaudit-static", "--distaudit-mine")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Audited trees are data: such a run begins anew, away from them."""
    if early_config.known_args_namespace.distaudit_base is not None:
        from pytest_distaudit.plugin.gating import refuse_foreign_settings

        refuse_foreign_settings(early_config)
    given = early_config.invocation_params.args
    if any(str(one) in _APART for one in given) and not any(str(one).startswith("--distaudit-tree") for one in given):
        from pytest_distaudit.plugin.apart import run_apart

        raise SystemExit(run_apart([str(one) for one in given], parser))
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Options that print and stop; ``-init`` writes and stops, ``-down`` removes."""
    if config.option.distaudit_down:
        from pytest_distaudit.plugin.downing import down

        return down()
    if config.option.distaudit_checks:
        from pytest_distaudit.plugin.listing import list_checks

        return list_checks()
    if config.option.distaudit_explain:
        from pytest_distaudit.plugin.explaining import explain

        return explain(config)
    if config.option.distaudit_observe:
        from pytest_distaudit.plugin.observing import observe

        return observe(config)
    if config.option.distaudit_plan:
        from pytest_distaudit.plugin.intending import intend

        return intend(config)
    if config.option.distaudit_init:
        from pytest_distaudit.plugin.starting import init

        return init(config.rootpath)
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Switch the audit on if it was asked for, by option or by naming a claim file."""
    config.addinivalue_line("markers", _MARKER)
    option = config.option
    if option.distaudit_init or option.distaudit_checks or option.distaudit_down:
        return
    if option.distaudit_explain or option.distaudit_observe or option.distaudit_plan:
        return
    if config.option.distaudit or config.option.distaudit_tree or _names_claim_file(config):
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
