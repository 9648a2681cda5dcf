from collections.abc import Iterable

import pytest

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.capture.chunk import Chunk
from vigilar.capture.recorder import TOO_SLOW, Recorder
from vigilar.capture.ring import Ring
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clip import ClipKind, Trigger
from vigilar.domain.errors import UnavailableError
from vigilar.domain.settings import RecordingSettings
from worker.capture.footage import OTHER_INFO, SECOND, Camera
from worker.capture.shelf import File, Shelf


class Scene:
    """A recorder on a made-up camera with a key frame every two seconds."""

    def __init__(
        self, mode: RecordingMode = RecordingMode.MOTION, key_every: int = 8, **settings: float
    ) -> None:
        self.camera = Camera(key_every)
        self.shelf = Shelf()
        made = RecordingSettings(mode=mode, **settings)  # type: ignore[arg-type]
        self.recorder = Recorder(made, Ring(made.pre_roll_s), self.shelf.name)
        self.events = 0

    @property
    def now(self) -> int:
        return self.camera.now_ns

    def watch(self, seconds: float, *, room: bool = True) -> list[Chunk]:
        chunks = self.camera.chunks(seconds)
        for chunk in chunks:
            self.shelf.do(self.recorder.take(chunk, room=room))
        return chunks

    def motion(
        self,
        first_ns: int,
        *,
        last_ns: int | None = None,
        event: str = "e1",
        active: bool = True,
        kind: MotionKind = MotionKind.MOTION,
    ) -> None:
        state = MotionState("door", event, kind, active, first_ns, last_ns or self.now, 0.5)
        self.shelf.do(self.recorder.motion(state, self.now))

    def clips(self) -> list[File]:
        return self.shelf.of_kind(ClipKind.CLIP)

    def segments(self) -> list[File]:
        return self.shelf.of_kind(ClipKind.SEGMENT)


def packets_of(files: Iterable[File]) -> list[int]:
    return [packet.arrival_ns for file in files for chunk in file.chunks for packet in chunk.packets]


def test_a_clip_begins_with_the_last_key_frame_before_the_pre_roll() -> None:
    scene = Scene()
    chunks = scene.watch(11)
    first_moving = chunks[40].first_ns

    scene.motion(first_moving)

    (clip,) = scene.clips()
    assert clip.chunks == chunks[16:]  # the key frame at 4 s: the last at or before 10 s less 5 s
    assert (clip.opened.trigger, clip.opened.first_moving_ns, clip.opened.event_id) == (
        Trigger.MOTION,
        first_moving,
        "e1",
    )


def test_it_ends_the_post_roll_after_the_last_movement() -> None:
    scene = Scene(post_roll_s=4)
    scene.watch(10)
    first_moving = scene.now
    scene.watch(1)
    scene.motion(first_moving)
    scene.watch(2)
    last_moving = scene.now
    scene.motion(first_moving, last_ns=last_moving, active=False)

    scene.watch(8)

    (clip,) = scene.clips()
    assert clip.closed is not None
    assert clip.closed.event_ids == ("e1",)
    assert 4 * SECOND - Camera.STEP_NS <= clip.closed.end_ns - last_moving <= 4.25 * SECOND


def test_movement_during_the_post_roll_prolongs_the_clip() -> None:
    scene = Scene(post_roll_s=4)
    scene.watch(8)
    scene.motion(scene.now, active=False)
    scene.watch(3)
    scene.motion(scene.now, event="e2", active=False)

    scene.watch(8)

    (clip,) = scene.clips()
    assert clip.closed is not None
    assert clip.closed.event_ids == ("e1", "e2")


def test_a_dead_look_ends_the_clip_only_after_the_post_roll() -> None:
    scene = Scene(post_roll_s=4)
    scene.watch(8)
    heard = scene.now
    scene.motion(heard)

    scene.watch(20)

    (clip,) = scene.clips()
    assert clip.closed is not None
    assert clip.closed.end_ns >= heard + 4 * SECOND - Camera.STEP_NS


