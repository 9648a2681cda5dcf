"""A camera over the network, with every fault cameras are known for."""

import io
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import av
import pytest

from fakecam.scene import AudioCodec, Scene, VideoCodec
from fakecam.spec import Auth, CameraSpec, Params
from fakecam.thread import FakeCameraThread
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import StreamSettings, Transport
from vigilar.media.errors import (
    MediaError,
    StalledError,
    StreamNotFoundError,
    UnauthorizedError,
    UnreachableError,
)
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.source import Source, open_source
from vigilar.media.stream_info import StreamInfo
from worker.media.reading import play, to_mp4

pytestmark = pytest.mark.slow

SECRET = "c4narySecret"
FPS = 10
TICK = 90_000 // FPS


def spec(name: str, **changes: Any) -> CameraSpec:
    scene = {key: changes.pop(key) for key in list(changes) if key in Scene.__dataclass_fields__}
    plain = CameraSpec.small(name)
    return replace(plain, scene=replace(plain.scene, **({"gop_s": 0.5} | scene)), **changes)


SPECS = [
    spec("plain", audio=AudioCodec.PCMA),
    spec("mulaw", audio=AudioCodec.PCMU, codec=VideoCodec.HEVC),
    spec("aac", audio=AudioCodec.AAC),
    spec("basic", auth=Auth.BASIC, user="admin", password=SECRET),
    spec("digest", auth=Auth.DIGEST, user="admin", password=SECRET),
    spec("tls", tls=True, auth=Auth.DIGEST, user="admin", password=SECRET),
    spec("inband", params=Params.INBAND),
    spec("inband265", params=Params.INBAND, codec=VideoCodec.HEVC),
    spec("sdp", params=Params.SDP),
    spec("sdp265", params=Params.SDP, codec=VideoCodec.HEVC),
    spec("bframes", b_frames=2),
    spec("bframes265", b_frames=2, codec=VideoCodec.HEVC),
    spec("lossy", loss=0.05),
    spec("wrap", wrap_in_s=1.5),
    spec("noreports", audio=AudioCodec.PCMA, sender_reports=False),
    spec("mjpeg", codec=VideoCodec.MJPEG),
    spec("tlsweb", tls=True),
]


@pytest.fixture(scope="module")
def cameras() -> Iterator[FakeCameraThread]:
    with FakeCameraThread(SPECS) as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(cameras: FakeCameraThread) -> Iterator[None]:
    yield
    for one in ("plain", "aac"):
        cameras.fault(one, "resume")
        cameras.fault(one, "sound")
        cameras.fault(one, "up")


def connect(url: str, *, audio: bool = True, watched: bool = False, **settings: Any) -> Source:
    wanted = StreamSettings(url=url, **({"open_timeout_s": 5.0, "read_timeout_s": 3.0} | settings))
    return open_source(wanted, clock=SystemClock(), audio=audio, watched=watched)


def watch(
    source: Source, seconds: float, at: dict[float, Callable[[], object]] | None = None
) -> list[MediaPacket | StreamInfo]:
    """Read for some seconds; meanwhile do things `at` their moments."""
    timers = [threading.Timer(moment, act) for moment, act in (at or {}).items()]
    for timer in timers:
        timer.start()
    items, end = [], time.monotonic() + seconds
    for item in source.packets():
        items.append(item)
        if time.monotonic() > end:
            break
    source.close()
    for timer in timers:
        timer.join()
    return items


def of(items: list[MediaPacket | StreamInfo], kind: PacketKind) -> list[MediaPacket]:
    return [item for item in items if isinstance(item, MediaPacket) and item.kind is kind]


def pictures(items: list[MediaPacket | StreamInfo]) -> list[MediaPacket]:
    return of(items, PacketKind.VIDEO)


def sound(items: list[MediaPacket | StreamInfo]) -> list[MediaPacket]:
    return of(items, PacketKind.AUDIO)


def assert_steady(video: list[MediaPacket], *, slack: int = 3) -> None:
    """Times rise, without holes, near to arrival."""
    assert len(video) > 5
    assert all(a.dts < b.dts for a, b in pairwise(video))
    assert all(packet.dts <= packet.pts for packet in video)
    steps = [b.dts - a.dts for a, b in pairwise(video)]
    assert max(steps) <= slack * TICK, (steps, [b.arrival_ns - a.arrival_ns for a, b in pairwise(video)])
    elapsed = (video[-1].arrival_ns - video[0].arrival_ns) * 90_000 / 1e9
    assert abs(video[-1].pts - video[0].pts - elapsed) < 2 * 90_000


def assert_recordable(source: Source, items: list[MediaPacket | StreamInfo]) -> None:
    packets = [item for item in items if isinstance(item, MediaPacket)]
    # RTP leaves parts of a JPEG out that strict players miss.
    played = play(to_mp4(source.info, packets), strict=source.info.video_codec != "mjpeg")
    # Cut in the middle of a run of B-frames, the last ones may want for each other.
    assert len(pictures(items)) - 2 <= len(played.video_times) <= len(pictures(items))


