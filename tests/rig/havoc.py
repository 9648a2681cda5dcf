"""One fault after the other on a house that records: kills, troubles of cameras, a full disk."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fakecam.process import FakeCameraProcess
from fakecam.scene import Ink, Scene
from fakecam.spec import CameraSpec
from rig.accounting import descendants
from rig.house import House, wait_for
from rig.small_disk import SmallDisk, small_disk
from vigilar.domain.event import EventType

CAMERAS = ("left", "right")
FREEZER = "third"
"""Shows other films when it freezes, so its pictures do not tell when they were served: not counted."""
SCENE = Scene(320, 180, 10, 120.0, bit_rate=200_000, gop_s=1.0, preset="ultrafast", ink=Ink.LUMA)
STILL = replace(SCENE, seconds=1.0, noise=0.0, ink=Ink.NONE)
STALL_LIMIT_S, FROZEN_LIMIT_S = 10.0, 30.0
BACK_OFF_NS = 70_000_000_000
"""Who has run for a minute starts anew at once; the start itself takes a few seconds."""
KILLS = ("supervisor", "core", "look", "capture")
FROZEN = next((kind for kind in EventType if "frozen" in kind.value), None)


@dataclass
class Round:
    """One fault: when it came (and went, for those that last), CLOCK_MONOTONIC ns.

    `seen_s`: until the house said so. `hurried`: the same process had been killed less than a minute before.
    """

    cause: str
    camera: str
    began_ns: int
    over_ns: int = 0
    seen_s: float | None = None
    hurried: bool = False

    @property
    def group(self) -> str:
        """What it is counted under. Who is killed again within a minute is started after a back-off."""
        return f"{self.cause} (again within a minute)" if self.hurried else self.cause


@dataclass
class Stand:
    """What the faults are played on."""

    house: House
    fake: FakeCameraProcess
    disk: SmallDisk | None
    chance: random.Random
    rounds: list[Round] = field(default_factory=list)
    killed_ns: dict[str, int] = field(default_factory=dict)

    def causes(self) -> list[str]:
        """Return what can be done here."""
        there = [*KILLS, "capture", "stall", "kick", "loss"]
        there += ["disk full"] if self.disk is not None else []
        return there + (["frozen"] if FROZEN is not None else [])

    def play(self, cause: str) -> None:
        """Play one round and wait until all cameras are recorded again."""
        camera = self.chance.choice(CAMERAS)
        done = Round(cause, camera, time.monotonic_ns())
        self.rounds.append(done)
        match cause:
            case "supervisor":
                self._kill_supervisor(done)
            case "core" | "look" | "capture":
                self._kill(done, f"capture:{camera}" if cause == "capture" else cause)
            case "stall" | "frozen":
                self._until_seen(done)
            case "kick":
                self.fake.fault(camera, "kick")
            case "loss":
                self.fake.fault(camera, "loss", p=0.1)
                time.sleep(3)
                self.fake.fault(camera, "resume")
            case "disk full":
                assert self.disk is not None
                self.disk.fill()
                time.sleep(4)
                self.disk.release()
        done.over_ns = max(done.over_ns, done.began_ns) if cause in KILLS else time.monotonic_ns()
        for each in CAMERAS:
            self._wait_recorded(each, done.over_ns)

    def _kill(self, done: Round, process: str) -> None:
        before_ns = self.killed_ns.get(process, -BACK_OFF_NS)
        done.began_ns = self.killed_ns[process] = self.house.kill(process)
        done.hurried = done.began_ns - before_ns < BACK_OFF_NS

    def _kill_supervisor(self, done: Round) -> None:
        children = [pid for pid in descendants(self.house.pid) if pid != self.house.pid]
        done.began_ns = self.house.kill_supervisor()
        wait_for(lambda: not any(_alive(pid) for pid in children), "children to end", 20, every_s=0.05)
        # Who restarts it is systemd or the container; here it is us, as soon as its children are gone.
        self.house.start()
        self.killed_ns.clear()
        done.over_ns = done.began_ns

    def _until_seen(self, done: Round) -> None:
        """Let a camera stall, or a third one freeze, until the house says so."""
        if done.cause == "stall":
            self.fake.fault(done.camera, "stall")
            limit_s = 3 * STALL_LIMIT_S
        else:
            done.camera = FREEZER
            self.fake.play(FREEZER, STILL)
            limit_s = 3 * FROZEN_LIMIT_S
        try:
            wait_for(lambda: self._is_seen(done), f"the {done.cause} to be seen", limit_s, every_s=0.1)
            done.seen_s = (time.monotonic_ns() - done.began_ns) / 1e9
        except TimeoutError:
            done.seen_s = limit_s
        if done.cause == "stall":
            self.fake.fault(done.camera, "resume")
        else:
            self.fake.play(FREEZER, SCENE)

    def _is_seen(self, done: Round) -> bool:
        if done.cause == "stall":
            views = {view["id"]: view["state"] for view in self.house.get("/cameras")["items"]}
            return views.get(done.camera) not in {None, "online"}
        events = self.house.get("/events", camera=done.camera, limit=20)["items"]
        return any(event["type"] == FROZEN and event["end"] is None for event in events)

    def _wait_recorded(self, camera: str, since_ns: int) -> None:
        since = time.time() - (time.monotonic_ns() - since_ns) / 1e9

        def grows() -> bool:
            parts = (self.house.data / "segments" / camera).rglob("*.part")
            return any(part.stat().st_mtime > since + 0.3 and part.stat().st_size > 15_000 for part in parts)

        wait_for(grows, f"{camera} to be recorded again", 60, every_s=0.1, log=self.house.log)


@contextmanager
def stand(seed: int, full: bool) -> Iterator[Stand]:
    """Yield a house that records two fake cameras, on a small disk where that may be had."""
    names = CAMERAS if FROZEN is None else (*CAMERAS, FREEZER)
    with (
        tempfile.TemporaryDirectory(prefix="vigilar-bench-") as made,
        FakeCameraProcess([CameraSpec(name, SCENE) for name in names]) as fake,
        small_disk(Path(made) / "house" / "data", 512 if full else 96) as disk,
    ):
        cameras = {
            name: {"main": fake.url(name), "recording": {"mode": "continuous", "segment": 60}}
            for name in names
        }
        with House(Path(made) / "house", cameras) as house:
            house.wait_online(limit_s=90)
            yield Stand(house, fake, disk, random.Random(seed))


def orphans(house: House) -> list[str]:
    """Stop, start and stop the house; return files without row, rows without file, torn files, processes."""
    pids = descendants(house.pid)
    house.stop()
    left = [f"process {pid}" for pid in pids if _alive(pid)]
    house.start()
    house.wait_online(limit_s=90)
    parts = lambda: list(house.data.rglob("*.salvage"))  # noqa: E731
    wait_for(lambda: not parts(), "recoveries to end", 60)
    time.sleep(3)
    house.wait_ready()
    rows: set[str] = set()
    cursor: str | None = None
    while True:
        page = house.get("/clips", limit=200, **({"cursor": cursor} if cursor else {}))
        rows |= {clip["id"] for clip in page["items"]}
        cursor = page.get("next_cursor")
        if not cursor:
            break
    files = {path.stem for path in house.data.rglob("*.vge")}
    house.stop()
    left += [f"row or file {name}" for name in sorted(rows ^ files)]
    left += [path.name for path in house.data.rglob("*") if path.suffix in {".part", ".salvage", ".tmp"}]
    return left


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
