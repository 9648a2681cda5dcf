import json
from pathlib import Path

from vigilar.config.schema import schema_text

COMMITTED = Path(__file__).parents[3] / "docs" / "vigilar.schema.json"


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    assert COMMITTED.read_text() == schema_text(), (
        "write it anew: vigilar config schema > docs/vigilar.schema.json"
    )


def test_a_stream_may_be_an_address_or_a_mapping() -> None:
    schema = json.loads(schema_text())

    main = schema["$defs"]["CameraConfig"]["properties"]["main"]
    stream = schema["$defs"][main["$ref"].rpartition("/")[2]] if "$ref" in main else main

    assert stream["anyOf"] == [{"type": "string"}, {"$ref": "#/$defs/StreamConfig"}]


def test_unknown_keys_are_refused_by_editors_too() -> None:
    schema = json.loads(schema_text())

    sections = [schema, *(each for each in schema["$defs"].values() if each.get("type") == "object")]

    assert len(sections) >= 9
    assert all(each["additionalProperties"] is False for each in sections)
