"""Makes an hour of footage into one sealed clip without waiting for it: the same packets again and again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from fakecam.spec import CameraSpec
from fakecam.studio import film
from vigilar.capture.actions import OpenFile
from vigilar.capture.chunk import Chunk
from vigilar.capture.recording_file import RecordingFile, Shelf
from vigilar.domain.clip import ClipKind, Trigger, clip_id
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import StreamSettings
from vigilar.files.durable import DurableFiles
from vigilar.media.packet import VIDEO_TICKS_PER_S, MediaPacket, PacketKind
from vigilar.media.source import open_source
from vigilar.media.stream_info import StreamInfo
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing

_SECOND = 1_000_000_000
HOUR_S = 3600


def make_hour_clip(data: Path, camera: str, keys: Path) -> tuple[str, Path]:
    """Write an hour of 1080p15 at 4 Mbit/s as a sealed clip of `camera`; return its id and path."""
    files = DurableFiles()
    data.mkdir(parents=True, exist_ok=True)
    ring = KeyRing.load_or_create(keys, files)
    journal = CameraJournal.open(data, camera, keys=ring, files=files)
    info, packets = _twenty_seconds()
    start = datetime.now(UTC) - timedelta(hours=2)
    name = clip_id(camera, start)
    opened = OpenFile(name, start, ClipKind.CLIP, Trigger.MANUAL, info, 0)
    file = RecordingFile(Shelf(data, camera, keys=ring, files=files, journal=journal), opened)
    turn_ticks = packets[-1].dts + packets[-1].duration - packets[0].dts
    for turn in range(HOUR_S * VIDEO_TICKS_PER_S // turn_ticks):
        for second in _seconds(packets, turn * turn_ticks):
            file.write(_chunk(info, second))
        file.sync()
    clip = file.seal(HOUR_S * _SECOND, ())
    return name, data / clip.path


def _twenty_seconds() -> tuple[StreamInfo, list[MediaPacket]]:
    path = film(CameraSpec.quiet(main=True).scene)
    clock = _HurriedClock()
    source = open_source(StreamSettings(str(path)), clock=clock, audio=False, wait=clock.wait)
    packets = [item for item in source.packets() if isinstance(item, MediaPacket)]
    return source.info, [packet for packet in packets if packet.kind is PacketKind.VIDEO]


class _HurriedClock(SystemClock):
    """A clock on which waiting takes no time: the film's timestamps agree with it though nobody waits."""

    def __init__(self) -> None:
        self._now_ns = 0

    def monotonic_ns(self) -> int:
        return self._now_ns

    def wait(self, seconds: float) -> None:
        self._now_ns += int(seconds * _SECOND)


def _seconds(packets: list[MediaPacket], shift: int) -> list[list[MediaPacket]]:
    runs: list[list[MediaPacket]] = []
    for packet in packets:
        if not runs or len(runs[-1]) == 15:
            runs.append([])
        moved = msgspec.structs.replace(packet, pts=packet.pts + shift, dts=packet.dts + shift)
        runs[-1].append(moved)
    return runs


def _chunk(info: StreamInfo, packets: list[MediaPacket]) -> Chunk:
    first, last = packets[0], packets[-1]
    size = sum(len(packet.data) for packet in packets)
    first_ns, last_ns = (packet.dts * _SECOND // VIDEO_TICKS_PER_S for packet in (first, last))
    return Chunk(1, info, tuple(packets), first.keyframe, first_ns, last_ns, size, first.dts)
