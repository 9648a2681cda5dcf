from hypothesis import given
from hypothesis import strategies as st

from vigilar.capture.ring import Ring
from worker.capture.footage import SECOND, Camera


@given(st.integers(1, 24), st.floats(0, 12), st.integers(1, 400))
def test_it_reaches_back_over_preroll_two_key_intervals_and_a_second(
    key_every: int, reach_s: float, count: int
) -> None:
    camera, ring = Camera(key_every), Ring(reach_s)
    received = []

    for _ in range(count):
        received.append(camera.chunk())
        ring.append(received[-1])

    held = ring.since(0)
    assert held[0].key
    assert held == received[-len(held) :]
    wanted_ns = (reach_s + 1) * SECOND + 2 * key_every * Camera.STEP_NS
    covered_ns = received[-1].last_ns - held[0].first_ns
    assert len(held) == len(received) or covered_ns >= wanted_ns
    assert covered_ns <= wanted_ns + (key_every + 2) * Camera.STEP_NS or len(held) <= key_every
    assert ring.bytes == sum(chunk.size for chunk in held)


def test_it_reaches_back_as_far_as_movement_may_be_told_late() -> None:
    camera, ring = Camera(key_every=2), Ring(5, late_s=6)

    for chunk in camera.chunks(30):
        ring.append(chunk)

    assert 11 <= ring.seconds <= 11.5 + 0.5


def test_footage_since_a_moment_begins_with_the_last_key_frame_at_or_before_it() -> None:
    camera, ring = Camera(key_every=8), Ring(10)
    chunks = camera.chunks(8)
    for chunk in chunks:
        ring.append(chunk)
    key = chunks[16]

    assert ring.since(key.first_ns) == chunks[16:]
    assert ring.since(key.first_ns - 1) == chunks[8:]
    assert ring.since(chunks[-1].last_ns + SECOND) == ring.last_group() == chunks[24:]


def test_a_new_session_starts_it_anew() -> None:
    camera, ring = Camera(), Ring(10)
    for chunk in camera.chunks(4):
        ring.append(chunk)
    camera.reconnect()
    first = camera.chunk()

    ring.append(first)

    assert ring.since(0) == [first]


def test_it_never_holds_more_bytes_than_its_cap_and_begins_again_at_a_key_frame() -> None:
    camera, ring = Camera(key_every=40), Ring(60, cap_bytes=20_000)

    for number, chunk in enumerate(camera.chunks(30)):
        ring.append(chunk)
        held = ring.since(0)
        assert ring.bytes <= 20_000
        assert not held or held[0].key
        assert number % 40 >= 20 or held


def test_an_empty_ring_has_nothing_to_give() -> None:
    ring = Ring(5)

    assert (ring.since(0), ring.last_group(), ring.newest_key(), ring.seconds) == ([], [], None, 0.0)
