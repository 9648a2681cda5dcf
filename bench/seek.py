"""Seeking in a one-hour encrypted clip over HTTP with a token: time to the first byte, cold page cache.

The clip is made with the writer of the vault from an hour of packets, not recorded in real time.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

from bench.hour_clip import make_hour_clip
from bench.report import Finding, arguments, note, report
from rig.house import House

LIMIT_MS = 50.0


def drop_from_cache(path: Path) -> None:
    """Ask the kernel to forget the file's pages."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def first_bytes_ms(house: House, clip: str, path: Path, rounds: int) -> list[float]:
    """Return the sorted times from request to first byte, each at a random place of a cold file."""
    times = []
    generator = random.Random(7)
    with house.client() as client:
        size = int(client.head(f"/api/v1/clips/{clip}/media.mp4").headers["content-length"])
        for _ in range(rounds):
            start = generator.randrange(size - 65536)
            drop_from_cache(path)
            began = time.perf_counter()
            wanted = {"Range": f"bytes={start}-{start + 65535}"}
            with client.stream("GET", f"/api/v1/clips/{clip}/media.mp4", headers=wanted) as answer:
                assert answer.status_code == 206
                next(answer.iter_raw())
                times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    rounds = 1000 if asked.full else 200
    with tempfile.TemporaryDirectory(prefix="vigilar-bench-") as folder:
        house = House(Path(folder), {"yard": {"main": "rtsp://127.0.0.1:9/none"}})
        note("writing an hour of footage into a clip …")
        clip, path = make_hour_clip(house.data, "yard", house.keys)
        gigabytes = path.stat().st_size / 1e9
        with house:
            house.wait_ready()
            times = first_bytes_ms(house, clip, path, rounds)
    p95 = times[int(len(times) * 0.95)]
    beside = {
        "p50 ms": times[len(times) // 2],
        "worst ms": times[-1],
        "requests": rounds,
        "clip GB": gigabytes,
    }
    return report(
        Finding("seek", p95, "ms to the first byte, p95", f"≤ {LIMIT_MS:.0f}", p95 <= LIMIT_MS, beside),
        as_json=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
