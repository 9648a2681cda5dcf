"""Annex B units of H.264 and H.265, as far as parameter sets and key frames need them.

Only what stands before the first slice is looked at, and only of key frames: the cost does not grow with
the picture. Decoding what the parameter sets say is left to libavcodec's parsers.
"""

from collections.abc import Iterator
from typing import Final

START_CODE: Final = b"\x00\x00\x01"
LONG_START_CODE: Final = b"\x00\x00\x00\x01"

_H264_SETS: Final = frozenset({7, 8})
_HEVC_SETS: Final = frozenset({32, 33, 34})
_H264_SLICES: Final = range(1, 6)
_HEVC_SLICES: Final = range(32)


def parameter_units(data: bytes, codec: str) -> tuple[bytes, ...]:
    """Return the SPS and PPS (H.265: VPS too) that stand before the first slice, without start codes.

    `codec` is "h264" or "hevc"; anything else has none.
    """
    match codec:
        case "h264":
            wanted: frozenset[int] = _H264_SETS
        case "hevc":
            wanted = _HEVC_SETS
        case _:
            return ()
    return tuple(unit for unit in _units_before_picture(data, codec) if unit_type(unit, codec) in wanted)


def unit_type(unit: bytes, codec: str) -> int:
    """Return the type number of a unit (without start code); -1 of an empty one."""
    if not unit:
        return -1
    return (unit[0] >> 1) & 0x3F if codec == "hevc" else unit[0] & 0x1F


def annex_b(units: tuple[bytes, ...]) -> bytes:
    """Join units into a byte stream with start codes."""
    return b"".join(LONG_START_CODE + unit for unit in units)


def _units_before_picture(data: bytes, codec: str) -> Iterator[bytes]:
    slices = _HEVC_SLICES if codec == "hevc" else _H264_SLICES
    at = data.find(START_CODE)
    while at >= 0 and at + 3 < len(data):
        start = at + 3
        if unit_type(data[start : start + 1], codec) in slices:
            return
        at = data.find(START_CODE, start)
        # A unit never ends in a zero byte: trailing ones belong to the next start code.
        yield (data[start:at] if at >= 0 else data[start:]).rstrip(b"\x00")


class ParameterSets:
    """The parameter sets that hold now; tells when a key frame brings others."""

    __slots__ = ("_codec", "units")

    def __init__(self, codec: str, units: tuple[bytes, ...] = ()) -> None:
        """`units` are those known beforehand (from the SDP or a file's header)."""
        self._codec = codec
        self.units = units

    @property
    def complete(self) -> bool:
        """Whether there is at least one of each kind that a decoder needs."""
        needed = _HEVC_SETS if self._codec == "hevc" else _H264_SETS
        return needed <= {unit_type(unit, self._codec) for unit in self.units}

    def observe(self, key_frame: bytes) -> bool:
        """Take over what a key frame brings; return whether anything changed.

        A kind that the key frame does not repeat is kept; a subset of what is known is no change.
        """
        seen = parameter_units(key_frame, self._codec)
        if all(unit in self.units for unit in seen):
            return False
        kinds = {unit_type(unit, self._codec) for unit in seen}
        kept = tuple(unit for unit in self.units if unit_type(unit, self._codec) not in kinds)
        merged = dict.fromkeys((*kept, *seen))
        self.units = tuple(sorted(merged, key=lambda unit: unit_type(unit, self._codec)))
        return True
