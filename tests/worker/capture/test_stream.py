import threading
from collections.abc import Iterator
from random import Random

from vigilar.capture.backoff import Backoff
from vigilar.capture.chunk import IDLE_PACE_NS, Chunk
from vigilar.capture.stream import ENDED, OpenStream, StreamReader
from vigilar.domain.settings import StreamSettings
from vigilar.media.errors import StalledError, UnauthorizedError, UnreachableError
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo
from worker.capture.clocks import HandClock
from worker.capture.footage import INFO, OTHER_INFO, video

type Script = list[MediaPacket | StreamInfo | BaseException]
STEP = 70_000_000


class FakeStream:
    """Plays a script: packets, descriptions, a failure."""

    def __init__(self, script: Script) -> None:
        self.info = INFO
        self._script = script
        self.closed = False

    def packets(self) -> Iterator[MediaPacket | StreamInfo]:
        for item in self._script:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        self.closed = True


class Watch:
    """A reader over scripted attempts; stops itself when they are all used up."""

    def __init__(self, *attempts: Script | BaseException) -> None:
        self.clock = HandClock()
        self.chunks: list[Chunk] = []
        self.reasons: list[str] = []
        self.causes: list[str] = []
        self.pace_ns = IDLE_PACE_NS
        self.streams: list[FakeStream] = []
        self._attempts = list(attempts)
        self.reader = StreamReader(
            "main", self._open, StreamSettings("rtsp://x"), self, clock=self.clock, backoff=_NoWait()
        )

    def _open(self, settings: StreamSettings) -> OpenStream:
        attempt = self._attempts.pop(0)
        if isinstance(attempt, BaseException):
            raise attempt
        self.streams.append(FakeStream(attempt))
        return self.streams[-1]

    def take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    def broke(self, reason: str, cause: str = "") -> None:
        self.reasons.append(reason)
        self.causes.append(cause)
        if not self._attempts:
            self.reader.stop()

    def run(self) -> None:
        self.reader.run()


class _NoWait(Backoff):
    def __init__(self) -> None:
        super().__init__(Random(1))
        self.refusals: list[bool] = []

    def next(self, *, refused: bool = False) -> float:
        self.refusals.append(refused)
        return 0.0


def pictures(count: int, start_ns: int = 1) -> Script:
    return [video(start_ns + n * STEP, key=n % 10 == 0) for n in range(count)]


def test_packets_arrive_in_chunks_and_none_is_missing_when_the_stream_breaks() -> None:
    watch = Watch([*pictures(25), StalledError("camera stalls")])

    watch.run()

    arrived = [packet.arrival_ns for chunk in watch.chunks for packet in chunk.packets]
    assert arrived == [1 + n * STEP for n in range(25)]
    assert watch.reasons == ["camera stalls"]
    assert watch.causes == ["stalled"]
    assert watch.streams[0].closed


def test_every_connection_is_a_session_of_its_own() -> None:
    watch = Watch(pictures(3), UnreachableError("gone"), pictures(3, 10**12))

    watch.run()

    assert [chunk.session for chunk in watch.chunks] == [1, 2]
    assert watch.reasons == [ENDED, "gone", ENDED]
    assert watch.reader.connections == 2


def test_new_parameters_hold_from_their_key_frame_on() -> None:
    watch = Watch([*pictures(3), OTHER_INFO, *pictures(3, 10**10)])

    watch.run()

    assert [(chunk.info, len(chunk.packets)) for chunk in watch.chunks] == [(INFO, 3), (OTHER_INFO, 3)]


def test_an_unexpected_failure_ends_the_attempt_and_not_the_watch() -> None:
    watch = Watch([*pictures(1), ZeroDivisionError()], pictures(2))

    watch.run()

    assert watch.reasons == ["unexpected failure (ZeroDivisionError)", ENDED]
    assert [len(chunk.packets) for chunk in watch.chunks] == [1, 2]


def test_a_refused_password_is_told_to_the_backoff() -> None:
    watch = Watch(UnauthorizedError("no"), UnreachableError("gone"))

    watch.run()

    backoff = watch.reader._backoff
    assert isinstance(backoff, _NoWait)
    assert backoff.refusals == [True, False]


def test_stopping_lets_go_of_the_stream_at_its_next_packet() -> None:
    watch = Watch([])
    reached, go_on = threading.Event(), threading.Event()

    class Endless(FakeStream):
        def packets(self) -> Iterator[MediaPacket | StreamInfo]:
            number = 0
            while True:
                number += 1
                if number == 5:
                    reached.set()
                    go_on.wait(5)
                yield video(number * STEP, key=number == 1)

    stream = Endless([])
    reader = StreamReader("main", lambda _: stream, StreamSettings("rtsp://x"), watch, clock=watch.clock)
    reader.thread.start()
    assert reached.wait(5)

    reader.stop()
    go_on.set()
    reader.thread.join(5)

    assert not reader.thread.is_alive()
    assert stream.closed
    assert watch.reasons == []


def test_a_thread_that_hangs_while_it_connects_is_noticed_beyond_every_time_out() -> None:
    watch = Watch(pictures(1))
    watch.run()

    watch.clock.forward(60)
    assert not watch.reader.stuck()
    watch.clock.forward(3600)
    assert watch.reader.stuck()


def test_a_connection_on_which_only_keep_alives_come_is_noticed_soon_after_the_read_time_out() -> None:
    watch = Watch()
    told: list[bool] = []

    class KeepAlives(FakeStream):
        def packets(self) -> Iterator[MediaPacket | StreamInfo]:
            for seconds in (8, 5):
                watch.clock.forward(seconds)
                told.append(reader.stuck())
            yield video(STEP, key=True)

    settings = StreamSettings("rtsp://x", read_timeout_s=8)
    reader = StreamReader("main", lambda _: KeepAlives([]), settings, watch, clock=watch.clock)
    watch.reader = reader

    reader.run()

    assert told == [False, True]
