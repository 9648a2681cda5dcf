"""Made-up footage for the recorder's tests: chunks without any codec behind them."""

from dataclasses import replace

from vigilar.capture.chunk import Chunk
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo

SECOND = 1_000_000_000
INFO = StreamInfo("h264", 1920, 1080, b"sets", b"init", "flac", 8000, 1, 15.0)
OTHER_INFO = replace(INFO, width=1280, height=720, parameter_sets=b"other")


def video(at_ns: int, *, key: bool = False, origin_ns: int = 0) -> MediaPacket:
    """Return a picture that arrived at `at_ns` of a session that began at `origin_ns`."""
    ticks = (at_ns - origin_ns) * 9 // 100_000
    return MediaPacket(PacketKind.VIDEO, b"v", ticks, ticks, 6000, key, at_ns)


def audio(at_ns: int, origin_ns: int = 0) -> MediaPacket:
    """Return a piece of sound."""
    ticks = (at_ns - origin_ns) * 8 // 1_000_000
    return MediaPacket(PacketKind.AUDIO, b"a", ticks, ticks, 160, True, at_ns)


class Camera:
    """Yields chunks of a quarter of a second on a timeline of its own."""

    STEP_NS = SECOND // 4

    def __init__(self, key_every: int = 8, start_ns: int = 100 * SECOND) -> None:
        self.now_ns = start_ns
        self.key_every = key_every
        self.info = INFO
        self.session = 1
        self._origin_ns = start_ns
        self._count = 0

    def chunk(self, *, key: bool | None = None) -> Chunk:
        """Return the next quarter of a second."""
        is_key = self._count % self.key_every == 0 if key is None else key
        self._count = 1 if is_key else self._count + 1
        first = video(self.now_ns, key=is_key, origin_ns=self._origin_ns)
        second = audio(self.now_ns + self.STEP_NS // 2, self._origin_ns)
        made = Chunk(
            self.session,
            self.info,
            (first, second),
            is_key,
            first.arrival_ns,
            second.arrival_ns,
            1000,
            first.dts if is_key else 0,
        )
        self.now_ns += self.STEP_NS
        return made

    def chunks(self, seconds: float) -> list[Chunk]:
        """Return that much footage."""
        return [self.chunk() for _ in range(int(seconds * SECOND) // self.STEP_NS)]

    def reconnect(self, after_s: float = 3.0) -> None:
        """Begin a new session after a while without pictures."""
        self.now_ns += int(after_s * SECOND)
        self.session += 1
        self._origin_ns = self.now_ns
        self._count = 0

    def change_codec(self) -> None:
        """Send other parameters from the next chunk on, which is a key frame."""
        self.info = OTHER_INFO if self.info is INFO else INFO
        self._count = 0
