"""From a stream's packets to sealed files on a real disk, without a process around."""

import errno
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import pytest

from fakecam.scene import AudioCodec, Scene
from fakecam.studio import film
from vigilar.bus.messages import AnyMessage, ClipSealed, FootageGap
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk, Chunker
from vigilar.capture.desk import Desk
from vigilar.capture.files import Names
from vigilar.capture.recorder import Recorder
from vigilar.capture.recording_file import RecordingFile, Shelf
from vigilar.capture.recovery import Recoverer
from vigilar.capture.ring import Ring
from vigilar.capture.writer import Writer
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clip import Clip
from vigilar.domain.settings import RecordingSettings, StreamSettings
from vigilar.files.durable import DurableFiles, Operation
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.source import open_source
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from worker.capture.clocks import HandClock

SECONDS = 10.0
SCENE = Scene.small(seconds=SECONDS, audio=AudioCodec.PCMA)


class FaultyDisk(DurableFiles):
    """Has no space left while `broken` says so of an operation."""

    def __init__(self) -> None:
        self.broken: Callable[[Operation], bool] = lambda _: False

    def before(self, operation: Operation, target: str) -> None:
        if self.broken(operation):
            raise OSError(errno.ENOSPC, "No space left on device")


class House:
    """Recorder, desk and writer over a real folder; the writer works when it is told to."""

    def __init__(self, folder: Path, **settings: float) -> None:
        self.clock = HandClock()
        self.disk = FaultyDisk()
        self.root = folder / "storage"
        self.keys = KeyRing.load_or_create(folder / "keys", DurableFiles())
        journal = CameraJournal.open(self.root, "door", keys=self.keys, files=self.disk)
        self.shelf = Shelf(self.root, "door", keys=self.keys, files=self.disk, journal=journal)
        self.told: list[AnyMessage] = []
        self.backlog = Backlog(self.clock)
        made = RecordingSettings(mode=RecordingMode.CONTINUOUS, **settings)  # type: ignore[arg-type]
        recorder = Recorder(made, Ring(made.pre_roll_s), Names("door", self.clock))
        self.desk = Desk("door", recorder, self.backlog, clock=self.clock, tell=self.told.append)
        self.writer = Writer(
            "door",
            self.backlog,
            partial(RecordingFile, self.shelf),
            clock=self.clock,
            tell=self.told.append,
            failed=self.desk.failed,
        )

    def record(self, chunks: list[Chunk], *, then: Callable[[int], None] = lambda _: None) -> None:
        """Take the chunks, the writer working along as its thread would."""
        self.writer.thread.start()
        for number, chunk in enumerate(chunks):
            self.clock.forward((chunk.last_ns - self.clock.ns) / 1e9)
            self.desk.take(chunk)
            self._settle()
            then(number)
        self.desk.shut()
        self.writer.thread.join(20)
        assert not self.writer.thread.is_alive()

    def _settle(self) -> None:
        """Wait until the writer has nothing to do."""
        done = self.backlog
        while done._put_bytes != done._done_bytes:
            self.writer.thread.join(0.001)

    def sealed(self) -> list[Clip]:
        return [message.clip for message in self.told if isinstance(message, ClipSealed)]

    def content(self, clip: Clip) -> dict[str, list[bytes]]:
        """Return the payloads in a clip, by kind."""
        with VaultReader.open(self.root / clip.path, self.keys) as reader:
            data = reader.read(0, reader.size)
        found: dict[str, list[bytes]] = {"video": [], "audio": []}
        with av.open(io.BytesIO(data), "r") as container:
            for packet in container.demux():
                if packet.size:
                    found[packet.stream.type].append(bytes(packet))
        return found


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    """A film's chunks, read at its own pace by a clock that is moved by hand."""
    clock = HandClock()
    source = open_source(StreamSettings(str(film(SCENE))), clock=clock, audio=True, wait=clock.forward)
    chunker = Chunker(1, source.info)
    made = [chunker.add(item) for item in source.packets() if isinstance(item, MediaPacket)]
    made.append(chunker.cut())
    return [chunk for chunk in made if chunk is not None]


def count(chunks: list[Chunk], kind: PacketKind) -> int:
    return sum(packet.kind is kind for chunk in chunks for packet in chunk.packets)


def test_rotated_files_together_hold_every_picture_and_every_sound_once(
    chunks: list[Chunk], tmp_path: Path
) -> None:
    house = House(tmp_path, segment_s=3)

    house.record(chunks)

    contents = [house.content(clip) for clip in house.sealed()]
    assert len(contents) >= 3
    assert sum(len(each["video"]) for each in contents) == count(chunks, PacketKind.VIDEO)
    sounds = [sound for each in contents for sound in each["audio"]]
    assert sounds == [p.data for c in chunks for p in c.packets if p.kind is PacketKind.AUDIO]
    assert all(clip.duration_s <= 3.01 for clip in house.sealed())
    assert [clip.end <= later.start for clip, later in zip(house.sealed(), house.sealed()[1:], strict=False)]


def test_nothing_of_the_picture_lies_on_the_disk_in_the_clear(chunks: list[Chunk], tmp_path: Path) -> None:
    house = House(tmp_path)

    house.record(chunks)

    on_disk = b"".join(path.read_bytes() for path in house.root.rglob("*") if path.is_file())
    assert len(on_disk) > 10_000
    for packet in (p for c in chunks for p in c.packets if p.kind is PacketKind.VIDEO and len(p.data) > 64):
        assert packet.data[16:48] not in on_disk
    assert b"ftyp" not in on_disk


@pytest.mark.parametrize("operation", [Operation.OPEN, Operation.WRITE, Operation.SYNC, Operation.REPLACE])
def test_a_disk_that_is_full_for_a_while_loses_no_picture(
    chunks: list[Chunk], tmp_path: Path, operation: Operation
) -> None:
    house = House(tmp_path, segment_s=2)
    full = range(len(chunks) // 4, len(chunks) // 2)

    def follow(number: int) -> None:
        house.disk.broken = lambda asked: asked is operation and number in full

    house.record(chunks, then=follow)
    house.disk.broken = lambda _: False
    Recoverer(house.shelf, house.told.append).run()

    assert list(house.root.rglob("*.part")) == []
    kept = {picture for clip in house.sealed() for picture in house.content(clip)["video"]}
    assert len(kept) == count(chunks, PacketKind.VIDEO)
    # What the ring still held was written again once the disk was back: there is nothing to report.
    assert [message for message in house.told if isinstance(message, FootageGap)] == []
