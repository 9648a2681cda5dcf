"""The measuring stand: fake cameras in a process of their own, a worker on them, CPU counted."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.accounting import cpu_seconds, use_of
from rig.house import House, Json


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds per camera-hour over a stretch, in all and by process name; PSS in MiB at its end."""

    cpu_per_camera_hour: float
    by_process: dict[str, float]
    pss_mib: float
    pss_by_process: dict[str, float]


def dual_stream(count: int, fake: FakeCameraProcess, recording: Json) -> dict[str, Json]:
    """Return the configuration of `count` cameras with main and sub stream."""
    return {
        f"cam{n}": {"main": fake.url(f"main{n}"), "sub": fake.url(f"sub{n}"), "recording": recording}
        for n in range(count)
    }


def specs(count: int, *, main: CameraSpec, sub: CameraSpec | None = None) -> list[CameraSpec]:
    """Return `count` cameras' streams, named main0, sub0, main1 …"""
    made = []
    for n in range(count):
        made.append(main.named(f"main{n}"))
        if sub is not None:
            made.append(sub.named(f"sub{n}"))
    return made


@contextmanager
def watched(cameras: dict[str, Json], **sections: Json) -> Iterator[House]:
    """Yield a house in a temporary folder with all its cameras online."""
    with tempfile.TemporaryDirectory(prefix="vigilar-bench-") as folder:
        with House(Path(folder), cameras, **sections) as house:
            house.wait_online(limit_s=90)
            yield house


def measure(house: House, cameras: int, *, warm_up_s: float, seconds: float) -> Use:
    """Return what the house's processes use over `seconds`, after `warm_up_s`."""
    time.sleep(warm_up_s)
    before = {use.pid: use for use in house.processes()}
    began = time.monotonic()
    time.sleep(seconds)
    after = house.processes()
    scale = 3600 / (time.monotonic() - began) / cameras
    by_process: dict[str, float] = {}
    memory: dict[str, float] = {}
    for use in after:
        used = use.cpu_s - (before[use.pid].cpu_s if use.pid in before else 0.0)
        by_process[use.name] = by_process.get(use.name, 0.0) + used * scale
        memory[use.name] = memory.get(use.name, 0.0) + use.pss_mib
    return Use(sum(by_process.values()), by_process, sum(memory.values()), memory)


def measure_process(pid: int, *, warm_up_s: float, seconds: float) -> float:
    """Return CPU seconds per hour of one process tree."""
    time.sleep(warm_up_s)
    pids = [use.pid for use in use_of(pid)]
    before, began = sum(map(cpu_seconds, pids)), time.monotonic()
    time.sleep(seconds)
    return (sum(map(cpu_seconds, pids)) - before) * 3600 / (time.monotonic() - began)
