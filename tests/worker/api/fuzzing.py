"""Requests made up from the committed contract, sent, and their answers held to it."""

import json
import os
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

COMMITTED: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
FRAMING: Final = {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}
"""Headers that belong to HTTP itself: a server that cannot read them answers before our application does."""
CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# VIGILAR_FUZZ=500 script/test tests/worker/api -m slow   looks longer; outside CI each run asks anew.
MANY: Final = settings(
    max_examples=int(os.environ.get("VIGILAR_FUZZ", "20")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


def document() -> dict[str, Any]:
    """Return the committed contract."""
    read: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return read


def operations() -> list[tuple[str, str]]:
    """Return (path template, method) of all operations."""
    return [(path, method) for path, item in document()["paths"].items() for method in item]


def made_up(data: st.DataObject, path: str, method: str, known: dict[str, str], app: Any = None) -> Case[Any]:
    """Return a request: by the contract or against it, and at times of something that exists (`known`)."""
    load_all_checks()
    schema = openapi.from_dict(document())
    schema.app = app
    mode = data.draw(st.sampled_from(_modes(path, method)), label="mode")
    case: Case[Any] = data.draw(schema[path][method.upper()].as_strategy(generation_mode=mode), label="case")
    if mode is GenerationMode.POSITIVE and data.draw(st.booleans(), label="of something that exists"):
        case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
    for header in [name for name in case.headers or () if name.lower() in FRAMING]:
        del case.headers[header]
    return case


def _modes(path: str, method: str) -> list[GenerationMode]:
    """Return the modes there is something to generate for: who takes nothing can be sent nothing wrong."""
    operation = document()["paths"][path][method]
    if "parameters" in operation or "requestBody" in operation:
        return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    return [GenerationMode.POSITIVE]
