"""Watching a fake camera as an NVR would: through libavformat."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import av

from fakecam.timecode import read_timecode

QUICK = {"probesize": "100000", "analyzeduration": "300000"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A decoded picture: its time code (ms), size, time in the stream (s), and when it was decoded."""

    timecode: int
    width: int
    height: int
    time_s: float
    at_ns: int


def watch(url: str, **options: str) -> Iterator[Seen]:
    """Yield the pictures of a camera, decoded without delay."""
    given = QUICK | {"rtsp_transport": "tcp"} | options
    if url.startswith("http"):
        del given["rtsp_transport"]
    with av.open(url, options=given, timeout=(5, 5)) as stream:
        stream.streams.video[0].codec_context.thread_count = 1
        for frame in stream.decode(video=0):
            time_s = 0.0 if frame.time is None else float(frame.time)
            yield Seen(read_timecode(frame), frame.width, frame.height, time_s, time.monotonic_ns())


def first(url: str, count: int, **options: str) -> list[Seen]:
    """Return the first pictures of a camera."""
    pictures = watch(url, **options)
    return [next(pictures) for _ in range(count)]