def test_a_long_event_is_rotated_at_key_frames_without_a_gap() -> None:
    scene = Scene(max_clip_s=10, post_roll_s=2)
    received = scene.watch(8)
    for _ in range(30):
        scene.motion(received[-1].first_ns)
        received += scene.watch(1)

    clips = scene.clips()
    assert len(clips) >= 4
    assert packets_of(clips) == [p.arrival_ns for c in received[8:] for p in c.packets]
    assert all(file.closed.end_ns - file.opened.start_ns <= 10 * SECOND for file in clips if file.closed)
    assert [file.opened.first_moving_ns is None for file in clips] == [False] + [True] * (len(clips) - 1)
    assert {file.opened.trigger for file in clips} == {Trigger.MOTION}
    assert all(file.closed.event_ids == ("e1",) for file in clips if file.closed)


def test_a_change_of_codec_begins_a_new_file_at_its_key_frame() -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS)
    received = scene.watch(5)
    scene.motion(scene.now)
    scene.camera.change_codec()
    received += scene.watch(5)

    for files in (scene.clips(), scene.segments()):
        assert [file.opened.info.width for file in files] == [1920, 1280]
        assert packets_of(files) == [p.arrival_ns for c in received for p in c.packets]


def test_a_change_of_codec_within_the_pre_roll_makes_two_files() -> None:
    scene = Scene()
    received = scene.watch(3)
    scene.camera.change_codec()
    received += scene.watch(2)

    scene.motion(scene.now)

    clips = scene.clips()
    assert [file.opened.info for file in clips] == [received[0].info, OTHER_INFO]
    assert packets_of(clips) == [p.arrival_ns for c in received for p in c.packets]


def test_continuous_mode_writes_segments_and_the_clip_besides() -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS, segment_s=10, post_roll_s=2)
    received = scene.watch(12)
    scene.motion(scene.now, active=False)
    received += scene.watch(12)

    assert packets_of(scene.segments()) == [p.arrival_ns for c in received for p in c.packets]
    assert len(scene.segments()) == 3
    assert {file.opened.trigger for file in scene.segments()} == {Trigger.CONTINUOUS}
    (clip,) = scene.clips()
    assert clip.closed is not None


def test_off_records_nothing_but_a_persons_wish() -> None:
    scene = Scene(mode=RecordingMode.OFF)
    scene.watch(10)
    scene.motion(scene.now)
    scene.watch(2)
    assert scene.shelf.files == {}

    asked = scene.now
    clip_id, actions = scene.recorder.record_now(6, asked)
    scene.shelf.do(actions)
    scene.watch(12)

    (clip,) = scene.clips()
    assert clip.opened.clip_id == clip_id
    assert clip.opened.trigger is Trigger.MANUAL
    assert clip.opened.start_ns <= asked - 5 * SECOND
    assert clip.closed is not None
    assert 6 * SECOND - Camera.STEP_NS <= clip.closed.end_ns - asked <= 6.25 * SECOND


def test_a_wish_during_a_clip_prolongs_it() -> None:
    scene = Scene(post_roll_s=2)
    scene.watch(8)
    scene.motion(scene.now, active=False)

    clip_id, actions = scene.recorder.record_now(10, scene.now)
    scene.shelf.do(actions)
    asked = scene.now
    scene.watch(14)

    (clip,) = scene.clips()
    assert clip.opened.clip_id == clip_id
    assert clip.closed is not None
    assert clip.closed.end_ns >= asked + 10 * SECOND - Camera.STEP_NS


def test_a_wish_without_pictures_is_refused() -> None:
    scene = Scene()

    with pytest.raises(UnavailableError, match="no pictures"):
        scene.recorder.record_now(5, scene.now)


