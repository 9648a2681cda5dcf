"""A film as endless MPEG-TS, muxed for one viewer."""

from pathlib import Path

import av

from fakecam.live import Due
from fakecam.reel import Kind
from fakecam.rtp import FINE, timed_packet
from fakecam.samples import Samples


class TransportStream:
    """Muxes H.264/H.265 and AAC (no other sound has a place there) from the first key frame on."""

    content_type = "video/mp2t"

    def __init__(self, path: Path, samples: dict[Kind, Samples]) -> None:
        self._samples = samples
        self._film = av.open(str(path))
        self._chunks: list[bytes] = []
        self._out = av.open(self, "w", format="mpegts", options={"flush_packets": "1"})
        self._streams: dict[Kind, av.stream.Stream] = {}
        for kind, own in samples.items():
            source = next(stream for stream in self._film.streams if stream.type == kind)
            if kind is Kind.VIDEO or source.codec_context.name == "aac":
                stream = self._out.add_stream_from_template(source, opaque=True)
                stream.codec_context.extradata = own.sets
                self._streams[kind] = stream
        self._began = False

    def write(self, data: bytes) -> int:
        """Take what the muxer writes."""
        self._chunks.append(bytes(data))
        return len(data)

    def wrap(self, kind: Kind, due: Due) -> bytes:
        """Return the transport packets of a unit, on a timeline that goes on over the loops."""
        if kind is Kind.VIDEO and due.unit.key:
            self._began = True
        if not self._began or kind not in self._streams:
            return b""
        frames = self._samples[kind].frames
        length = frames[-1].dts + frames[-1].duration
        packet = timed_packet(frames[due.index], self._streams[kind])
        shift = round(length * due.loop / FINE)
        packet.pts, packet.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
        self._out.mux(packet)
        written, self._chunks = b"".join(self._chunks), []
        return written
