"""Idle cost: continuous encrypted recording and motion on dual-stream cameras, one and four of them.

Counted: every process of ours. Beside it, over the same RTSP and at the same time, so that whatever else the
machine does hits all of them: a program that decodes everything the camera sends (both streams, the sound
too), one that decodes the main stream alone, and one that only demultiplexes it.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bench.baseline import cpu_per_hour
from bench.report import Finding, arguments, note, report
from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.stand import Use, dual_stream, measure, specs, watched

LIMIT = 125.0
RECORDING = {"mode": "continuous"}
WARM_UP_S: Final = 12.0
OTHERS: Final = {
    "decode main": ("decode", "main0"),
    "decode sub": ("decode", "sub0"),
    "demux main": ("demux", "main0"),
}


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    seconds = 300.0 if asked.full else 40.0
    scenery = specs(4, main=CameraSpec.quiet(main=True, audio="pcm_alaw"), sub=CameraSpec.quiet(main=False))
    beside: dict[str, float] = {}
    with FakeCameraProcess(scenery) as fake:
        note("1 camera …")
        with watched(dual_stream(1, fake, RECORDING)) as house:
            _tell(beside, "1 camera", measure(house, 1, warm_up_s=WARM_UP_S, seconds=seconds / 2))
        note("4 cameras, beside them who decodes everything …")
        with watched(dual_stream(4, fake, RECORDING)) as house, ThreadPoolExecutor() as pool:
            others = {
                name: pool.submit(cpu_per_hour, what, fake.url(path), seconds=seconds, warm_up_s=WARM_UP_S)
                for name, (what, path) in OTHERS.items()
            }
            use = measure(house, 4, warm_up_s=WARM_UP_S, seconds=seconds)
            _tell(beside, "4 cameras", use)
            cost = {name: other.result() for name, other in others.items()}
    main_decoded, everything = cost["decode main"], cost["decode main"] + cost["decode sub"]
    value = use.cpu_per_camera_hour
    beside |= {
        "decode everything (1 camera)": everything,
        "decode the main stream alone": main_decoded,
        "bare demux, main stream": cost["demux main"],
        "share of decode-everything": value / everything,
        "share of decoding the main stream alone": value / main_decoded,
    }
    holds = value <= LIMIT and value <= everything / 4
    target = f"≤ {LIMIT:.0f} and ≤ 1/4 of decode-everything"
    return report(Finding("idle", value, "CPU-s per camera-hour", target, holds, beside), as_json=asked.json)


def _tell(beside: dict[str, float], what: str, use: Use) -> None:
    beside[what] = use.cpu_per_camera_hour
    beside.update({f"{what}, {name}": value for name, value in sorted(use.by_process.items())})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
