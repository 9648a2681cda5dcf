"""What a server or a file says cannot lead anywhere else; errors say what is wrong, and no secret."""

import logging
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

import vigilar
from vigilar.domain.settings import StreamSettings
from vigilar.media.errors import (
    MediaError,
    NotAVideoError,
    RefusedUrlError,
    StreamNotFoundError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from vigilar.media.source import open_source
from worker.media.clocks import HandClock
from worker.media.footage import Film, Shot, encode
from worker.media.web import Answer, web

SECRET = "c4narySecret"


def failure(url: str, *, timeout: float = 3.0) -> MediaError:
    """Open it, which must fail; check that nothing printable holds the secret."""
    clock = HandClock()
    settings = StreamSettings(url=url, open_timeout_s=timeout, read_timeout_s=timeout)
    with pytest.raises(MediaError) as caught:
        open_source(settings, clock=clock, audio=True, wait=clock.wait)
    error = caught.value
    assert SECRET not in _everything_printable(error)
    return error


def _everything_printable(error: BaseException | None) -> str:
    told = []
    while error is not None:
        told += [repr(error), str(error), *map(repr, error.args), *traceback.format_exception(error)]
        error = error.__context__ or error.__cause__
    return "\n".join(told).replace(__file__, "")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    shot = Shot(seconds=1)
    return Film(encode(shot), shot).write(tmp_path / "film.ts")


def test_a_redirect_to_a_file_is_not_followed(film: Path) -> None:
    with web({"/cam": Answer(302, headers={"Location": f"file://{film}"})}) as server:
        failure(server.url("/cam", f"admin:{SECRET}@"))


@pytest.mark.parametrize(
    "target", ["concat:{film}|{film}", "subfile,,start,0,end,0,,:{film}", "data:video/mp2t;base64,AAAA"]
)
def test_a_redirect_to_another_protocol_is_not_followed(film: Path, target: str) -> None:
    location = target.format(film=film)
    with web({"/cam": Answer(302, headers={"Location": location})}) as server:
        failure(server.url("/cam"))


def test_a_redirect_that_never_ends_is_given_up() -> None:
    with web({"/cam": Answer(302, headers={"Location": "/cam"})}) as server:
        failure(server.url("/cam"))

        assert len(server.asked) < 50


def test_a_playlist_from_the_web_leads_nowhere(film: Path) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{film}\n#EXTINF:1,\n/segment.ts\n"
    headers = {"Content-Type": "application/vnd.apple.mpegurl"}
    answers = {
        "/live.m3u8": Answer(200, playlist.encode(), headers),
        "/segment.ts": Answer(200, film.read_bytes()),
    }
    with web(answers) as server:
        error = failure(server.url("/live.m3u8"))

        assert isinstance(error, NotAVideoError)
        assert "/segment.ts" not in server.asked


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile {url}\n"),
        (
            "session.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        ),
        (
            "film.mpd",
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}</BaseURL></MPD>',
        ),
    ],
)
def test_a_file_that_names_other_places_is_not_a_video(tmp_path: Path, name: str, content: str) -> None:
    with web({"/canary.ts": Answer()}) as server:
        path = tmp_path / name
        path.write_text(content.format(url=server.url("/canary.ts")))

        assert isinstance(failure(str(path)), NotAVideoError)
        assert server.asked == []


def test_a_missing_file_a_folder_and_a_pipe_are_told_apart(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert isinstance(failure(str(tmp_path / "none.mp4")), StreamNotFoundError)
    assert isinstance(failure(str(tmp_path)), RefusedUrlError)
    assert isinstance(failure(str(tmp_path / "pipe")), RefusedUrlError)
    assert isinstance(failure("/dev/zero"), RefusedUrlError)


def test_what_is_not_a_video_is_said_to_be_none(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_bytes(b"just words\n" * 2000)
    sound = Film([], Shot(), "aac", 16000)
    (tmp_path / "sound.mp4").write_bytes(sound.sound_only())

    assert isinstance(failure(str(text)), NotAVideoError)
    assert isinstance(failure(str(tmp_path / "sound.mp4")), NotAVideoError)
    with web({"/": Answer(200, b"<html>camera</html>" * 100, {"Content-Type": "text/html"})}) as server:
        assert isinstance(failure(server.url("/", f"a:{SECRET}@")), NotAVideoError)


def test_video_of_a_kind_that_is_not_recorded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10, width=64, height=64)
        for number in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))

    error = failure(str(path))

    assert isinstance(error, UnsupportedError)
    assert "mpeg4" in str(error)
    assert str(path) in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, UnauthorizedError), (403, UnauthorizedError), (404, StreamNotFoundError), (500, UnreachableError)],
)
def test_what_a_camera_answers_is_told_in_words(status: int, kind: type[MediaError]) -> None:
    with web({"/cam": Answer(status, headers={"WWW-Authenticate": 'Basic realm="x"'})}) as server:
        error = failure(server.url(f"/cam?token={SECRET}", f"admin:{SECRET}@"))

    assert type(error) is kind
    assert f"http://127.0.0.1:{server.port}/cam" in str(error)


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    for scheme in ("rtsp", "rtsps", "http", "https"):
        error = failure(f"{scheme}://admin:{SECRET}@127.0.0.1:{port}/x?auth={SECRET}")
        assert type(error) is UnreachableError


def test_a_name_nobody_knows_is_unreachable() -> None:
    error = failure(f"rtsp://admin:{SECRET}@no-such-host.invalid/x")

    assert type(error) is UnreachableError
    assert "unknown name" in str(error)


def test_a_process_that_only_records_loads_no_numpy() -> None:
    program = (
        "import sys, vigilar.media.source, vigilar.media.mp4, vigilar.media.mpegts;"
        "print([name for name in ('numpy', 'cv2', 'pydantic', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=_environment(), check=True
    )

    assert done.stdout.strip() == "[]", done.stderr


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(vigilar.__file__).parents[1])}


@contextmanager
def _silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_a_camera_that_accepts_and_never_answers_is_given_up_in_time(scheme: str) -> None:
    with _silent_port() as port:
        error = failure(f"{scheme}://admin:{SECRET}@127.0.0.1:{port}/x", timeout=0.5)

    assert type(error) is UnreachableError


def test_libavs_own_log_stays_silent(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    failure(f"rtsp://admin:{SECRET}@127.0.0.1:1/x")

    assert av.logging.get_level() is None
    assert [record for record in caplog.records if record.name.startswith("libav")] == []
    assert capfd.readouterr().err == ""


def test_settings_do_not_print_their_address() -> None:
    assert SECRET not in repr(StreamSettings(url=f"rtsp://a:{SECRET}@h/x"))