@pytest.mark.parametrize("mode", [RecordingMode.MOTION, RecordingMode.OFF])
def test_leaving_continuous_mode_seals_the_segment(mode: RecordingMode) -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS)
    scene.watch(5)

    scene.shelf.do(scene.recorder.set_mode(mode, scene.now))
    scene.watch(5)

    (segment,) = scene.segments()
    assert segment.closed is not None


def test_entering_continuous_mode_begins_with_the_newest_key_frame() -> None:
    scene = Scene()
    received = scene.watch(5)

    scene.shelf.do(scene.recorder.set_mode(RecordingMode.CONTINUOUS, scene.now))
    received += scene.watch(5)

    assert packets_of(scene.segments()) == [p.arrival_ns for c in received[16:] for p in c.packets]


def test_switching_off_seals_a_motion_clip_at_once() -> None:
    scene = Scene()
    scene.watch(8)
    scene.motion(scene.now)

    scene.shelf.do(scene.recorder.set_mode(RecordingMode.OFF, scene.now))

    assert scene.shelf.open_ids() == []


def test_a_broken_stream_seals_the_clip_and_the_next_session_goes_on_with_another() -> None:
    scene = Scene()
    scene.watch(8)
    scene.motion(scene.now)
    scene.shelf.do(scene.recorder.session_ended())
    assert scene.shelf.open_ids() == []

    scene.camera.reconnect(after_s=3)
    scene.watch(2)

    assert [file.opened.first_moving_ns is None for file in scene.clips()] == [False, True]
    assert scene.clips()[1].opened.event_id == "e1"


def test_movement_told_after_the_cable_was_cut_is_still_recorded() -> None:
    scene = Scene()
    received = scene.watch(9)
    scene.shelf.do(scene.recorder.session_ended())

    scene.motion(received[-2].first_ns)

    (clip,) = scene.clips()
    assert clip.chunks[-1] is received[-1]
    assert clip.opened.start_ns <= received[-2].first_ns - 5 * SECOND
    assert clip.closed is not None


def test_a_clip_whose_time_is_over_is_sealed_though_no_packet_comes() -> None:
    scene = Scene(post_roll_s=4)
    scene.watch(8)
    scene.motion(scene.now)

    scene.shelf.do(scene.recorder.tick(scene.now + 5 * SECOND))
    assert scene.shelf.open_ids() != []
    scene.shelf.do(scene.recorder.tick(scene.now + 7 * SECOND))

    assert scene.shelf.open_ids() == []


def test_a_disk_that_does_not_keep_up_is_a_gap_and_no_lost_camera() -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS)
    before = scene.watch(5)
    scene.watch(5, room=False)
    after = scene.watch(5)

    first, second = scene.segments()
    assert first.chunks[-1] is before[-1]
    assert second.chunks[0] is next(chunk for chunk in after if chunk.key)
    (gap,) = scene.shelf.gaps
    assert (gap.start_ns, gap.end_ns, gap.reason) == (before[-1].last_ns, second.opened.start_ns, TOO_SLOW)


def test_a_file_the_disk_refused_is_tried_again_from_what_the_ring_still_holds() -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS)
    scene.watch(5)
    (lost,) = scene.shelf.open_ids()
    failed_at = scene.now
    scene.shelf.lose(lost)
    scene.shelf.do(scene.recorder.failed(lost, failed_at, "no space left"))
    assert scene.recorder.recording == ()

    scene.watch(8)

    again = scene.segments()[1]
    assert again.opened.start_ns <= failed_at - 2 * SECOND
    assert scene.shelf.gaps == []


def test_shutting_seals_everything() -> None:
    scene = Scene(mode=RecordingMode.CONTINUOUS)
    scene.watch(5)
    scene.motion(scene.now)

    scene.shelf.do(scene.recorder.shut(scene.now))
    scene.watch(5)

    assert scene.shelf.open_ids() == []
    assert len(scene.shelf.files) == 2