@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize("name", ["plain", "mulaw", "aac", "inband", "inband265", "sdp", "sdp265"])
def test_streams_of_every_kind_are_read_over_tcp_and_udp(
    cameras: FakeCameraThread, name: str, transport: Transport
) -> None:
    wanted = next(each for each in SPECS if each.name == name).scene
    source = connect(cameras.url(name), transport=transport)

    items = watch(source, 1.5)

    info = source.info
    assert (info.video_codec, info.width, info.height) == (str(wanted.codec), 320, 180)
    assert (
        info.audio_codec == {"pcm_alaw": "flac", "pcm_mulaw": "flac", "aac": "aac", None: None}[wanted.audio]
    )
    assert pictures(items)[0].keyframe
    assert_steady(pictures(items))
    assert_recordable(source, items)
    assert bool(sound(items)) == bool(wanted.audio)


@pytest.mark.parametrize("name", ["basic", "digest", "tls"])
def test_passwords_are_given_as_the_camera_asks_for_them(cameras: FakeCameraThread, name: str) -> None:
    source = connect(cameras.url(name))

    assert len(pictures(watch(source, 1))) > 2
    assert SECRET not in repr(source)


@pytest.mark.parametrize("name", ["basic", "digest", "tls"])
def test_a_wrong_password_is_told_without_telling_it(cameras: FakeCameraThread, name: str) -> None:
    url = cameras.url(name).replace(SECRET, f"{SECRET}wrong")

    error = refused(url)

    assert type(error) is UnauthorizedError


def refused(url: str, **settings: Any) -> MediaError:
    with pytest.raises(MediaError) as caught:
        connect(url, **settings)
    told = (
        "".join(traceback.format_exception(caught.value))
        + repr(caught.value)
        + repr(caught.value.__context__)
    )
    assert SECRET not in told
    return caught.value


def test_no_password_where_one_is_asked_for(cameras: FakeCameraThread) -> None:
    assert type(refused(cameras.url("digest", credentials=False))) is UnauthorizedError


def test_a_path_that_does_not_exist(cameras: FakeCameraThread) -> None:
    url = cameras.url("plain").removesuffix("plain") + "nothing"

    assert type(refused(url)) is StreamNotFoundError


def test_a_camera_that_hangs_is_given_up_in_time(cameras: FakeCameraThread) -> None:
    cameras.fault("plain", "mute")
    began = time.monotonic()

    error = refused(cameras.url("plain"), open_timeout_s=0.7)

    assert type(error) is UnreachableError
    assert time.monotonic() - began < 3


def test_a_camera_that_is_unplugged_is_unreachable(cameras: FakeCameraThread) -> None:
    url = cameras.url("plain")
    cameras.fault("plain", "down")

    assert type(refused(url)) is UnreachableError


@pytest.mark.parametrize("watched", [False, True])
def test_a_stream_that_stalls_is_noticed_within_the_read_time_out(
    cameras: FakeCameraThread, watched: bool
) -> None:
    source = connect(cameras.url("plain"), watched=watched, read_timeout_s=3)
    timer = threading.Timer(0.3, cameras.fault, ("plain", "stall"))
    timer.start()
    began = time.monotonic()

    with pytest.raises(StalledError):
        watch(source, 10)

    # Once the time-out, not twice: libav would wait again after it handed out its last picture.
    assert time.monotonic() - began < 5.5
    timer.join()


def test_a_stall_takes_one_read_time_out_to_notice_not_two(cameras: FakeCameraThread) -> None:
    # Given a stream whose last picture waits for the next one to come
    source = connect(cameras.url("plain"), watched=True, read_timeout_s=3)
    timer = threading.Timer(0.5, cameras.fault, ("plain", "stall"))
    timer.start()
    began = time.monotonic()

    with pytest.raises(StalledError):
        watch(source, 15)

    assert 3 < time.monotonic() - began < 5.5
    timer.join()


def test_a_camera_that_hangs_up_ends_the_stream_without_an_error(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("plain"))
    began = time.monotonic()

    watch(source, 10, {0.3: lambda: cameras.fault("plain", "kick")})

    assert time.monotonic() - began < 4


def test_a_source_can_be_closed_from_another_thread(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("plain"))
    began = time.monotonic()

    watch(source, 10, {0.3: source.close})

    assert time.monotonic() - began < 3


def test_sound_that_stops_and_comes_back_keeps_its_place(cameras: FakeCameraThread) -> None:
    for name, rate in (("plain", 8000), ("aac", 16_000)):
        source = connect(cameras.url(name))

        items = watch(
            source,
            4,
            {1.0: lambda n=name: cameras.fault(n, "quiet"), 2.5: lambda n=name: cameras.fault(n, "sound")},
        )

        assert_steady(pictures(items))
        assert_recordable(source, items)
        gaps = [b.pts - a.pts - a.duration for a, b in pairwise(sound(items))]
        assert 0.9 * rate < max(gaps) < 2.0 * rate
        last_picture = pictures(items)[-1].pts / 90_000
        assert sound(items)[-1].pts / rate == pytest.approx(last_picture, abs=0.6)


