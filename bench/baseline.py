"""Floors and baselines beside which our figures stand, each as a process of its own over the same RTSP.

`python -m bench.baseline demux|decode URL`: a bare PyAV loop that only demultiplexes (the floor of
recording), or that decodes every frame (what a program does that looks at the main stream).
"""

import subprocess
import sys

import av

from rig.stand import measure_process


def run(what: str, url: str) -> None:
    """Read the stream for ever."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(20, 20)) as container:
        if what == "decode":
            container.streams.video[0].thread_count = 1
            for _ in container.decode():
                pass
        else:
            for _ in container.demux():
                pass


def cpu_per_hour(what: str, url: str, *, seconds: float, warm_up_s: float = 6.0) -> float:
    """Return the CPU seconds per hour of the baseline `what` reading `url`."""
    process = subprocess.Popen([sys.executable, "-m", "bench.baseline", what, url])
    try:
        return measure_process(process.pid, warm_up_s=warm_up_s, seconds=seconds)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
