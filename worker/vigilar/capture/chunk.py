"""Packets in small runs: what the ring holds and the writer is handed, so that neither works per packet."""

from dataclasses import dataclass
from typing import Final

from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo

IDLE_PACE_NS: Final = 200_000_000
"""How long a run lasts when nobody waits for it: bounds what a crash loses before it reaches the writer."""

EAGER_PACE_NS: Final = 80_000_000
"""How long it lasts while somebody watches or something moves."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of packets in order of arrival. A video key frame is only ever the first packet (`key`).

    `session` counts connections: timelines of different sessions do not fit. `dts` is the key frame's
    (1/90000 s), 0 without one. `first_ns`, `last_ns`: arrival, CLOCK_MONOTONIC. `size`: bytes of payload.
    """

    session: int
    info: StreamInfo
    packets: tuple[MediaPacket, ...]
    key: bool
    first_ns: int
    last_ns: int
    size: int
    dts: int


class Chunker:
    """Cuts one session's packets into chunks. What comes before the first video key frame is dropped."""

    def __init__(self, session: int, info: StreamInfo, pace_ns: int = IDLE_PACE_NS) -> None:
        self.pace_ns = pace_ns
        self._session = session
        self._info = info
        self._packets: list[MediaPacket] = []
        self._due_ns = 0
        self._key = False

    def describe(self, info: StreamInfo) -> Chunk | None:
        """Note what the packets from the next key frame on are; return the chunk this ends, if any."""
        done = self.cut()
        self._info = info
        self._due_ns = 0
        return done

    def add(self, packet: MediaPacket) -> Chunk | None:
        """Take one packet; return a chunk when one is full."""
        if packet.keyframe and packet.kind is PacketKind.VIDEO:
            done = self.cut()
            self._key = True
            self._due_ns = packet.arrival_ns + self.pace_ns
            self._packets.append(packet)
            return done
        if not self._due_ns:
            return None
        self._packets.append(packet)
        if packet.arrival_ns >= self._due_ns:
            return self.cut()
        return None

    def cut(self) -> Chunk | None:
        """End the current chunk and return it, if it holds anything."""
        packets = self._packets
        if not packets:
            return None
        key, first, last = self._key, packets[0], packets[-1]
        self._packets, self._key = [], False
        self._due_ns = last.arrival_ns + self.pace_ns
        return Chunk(
            self._session,
            self._info,
            tuple(packets),
            key,
            first.arrival_ns,
            last.arrival_ns,
            sum([len(packet.data) for packet in packets]),
            first.dts if key else 0,
        )
