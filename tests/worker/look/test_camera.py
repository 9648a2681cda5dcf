"""One camera, packets in and states of events out."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from vigilar.bus.messages import ConditionKind, ConditionState, MotionKind, MotionState
from vigilar.domain.settings import LookCamera, MotionSettings
from vigilar.look.camera import BEHIND, CameraLook
from vigilar.look.policy import KEY_INTERVAL_LONG
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo
from worker.bus.fakes import HandClock
from worker.look.pictures import SECOND, Figure, Yard
from worker.look.streams import at, damaged, encoded, groups

FPS = 10
WALK_S = 6.0
type Stream = tuple[StreamInfo, list[MediaPacket]]


@pytest.fixture(scope="module")
def walk() -> Stream:
    """Twelve seconds, a key frame each second; somebody enters at 6 s and leaves at 10 s."""
    yard, person = Yard(), Figure(enters_s=WALK_S, leaves_s=10.0, x=10, pace=30)
    pictures = (yard.picture(n / FPS, person) for n in range(12 * FPS))
    return encoded(pictures, fps=FPS, key_every=FPS, start_ns=100 * SECOND)


class Watched:
    """A camera under test with its clock and what it said."""

    def __init__(self, motion: MotionSettings | None = None, *, has_sub: bool = True) -> None:
        self.clock = HandClock()
        self.clock.ns = 100 * SECOND
        self.said: list[MotionState] = []
        numbers = itertools.count(1)
        self.camera = CameraLook(
            LookCamera("door", motion or MotionSettings(), has_sub),
            clock=self.clock,
            say=self.said.append,
            new_id=lambda: f"e{next(numbers)}",
        )

    def feed(self, info: StreamInfo, packets: Iterable[MediaPacket], *, late_s: float = 0.2) -> None:
        for batch in groups(list(packets), 4):
            self.clock.ns = batch[-1].arrival_ns + int(late_s * SECOND)
            self.camera.take(info if batch[0].keyframe else None, batch, lost=False)
            self.camera.tick()

    def motion(self) -> list[MotionState]:
        return [state for state in self.said if state.kind is MotionKind.MOTION]


def begun_s(states: list[MotionState]) -> float:
    return (states[0].first_moving_ns - 100 * SECOND) / SECOND


@pytest.mark.parametrize("has_sub", [True, False])
def test_a_walk_is_one_event_whichever_stream_is_looked_at(walk: Stream, has_sub: bool) -> None:
    watched = Watched(has_sub=has_sub)
    watched.feed(*walk)
    states = watched.motion()
    assert {state.event_id for state in states} == {"e1"}
    assert WALK_S - 1.1 <= begun_s(states) <= WALK_S
    assert states[0].active
    watched.clock.ns += 4 * SECOND
    watched.camera.tick()
    assert not watched.motion()[-1].active
    told = [b.last_moving_ns - a.last_moving_ns for a, b in itertools.pairwise(states)]
    assert max(told) <= 1.3 * SECOND


def test_a_main_stream_is_decoded_at_its_key_frames_until_something_moves(walk: Stream) -> None:
    info, packets = walk
    watched = Watched(has_sub=False)
    watched.feed(info, packets[: 5 * FPS])
    calm = watched.camera.status()
    assert calm.decoded < 4 * FPS
    assert calm.key_interval_s == pytest.approx(1.0)
    watched.feed(info, packets[5 * FPS : 9 * FPS])
    busy = watched.camera.status()
    assert busy.moving
    assert busy.decoded - calm.decoded > 2 * FPS
    assert busy.looks_per_s > 2 * calm.looks_per_s


def test_damage_in_the_stream_hides_nobody(walk: Stream) -> None:
    info, packets = walk
    watched = Watched()
    watched.feed(info, [damaged(p) if n % 17 == 5 else p for n, p in enumerate(packets)])
    assert watched.motion()
    assert begun_s(watched.motion()) <= WALK_S


def test_a_change_of_size_in_mid_stream_is_survived(walk: Stream) -> None:
    watched = Watched()
    yard, person = Yard(size=(360, 640)), Figure(enters_s=4.0, x=20, y=200, height=60, pace=60)
    pictures = (yard.picture(n / FPS, person) for n in range(8 * FPS))
    other = encoded(pictures, fps=FPS, key_every=FPS, start_ns=105 * SECOND)
    watched.feed(walk[0], walk[1][: 5 * FPS])
    watched.feed(*other)
    assert watched.motion()
    assert 8.0 <= begun_s(watched.motion()) <= 9.0


def test_judging_that_is_switched_off_ends_the_event(walk: Stream) -> None:
    info, packets = walk
    watched = Watched()
    watched.feed(info, packets[: 8 * FPS])
    assert watched.motion()[-1].active
    watched.camera.set_motion(MotionSettings(enabled=False))
    assert not watched.motion()[-1].active
    assert not watched.camera.enabled


def test_what_comes_late_is_looked_at_less_often_and_said_to_be_late(walk: Stream) -> None:
    info, packets = walk
    watched = Watched()
    watched.feed(info, packets, late_s=4.0)
    status = watched.camera.status()
    assert status.behind_s == pytest.approx(4.0, abs=0.5)
    assert status.problem == BEHIND
    assert status.looks <= 2.6 * 12


def test_a_restarted_look_catches_up_from_the_key_frame_it_is_given(walk: Stream) -> None:
    info, packets = walk
    watched = Watched()
    burst = [at(p, p.arrival_ns) for p in packets[6 * FPS : 9 * FPS]]
    watched.clock.ns = burst[-1].arrival_ns
    watched.camera.take(info, burst, lost=True)
    assert watched.motion()


def test_thrift_with_rare_key_frames_is_said(walk: Stream) -> None:
    yard = Yard()
    slow = encoded((yard.picture(n / 2) for n in range(24)), fps=2, key_every=6, start_ns=100 * SECOND)
    watched = Watched(replace(MotionSettings(), thrift=True), has_sub=False)
    watched.feed(*slow)
    assert watched.camera.status().problem == KEY_INTERVAL_LONG


def test_the_last_picture_looked_at_is_kept(walk: Stream) -> None:
    watched = Watched()
    assert watched.camera.last_picture is None
    watched.feed(*walk)
    assert watched.camera.last_picture is not None
    assert np.array(watched.camera.last_picture.to_ndarray(format="gray")).shape == (180, 320)


def test_a_picture_that_stands_still_is_told_from_the_stream_and_over_when_it_moves_on() -> None:
    yard = Yard()
    still = yard.picture(0.0)
    pictures = [still] * 45 + [yard.picture(n / 1.0) for n in range(6)]
    complaints: list[ConditionState] = []
    clock = HandClock()
    camera = CameraLook(
        LookCamera("door", MotionSettings(), True),
        clock=clock,
        say=lambda _: None,
        complain=complaints.append,
        new_id=lambda: "c1",
    )
    # Every picture a key frame, one a second: what a camera with a frozen sensor sends.
    info, packets = encoded(pictures, fps=1, key_every=1, start_ns=100 * SECOND)
    for packet in packets:
        clock.ns = packet.arrival_ns
        camera.take(info, [packet], lost=False)
        camera.tick()

    assert {(each.kind, each.event_id) for each in complaints} == {(ConditionKind.FROZEN, "c1")}
    begun, over = complaints[0], complaints[-1]
    assert begun.active
    assert not over.active
    assert 100 * SECOND <= begun.first_ns <= 103 * SECOND  # at first it is decoded in another depth
    assert 20 * SECOND <= begun.last_ns - begun.first_ns <= 30 * SECOND
    assert over.last_ns >= (100 + 43) * SECOND
    repeats = [each.last_ns for each in complaints if each.active]
    assert len(repeats) >= 3
