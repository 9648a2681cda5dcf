from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.config.document import Document
from vigilar.config.load import load, load_document
from vigilar.domain.camera import RecordingMode
from vigilar.domain.settings import ConditionSettings, Transport

from .writing import loaded, problems

EXAMPLE = Path(__file__).parents[3] / "docs" / "vigilar.example.yaml"


def test_defaults_lie_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)

    found = loaded(tmp_path, "cameras: {front_door: {main: rtsp://192.0.2.1/1}}")

    data = tmp_path / "vigilar-data"
    assert found.core.storage_root == str(data)
    assert found.core.key_dir == str(data / "keys")
    assert found.core.run_dir == str(data / "run")
    assert found.core.database_url == f"sqlite:///{data / 'vigilar.db'}"
    assert (found.core.api.host, found.core.api.port) == ("127.0.0.1", 8555)
    assert found.core.cameras[0].name == "Front door"
    assert found.warnings == ()


def test_sockets_lie_in_the_services_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/vigilar:/run/more")

    found = loaded(tmp_path, "cameras: {a: {main: rtsp://192.0.2.1/1}}")

    assert {found.core.run_dir, found.look.run_dir, found.captures[0].run_dir} == {"/run/vigilar"}


def test_a_camera_takes_over_general_settings_but_for_its_own(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        recording: {mode: continuous, pre_roll: 3, audio: false}
        motion: {sensitivity: 70, exclude: {street: [[0, 0], [1, 0], [1, 0.2]]}}
        condition: {moved: false}
        cameras:
          a:
            main: rtsp://192.0.2.1/1
            recording: {pre_roll: 8}
            motion: {sensitivity: 20}
            condition: {moved: true, sub_view: false}
          b: {main: rtsp://192.0.2.2/1, sub: rtsp://192.0.2.2/2}
        """,
    )

    a, b = found.captures
    assert (a.recording.mode, a.recording.pre_roll_s, a.recording.audio) == (
        RecordingMode.CONTINUOUS,
        8,
        False,
    )
    assert b.recording.pre_roll_s == 3
    look_a, look_b = found.look.cameras
    assert (look_a.motion.sensitivity, look_b.motion.sensitivity) == (20, 70)
    assert look_a.motion.exclude[0].points == ((0, 0), (1, 0), (1, 0.2))
    assert (look_a.has_sub, look_b.has_sub) == (False, True)
    assert (look_a.condition, look_b.condition) == (
        ConditionSettings(sub_view=False),
        ConditionSettings(moved=False),
    )
    assert [each.condition for each in found.core.cameras] == [look_a.condition, look_b.condition]


def test_a_disabled_camera_is_known_to_the_core_only(tmp_path: Path) -> None:
    found = loaded(tmp_path, "cameras: {a: {main: /a.mp4}, b: {enabled: false, main: /b.mp4}}")

    assert [each.camera for each in found.captures] == ["a"]
    assert [each.camera for each in found.look.cameras] == ["a"]
    assert [(each.camera, each.enabled) for each in found.core.cameras] == [("a", True), ("b", False)]


def test_off_is_a_mode_and_not_a_truth_value(tmp_path: Path) -> None:
    found = loaded(tmp_path, "cameras: {a: {main: /a.mp4, recording: {mode: off}}}")

    assert found.captures[0].recording.mode is RecordingMode.OFF


def test_every_option_of_a_stream_arrives(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        cameras:
          a:
            main: {url: rtsps://192.0.2.1/1, transport: udp, open_timeout: 3, read_timeout: 4.5,
                   tls_verify: true}
            sub: {url: clips/walk.mp4, loop: true}
        """,
    )

    (a,) = found.captures
    assert a.sub is not None
    assert (a.main.transport, a.main.open_timeout_s, a.main.read_timeout_s) == (Transport.UDP, 3, 4.5)
    assert a.main.tls_verify
    assert (a.sub.url, a.sub.loop_file) == (str(tmp_path / "clips/walk.mp4"), True)
    assert ["does not exist" in str(each) for each in found.warnings] == [True]


def test_secrets_come_from_beside_the_file_from_files_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARD_PASSWORD", "from-env")
    (tmp_path / "pw").write_text("from-file\n")

    found = loaded(
        tmp_path,
        """
        cameras:
          a: {main: {url: rtsp://192.0.2.1/1, username: u, password: !secret front}}
          b: {main: {url: rtsp://192.0.2.1/1, username: u, password_file: pw}}
          c: {main: {url: rtsp://192.0.2.1/1, username: u, password_env: YARD_PASSWORD}}
          d: {main: !secret whole_address}
        """,
        secrets="""
        front: from-secrets
        whole_address: rtsp://u:inside@192.0.2.1/1
        """,
    )

    passwords = [urlsplit(each.main.url).password for each in found.captures]
    assert passwords == ["from-secrets", "from-file", "from-env", "inside"]


@pytest.mark.parametrize(
    ("stream", "key", "said"),
    [
        ("{url: rtsp://h/1, username: u, password: !secret nowhere}", "main.password", "'nowhere' is not in"),
        ("{url: rtsp://h/1, username: u, password_file: nowhere}", "main.password_file", "No such file"),
        ("{url: rtsp://h/1, username: u, password_env: NOT_SET_7}", "main.password_env", "not set"),
        ("{url: rtsp://h/1, username: u, password: x, password_env: Y}", "main", "more than once"),
        ("{url: rtsp://h/1, password: x}", "main", "no username"),
        ("{url: 'rtsp://a:b@h/1', username: u, password: x}", "main", "in their own keys"),
        ("{username: u, password: x}", "main.url", "is missing"),
        ("{url: rtsp://h/1, username: u, password: 1234}", "main.password", "in quotes"),
    ],
)
def test_references_that_lead_nowhere_are_named(tmp_path: Path, stream: str, key: str, said: str) -> None:
    (found,) = problems(tmp_path, f"cameras:\n  a:\n    main: {stream}", secrets="other: x")

    assert (found.line, found.key.removeprefix("cameras.a.")) == (3, key)
    assert said in found.message


@given(username=st.text(min_size=1), password=st.text())
def test_any_password_survives_the_way_into_the_address(username: str, password: str) -> None:
    # Surrogates and control characters cannot stand in a YAML file, and blanks at the ends are stripped.
    name = "".join(each for each in username if each.isprintable()).strip() or "u"
    secret = "".join(each for each in password if each.isprintable()).strip()
    main = {"url": "rtsp://192.0.2.1:554/1", "username": name, "password": secret}
    document = Document(Path("vigilar.yaml").absolute(), "cameras: {}")
    document.root["cameras"] = {"a": {"main": main}}
    again = Document(document.path, document.text())

    (capture,) = load_document(again).captures

    parts = urlsplit(capture.main.url)
    assert (parts.hostname, parts.port, parts.path) == ("192.0.2.1", 554, "/1")
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (name, secret)


def test_secrets_that_others_can_read_deserve_a_warning(tmp_path: Path) -> None:
    loaded(tmp_path, "cameras: {a: {main: rtsp://192.0.2.1/1}}", secrets="a: b")
    (tmp_path / "secrets.yaml").chmod(0o644)

    found = load(tmp_path / "vigilar.yaml")

    assert [str(each) for each in found.warnings] == [
        "secrets.yaml: other users of this machine can read it (would be right: chmod 600 secrets.yaml)"
    ]


def test_the_example_in_the_docs_is_good_and_shows_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTIC_PASSWORD", "x")

    found = loaded(tmp_path, EXAMPLE.read_text(), secrets="front_door_password: s3cret")
    bare = loaded(tmp_path, "cameras: {front_door: {main: rtsp://192.0.2.10:554/stream1}}")

    assert [each.camera for each in found.captures] == ["front_door", "yard"]
    assert found.captures[0].recording == bare.captures[0].recording
    assert found.core.api == bare.core.api
    assert found.core.storage_root == bare.core.storage_root


def test_the_time_zone_is_the_systems_or_one_it_knows(tmp_path: Path) -> None:
    cameras = "cameras: {a: {main: rtsp://192.0.2.1/1}}"
    assert loaded(tmp_path, cameras).core.time_zone == ""
    assert loaded(tmp_path, f"{cameras}\ntime_zone: Europe/Vienna").core.time_zone == "Europe/Vienna"


@pytest.mark.parametrize("name", ["Middle/Earth", "../../etc/passwd", "/etc/localtime", "''"])
def test_a_time_zone_nobody_knows_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, f"cameras: {{a: {{main: rtsp://192.0.2.1/1}}}}\ntime_zone: {name}")

    assert problem.key == "time_zone"
