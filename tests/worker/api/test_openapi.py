"""The committed contract is the application's, and the application keeps it."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from vigilar.api.openapi import main, openapi_text
from worker.api.fakes import TICKET, FakeHouse, event
from worker.api.fuzzing import CHECKS, COMMITTED, MANY, document, made_up, operations

KNOWN = {
    "camera_id": "yard",
    "clip_id": "yard_20261121T073100Z",
    "event_id": event(1).id,
    "ticket": TICKET,
}


def test_the_committed_document_is_the_applications() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text(), (
        "the API changed: if that was meant, run 'python -m vigilar.api.openapi docs/openapi.json' and raise "
        "SCHEMA_VERSION in vigilar/api/app.py"
    )


def test_the_document_can_be_written_to_a_file(tmp_path: Path) -> None:
    assert main([str(tmp_path / "openapi.json")]) == 0
    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == openapi_text()
    assert main([]) == 2


def test_every_error_is_documented_as_the_envelope() -> None:
    schemas = [
        json.dumps(answer["content"]["application/json"]["schema"])
        for item in document()["paths"].values()
        for operation in item.values()
        for status, answer in operation["responses"].items()
        if status.startswith(("4", "5"))
    ]

    assert len(schemas) > 60
    assert set(schemas) == {'{"$ref": "#/components/schemas/ErrorEnvelope"}'}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), operations())
@MANY
@given(st.data())
def test_whatever_is_sent_the_answer_is_documented_and_no_failure(
    app: FastAPI, house: FakeHouse, token: str, path: str, method: str, data: st.DataObject
) -> None:
    house.live.endless = False
    case = made_up(data, path, method, KNOWN, app)

    answer = case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code < 500
