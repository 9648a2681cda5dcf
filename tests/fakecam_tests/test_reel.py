"""Films as RTP packets, and the numbers they get when they go out."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakecam import studio
from fakecam.faults import Faults, Timestamps
from fakecam.live import LiveTrack
from fakecam.reel import Reel, load
from fakecam.rtp import PACKET_SIZE, Payload
from fakecam.samples import UnservableError
from fakecam.scene import AudioCodec, Scene, VideoCodec
from fakecam.spec import Params

SECOND = 1_000_000_000


def reel(scene: Scene, params: Params = Params.BOTH) -> Reel:
    return load(studio.film(scene), params)


def sdp_of(scene: Scene, params: Params) -> str:
    return "\n".join(reel(scene, params).tracks[0].sdp)


def first_frame(scene: Scene, params: Params) -> bytes:
    return reel(scene, params).tracks[0].units[0].payload.blob


@pytest.mark.parametrize("codec", list(VideoCodec))
@pytest.mark.parametrize("audio", [None, *AudioCodec])
def test_every_codec_becomes_packets_that_fit_and_loops_after_the_scene(
    codec: VideoCodec, audio: AudioCodec | None
) -> None:
    scene = Scene.small(seconds=2.0, codec=codec, audio=audio)

    tracks = reel(scene).tracks

    assert [track.codec for track in tracks] == [codec, *([audio] if audio else [])]
    assert (tracks[0].loop_ns, tracks[0].loop_ticks, len(tracks[0].units)) == (2 * SECOND, 180_000, 20)
    for track in tracks:
        assert abs(track.loop_ns - 2 * SECOND) < SECOND // 10
        assert [unit.due_ns for unit in track.units] == sorted(unit.due_ns for unit in track.units)
        for unit in track.units:
            ends = [*unit.payload.starts[1:], len(unit.payload.blob)]
            sizes = [end - start for start, end in zip(unit.payload.starts, ends, strict=True)]
            assert max(sizes) <= PACKET_SIZE + 4


def test_sound_goes_out_in_even_steps_without_a_hole_at_the_seam() -> None:
    for audio, step in ((AudioCodec.PCMA, 320), (AudioCodec.AAC, 1024)):
        track = reel(Scene.small(seconds=2.0, audio=audio)).tracks[1]

        ticks = [unit.ticks for unit in track.units]

        assert ticks == [index * step for index in range(len(ticks))]
        assert track.loop_ticks == len(ticks) * step


def test_b_frames_go_out_in_decoding_order_with_the_times_they_are_shown_at() -> None:
    units = reel(replace(Scene.small(), b_frames=2)).tracks[0].units

    ticks = [unit.ticks for unit in units]

    assert ticks != sorted(ticks)
    assert all(unit.ticks >= unit.due_ns * 90_000 // SECOND for unit in units)


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.HEVC])
def test_parameter_sets_are_where_they_are_said_to_be(codec: VideoCodec) -> None:
    scene = Scene.small(codec=codec)

    assert "sprop" in sdp_of(scene, Params.BOTH)
    assert "sprop" in sdp_of(scene, Params.SDP)
    assert "sprop" not in sdp_of(scene, Params.INBAND)
    assert len(first_frame(scene, Params.BOTH)) == len(first_frame(scene, Params.INBAND))
    assert len(first_frame(scene, Params.SDP)) < len(first_frame(scene, Params.INBAND))


def test_a_file_without_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("no film")

    with pytest.raises((UnservableError, OSError, ValueError)):
        load(path, Params.BOTH)


@given(
    packets=st.lists(st.binary(min_size=12, max_size=40), min_size=1, max_size=8),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    source=st.integers(0, 0xFFFFFFFF),
)
def test_stamping_changes_the_numbers_and_nothing_else(
    packets: list[bytes], sequence: int, timestamp: int, source: int
) -> None:
    payload = Payload.of(packets, 2)

    stamped = bytes(payload.stamped(sequence, timestamp, source))

    for number, (start, packet) in enumerate(zip(payload.starts, packets, strict=True)):
        out = stamped[start + 4 : start + 4 + len(packet)]
        assert stamped[start : start + 4] == bytes([0x24, 2]) + len(packet).to_bytes(2, "big")
        assert int.from_bytes(out[2:4], "big") == (sequence + number) % 0x10000
        assert int.from_bytes(out[4:8], "big") == timestamp
        assert int.from_bytes(out[8:12], "big") == source
        assert (out[:2], out[12:]) == (packet[:2], packet[12:])


class TestPlaying:
    """A track that plays in a loop."""

    def live(self, wrap_in_s: float | None = None) -> LiveTrack:
        live = LiveTrack(0, wrap_in_s)
        live.show(reel(Scene.small(seconds=1.0)).tracks[0], began_ns=0, epoch_ns=0)
        return live

    def test_time_goes_on_evenly_over_the_seam(self) -> None:
        live = self.live()

        moments = [(live.due_ns, live.take().timestamp) for _ in range(25)]

        assert [due for due, _ in moments] == [index * SECOND // 10 for index in range(25)]
        steps = {(b - a) % 2**32 for (_, a), (_, b) in itertools.pairwise(moments)}
        assert steps == {9000}

    def test_another_reel_carries_the_timeline_on(self) -> None:
        live = self.live()
        before = live.take().timestamp

        live.show(reel(Scene.small(seconds=2.0)).tracks[0], began_ns=0, epoch_ns=5 * SECOND)

        assert live.due_ns == 5 * SECOND
        assert (live.take().timestamp - before) % 2**32 == 450_000

    def test_timestamps_wrap_when_asked_to(self) -> None:
        live = self.live(wrap_in_s=0.55)

        timestamps = [live.take().timestamp for _ in range(8)]

        assert timestamps[5] > 2**31 > timestamps[6]

    def test_timestamps_can_stand_still_jump_and_jitter(self) -> None:
        live, faults = self.live(), Faults()

        def sent() -> int:
            return int.from_bytes(live.stamp(live.take(), faults)[8:12], "big")

        normal = sent()
        faults.timestamps = Timestamps.FROZEN
        frozen = {sent() for _ in range(4)}
        faults.timestamps = Timestamps.NORMAL
        live.shift(-60.0)
        back = sent()
        faults.timestamps, faults.jitter_s = Timestamps.JITTER, 0.5
        jittered = [(sent() - back) % 2**32 for _ in range(8)]

        assert frozen == {(normal + 9000) % 2**32}
        assert (back - normal) % 2**32 == (5 * 9000 - 60 * 90_000) % 2**32
        assert len({(b - a) % 2**32 for a, b in itertools.pairwise(jittered)}) > 1

    def test_a_restart_takes_other_numbers(self) -> None:
        live = self.live()
        before = (live.source, live.sequence, live.timestamp)

        live.renumber()

        assert (live.source, live.sequence, live.timestamp) != before
        assert live.packets == 0

    def test_losses_leave_whole_packets(self) -> None:
        live, faults = self.live(), Faults(loss=0.5)
        due = live.take()
        stamped = live.stamp(due, faults)

        kept, starts = faults.thinned(due.unit.payload, stamped)

        assert 0 < len(starts) < len(due.unit.payload.starts)
        for start, end in zip(starts, (*starts[1:], len(kept)), strict=True):
            assert kept[start] == 0x24
            assert int.from_bytes(kept[start + 2 : start + 4], "big") == end - start - 4
