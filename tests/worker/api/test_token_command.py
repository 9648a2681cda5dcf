"""`vigilar token`: a person makes, lists and withdraws tokens."""

import json
from pathlib import Path

import pytest

from vigilar.api.tokens import digest_of, new_token, read_tokens
from vigilar.cli import main


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "vigilar.yaml"
    file.write_text("cameras: {yard: {main: 'rtsp://192.0.2.1/s'}}\nstorage: {path: data, run: run}\n")
    return file


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys" / "api_token.hash"


def test_the_new_token_alone_is_on_standard_output(
    config: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "new", "-c", str(config), "--name", "panel"]) == 0

    told = capsys.readouterr()
    token = told.out.removesuffix("\n")
    assert [(each.name, each.sha256) for each in read_tokens(kept)] == [("panel", digest_of(token).hex())]
    assert "cannot be shown again" in told.err
    assert token not in told.err


def test_a_program_reads_json(config: Path, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "new", "-c", str(config), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert main(["token", "list", "-c", str(config), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)

    assert made["name"] == "default"
    assert digest_of(made["token"]).hex() == read_tokens(kept)[0].sha256
    assert [each["name"] for each in listed["tokens"]] == ["default"]
    assert set(listed["tokens"][0]) == {"name", "created"}


def test_a_list_says_who_has_one_and_tells_no_hash(
    config: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_token(kept, name="panel")

    assert main(["token", "list", "-c", str(config)]) == 0

    told = capsys.readouterr().out
    assert told.startswith("panel ")
    assert read_tokens(kept)[0].sha256 not in told


def test_a_withdrawn_token_is_gone(config: Path, kept: Path) -> None:
    new_token(kept, name="panel")

    assert main(["token", "revoke", "-c", str(config), "panel"]) == 0
    assert read_tokens(kept) == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["revoke", "-c", "CONFIG", "nobody"], "there is no token 'nobody'"),
        (["new", "-c", "CONFIG", "--name", "../x"], "is no token name"),
        (["new", "-c", "CONFIG.none"], "CONFIG.none"),
    ],
)
def test_a_mistake_is_one_clear_line(
    config: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [each.replace("CONFIG", str(config)) for each in arguments]

    assert main(["token", *named]) == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert said.replace("CONFIG", config.name) in told.err
    assert told.err.count("\n") == 1
