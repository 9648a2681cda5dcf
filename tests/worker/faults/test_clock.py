"""The wall clock jumps by an hour, by ten years, the box boots in 1970: nothing stops or is mixed up."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from vigilar.bus.messages import AnyMessage, ClipSealed, MotionKind, MotionState
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk
from vigilar.capture.desk import Desk
from vigilar.capture.files import Names, taken_names
from vigilar.capture.recorder import Recorder
from vigilar.capture.recording_file import RecordingFile
from vigilar.capture.ring import Ring
from vigilar.capture.writer import Writer
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clip import Clip
from vigilar.domain.query import EventQuery
from vigilar.domain.recording import decode_head
from vigilar.domain.settings import RecordingSettings
from vigilar.events.motion import MotionIntake
from vigilar.media.packet import MediaPacket
from vigilar.store.events import Events
from vigilar.vault.audit import verify_camera
from vigilar.vault.reader import VaultReader
from worker.capture.clocks import HandClock
from worker.faults.box import CAMERA, CANARY, Box, chunks, packets
from worker.faults.invariants import restarted
from worker.recordings.vaulted import Root, archive

HOUR, TEN_YEARS = timedelta(hours=1), timedelta(days=3652)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BOOT_1970 = datetime(1970, 1, 1, 0, 0, 12, tzinfo=UTC)
JUMPS = {
    "an hour on": (NOW, HOUR),
    "an hour back": (NOW, -HOUR),
    "ten years on": (NOW, TEN_YEARS),
    "ten years back": (NOW, -TEN_YEARS),
    "from 1970 to today": (BOOT_1970, NOW - BOOT_1970),
}
TIMES = 8
"""Runs of the three-second film, one after the other."""


def footage() -> list[Chunk]:
    """Return the film several times on end, as one session."""
    made = []
    for turn in range(TIMES):
        for chunk in chunks():
            by_ns, by_ticks = turn * 3_000_000_000, turn * 3 * 90_000
            moved = tuple(_later(packet, by_ticks, by_ns) for packet in chunk.packets)
            made.append(
                replace(
                    chunk,
                    packets=moved,
                    first_ns=chunk.first_ns + by_ns,
                    last_ns=chunk.last_ns + by_ns,
                    dts=chunk.dts + by_ticks if chunk.key else 0,
                )
            )
    return made


def _later(packet: MediaPacket, ticks: int, ns: int) -> MediaPacket:
    pts, dts = packet.pts + ticks, packet.dts + ticks
    return MediaPacket(
        packet.kind, packet.data, pts, dts, packet.duration, packet.keyframe, packet.arrival_ns + ns
    )


def record(box: Box, clock: HandClock, jump: timedelta, *, at: int) -> list[Clip]:
    """Record all the footage continuously, the clock jumping before chunk number `at`."""
    told: list[AnyMessage] = []
    backlog = Backlog(clock)
    settings = RecordingSettings(mode=RecordingMode.CONTINUOUS, segment_s=4)
    taken = taken_names(box.root, CAMERA, clock.now())
    recorder = Recorder(settings, Ring(settings.pre_roll_s), Names(CAMERA, clock, taken))
    desk = Desk(CAMERA, recorder, backlog, clock=clock, tell=told.append)
    writer = Writer(
        CAMERA, backlog, partial(RecordingFile, box.shelf), clock=clock, tell=told.append, failed=desk.failed
    )
    writer.thread.start()
    for number, chunk in enumerate(footage()):
        clock.forward((chunk.last_ns - clock.ns) / 1e9)
        if number == at:
            clock.wall += jump
        desk.take(chunk)
        while backlog._put_bytes != backlog._done_bytes:
            writer.thread.join(0.001)
    desk.shut()
    writer.thread.join(20)
    assert not writer.thread.is_alive()
    return [message.clip for message in told if isinstance(message, ClipSealed)]


@pytest.mark.parametrize(("begin", "jump"), JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_costs_no_picture_and_mixes_nothing_up(
    begin: datetime, jump: timedelta, folder: Path
) -> None:
    # Given a camera that is recorded in segments
    box = Box(folder / "box")
    clock = HandClock(begin)

    # When the clock jumps in the middle
    clips = record(box, clock, jump, at=len(footage()) // 2)

    # Then every picture is there once, in files that name their place on the clock that does not jump
    pictures, starts, boots = 0, [], set()
    for clip in clips:
        with VaultReader.open(box.root / clip.path, box.keys) as reader:
            pictures += reader.read(0, reader.size).count(CANARY)
            head = decode_head(reader.meta)
        starts.append(head.start_ns)
        boots.add(head.boot_id)
    assert pictures == packets(footage())
    assert len({clip.id for clip in clips}) == len(clips) >= 5
    assert starts == sorted(starts)
    assert len(boots) == 1
    # and after a start with the clock as it is now all of it is listed, and proven.
    restarted_box, rows = restarted(box.root)
    assert set(rows) == {clip.path for clip in clips}
    assert verify_camera(box.root, CAMERA, restarted_box.keys, restarted_box.shelf.journal).is_fine


def test_a_box_that_boots_twice_in_1970_gives_no_name_twice(folder: Path) -> None:
    box = Box(folder / "box")
    first = record(box, HandClock(BOOT_1970), timedelta(), at=0)
    again = record(Box(folder / "box"), HandClock(BOOT_1970), timedelta(), at=0)
    assert not {clip.id for clip in first} & {clip.id for clip in again}
    assert len(list(box.root.rglob("*.vge"))) == len(first) + len(again)


def test_a_name_that_a_jump_brings_back_costs_no_picture(folder: Path) -> None:
    # Given recordings of ten years hence, from a process that is gone
    box = Box(folder / "box")
    later = HandClock(NOW + TEN_YEARS)
    earlier = record(box, later, timedelta(), at=0)

    # When another one, which knows nothing of them, is thrown into the very same seconds
    clock = HandClock(NOW)
    clips = record(Box(folder / "box"), clock, TEN_YEARS, at=1)

    # Then every picture of both is there
    paths = set(box.root.rglob("*.vge"))
    assert {box.root / clip.path for clip in (*earlier, *clips)} == paths
    pictures = 0
    for path in paths:
        with VaultReader.open(path, box.keys) as reader:
            pictures += reader.read(0, reader.size).count(CANARY)
    assert pictures >= 2 * packets(footage())


@pytest.mark.parametrize("jump", [HOUR, -HOUR, TEN_YEARS, -TEN_YEARS], ids=str)
@pytest.mark.parametrize("ends", ["says so", "falls silent"])
def test_an_event_lasts_as_long_as_it_did_whatever_the_clock_does(
    jump: timedelta, ends: str, folder: Path
) -> None:
    async def scenario() -> None:
        async with archive(Root.at(folder)) as desk:
            clock = HandClock(NOW)
            intake = MotionIntake(desk.database, clock, desk.told)
            first = clock.monotonic_ns()
            # Given movement that has begun
            await intake.state(MotionState("door", "e1", MotionKind.MOTION, True, first, first, 0.5))
            # When the clock jumps while it lasts
            clock.wall += jump
            clock.forward(6)
            last = clock.monotonic_ns()
            await intake.state(MotionState("door", "e1", MotionKind.MOTION, True, first, last, 0.5))
            clock.forward(20)
            if ends == "says so":
                await intake.state(MotionState("door", "e1", MotionKind.MOTION, False, first, last, 0.5))
            else:
                await intake.tick()
            # Then it lasted for six seconds, and what comes next is another event behind it
            [event] = (await desk.database.run(lambda c: Events(c, NOW).page(EventQuery()))).items
            assert event.start == NOW
            assert event.end == NOW + timedelta(seconds=6)

    asyncio.run(scenario())
