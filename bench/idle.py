"""Idle cost: continuous encrypted recording and motion on dual-stream cameras, one and four of them.

Counted: every process of ours. Beside it, over the same RTSP in the same run: a program that decodes
everything the camera sends (both streams, the sound too), and one that decodes the main stream alone.
"""

import sys

from bench.baseline import cpu_per_hour
from bench.report import Finding, arguments, note, report
from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.stand import dual_stream, measure, specs, watched

LIMIT = 125.0
RECORDING = {"mode": "continuous"}


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    seconds = 300.0 if asked.full else 36.0
    scenery = specs(4, main=CameraSpec.quiet(main=True, audio="pcm_alaw"), sub=CameraSpec.quiet(main=False))
    beside: dict[str, float] = {}
    with FakeCameraProcess(scenery) as fake:
        note("decode-everything over the same RTSP …")
        main_decoded = cpu_per_hour("decode", fake.url("main0"), seconds=seconds / 2.4)
        everything = main_decoded + cpu_per_hour("decode", fake.url("sub0"), seconds=seconds / 2.4)
        beside["decode everything (1 camera)"] = everything
        beside["decode the main stream alone"] = main_decoded
        beside["bare demux, main stream"] = cpu_per_hour("demux", fake.url("main0"), seconds=seconds / 2.4)
        for count in (1, 4):
            note(f"{count} camera(s) …")
            with watched(dual_stream(count, fake, RECORDING)) as house:
                use = measure(house, count, warm_up_s=12, seconds=seconds)
            beside[f"{count} camera(s)"] = use.cpu_per_camera_hour
            beside |= {f"{count} camera(s), {name}": value for name, value in sorted(use.by_process.items())}
    value = beside["4 camera(s)"]
    beside["share of decode-everything"] = value / everything
    beside["share of decoding the main stream alone"] = value / main_decoded
    holds = value <= LIMIT and value <= everything / 4
    target = f"≤ {LIMIT:.0f} and ≤ 1/4 of decode-everything"
    return report(Finding("idle", value, "CPU-s per camera-hour", target, holds, beside), as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
