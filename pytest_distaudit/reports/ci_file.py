"""A first CI file: the part of the audit that needs no server, on every pull request."""

CI_PATH = ".github/workflows/distaudit.yml"

CI_TEXT = """\
name: documentation audit
on: [push, pull_request]
permissions:
  contents: read
jobs:
  distaudit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - uses: actions/setup-python@v5
        with: {python-version: "3.13"}
      - run: pip install pytest-distaudit
      # Claims about running systems need them here, too: start them before, or judge what files can decide.
      - run: pytest --distaudit --distaudit-scope=static --junitxml=distaudit.xml
"""
