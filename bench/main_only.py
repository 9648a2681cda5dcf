"""Idle cost of a camera that has only a main stream, with a key frame each second: four cameras ÷ 4."""

import sys

from bench.baseline import cpu_per_hour
from bench.report import Finding, arguments, note, report
from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.stand import measure, specs, watched

LIMIT = 110.0


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    seconds = 300.0 if asked.full else 50.0
    scenery = specs(4, main=CameraSpec.quiet(main=True, audio="pcm_alaw", gop_s=1.0))
    with FakeCameraProcess(scenery) as fake:
        note("decode-everything over the same RTSP …")
        everything = cpu_per_hour("decode", fake.url("main0"), seconds=seconds / 2)
        cameras = {
            f"cam{n}": {"main": fake.url(f"main{n}"), "recording": {"mode": "motion"}} for n in range(4)
        }
        note("4 cameras …")
        with watched(cameras) as house:
            use = measure(house, 4, warm_up_s=15, seconds=seconds)
    beside = {"decode everything (1 camera)": everything} | {
        f"4 cameras, {name}": value for name, value in sorted(use.by_process.items())
    }
    value = use.cpu_per_camera_hour
    return report(
        Finding("main-only", value, "CPU-s per camera-hour", f"≤ {LIMIT:.0f}", value <= LIMIT, beside),
        as_json=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
