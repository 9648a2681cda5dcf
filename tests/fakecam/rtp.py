"""RTP packets, made once by libavformat and stamped anew each time they go out."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import av

from fakecam.samples import Packet, Sample, Samples

PACKET_SIZE = 1400
_STAMP = struct.Struct(">HII")
_FRAME = struct.Struct(">BBH")
_REPORT = struct.Struct(">BBHIIIIII")
_RTCP_TYPES = range(200, 208)
_NTP_EPOCH = 2_208_988_800
FINE = Fraction(1, 36_000_000)
"""The unit of the times of packets on their way to a muxer."""


@dataclass(frozen=True, slots=True)
class Payload:
    """The packets of one frame, each behind RTSP's interleaving header; `starts`: where each begins."""

    blob: bytes
    starts: tuple[int, ...]
    octets: int

    @classmethod
    def of(cls, packets: Iterable[bytes], channel: int) -> Self:
        """Return packets as one payload for an interleaved channel."""
        parts, starts, at, octets = [], [], 0, 0
        for packet in packets:
            starts.append(at)
            parts += [_FRAME.pack(0x24, channel, len(packet)), packet]
            at += 4 + len(packet)
            octets += len(packet) - 12
        return cls(b"".join(parts), tuple(starts), octets)

    def stamped(self, sequence: int, timestamp: int, source: int) -> bytearray:
        """Return the packets with their sequence numbers from `sequence` on, a timestamp and a source."""
        out = bytearray(self.blob)
        for number, start in enumerate(self.starts, sequence):
            _STAMP.pack_into(out, start + 6, number & 0xFFFF, timestamp, source)
        return out


class _Sink:
    """Takes what the muxer writes: each write is one packet."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def write(self, data: bytes) -> int:
        if data[1] not in _RTCP_TYPES:
            self.packets.append(bytes(data))
        return len(data)

    def take(self) -> list[bytes]:
        taken, self.packets = self.packets, []
        return taken


def packetised(
    samples: Samples, template: av.stream.Stream, payload_type: int, rate: int, channel: int
) -> Iterator[tuple[Sample, int, Payload]]:
    """Yield (sample, RTP ticks since the timeline's start, packets) in sending order.

    A sample whose packets carry several times (sound) is yielded once for each.
    """
    sink = _Sink()
    options = {"payload_type": str(payload_type)}
    out = av.open(sink, "w", format="rtp", options=options, buffer_size=PACKET_SIZE)
    stream = out.add_stream_from_template(template, opaque=True)
    if samples.sets:
        stream.codec_context.extradata = samples.sets
    origin: int | None = None
    last = samples.frames[-1]
    # The muxer holds AAC back until the next frame comes, so the last one needs another behind it.
    behind = (
        [replace(last, pts=last.pts + last.duration, dts=last.dts + last.duration)]
        if template.codec_context.name == "aac"
        else []
    )
    with out:
        for sample in [*samples.frames, *behind]:
            out.mux(timed_packet(sample, stream))
            for timestamp, packets in _by_time(sink.take()):
                if origin is None:
                    origin = timestamp - round(samples.frames[0].pts * rate)
                yield sample, _signed(timestamp - origin), Payload.of(packets, channel)


def sender_report(source: int, timestamp: int, wall_ns: int, packets: int, octets: int) -> bytes:
    """Return an RTCP sender report: what wall time (Unix, ns) an RTP timestamp means."""
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    fraction = (rest << 32) // 1_000_000_000
    ntp = (seconds + _NTP_EPOCH) & 0xFFFFFFFF
    return _REPORT.pack(
        0x80, 200, 6, source, ntp, fraction, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )


def _by_time(packets: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    groups: dict[int, list[bytes]] = {}
    for packet in packets:
        groups.setdefault(int.from_bytes(packet[4:8], "big"), []).append(packet)
    yield from groups.items()


def timed_packet(sample: Sample, stream: av.stream.Stream) -> Packet:
    """Return a sample as a packet of a stream to be muxed, its times in units of `FINE` seconds."""
    packet: Packet = av.Packet(sample.data)
    packet.stream, packet.is_keyframe, packet.time_base = stream, sample.key, FINE
    packet.pts, packet.dts = round(sample.pts / FINE), round(sample.dts / FINE)
    return packet


def _signed(ticks: int) -> int:
    return (ticks + 0x80000000 & 0xFFFFFFFF) - 0x80000000
