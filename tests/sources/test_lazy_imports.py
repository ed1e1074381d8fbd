"""Importing the package loads no parser; only the modules that need one do."""

import subprocess
import sys


def test_deciding_whether_a_document_holds_claims_loads_no_markdown_parser() -> None:
    code = (
        "import sys; from pathlib import Path; from pytest_distaudit.sources.inline import mentions_claims; "
        "mentions_claims(Path('x')); print([name for name in ('markdown_it', 'yaml') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"


def test_the_package_of_sources_loads_nothing() -> None:
    code = (
        "import sys; import pytest_distaudit.sources; "
        "print([name for name in ('markdown_it', 'yaml', 'pydantic') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
