"""A track while it plays: which unit is next, and the RTP numbers it goes out with."""

import math
import secrets
from dataclasses import dataclass

from fakecam.faults import Faults, Timestamps
from fakecam.reel import Track, Unit
from fakecam.rtp import sender_report

_NANOSECONDS = 1_000_000_000
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Due:
    """A unit to be sent now: number `index` of its track, in turn `loop` of the loop, with its RTP time."""

    unit: Unit
    index: int
    loop: int
    timestamp: int


class LiveTrack:
    """Plays a track in a loop on a timeline that never goes back, whatever loop or reel it is in.

    `base_ticks` is the RTP time of the moment the camera began; it survives a change of reel.
    """

    def __init__(self, index: int, wrap_in_s: float | None = None) -> None:
        self.index = index
        self.sequence = secrets.randbelow(0x10000)
        self.source = secrets.randbits(32)
        self.packets = self.octets = 0
        self.track: Track
        self._base = secrets.randbits(32)
        self._wrap_in_s = wrap_in_s
        self._offset = 0
        self._frozen: int | None = None
        self._next = self._loop = 0
        self._epoch_ns = self._epoch_ticks = 0

    def show(self, track: Track, began_ns: int, epoch_ns: int) -> None:
        """Play a track from its start at `epoch_ns` on; the camera itself began at `began_ns` (monotonic)."""
        self.track, self._epoch_ns = track, epoch_ns
        self._next = self._loop = 0
        self._epoch_ticks = (epoch_ns - began_ns) * track.rate // _NANOSECONDS
        if self._wrap_in_s is not None:
            self._base = (-math.ceil(self._wrap_in_s * track.rate)) & _WORD
            self._wrap_in_s = None

    @property
    def due_ns(self) -> int:
        """When the next unit goes out (monotonic)."""
        return self._epoch_ns + self._loop * self.track.loop_ns + self.track.units[self._next].due_ns

    @property
    def timestamp(self) -> int:
        """The RTP time of the next unit."""
        unit = self.track.units[self._next]
        ticks = self._epoch_ticks + self._loop * self.track.loop_ticks + unit.ticks
        return (self._base + self._offset + ticks) & _WORD

    def take(self) -> Due:
        """Return what is due and move on to the next."""
        due = Due(self.track.units[self._next], self._next, self._loop, self.timestamp)
        self._next += 1
        if self._next == len(self.track.units):
            self._next, self._loop = 0, self._loop + 1
        return due

    def stamp(self, due: Due, faults: Faults) -> bytearray:
        """Return a unit's packets as they go out now, and count them as sent."""
        payload = due.unit.payload
        stamped = payload.stamped(self.sequence, self._as_faulty(due.timestamp, faults), self.source)
        self.sequence = (self.sequence + len(payload.starts)) & 0xFFFF
        self.packets += len(payload.starts)
        self.octets += payload.octets
        return stamped

    def shift(self, seconds: float) -> None:
        """Set the timestamps forward (or back) from now on."""
        self._offset += round(seconds * self.track.rate)

    def renumber(self) -> None:
        """Begin anew, as after the camera's encoder was restarted: other source, sequence and timestamps."""
        self.sequence = secrets.randbelow(0x10000)
        self.source, self._base = secrets.randbits(32), secrets.randbits(32)
        self._offset = self.packets = self.octets = 0

    def report(self, wall_ns: int, monotonic_ns: int) -> bytes:
        """Return a sender report which says what wall time the timestamps mean; both clocks read together."""
        due_wall_ns = wall_ns + self.due_ns - monotonic_ns
        return sender_report(self.source, self.timestamp, due_wall_ns, self.packets, self.octets)

    def _as_faulty(self, timestamp: int, faults: Faults) -> int:
        match faults.timestamps:
            case Timestamps.FROZEN:
                self._frozen = timestamp if self._frozen is None else self._frozen
                return self._frozen
            case Timestamps.JITTER:
                reach = round(faults.jitter_s * self.track.rate)
                return (timestamp + faults.random.randint(-reach, reach)) & _WORD
        self._frozen = None
        return timestamp
