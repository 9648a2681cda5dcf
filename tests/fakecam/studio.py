"""Makes scenes into files, once: they are kept on disk under a name that says all that went into them."""

import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np

from fakecam.render import Renderer
from fakecam.scene import AudioCodec, Scene, VideoCodec

_SOURCES = ("scene", "places", "figure", "render", "timecode", "studio")


def cache_folder() -> Path:
    """Return where films are kept: `$VIGILAR_TEST_CACHE`, or a folder of ours among the temporary files."""
    named = os.environ.get("VIGILAR_TEST_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"vigilar-scenes-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def film(scene: Scene) -> Path:
    """Return the file (QuickTime) of a scene, made if it is not there yet. Several may ask at once."""
    name = hashlib.sha256(msgspec.json.encode(scene) + _version()).hexdigest()[:24]
    path = cache_folder() / f"{scene.codec}-{scene.width}x{scene.height}-{name}.mov"
    with _alone(path):
        if not path.exists():
            draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
            try:
                shoot(scene, draft)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    return path


def shoot(scene: Scene, path: Path) -> None:
    """Render and encode a scene into a QuickTime file."""
    with av.open(path, "w", format="mov") as out:
        video = _video_stream(out, scene)
        sound = _Sound(out, scene) if scene.audio else None
        for index, planes in enumerate(Renderer(scene).pictures()):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, scene.fps)
            if scene.codec is VideoCodec.MJPEG:
                frame = frame.reformat(format="yuvj420p")
            out.mux(video.encode(frame))
            if sound:
                sound.until((index + 1) / scene.fps)
        out.mux(video.encode(None))
        if sound:
            sound.end()


def _video_stream(out: av.container.OutputContainer, scene: Scene) -> av.VideoStream:
    encoder = {VideoCodec.H264: "libx264", VideoCodec.HEVC: "libx265", VideoCodec.MJPEG: "mjpeg"}[scene.codec]
    video = out.add_stream(encoder, rate=scene.fps)
    assert isinstance(video, av.VideoStream)
    video.width, video.height = scene.width, scene.height
    video.pix_fmt = "yuvj420p" if scene.codec is VideoCodec.MJPEG else "yuv420p"
    video.bit_rate = scene.bit_rate
    context = video.codec_context
    context.time_base = Fraction(1, scene.fps)
    rate = scene.bit_rate // 1000
    match scene.codec:
        case VideoCodec.H264:
            keys = f"keyint={scene.gop}:min-keyint={scene.gop}:scenecut=0:open-gop=0:bframes={scene.b_frames}"
            limits = f"vbv-maxrate={rate}:vbv-bufsize={rate}:rc-lookahead=10:b-adapt=0"
            context.options = {"preset": scene.preset, "x264-params": f"{keys}:{limits}"}
        case VideoCodec.HEVC:
            keys = f"keyint={scene.gop}:min-keyint={scene.gop}:scenecut=0:open-gop=0:bframes={scene.b_frames}"
            limits = f"vbv-maxrate={rate}:vbv-bufsize={rate}:b-adapt=0:log-level=error"
            context.options = {"preset": "ultrafast", "x265-params": f"{keys}:{limits}"}
        case VideoCodec.MJPEG:
            context.options = {"huffman": "default", "qmin": "4", "qmax": "8"}
    return video


class _Sound:
    """A quiet yard: hum and hiss, exactly as long as the pictures where the codec allows."""

    def __init__(self, out: av.container.OutputContainer, scene: Scene) -> None:
        codec = scene.audio
        assert codec
        self._rate = 16_000 if codec is AudioCodec.AAC else 8_000
        self._chunk = 1024 if codec is AudioCodec.AAC else self._rate // 25
        self._out = out
        stream = out.add_stream(codec.value, rate=self._rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        self._stream = stream
        self._random = np.random.default_rng(scene.seed)
        self._done = 0

    def until(self, seconds: float) -> None:
        """Add whole chunks up to a moment."""
        while self._done + self._chunk <= round(seconds * self._rate):
            at = np.arange(self._done, self._done + self._chunk) / self._rate
            wave = 700 * np.sin(2 * np.pi * 220 * at) + self._random.normal(0, 120, self._chunk)
            frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._done, Fraction(1, self._rate)
            self._out.mux(self._stream.encode(frame))
            self._done += self._chunk

    def end(self) -> None:
        """Flush the encoder."""
        self._out.mux(self._stream.encode(None))


def _version() -> bytes:
    folder = Path(__file__).parent
    sources = b"".join((folder / f"{name}.py").read_bytes() for name in _SOURCES)
    return hashlib.sha256(sources + av.__version__.encode()).digest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def servable(path: Path) -> Path:
    """Return a video that can be served: itself, or an H.264 copy where its codec has no place in RTP."""
    with av.open(str(path)) as film:
        if film.streams.video and film.streams.video[0].codec_context.name in {"h264", "hevc", "mjpeg"}:
            return path
    mark = f"{path.resolve()}:{path.stat().st_mtime_ns}:{path.stat().st_size}".encode() + _version()
    copy = cache_folder() / f"copy-{hashlib.sha256(mark).hexdigest()[:24]}.mov"
    with _alone(copy):
        if not copy.exists():
            draft = copy.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
            try:
                _transcode(path, draft)
                draft.replace(copy)
            finally:
                draft.unlink(missing_ok=True)
    return copy


def _transcode(path: Path, draft: Path) -> None:
    with av.open(str(path)) as film, av.open(draft, "w", format="mov") as out:
        source = film.streams.video[0]
        mean = source.average_rate
        rate = Fraction(mean.num, mean.den) if mean else Fraction(25)
        video = out.add_stream("libx264", rate=rate)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = source.width & ~1, source.height & ~1, "yuv420p"
        video.codec_context.options = {
            "preset": "veryfast",
            "crf": "23",
            "g": str(round(rate * 2)),
            "bf": "0",
        }
        for frame in film.decode(source):
            picture = frame.reformat(video.width, video.height, "yuv420p")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
