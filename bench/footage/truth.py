"""What is to be seen in the footage of a folder of your own: when things move in each file, by eye.

Only files whose camera hangs still. Seconds of the stream's own time; a stretch lasts from when something
enters until it has left or stands still for good. Files that are missing are named and left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

type Stretches = tuple[tuple[float, float], ...]

TRUTH: Final[Mapping[str, Stretches]] = {
    "bottles-hand.mp4": ((6.0, 38.0),),
    "cars-overhead.mp4": ((4.7, 8.6), (14.5, 19.2), (25.5, 28.0)),
    "corridor-night-bw.mp4": ((0.0, 9.0),),
    "doorbell-delivery.avi": ((0.0, 30.5),),
    "highway-320x240.avi": ((0.0, 30.0),),
    "one-by-one-person.mp4": (
        (5.5, 20.5),
        (22.5, 45.5),
        (50.0, 70.5),
        (74.0, 87.5),
        (92.0, 120.5),
        (123.0, 137.5),
    ),
    "parking-person-bicycle-car.mp4": ((0.0, 3.8), (9.0, 14.2), (24.0, 36.0)),
    "shop-door-cctv.mp4": ((0.0, 24.0), (58.0, 64.7)),
    "street-1080p.mp4": ((0.0, 10.1),),
    "street-pets2001-a.mp4": ((0.0, 40.0),),
    "traffic-vfr.mp4": ((0.0, 34.5),),
    "yard-brightness-change.avi": (),
    "yard-night-ir-a.mp4": (),
}


def pictures(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield (seconds, luma (height, width)) of a file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for frame in container.decode(stream):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            yield float(frame.time or 0.0), rows[: frame.height, : frame.width]
