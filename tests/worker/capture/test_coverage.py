from dataclasses import replace

import msgspec

from vigilar.bus.messages import AnyMessage, FootageGap
from vigilar.capture.backlog import Backlog
from vigilar.capture.camera import MainStream
from vigilar.capture.desk import Desk
from vigilar.capture.mark import Mark
from vigilar.capture.recorder import Recorder
from vigilar.capture.ring import Ring
from vigilar.domain.camera import RecordingMode
from vigilar.domain.coverage import GapReason
from vigilar.domain.settings import RecordingSettings
from worker.capture.clocks import HandClock
from worker.capture.footage import SECOND, Camera, video
from worker.capture.shelf import Shelf

OFFLINE, STALLED = GapReason.CAMERA_OFFLINE, GapReason.STALLED


class Watched:
    """A camera's account, told by a main stream."""

    def __init__(self, mode: RecordingMode = RecordingMode.MOTION, before: Mark | None = None) -> None:
        self.clock = HandClock()
        self.camera = Camera(start_ns=self.clock.ns)
        self.told: list[AnyMessage] = []
        recorder = Recorder(RecordingSettings(mode=mode), Ring(5), Shelf().name)
        self.backlog = Backlog(self.clock)
        self.desk = Desk("door", recorder, self.backlog, clock=self.clock, tell=self.told.append)
        self.main = MainStream(
            "door", self.desk, None, clock=self.clock, tell=self.told.append, before=before
        )
        self.account = self.main.coverage

    def watch(self, seconds: float) -> None:
        for chunk in self.camera.chunks(seconds):
            self.clock.ns = chunk.last_ns
            self.main.take(chunk)
        self.clock.ns = self.camera.now_ns

    def away(self, seconds: float) -> None:
        self.camera.reconnect(seconds)
        self.clock.ns = self.camera.now_ns

    def gaps(self) -> list[tuple[GapReason, float]]:
        return [
            (message.cause, round((message.end_ns - message.start_ns) / SECOND, 1))
            for message in self.told
            if isinstance(message, FootageGap)
        ]


def test_each_reason_of_an_outage_counts_for_its_own_time() -> None:
    door = Watched()
    door.watch(3)

    door.away(8)
    door.main.broke("nothing comes", "stalled")
    for _ in range(3):
        door.away(10)
        door.main.broke("no route", "unreachable")
    door.away(5)
    door.watch(1)

    stalled, offline = door.gaps()
    assert stalled[0] is STALLED
    assert offline == (OFFLINE, 25.0)
    assert 17.9 <= stalled[1] <= 18.5


def test_footage_in_between_covers_up_to_its_last_packet() -> None:
    door = Watched()
    door.watch(3)
    assert door.account.gap is None
    assert door.account.covered_ns == door.main.meter.last_packet_ns

    door.main.broke("no route", "unreachable")
    door.away(10)

    assert door.account.gap is OFFLINE
    assert door.account.covered_ns == door.main.meter.last_packet_ns


def test_a_moment_is_no_gap() -> None:
    door = Watched()
    door.watch(3)
    door.main.broke("hung up")
    door.away(0.5)
    door.watch(1)

    assert door.gaps() == []


def test_what_is_switched_off_is_not_missed() -> None:
    # given a camera that is away
    door = Watched()
    door.watch(3)
    door.main.broke("no route", "unreachable")
    door.away(10)

    # when it is switched off for a minute, and on again before it comes back
    door.account.set_mode(RecordingMode.OFF)
    assert door.account.gap is None
    door.away(60)
    assert door.account.covered_ns == door.clock.ns
    door.account.set_mode(RecordingMode.MOTION)
    door.away(5)
    door.watch(1)

    # then only the time before and after is missing
    before, after = door.gaps()
    assert before[0] is after[0] is OFFLINE
    assert 10 <= before[1] <= 10.5
    assert after[1] == 5


def test_a_killed_process_is_a_gap_from_its_last_word_to_its_successors_first_picture() -> None:
    ns = HandClock().ns
    door = Watched(before=Mark(ns - 3 * SECOND, ns - 90 * SECOND, GapReason.CAPTURE_DOWN))
    assert door.account.accounts_from_ns == ns - 90 * SECOND

    door.away(1)
    door.watch(1)

    assert door.gaps() == [(GapReason.CAPTURE_DOWN, 4.0)]


def test_a_process_that_died_while_the_camera_was_off_left_no_gap() -> None:
    ns = HandClock().ns
    door = Watched(before=Mark(ns - 30 * SECOND, ns - 90 * SECOND, GapReason.CAPTURE_DOWN, off=True))

    door.watch(1)

    assert door.gaps() == []


def test_at_its_end_a_process_tells_what_is_missing_so_far() -> None:
    door = Watched()
    door.watch(3)
    door.main.broke("no route", "unreachable")
    door.away(30)

    door.account.close()

    ((reason, seconds),) = door.gaps()
    assert reason is OFFLINE
    assert 30 <= seconds <= 30.5
    assert door.account.covered_ns == door.clock.ns


def test_a_stall_without_an_end_of_the_connection_is_a_gap_if_pictures_are_missing() -> None:
    door = Watched()
    door.watch(3)
    door.camera.now_ns += 5 * SECOND  # the stream's own time goes on: pictures are missing

    door.watch(1)

    ((reason, seconds),) = door.gaps()
    assert reason is STALLED
    assert 4.9 <= seconds <= 5.5


def test_pictures_that_come_late_but_all_of_them_are_no_gap() -> None:
    door = Watched()
    door.watch(3)
    late = door.camera.chunk()
    held_back = 5 * SECOND
    first = msgspec.structs.replace(late.packets[0], arrival_ns=late.first_ns + held_back)
    door.main.take(replace(late, packets=(first,), first_ns=first.arrival_ns, last_ns=first.arrival_ns))

    assert door.gaps() == []


def test_a_camera_of_few_pictures_has_no_gap_between_them() -> None:
    door = Watched()
    for n in range(4):
        at = door.clock.ns + n * 5 * SECOND
        picture = msgspec.structs.replace(video(at, key=True), duration=450_000)
        whole = door.camera.chunk(key=True)
        door.main.take(replace(whole, packets=(picture,), first_ns=at, last_ns=at, dts=picture.dts))

    assert door.gaps() == []


def test_while_the_disk_is_late_what_is_missing_counts_from_the_last_footage_it_was_given() -> None:
    door = Watched(RecordingMode.CONTINUOUS)
    door.watch(3)
    door.backlog.take(0)  # … and whoever took it does not come back

    door.watch(14)

    assert door.account.gap is GapReason.DISK_LATE
    assert 1 <= (door.clock.ns - door.account.covered_ns) / SECOND <= 6
