"""One stream's decoder, deep or shallow, able to become deep without waiting for a key frame."""

from collections.abc import Iterator
from typing import Final

from vigilar.look.policy import Depth
from vigilar.media.decode import Decoder, LumaFrame, Skip
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo

LONGEST_GROUP: Final = 900
"""Packets kept since the last key frame; a longer group is not caught up with, its end is awaited."""
_SKIPS: Final = {Depth.ALL: Skip.NOTHING, Depth.REFERENCES: Skip.NON_REFERENCE}


class Eye:
    """Turns packets into pictures. Damage and loss cost pictures until the next key frame, nothing else.

    While only key frames are decoded the packets since the last one are kept, so that it can catch up.
    Packets that no look waits for yet may be put off: they are decoded with the next picture that is wanted,
    or never, when a key frame comes first.
    """

    def __init__(self) -> None:
        self._info: StreamInfo | None = None
        self._decoder: Decoder | None = None
        self._depth = Depth.ALL
        self._group: list[MediaPacket] = []
        self._put_off: list[MediaPacket] = []
        self._decoded_before = self._errors_before = 0

    @property
    def depth(self) -> Depth:
        """How much is decoded at present."""
        return self._depth

    @property
    def decoded(self) -> int:
        """Pictures decoded so far."""
        return self._decoded_before + (self._decoder.decoded if self._decoder else 0)

    @property
    def errors(self) -> int:
        """Times the stream was found damaged so far."""
        return self._errors_before + (self._decoder.errors if self._decoder else 0)

    def describe(self, info: StreamInfo) -> None:
        """Take a stream's description; a changed one holds from the next key frame on."""
        if info != self._info:
            self._retire()
            self._info = info

    def lost(self) -> None:
        """Packets are missing: nothing is decoded until the next key frame."""
        self._retire()

    def put_off(self, packet: MediaPacket) -> bool:
        """Keep a packet for later; return False for one that is to be decoded now.

        That is so while only key frames are decoded, and where pictures are reordered: those around a key
        frame may refer to pictures before it.
        """
        if self._depth is Depth.KEYS or packet.pts != packet.dts or len(self._put_off) >= LONGEST_GROUP:
            return False
        if packet.keyframe:
            self._put_off.clear()
        self._put_off.append(packet)
        return True

    def pictures(self, packet: MediaPacket) -> Iterator[LumaFrame]:
        """Yield the pictures a packet completes, after those put off until now.

        Must be exhausted. One at a time: the decoder's pool grows with what is held, 0.35 MiB a picture of a
        usual sub-stream. Raises UnsupportedError when there is no such decoder.
        """
        put_off, self._put_off = self._put_off, []
        for each in (*([] if packet.keyframe else put_off), packet):
            frames = self._decode(each)
            while frames:
                yield frames.pop(0)

    def _decode(self, packet: MediaPacket) -> list[LumaFrame]:
        if packet.keyframe:
            self._group.clear()
            self._decoder = self._decoder or self._open()
        if self._depth is Depth.KEYS and len(self._group) < LONGEST_GROUP:
            self._group.append(packet)
        return self._decoder.decode(packet) if self._decoder else []

    def change_depth(self, depth: Depth) -> Iterator[LumaFrame]:
        """Decode more or less from now on; yields the pictures left out since the last key frame.

        Must be exhausted. Called before a key frame is handed in, there is nothing to yield. Raises
        UnsupportedError.
        """
        shallow, self._depth = self._depth, depth
        if Depth.KEYS not in {shallow, depth}:
            if self._decoder is not None:
                self._decoder.skip = _SKIPS[depth]
            return
        if shallow is depth:
            return
        missed = self._group if shallow is Depth.KEYS else []
        self._group = []
        self._retire()
        if missed and missed[0].keyframe and len(missed) < LONGEST_GROUP and (decoder := self._open()):
            self._decoder = decoder
            for packet in missed:
                yield from decoder.decode(packet)

    def _open(self) -> Decoder | None:
        if self._info is None:
            return None
        decoder = Decoder(self._info, keys_only=self._depth is Depth.KEYS)
        if self._depth is not Depth.KEYS:
            decoder.skip = _SKIPS[self._depth]
        return decoder

    def _retire(self) -> None:
        self._decoded_before, self._errors_before = self.decoded, self.errors
        self._decoder = None
        self._group.clear()
        self._put_off.clear()
