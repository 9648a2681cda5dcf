"""`docs/openapi.json`: the contract as it is committed. `python -m vigilar.api.openapi FILE` writes it."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from vigilar.api.app import SCHEMA_VERSION, create_app
from vigilar.api.auth import TokenAuth
from vigilar.api.services import Services

_USAGE: Final = "usage: python -m vigilar.api.openapi FILE\n"


def openapi_text() -> str:
    """Return the OpenAPI document of the application, as JSON text."""
    app = create_app(_no_services(), auth=TokenAuth(Path()), version=str(SCHEMA_VERSION), server_id="")
    document: dict[str, Any] = app.openapi()
    _drop_framework_errors(document)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _no_services() -> Services:
    """Return services that are never asked: only the routes' shapes are looked at."""
    nobody: Any = None
    return Services(*[nobody] * len(fields(Services)))


def _drop_framework_errors(document: dict[str, Any]) -> None:
    """Leave out the framework's own shape of a validation error: ours is documented on every route."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def main(arguments: list[str]) -> int:
    """Write the document to the file named by the only argument."""
    if len(arguments) != 1:
        sys.stderr.write(_USAGE)
        return 2
    Path(arguments[0]).write_text(openapi_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
