"""Real MP4 as the muxer writes it, from a few seconds of generated picture and sound."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import Any

import av
import numpy as np

SETTINGS = {
    "movflags": "hybrid_fragmented",
    "frag_duration": "500000",
    "flush_packets": "1",
    "max_interleave_delta": "300000",
}
SECONDS, FPS = 6, 10


@cache
def source() -> bytes:
    """Six seconds of H.264 (key frame each second) and FLAC in a Matroska file."""
    out = BytesIO()
    with av.open(out, "w", format="matroska") as container:
        video = container.add_stream(
            "libx264", rate=FPS, options={"g": str(FPS), "bf": "0", "preset": "ultrafast"}
        )
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = container.add_stream("flac", rate=8000, layout="mono", format="s16")
        noise = np.random.default_rng(7)
        for number in range(SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (180, 160), np.uint8), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
            sound = av.AudioFrame.from_ndarray(
                noise.integers(-999, 999, (1, 8000 // FPS), np.int16), format="s16", layout="mono"
            )
            sound.sample_rate, sound.pts, sound.time_base = 8000, number * 8000 // FPS, Fraction(1, 8000)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return out.getvalue()


def mux_into(sink: Any, after_each: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Remux the source into `sink`; yields after each packet, closes the MP4 at the end."""
    with av.open(BytesIO(source())) as given:
        out = av.open(sink, "w", format="mp4", buffer_size=8 << 20, options=SETTINGS)
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
                after_each()
                yield
        out.close()


def plain_mp4() -> bytes:
    """What the muxer writes into an ordinary seekable file."""
    sink = BytesIO()
    for _ in mux_into(sink):
        pass
    return sink.getvalue()


def play(data: bytes) -> tuple[int, float, bool]:
    """Decode all pictures; return (how many, time of the last, whether a duration is known)."""
    with av.open(BytesIO(data)) as container:
        times = [frame.time for frame in container.decode(video=0)]
        return len(times), float(times[-1] or 0.0), container.duration is not None
