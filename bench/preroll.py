"""Pre-roll: does every clip begin at least 5 s before the first frame in which something moved?

The time code in the picture tells. The first moving frame is found in the clip itself, by comparing block
means with the clip's first picture: that knows nothing of our motion detection. Each clip must also begin
with a key frame and decode without an error.
"""

import io
import sys
import time
from dataclasses import dataclass

import av
import cv2
import numpy as np

from bench.report import Finding, arguments, note, report
from fakecam.process import FakeCameraProcess
from fakecam.scene import Walk
from fakecam.spec import CameraSpec
from fakecam.timecode import read_timecode
from rig.house import House, Json
from rig.stand import dual_stream, specs, watched

PRE_ROLL_S = 5.0
CAMERAS = 2
WALKS = (Walk(9.0, 5.0), Walk(29.0, 5.0, (1.08, 0.94), (-0.08, 0.80)))
SCENE_S = 40.0
BLOCK_CHANGED = 14.0
"""Levels (of 255) by which a block's mean must differ: far above sensor noise, which a block averages out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one clip. `pre_roll_s` is None where nothing moved in it."""

    clip: str
    pre_roll_s: float | None
    starts_with_key: bool
    errors: int


def inspect(clip: str, mp4: bytes) -> Seen:
    """Decode a clip and find its pre-roll."""
    errors, first_code, moved_code, starts_with_key = 0, None, None, False
    first_blocks: np.ndarray | None = None
    with av.open(io.BytesIO(mp4)) as container:
        stream = container.streams.video[0]
        for index, packet in enumerate(container.demux(stream)):
            starts_with_key |= index == 0 and packet.is_keyframe
            try:
                frames = packet.decode()
            except av.FFmpegError:
                errors += 1
                continue
            for frame in frames:
                errors += bool(frame.is_corrupt)
                luma = frame.to_ndarray(format="gray")
                blocks = cv2.resize(luma, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
                if first_blocks is None:
                    first_blocks, first_code = blocks, read_timecode(frame)
                elif moved_code is None and float(np.abs(blocks - first_blocks).max()) > BLOCK_CHANGED:
                    moved_code = read_timecode(frame)
    if first_code is None or moved_code is None:
        return Seen(clip, None, starts_with_key, errors)
    return Seen(clip, (moved_code - first_code) % int(SCENE_S * 1000) / 1000, starts_with_key, errors)


def collect(house: House, seconds: float) -> list[Seen]:
    """Let the house watch for `seconds`, then inspect every clip that motion began."""
    time.sleep(seconds)
    found: list[Json] = house.clips(trigger="motion", limit=200)
    seen = []
    with house.client() as client:
        for clip in found:
            if clip["first_moving"] is None:
                continue
            answer = client.get(f"/api/v1/clips/{clip['id']}/media.mp4")
            seen.append(inspect(clip["id"], answer.content))
    return seen


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    main_stream = CameraSpec.yard("main", walks=WALKS, seconds=SCENE_S)
    sub_stream = CameraSpec.yard("sub", sub=True, walks=WALKS, seconds=SCENE_S)
    with FakeCameraProcess(specs(CAMERAS, main=main_stream, sub=sub_stream)) as fake:
        recording: Json = {"mode": "motion", "pre_roll": PRE_ROLL_S, "post_roll": 3}
        with watched(dual_stream(CAMERAS, fake, recording)) as house:
            note("watching people walk in …")
            seen = collect(house, 1200 if asked.full else 130)
    good = [s for s in seen if s.pre_roll_s is not None and s.pre_roll_s >= PRE_ROLL_S]
    whole = [s for s in seen if s.starts_with_key and not s.errors]
    for bad in (s for s in seen if s not in good or s not in whole):
        note(f"  {bad}")
    lengths = sorted(s.pre_roll_s for s in seen if s.pre_roll_s is not None)
    share = 100 * len([s for s in good if s in whole]) / max(len(seen), 1)
    beside = {
        "events": len(seen),
        "with ≥ 5 s before the first moving frame": len(good),
        "beginning with a key frame, decoding without error": len(whole),
        "shortest pre-roll s": lengths[0] if lengths else None,
        "longest pre-roll s": lengths[-1] if lengths else None,
    }
    holds = bool(seen) and share == 100
    return report(Finding("preroll", share, "% of events", "100", holds, beside), as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
