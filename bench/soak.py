"""Soak: days of clips and events in minutes. Do memory, descriptors, database and WAL stay as they are?

Real parts: the core as a process of its own with a real database, and in this process the writer of a capture
(MP4, encryption, journal) with files that are small. A clip and its event stand for 75 s: 1152 are a day.
"""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.report import Finding, arguments, note, report
from vigilar.bus.messages import ClipSealed, MotionKind, MotionState
from vigilar.capture.files import Names
from worker.capture.clocks import HandClock
from worker.core.running import CoreRun, core_at
from worker.faults.box import CAMERA, Box, chunks, shifted

EVERY_S = 75.0
SAMPLE_EACH = 250
MEMORY_LIMIT, DESCRIPTORS_LIMIT, DATABASE_LIMIT, WAL_LIMIT = 2.0, 1.0, 4.0, 17.0
"""MiB, descriptors, MiB per 1000 clips; MiB at any time (`store.engine` cuts the WAL at 16)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is used after so many clips: MiB and counts."""

    clips: int
    core_mib: float
    core_fds: float
    writer_mib: float
    writer_fds: float
    database_mib: float
    wal_mib: float


def sample(core: CoreRun, clips: int) -> Sample:
    """Look at the core, at this process and at the files of the database."""
    assert core.process is not None
    database = core.root.path / "vigilar.db"
    wal = database.with_name("vigilar.db-wal")
    return Sample(
        clips,
        _own_mib(core.process.pid),
        _descriptors(core.process.pid),
        _own_mib(os.getpid()),
        _descriptors(os.getpid()),
        database.stat().st_size / 2**20,
        wal.stat().st_size / 2**20 if wal.exists() else 0.0,
    )


def _own_mib(pid: int) -> float:
    """Return the anonymous memory of a process: unlike PSS it does not change with who else runs."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def slope(samples: list[Sample], name: str) -> float:
    """Return the least-squares growth of a figure per 1000 clips, the first quarter (warming up) left out."""
    used = samples[len(samples) // 4 :]
    xs, ys = [each.clips / 1000 for each in used], [float(getattr(each, name)) for each in used]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread if spread else 0.0


def live(core: CoreRun, clips: int, limit_s: float) -> list[Sample]:
    """Record, tell, acknowledge, `clips` times or until the time is over; return samples."""
    box, clock = Box(core.root.path), HandClock()
    names = Names(CAMERA, clock)
    capture, look = core.link(f"capture:{CAMERA}"), core.link("look")
    samples, deadline = [], time.monotonic() + limit_s
    film = chunks()[:4]
    for number in range(1, clips + 1):
        clock.forward(EVERY_S)
        event, now = str(uuid4()), time.monotonic_ns()
        look.send(MotionState(CAMERA, event, MotionKind.MOTION, True, now, now, 0.5), matters=True)
        box.record(shifted(film, (clock.ns - film[0].first_ns) / 1e9), names)
        for sealed in (message for message in box.told if isinstance(message, ClipSealed)):
            capture.send(ClipSealed(sealed.clip, (event,)), matters=True)
        box.told.clear()
        look.send(MotionState(CAMERA, event, MotionKind.MOTION, False, now, now, 0.5), matters=True)
        if number % 10 == 0:
            core.delivered(f"capture:{CAMERA}")
            core.delivered("look")
        if number % SAMPLE_EACH == 0:
            samples.append(sample(core, number))
            note(f"  {samples[-1]}")
            if time.monotonic() > deadline:
                break
    return samples


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    with tempfile.TemporaryDirectory(prefix="vigilar-bench-") as folder, core_at(Path(folder)) as core:
        core.start()
        samples = live(core, 25_000 if asked.full else 3000, 3600 if asked.full else 150)
    names = ("core_mib", "core_fds", "writer_mib", "writer_fds", "database_mib")
    slopes = {name: slope(samples, name) for name in names}
    first, last = samples[0], samples[-1]
    wal = max(each.wal_mib for each in samples)
    beside: dict[str, float | int | str | bool | None] = {
        "clips": last.clips,
        "days they stand for": last.clips * EVERY_S / 86_400,
        "core: own MiB, per 1000 clips": slopes["core_mib"],
        "core: own MiB, first and last": f"{first.core_mib:.1f} {last.core_mib:.1f}",
        "core: descriptors, per 1000 clips": slopes["core_fds"],
        "writer: own MiB, per 1000 clips": slopes["writer_mib"],
        "writer: own MiB, first and last": f"{first.writer_mib:.1f} {last.writer_mib:.1f}",
        "writer: descriptors, per 1000 clips": slopes["writer_fds"],
        "database: MiB per 1000 clips (rows are kept)": slopes["database_mib"],
        "WAL: MiB at most": wal,
    }
    holds = (
        max(slopes["core_mib"], slopes["writer_mib"]) <= MEMORY_LIMIT
        and max(slopes["core_fds"], slopes["writer_fds"]) <= DESCRIPTORS_LIMIT
        and slopes["database_mib"] <= DATABASE_LIMIT
        and wal <= WAL_LIMIT
    )
    target = "≤ 2 MiB and ≤ 1 descriptor a process, ≤ 4 MiB of database per 1000 clips; WAL ≤ 17 MiB"
    value = max(slopes["core_mib"], slopes["writer_mib"])
    return report(Finding("soak", value, "MiB per 1000 clips", target, holds, beside), as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
