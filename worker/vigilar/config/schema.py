"""The JSON Schema of the configuration file, for editors."""

import json
from typing import Any

from vigilar.config.tree import VigilarConfig


def schema() -> dict[str, Any]:
    """Return the schema. `!secret NAME` is a tag, not a value, so it needs no place in it."""
    made = VigilarConfig.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "vigilar.yaml"}


def schema_text() -> str:
    """Return the schema as it stands in `docs/vigilar.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
