"""What a camera's sealed files really show: the time codes in their pictures, as stretches of real time."""

import io
from dataclasses import dataclass
from pathlib import Path

import av

from fakecam.remote import Timeline
from fakecam.timecode import UnreadableTimeCodeError, read_timecode
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One file's pictures, each as the CLOCK_MONOTONIC ns at which it was served; `errors`: not decodable."""

    path: Path
    served_ns: tuple[int, ...]
    errors: int

    @property
    def first_ns(self) -> int:
        """When its first picture was served."""
        return self.served_ns[0]

    @property
    def last_ns(self) -> int:
        """When its last picture was served."""
        return self.served_ns[-1]

    def holes(self, frame_ns: int) -> list[float]:
        """Return the lengths in s of the stretches between pictures that lack at least one."""
        steps = zip(self.served_ns, self.served_ns[1:], strict=False)
        return [(after - before) / 1e9 for before, after in steps if after - before > 1.5 * frame_ns]


def plaintext(path: Path, keys: KeyRing) -> bytes:
    """Return the MP4 inside a sealed file."""
    reader = VaultReader.open(path, keys)
    try:
        return reader.read(0, reader.size)
    finally:
        reader.close()


def shown(path: Path, keys: KeyRing, timeline: Timeline, near_ns: int) -> Shown:
    """Decode a file whose footage was served around `near_ns`."""
    served: list[int] = []
    errors = 0
    with av.open(io.BytesIO(plaintext(path, keys))) as container:
        for packet in container.demux(video=0):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                errors += 1
                continue
            for frame in frames:
                errors += bool(frame.is_corrupt)
                try:
                    near_ns = timeline.served_at(read_timecode(frame), near_ns)
                except UnreadableTimeCodeError:
                    errors += 1
                    continue
                served.append(near_ns)
    return Shown(path, tuple(served), errors)
