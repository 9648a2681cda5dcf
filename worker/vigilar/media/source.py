"""A camera's stream as packets: connect, describe, repair; one after the other until it ends or fails."""

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Final

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.settings import StreamSettings
from vigilar.media.address import Address, SourceKind, check_url
from vigilar.media.audio import AudioPath, audio_path
from vigilar.media.errors import MediaError, NotAVideoError, StalledError
from vigilar.media.opening import open_input, told
from vigilar.media.pacing import Pacer
from vigilar.media.sound import SoundQueue
from vigilar.media.stream_info import StreamInfo
from vigilar.media.template import AvPacket
from vigilar.media.timestamps import SessionTimeline
from vigilar.media.video import SourceItem, VideoPath

_CLOCKLESS_FORMATS: Final = frozenset({"mpjpeg", "mjpeg", "h264", "hevc"})
"""Formats without timestamps: libavformat would invent 25 frames a second."""

_log = logging.getLogger(__name__)


def open_source(
    settings: StreamSettings,
    *,
    clock: Clock,
    audio: bool,
    watched: bool = False,
    wait: Callable[[float], object] | None = None,
) -> "Source":
    """Connect and read up to the first key frame, so that `info` is known.

    `audio=False` does not even ask for the sound. `watched`: see `open_input`. `wait(seconds)` paces a file
    to real time (default: really waits, until closed). Blocks for the open time-out and then for the camera's
    key interval.
    Raises MediaErrors.
    """
    address = check_url(settings.url)
    container = open_input(address, settings, audio=audio, watched=watched)
    return Source(container, address, settings, clock, audio=audio, wait=wait)


class Source:
    """An open stream. Read it from one thread; `close` may be called from any.

    The first packet is always a video key frame; `info` describes the newest key frame that was read.
    """

    def __init__(
        self,
        container: InputContainer,
        address: Address,
        settings: StreamSettings,
        clock: Clock,
        *,
        audio: bool,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Takes over `container`, also when this raises. Use `open_source`."""
        self._stop = threading.Event()
        self._address = address
        self._settings = settings
        self._clock = clock
        self._audio_wanted = audio
        self._wait = wait or self._stop.wait
        self._items = self._read(container)
        self.info: StreamInfo = self._first_info()

    def __repr__(self) -> str:
        return f"Source({self._address})"

    def packets(self) -> Iterator[SourceItem]:
        """Yield packets; a StreamInfo comes before the key frame from which it holds.

        Ends when the stream ends (the camera hung up, the file is over) or the source was closed. Raises
        StalledError when no picture came for the read time-out, and other MediaErrors.
        """
        for item in self._items:
            if type(item) is StreamInfo:
                self.info = item
            yield item

    def close(self) -> None:
        """End it. From another thread: the reading one lets go at its next packet or read time-out."""
        self._stop.set()
        try:
            self._items.close()
        except ValueError:
            # The reading thread is inside it, sees the flag and closes the connection itself: closing a
            # container that another thread reads from is a crash in libavformat.
            _log.debug("%s closes with its next packet", self._address)

    def _first_info(self) -> StreamInfo:
        for item in self._items:
            if type(item) is StreamInfo:
                return item
        raise NotAVideoError(f"{self._address} ended before its first key frame")

    def _read(self, container: InputContainer) -> Generator[SourceItem]:
        """All of one connection. Errors leave here translated, without the original as their context."""
        failure: MediaError | None = None
        try:
            yield from self._streams(container)
        except FFmpegError as err:
            failure = told(err, self._address)
        except MediaError as err:
            failure = type(err)(f"{self._address}: {err}") if str(self._address) not in str(err) else err
        finally:
            container.close()
        if failure is not None:
            raise failure

    def _streams(self, container: InputContainer) -> Iterator[SourceItem]:
        session = SessionTimeline()
        video_stream = _video_stream(container)
        audio_stream = container.streams.audio[0] if self._audio_wanted and container.streams.audio else None
        audio = self._audio_path(audio_stream, session)
        video = VideoPath(
            video_stream,
            session,
            audio,
            trusted=container.format.name not in _CLOCKLESS_FORMATS,
            now_ns=self._clock.monotonic_ns(),
        )
        streams: list[VideoStream | AudioStream] = [video_stream]
        sound = None
        if audio_stream is not None and audio is not None:
            streams.append(audio_stream)
            sound = SoundQueue(audio, str(self._address))
        while not self._stop.is_set():
            yield from self._demux(container, streams, video, sound)
            if not self._settings.loop_file or self._address.kind is not SourceKind.FILE:
                return
            if not self._stop.is_set():
                container.seek(container.start_time or 0)

    def _audio_path(self, stream: AudioStream | None, session: SessionTimeline) -> AudioPath | None:
        if stream is None:
            return None
        path = audio_path(stream, session)
        if path is None:
            _log.warning(
                "%s: its sound (%s) is of a kind that is not kept", self._address, _codec_name(stream)
            )
        return path

    def _demux(
        self,
        container: InputContainer,
        streams: list[VideoStream | AudioStream],
        video: VideoPath,
        sound: SoundQueue | None,
    ) -> Iterator[SourceItem]:
        pacer = Pacer(self._clock, self._wait) if self._address.kind is SourceKind.FILE else None
        video_index, stopped, now = streams[0].index, self._stop.is_set, self._clock.monotonic_ns
        last_picture, limit = now(), int(self._settings.read_timeout_s * NANOSECONDS)
        last, live = last_picture, self._address.kind is SourceKind.RTSP
        for packet in container.demux(*streams):
            if stopped():
                return
            if not packet.size:
                continue
            if pacer is not None:
                _pace(pacer, packet)
            arrival = now()
            # A read that timed out only lets go of the picture that was held for the next one to come.
            stalled = live and arrival - last > limit
            last = arrival = last if stalled else arrival
            is_picture = packet.stream_index == video_index
            # Files are cut at key frames: sound that belongs before the cut comes before it, if it is here.
            cut = is_picture and packet.is_keyframe
            if sound is not None and video.settled and (cut or sound.due(arrival)):
                yield from sound.release()
            if is_picture:
                if pacer is None and arrival - last_picture >= limit:
                    # libav's own time-out struck: it hands out what its parser held back and would wait as
                    # long again before it says so.
                    raise StalledError("the camera keeps the connection open but sends nothing")
                last_picture = arrival
                yield from video.add(packet, arrival)
            elif arrival - last_picture > limit:
                raise StalledError("sound comes, but no picture any more")
            elif sound is not None and video.described:
                sound.hold(packet, arrival)
            if stalled:
                raise StalledError("it keeps the connection open but sends nothing")
        yield from video.flush()
        if sound is not None:
            yield from sound.release()


def _video_stream(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise NotAVideoError("it holds no video stream")


def _codec_name(stream: AudioStream) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown"


def _pace(pacer: Pacer, packet: AvPacket) -> None:
    ticks = packet.dts if packet.dts is not None else packet.pts
    if ticks is not None:
        pacer.pace(ticks * packet.time_base.numerator / packet.time_base.denominator)
