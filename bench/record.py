"""Recording only (no motion): four cameras ÷ 4, beside a bare PyAV demux of the same stream, same run."""

import sys

from bench.baseline import cpu_per_hour
from bench.report import Finding, arguments, note, report
from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.stand import measure, specs, watched

LIMIT = 2.5


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    seconds = 300.0 if asked.full else 50.0
    scenery = specs(4, main=CameraSpec.quiet(main=True, audio="pcm_alaw"))
    with FakeCameraProcess(scenery) as fake:
        note("bare demux …")
        floor = cpu_per_hour("demux", fake.url("main0"), seconds=seconds)
        cameras = {
            f"cam{n}": {
                "main": fake.url(f"main{n}"),
                "recording": {"mode": "continuous"},
                "motion": {"enabled": False},
            }
            for n in range(4)
        }
        note("4 cameras, recording …")
        with watched(cameras) as house:
            use = measure(house, 4, warm_up_s=15, seconds=seconds)
    ratio = use.cpu_per_camera_hour / floor
    beside = {"bare demux": floor, "recording": use.cpu_per_camera_hour} | {
        f"recording, {name}": value for name, value in sorted(use.by_process.items())
    }
    return report(
        Finding("record", ratio, "times a bare demux", f"≤ {LIMIT}", ratio <= LIMIT, beside),
        as_json=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
