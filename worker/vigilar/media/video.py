"""Pictures on their way to the ring: Annex B, times repaired, described anew when their parameters change."""

import logging
from fractions import Fraction
from itertools import pairwise
from typing import Final

from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from vigilar.domain.clock import NANOSECONDS
from vigilar.media.audio import AudioPath
from vigilar.media.errors import MediaError, StalledError, UnsupportedError
from vigilar.media.nal import START_CODE, ParameterSets, annex_b, parameter_units
from vigilar.media.packet import VIDEO_TICKS_PER_S, MediaPacket, PacketKind
from vigilar.media.reorder import depth_of
from vigilar.media.stream_info import StreamInfo
from vigilar.media.template import AvPacket, make_init, picture_size
from vigilar.media.timestamps import SessionTimeline, TimestampRepair

KEY_WAIT_S: Final = 60.0
"""Without a key frame for this long a stream is of no use: its codec was changed under us, or all is lost."""

_LOOK_AHEAD: Final = 6
_LOOK_AHEAD_S: Final = 0.5
"""So many of the first pictures (or for so long) are held back once, to see how they are reordered."""

type SourceItem = MediaPacket | StreamInfo
type _Picture = tuple[bytes, int | None, bool, int]

_log = logging.getLogger(__name__)


class VideoPath:
    """Turns the demuxer's video packets into MediaPackets and StreamInfos. Begins with a key frame."""

    def __init__(
        self,
        stream: VideoStream,
        session: SessionTimeline,
        audio: AudioPath | None,
        *,
        trusted: bool,
        now_ns: int,
    ) -> None:
        """`audio` is described along. `trusted=False`: packets carry no times of their own.

        Raises UnsupportedError for codecs other than H.264, H.265 and MJPEG.
        """
        # PyAV has no context for what this libav knows no decoder for, though its stubs promise one.
        codec = stream.codec_context.codec.canonical_name if stream.codec_context else "this kind of"
        if codec not in {"h264", "hevc", "mjpeg"}:
            raise UnsupportedError(f"{codec} video is not recorded; set the camera to H.264 or H.265")
        self._codec = codec
        self._audio = audio
        rate = stream.average_rate  # libavformat's other guesses are wrong where it has not decoded
        self._fps = float(rate) if trusted and rate and 0 < rate <= 240 else 0.0
        self._same_ticks = stream.time_base == Fraction(1, VIDEO_TICKS_PER_S)
        self._ratio = Fraction(stream.time_base.numerator, stream.time_base.denominator) * VIDEO_TICKS_PER_S
        self._step = round(VIDEO_TICKS_PER_S / self._fps) if self._fps else 0
        self._session = session
        self._repair: TimestampRepair | None = None
        if not trusted or codec == "mjpeg":
            self._repair = TimestampRepair(VIDEO_TICKS_PER_S, session, trusted=trusted, step=self._step)
        self._waiting: list[_Picture] = []
        extradata = stream.codec_context.extradata or b""
        self._to_annex_b = _length_prefixed(codec, extradata, stream)
        known = parameter_units(extradata, codec) if self._to_annex_b is None else ()
        self._sets = ParameterSets(codec, known)
        self._size = (0, 0)
        self._info: StreamInfo | None = None
        self._last_key_ns = now_ns

    @property
    def described(self) -> bool:
        """Whether the first key frame was seen."""
        return self._info is not None

    @property
    def settled(self) -> bool:
        """Whether the first picture has been let go; what sound comes before has to wait for it."""
        return self._info is not None and self._repair is not None

    def add(self, packet: AvPacket, arrival_ns: int) -> list[SourceItem]:
        """Return what this packet makes: nothing before the first key frame."""
        if self._to_annex_b is None:
            return self._picture(packet, arrival_ns)
        return [item for one in self._to_annex_b.filter(packet) for item in self._picture(one, arrival_ns)]

    def flush(self) -> list[SourceItem]:
        """Return what was held back, at the stream's end."""
        return self._settle() if self._repair is None else []

    def _picture(self, packet: AvPacket, arrival_ns: int) -> list[SourceItem]:
        data, key, made = bytes(packet), packet.is_keyframe, []
        if key:
            self._last_key_ns = arrival_ns
            info = self._changed(data)
            if info is not None:
                made = [*self.flush(), info]
        elif arrival_ns - self._last_key_ns > KEY_WAIT_S * NANOSECONDS:
            raise StalledError(f"no key frame for {KEY_WAIT_S:g} s: the picture cannot be used")
        if self._info is None:
            return made
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is not None and not self._same_ticks:
            pts = pts * self._ratio.numerator // self._ratio.denominator
        picture = (data, pts, key, arrival_ns)
        if self._repair is not None:
            made.append(self._stamped(picture, self._repair))
            return made
        self._waiting.append(picture)
        waited = arrival_ns - self._waiting[0][3]
        if len(self._waiting) >= _LOOK_AHEAD or waited > _LOOK_AHEAD_S * NANOSECONDS:
            made += self._settle()
        return made

    def _settle(self) -> list[SourceItem]:
        """Find out from the first pictures how far the stream reorders, and let them go."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        given = [pts for _, pts, _, _ in waiting if pts is not None]
        steps = [later - earlier for earlier, later in pairwise(sorted(given)) if later > earlier]
        step = sorted(steps)[len(steps) // 2] if steps else self._step
        if self._session.origin_ns is None:
            self._session.origin_ns = waiting[0][3]
        self._repair = TimestampRepair(
            VIDEO_TICKS_PER_S, self._session, step=min(step, VIDEO_TICKS_PER_S), depth=depth_of(given)
        )
        return [self._stamped(picture, self._repair) for picture in waiting]

    def _stamped(self, picture: _Picture, repair: TimestampRepair) -> MediaPacket:
        data, pts, key, arrival_ns = picture
        stamp = repair.repair(pts, arrival_ns)
        return MediaPacket(PacketKind.VIDEO, data, stamp.pts, stamp.dts, stamp.duration, key, arrival_ns)

    def _changed(self, key_frame: bytes) -> StreamInfo | None:
        """Return what holds from this key frame on, if that is new (or unknown until now)."""
        if self._codec == "mjpeg":
            size = picture_size(key_frame, self._codec)
            if size == self._size:
                return None
        else:
            changed = self._sets.observe(key_frame)
            if not self._sets.complete or not (changed or self._info is None):
                return None
            size = (0, 0)
        try:
            self._info = self._describe(key_frame, size)
        except MediaError as err:
            if self._info is None:
                raise
            # A damaged key frame in mid-stream must not end the stream; the next one is asked again.
            _log.warning("a key frame with unreadable parameters is kept as it is: %s", err)
            return None
        return self._info

    def _describe(self, key_frame: bytes, size: tuple[int, int]) -> StreamInfo:
        sets = annex_b(self._sets.units)
        whole = key_frame if self._codec == "mjpeg" else sets + key_frame
        size = size if all(size) else picture_size(whole, self._codec)
        audio = self._audio
        init = make_init(self._codec, size, whole, None if audio is None else audio.shape())
        self._size = size
        return StreamInfo(
            video_codec=self._codec,
            width=size[0],
            height=size[1],
            parameter_sets=sets,
            init=init,
            audio_codec=None if audio is None else audio.codec,
            sample_rate=0 if audio is None else audio.sample_rate,
            channels=0 if audio is None else audio.channels,
            fps=self._fps,
        )


def _length_prefixed(codec: str, extradata: bytes, stream: VideoStream) -> BitStreamFilterContext | None:
    """Return the filter that makes Annex B of a file's length-prefixed packets; None where they are."""
    if codec == "mjpeg" or not extradata or extradata.startswith((START_CODE, b"\0" + START_CODE)):
        return None
    return BitStreamFilterContext(f"{codec}_mp4toannexb", in_stream=stream)
