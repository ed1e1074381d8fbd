"""The JSON schema of claim files, for editors: ``python -m pytest_distaudit.sources.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from pytest_distaudit.sources.claim_shape import ClaimEntry, ClaimsPage


class _Generator(GenerateJsonSchema):
    """Without the titles that pydantic derives from field names: an editor shows the description."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        # "key: null" is no way of leaving a key out; only the default is None.
        return self.generate_inner(schema["schema"])


def claim_schema() -> dict[str, Any]:
    """The schema as a JSON object (draft 2020-12)."""
    adapter = TypeAdapter(ClaimsPage[ClaimEntry])
    schema = adapter.json_schema(by_alias=True, schema_generator=_Generator)
    definitions = {name: _tidy(part) for name, part in schema.pop("$defs").items()}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Claims of pytest-distaudit"}
    return {**head, **_tidy(schema), "required": ["document", "claims"], "$defs": definitions}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key != "title"}
    for part in kept.get("properties", {}).values():
        if part.get("default", ...) is None:
            del part["default"]
    return kept


def text() -> str:
    """The file as shipped."""
    return json.dumps(claim_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