@pytest.mark.parametrize("name", ["bframes", "bframes265"])
def test_b_frames_keep_their_order(cameras: FakeCameraThread, name: str) -> None:
    source = connect(cameras.url(name))

    items = watch(source, 2.5)

    video = pictures(items)
    assert_steady(video)
    shown = sorted(packet.pts for packet in video)
    assert sum(later - earlier == TICK for earlier, later in pairwise(shown)) >= len(shown) - 4
    assert any(b.pts < a.pts for a, b in pairwise(video))
    assert_recordable(source, items)


@pytest.mark.parametrize("mode", ["frozen", "jitter"])
def test_timestamps_that_make_no_sense_still_give_a_usable_recording(
    cameras: FakeCameraThread, mode: str
) -> None:
    source = connect(cameras.url("plain"))

    items = watch(
        source,
        4,
        {
            0.8: lambda: cameras.fault("plain", "timestamps", mode=mode, seconds=0.5),
            2.8: lambda: cameras.fault("plain", "timestamps", mode="normal"),
        },
    )

    assert_steady(pictures(items), slack=12)
    packets = [item for item in items if isinstance(item, MediaPacket)]
    assert len(play(to_mp4(source.info, packets)).video_times) >= len(pictures(items)) - 2


@pytest.mark.parametrize("seconds", [-5, 7, -0.4, 4000])
def test_a_clock_that_jumps_leaves_no_hole(cameras: FakeCameraThread, seconds: float) -> None:
    source = connect(cameras.url("plain"))

    items = watch(source, 2.5, {0.8: lambda: cameras.fault("plain", "shift", seconds=seconds)})

    assert_steady(pictures(items))
    assert all(0 < b.pts - a.pts <= 3 * 8000 * 0.5 for a, b in pairwise(sound(items)))


def test_timestamps_may_wrap(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("wrap"))

    assert_steady(pictures(watch(source, 3)))


def test_an_encoder_that_starts_anew_goes_on_in_the_same_timeline(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("plain"))

    items = watch(source, 3, {1.0: lambda: cameras.fault("plain", "restart")})

    assert_steady(pictures(items), slack=15)


def test_without_sender_reports_sound_and_picture_stay_together(cameras: FakeCameraThread) -> None:
    items = watch(connect(cameras.url("noreports")), 2)

    assert sound(items)[-1].pts / 8000 == pytest.approx(pictures(items)[-1].pts / 90_000, abs=0.6)


def test_another_resolution_is_announced_before_its_key_frame(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("inband"))
    before = source.info
    larger = replace(Scene.small(), width=480, height=272)

    items = watch(source, 3.5, {0.5: lambda: cameras.play("inband", larger)})

    infos = [item for item in items if isinstance(item, StreamInfo)]
    assert (before.width, before.height) == (320, 180)
    assert [(info.width, info.height) for info in infos] == [(480, 272)]
    at = items.index(infos[0])
    following = items[at + 1]
    assert isinstance(following, MediaPacket)
    assert following.keyframe
    assert play(to_mp4(infos[0], [p for p in items[at + 1 :] if isinstance(p, MediaPacket)])).sizes == {
        (480, 272)
    }
    assert source.info is infos[0]


def test_losses_cost_pictures_but_not_the_recording(cameras: FakeCameraThread) -> None:
    source = connect(cameras.url("lossy"), transport=Transport.UDP)

    items = watch(source, 4)

    video = pictures(items)
    assert len(video) > 15
    assert all(a.dts < b.dts for a, b in pairwise(video))
    data = to_mp4(source.info, video)
    with av.open(io.BytesIO(data)) as film:
        assert sum(1 for packet in film.demux(video=0) if packet.size) == len(video)


def test_mjpeg_over_rtsp_and_http(cameras: FakeCameraThread) -> None:
    for url in (cameras.url("mjpeg"), cameras.web_url("mjpeg", "mjpg")):
        source = connect(url)

        items = watch(source, 1.5)

        assert source.info.video_codec == "mjpeg"
        assert all(packet.keyframe for packet in pictures(items))
        assert all(a.dts < b.dts for a, b in pairwise(pictures(items)))
        assert_recordable(source, items)


@pytest.mark.parametrize("name", ["plain", "aac", "digest", "tlsweb"])
def test_mpeg_ts_over_http(cameras: FakeCameraThread, name: str) -> None:
    source = connect(cameras.web_url(name, "ts"))

    items = watch(source, 1.5)

    assert source.info.video_codec == "h264"
    assert_steady(pictures(items))
    assert_recordable(source, items)


def test_a_cameras_certificate_is_checked_where_that_is_asked_for(cameras: FakeCameraThread) -> None:
    for url in (cameras.url("tls"), cameras.web_url("tlsweb", "ts")):
        error = refused(url, tls_verify=True)

        assert type(error) is UnreachableError
        assert "certificate" in str(error)


def test_opening_takes_no_longer_than_the_wait_for_a_key_frame(cameras: FakeCameraThread) -> None:
    began = time.monotonic()

    connect(cameras.url("plain")).close()

    assert time.monotonic() - began < 3 * 0.7
