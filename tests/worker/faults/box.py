"""A box that records, deletes, stars and starts again, over one folder: what a fault is played on."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from fakecam.scene import Scene
from fakecam.studio import film
from vigilar.bus.messages import AnyMessage, ClipSealed
from vigilar.capture.actions import Action, CloseFile, OpenFile, WriteChunks
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk, Chunker
from vigilar.capture.files import Names
from vigilar.capture.recording_file import RecordingFile, Shelf
from vigilar.capture.recovery import Recoverer
from vigilar.capture.writer import Writer
from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.settings import StreamSettings
from vigilar.files.durable import DurableFiles
from vigilar.media.packet import MediaPacket
from vigilar.media.source import open_source
from vigilar.recordings.intake import RecordingIntake
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from worker.capture.clocks import HandClock
from worker.faults.disk import Disk, Unsynced
from worker.recordings.vaulted import Desk, Root, archive

CAMERA = "door"
CANARY = b"this picture must never lie on a disk in the clear"
_SCENE = Scene.small(seconds=3.0)
_START_CODE = b"\0\0\0\1\x06"


@cache
def chunks() -> tuple[Chunk, ...]:
    """Three seconds of film; each packet holds the canary."""
    clock = HandClock()
    source = open_source(StreamSettings(str(film(_SCENE))), clock=clock, audio=False, wait=clock.forward)
    chunker = Chunker(1, source.info)
    made = [chunker.add(_marked(item)) for item in source.packets() if isinstance(item, MediaPacket)]
    return tuple(chunk for chunk in (*made, chunker.cut()) if chunk is not None)


def _marked(packet: MediaPacket) -> MediaPacket:
    return MediaPacket(
        packet.kind,
        packet.data + _START_CODE + CANARY,
        packet.pts,
        packet.dts,
        packet.duration,
        packet.keyframe,
        packet.arrival_ns,
    )


def packets(taken: Sequence[Chunk]) -> int:
    return sum(len(chunk.packets) for chunk in taken)


class Ticking(HandClock):
    """Six tenths of a second pass between any two looks at it: a sync falls due every other time."""

    def monotonic_ns(self) -> int:
        self.forward(0.6)
        return self.ns


@dataclass
class Box:
    """The capture process's and the core's parts over `root`, fresh as after a start."""

    root: Path
    files: DurableFiles = field(default_factory=Unsynced)
    told: list[AnyMessage] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.keys = KeyRing.load_or_create(self.root / "keys", self.files)
        journal = CameraJournal.open(self.root, CAMERA, keys=self.keys, files=self.files)
        self.shelf = Shelf(self.root, CAMERA, keys=self.keys, files=self.files, journal=journal)

    # --- what the capture process does --------------------------------------------------------------

    def record(self, taken: Sequence[Chunk], names: Names, *, seal: bool = True) -> str:
        """Record a clip as the writer thread would, and recover at once if the disk refuses."""
        name = names(taken[0].first_ns)
        first, last = taken[0], taken[-1]
        opened = OpenFile(
            name.clip_id, name.start, ClipKind.CLIP, Trigger.MOTION, first.info, first.first_ns, event_id="e1"
        )
        actions: list[Action] = [opened, *(WriteChunks(name.clip_id, (chunk,)) for chunk in taken)]
        if seal:
            actions.append(CloseFile(name.clip_id, last.last_ns, ("e1",)))
        clock = Ticking()
        backlog = Backlog(clock)
        for action in actions:
            backlog.put([action])
        backlog.finish()
        failed: list[str] = []
        Writer(
            CAMERA,
            backlog,
            partial(RecordingFile, self.shelf),
            clock=clock,
            tell=self._tell,
            failed=lambda clip_id, reason: failed.append(f"{clip_id}: {reason}"),
        ).run()
        if failed:
            self.failures += failed
            self.recover()
        return name.clip_id

    def recover(self) -> None:
        Recoverer(self.shelf, self._tell).run()

    def _tell(self, message: AnyMessage) -> None:
        self.told.append(message)
        if isinstance(self.files, Disk):
            self.files.said(message)

    def sealed(self) -> list[Clip]:
        return [message.clip for message in self.told if isinstance(message, ClipSealed)]

    # --- what the core does -------------------------------------------------------------------------

    def core[T](self, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
        """Do `work` with an archive over this box's index and files."""

        async def scenario() -> T:
            async with archive(Root(self.root, self.keys), self.files) as desk:
                return await work(desk)

        return asyncio.run(scenario())

    def take_in(self) -> None:
        """Let the core hear what the capture process told."""
        sealed = [message for message in self.told if isinstance(message, ClipSealed)]

        async def take(desk: Desk) -> None:
            for message in sealed:
                await RecordingIntake(desk.archive).sealed(message)

        self.core(take)


def names(taken: Sequence[str] = (), *, day: int = 0) -> Names:
    """Return names as a capture process gives them, on the first or a later day."""
    clock = HandClock()
    clock.wall = clock.wall.replace(day=clock.wall.day + day)
    return Names(CAMERA, clock, taken)


def filled(root: Path) -> Box:
    """Return a box with two clips in its index, the second with a star; and an event they show."""
    box = Box(root)
    day = names()
    box.record(chunks(), day)
    box.record(chunks()[:8], day)
    box.take_in()
    star = Root(root, box.keys).places.star_of(box.sealed()[1])
    star.touch()
    return box


def shifted(taken: Sequence[Chunk], seconds: float) -> tuple[Chunk, ...]:
    """Return the same footage as if it had come later."""
    by = int(seconds * 1e9)
    return tuple(replace(each, first_ns=each.first_ns + by, last_ns=each.last_ns + by) for each in taken)
