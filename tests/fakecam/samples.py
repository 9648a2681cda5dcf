"""The encoded frames of a film, taken out of their container."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.bitstream import BitStreamFilterContext

_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_SET_TYPES = {"h264": range(7, 9), "hevc": range(32, 35)}
_G711 = ("pcm_alaw", "pcm_mulaw")
_G711_PIECE = 320


class UnservableError(ValueError):
    """A file that cannot be shown by a fake camera."""


type Packet = av.Packet[av.stream.Stream]


@dataclass(frozen=True, slots=True)
class Sample:
    """A frame or piece of sound as it is encoded; times in seconds on a timeline that starts at 0."""

    data: bytes
    pts: Fraction
    dts: Fraction
    duration: Fraction
    key: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """All of a stream. `sets`: its parameter sets (Annex B), for AAC the AudioSpecificConfig."""

    frames: tuple[Sample, ...]
    sets: bytes


def read_samples(
    film: av.container.InputContainer, stream: av.stream.Stream, *, keep_sets: bool = True
) -> Samples:
    """Return a stream from its first key frame on, H.264 and H.265 as Annex B, G.711 in pieces of 40 ms.

    Without `keep_sets` no parameter sets are left in the frames. Raises UnservableError without a key frame.
    """
    codec = stream.codec_context.name
    sets = bytes(stream.codec_context.extradata or b"")
    packets = [packet for packet in film.demux(stream) if packet.size]
    while packets and not packets[0].is_keyframe:
        packets.pop(0)
    if not packets:
        raise UnservableError("the film has no key frame")
    if codec in _TO_ANNEX_B:
        first = _filtered([av.Packet(bytes(packets[0]))], _TO_ANNEX_B[codec], stream)[0]
        sets = _parameter_sets(bytes(first), codec) or sets
        types = _SET_TYPES[codec]
        strip = "" if keep_sets else f",filter_units=remove_types={types.start}-{types.stop - 1}"
        packets = _filtered(packets, _TO_ANNEX_B[codec] + strip, stream)
    frames = tuple(_timed(packets, _unit(stream)))
    return Samples(tuple(_pieces(frames, stream)) if codec in _G711 else frames, sets)


def nal_units(annex_b: bytes) -> list[bytes]:
    """Return the NAL units of a frame in Annex B, without start codes."""
    return [part.rstrip(b"\0") for part in annex_b.split(b"\0\0\1")[1:]]


def nal_type(unit: bytes, codec: str) -> int:
    """Return the type of a NAL unit of H.264 or H.265."""
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def _parameter_sets(annex_b: bytes, codec: str) -> bytes:
    units = [unit for unit in nal_units(annex_b) if unit and nal_type(unit, codec) in _SET_TYPES[codec]]
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def _filtered(packets: list[Packet], description: str, stream: av.stream.Stream) -> list[Packet]:
    bitstream = BitStreamFilterContext(description, stream)
    return [out for packet in [*packets, None] for out in bitstream.filter(packet)]


def _timed(packets: list[Packet], unit: Fraction) -> Iterator[Sample]:
    first = _decode_time(packets[0])
    for index, packet in enumerate(packets):
        dts = _decode_time(packet)
        following = _decode_time(packets[index + 1]) if index + 1 < len(packets) else None
        duration = following - dts if following is not None else packet.duration or _usual(packets)
        shown = dts if packet.pts is None else packet.pts
        yield Sample(
            bytes(packet),
            (shown - first) * unit,
            (dts - first) * unit,
            duration * unit,
            bool(packet.is_keyframe),
        )


def _unit(stream: av.stream.Stream) -> Fraction:
    return Fraction(stream.time_base.num, stream.time_base.den)


def _decode_time(packet: Packet) -> int:
    if packet.dts is not None:
        return packet.dts
    if packet.pts is None:
        raise UnservableError("the film has frames without a time")
    return packet.pts


def _usual(packets: list[Packet]) -> int:
    return (_decode_time(packets[-1]) - _decode_time(packets[0])) // max(1, len(packets) - 1)


def _pieces(frames: tuple[Sample, ...], stream: av.stream.Stream) -> Iterator[Sample]:
    assert isinstance(stream, av.AudioStream)
    sound, step = b"".join(frame.data for frame in frames), _G711_PIECE * stream.channels
    length = Fraction(_G711_PIECE, stream.sample_rate)
    for index in range(len(sound) // step):
        at = index * length
        yield Sample(sound[index * step : (index + 1) * step], at, at, length, True)
