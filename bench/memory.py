"""Proportional memory of all our processes while four dual-stream cameras are recorded and looked at."""

import sys

from bench.report import Finding, arguments, report
from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.stand import dual_stream, measure, specs, watched

LIMIT = 300.0


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    scenery = specs(4, main=CameraSpec.quiet(main=True, audio="pcm_alaw"), sub=CameraSpec.quiet(main=False))
    with (
        FakeCameraProcess(scenery) as fake,
        watched(dual_stream(4, fake, {"mode": "continuous"})) as house,
    ):
        house.get("/clips")
        use = measure(house, 4, warm_up_s=20, seconds=600 if asked.full else 40)
    beside = dict(sorted(use.pss_by_process.items()))
    value = use.pss_mib
    return report(
        Finding("memory", value, "MiB PSS", f"≤ {LIMIT:.0f}", value <= LIMIT, beside), as_json=asked.json
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
