from pathlib import Path

import pytest

from .writing import problems

CANARY = "canary-8c1f"


def test_every_bad_key_gets_one_line_with_file_line_path_and_what_would_be_right(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        cameras:
          front:
            main: rtsp://192.0.2.1/1
            recording:
              pre_rol: 5
              post_roll: "x"
            motion:
              sensitivity: 101
        recordng: {}
        """,
    )

    assert [str(each).partition(" (would")[0] for each in found] == [
        "vigilar.yaml:5: cameras.front.recording.pre_rol: unknown key, did you mean 'pre_roll'?",
        "vigilar.yaml:6: cameras.front.recording.post_roll: should be a valid number",
        "vigilar.yaml:8: cameras.front.motion.sensitivity: should be less than or equal to 100",
        "vigilar.yaml:9: recordng: unknown key, did you mean 'recording'?",
    ]
    assert all(each.right for each in found)


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ("cameras: {}", 1, "cameras", "at least 1 item"),
        ("storage: {path: /srv}", 1, "cameras", "is missing"),
        ("cameras: {a: {name: A}}", 1, "cameras.a.main", "is missing"),
        ("cameras: {a: 7}", 1, "cameras.a", "should hold keys of its own"),
        ("cameras: {Front-Door: {main: /v.mp4}}", 1, "cameras.Front-Door", "right form"),
        ("cameras: {a: {main: /v.mp4}}\napi: {port: true}", 2, "api.port", "valid integer"),
        ("cameras: {a: {main: /v.mp4}}\napi: {port: 70000}", 2, "api.port", "less than or equal to 65535"),
        ("cameras: {a: {main: /v.mp4}}\nrecording: {mode: motoin}", 2, "recording.mode", "'continuous'"),
        ("cameras: {a: {main: /v.mp4}}\nrecording: {pre_roll: .nan}", 2, "recording.pre_roll", "finite"),
        ("cameras: {a: {main: /v.mp4}}\nrecording: {pre_roll: '5'}", 2, "recording.pre_roll", "valid number"),
        ("cameras:\n  a: {main: /v.mp4}\n  a: {main: /w.mp4}", 3, "", "stands here twice"),
        ("cameras:\n  a: [", 2, "", "not valid YAML"),
        ("- a", 1, "", "should hold keys"),
        (
            "cameras: {a: {main: /v.mp4}}\nmotion: {include: {z: [[0, 0], [1, 1]]}}",
            2,
            "motion.include.z",
            "3",
        ),
        (
            "cameras: {a: {main: /v.mp4}}\nmotion: {include: {z: [[0, 0], [1, 1], [0, 2]]}}",
            2,
            "motion.include.z[2][1]",
            "less than or equal to 1",
        ),
        (
            "cameras: {a: {main: /v.mp4}}\nmotion: {include: {z: [[0, 0], [1, 1], [0.5, 0.5]]}}",
            2,
            "motion.include.z",
            "no area",
        ),
        (
            "recording: {max_clip: 12}\ncameras:\n  a: {main: /v.mp4}",
            3,
            "cameras.a.recording",
            "leaves no room",
        ),
        ("cameras: {a: {main: /v.mp4}}\ndatabase: {url: mysql://x}", 2, "database.url", "right form"),
        ("cameras: {1: {main: /v.mp4}}", 1, "cameras", "not text"),
        ("cameras: {a: {main: !include x}}", 1, "cameras.a.main", "tag that is not known"),
    ],
)
def test_bad_input_is_told_by_line_and_key(tmp_path: Path, text: str, line: int, key: str, said: str) -> None:
    (found,) = problems(tmp_path, text)

    assert (found.line, found.key) == (line, key)
    assert said in found.message or said in found.right


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/x",
        "concat:/etc/passwd|/etc/shadow",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "data:text/plain,x",
        "pipe:0",
        "rtsp://",
        "rtsp:/h/1",
        "http://[::1/x",
        "rtsp://h:port/1",
        "rtmp://h/x",
        "file://elsewhere/etc/passwd",
        "gopher://h",
        "rtsp://h/a b",
        "RTSP+UNIX://h/",
    ],
)
def test_addresses_that_no_camera_has_are_refused(tmp_path: Path, url: str) -> None:
    (found,) = problems(tmp_path, f"cameras:\n  front:\n    main: {url!r}")

    assert (found.line, found.key) == (3, "cameras.front.main")


def test_a_folder_too_long_for_sockets_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f"cameras: {{a: {{main: /v.mp4}}}}\nstorage:\n  run: /{'x' * 90}")

    assert (found.line, found.key) == (3, "storage.run")
    assert "/run/vigilar" in found.right


@pytest.mark.parametrize(
    "text",
    [
        f"cameras: {{a: {{main: 'rtsp://u:{CANARY}@h:bad/1'}}}}",
        f"cameras: {{a: {{main: 'ftp://u:{CANARY}@h/1'}}}}",
        f"cameras: {{a: {{main: 'rtsp://u:{CANARY}/x@h/1 2'}}}}",
        f"cameras: {{'rtsp://u:{CANARY}@h/1': {{main: /v.mp4}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://u:{CANARY}@h/1', username: x}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', password: {CANARY}}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', username: x, password: [{CANARY}]}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', password: *{CANARY}}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', password: !{CANARY} x}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', password: {CANARY}, password: {CANARY}}}}}}}",
        f"cameras: {{a: {{main: {{url: 'rtsp://h/1', password: '{CANARY}}}}}}}",
        f"password: {CANARY}\ncameras: {{a: {{main: 7}}}}",
        f"cameras: {{a: {{main: [{CANARY}]}}}}",
    ],
)
def test_no_error_repeats_a_credential(tmp_path: Path, text: str) -> None:
    found = problems(tmp_path, text)

    assert found
    assert CANARY not in "\n".join(str(each) for each in found)
