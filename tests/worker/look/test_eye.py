"""Decoding as much as is wanted, and surviving what streams do."""

import numpy as np
import pytest

from vigilar.look.eye import Eye
from vigilar.look.policy import Depth
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo
from worker.look.pictures import Yard
from worker.look.streams import damaged, encoded

FPS = 10


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[MediaPacket]]:
    """Three seconds, a key frame each second; each picture 2 levels brighter than the one before."""
    yard = Yard()
    pictures = [np.clip(yard.picture(0).astype(int) + 2 * n, 0, 255).astype(np.uint8) for n in range(30)]
    return encoded(pictures, fps=FPS, key_every=FPS)


def seeing(stream: tuple[StreamInfo, list[MediaPacket]], depth: Depth = Depth.ALL) -> Eye:
    eye = Eye()
    eye.describe(stream[0])
    list(eye.change_depth(depth))
    return eye


def times(eye: Eye, packets: list[MediaPacket]) -> list[float]:
    return [frame.arrival_ns / 1e9 for packet in packets for frame in eye.pictures(packet)]


def test_everything_is_seen_when_all_is_wanted(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    assert times(seeing(stream), stream[1]) == [n / FPS for n in range(30)]


def test_only_key_frames_are_seen_when_those_suffice(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye = seeing(stream, Depth.KEYS)
    assert times(eye, stream[1]) == [0.0, 1.0, 2.0]
    assert eye.decoded == 3


def test_going_deep_catches_up_from_the_last_key_frame(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye, packets = seeing(stream, Depth.KEYS), stream[1]
    assert times(eye, packets[:15]) == [0.0, 1.0]
    missed = [frame.arrival_ns / 1e9 for frame in eye.change_depth(Depth.ALL)]
    assert missed == [1.0, 1.1, 1.2, 1.3, 1.4]
    assert times(eye, packets[15:18]) == [1.5, 1.6, 1.7]


def test_pictures_put_off_come_one_at_a_time_so_that_few_are_held(
    stream: tuple[StreamInfo, list[MediaPacket]],
) -> None:
    eye, packets = seeing(stream), stream[1]
    times(eye, packets[:1])
    assert all(eye.put_off(packet) for packet in packets[1:5])

    pictures = eye.pictures(packets[5])
    next(pictures)

    assert eye.decoded == 2
    assert len(list(pictures)) == 4


def test_going_shallow_before_a_key_frame_loses_nothing(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye, packets = seeing(stream), stream[1]
    times(eye, packets[:10])
    assert list(eye.change_depth(Depth.KEYS)) == []
    assert times(eye, packets[10:]) == [1.0, 2.0]
    assert eye.decoded == 12


def test_after_a_loss_it_waits_for_a_key_frame(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye, packets = seeing(stream), stream[1]
    times(eye, packets[:5])
    eye.lost()
    assert times(eye, packets[7:12]) == [1.0, 1.1]


def test_a_damaged_packet_costs_pictures_until_the_next_key_frame_only(
    stream: tuple[StreamInfo, list[MediaPacket]],
) -> None:
    eye, packets = seeing(stream), list(stream[1])
    packets[10] = damaged(packets[10])
    seen = times(eye, packets)
    assert {n / FPS for n in range(10)} <= set(seen)
    assert {n / FPS for n in range(20, 30)} <= set(seen)


def test_a_new_description_holds_from_its_key_frame_on(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye = seeing(stream)
    times(eye, stream[1][:5])
    large = Yard(size=(360, 640))
    info, packets = encoded([large.picture(n / FPS) for n in range(4)], fps=FPS, key_every=FPS)
    eye.describe(info)
    assert [frame.luma.shape for packet in packets for frame in eye.pictures(packet)] == [(360, 640)] * 4


def test_what_is_put_off_is_decoded_with_the_next_picture_that_is_wanted(
    stream: tuple[StreamInfo, list[MediaPacket]],
) -> None:
    eye, packets = seeing(stream), stream[1]
    times(eye, packets[:2])
    assert all(eye.put_off(packet) for packet in packets[2:6])
    assert eye.decoded == 2
    assert times(eye, [packets[6]]) == [0.2, 0.3, 0.4, 0.5, 0.6]


def test_what_a_key_frame_makes_needless_is_never_decoded(
    stream: tuple[StreamInfo, list[MediaPacket]],
) -> None:
    # Given the end of a group of pictures that no look waited for, and the next key frame put off too
    eye, packets = seeing(stream), stream[1]
    times(eye, packets[:6])
    assert all(eye.put_off(packet) for packet in packets[6:12])
    # When a picture of the new group is wanted
    seen = times(eye, [packets[12]])
    # Then only the new group was decoded, and rightly: as if all had been
    assert seen == [1.0, 1.1, 1.2]
    assert (eye.decoded, eye.errors) == (9, 0)


def test_reordered_pictures_are_not_put_off(stream: tuple[StreamInfo, list[MediaPacket]]) -> None:
    eye, packet = seeing(stream), stream[1][3]
    reordered = MediaPacket(
        packet.kind, packet.data, packet.pts + 6000, packet.dts, packet.duration, False, packet.arrival_ns
    )
    assert not eye.put_off(reordered)
