from hypothesis import given
from hypothesis import strategies as st

from vigilar.capture.chunk import IDLE_PACE_NS, Chunk, Chunker
from vigilar.media.packet import PacketKind
from worker.capture.footage import INFO, OTHER_INFO, SECOND, audio, video


def cut(chunker: Chunker, packets: list[object]) -> list[Chunk]:
    found = []
    for packet in packets:
        done = chunker.add(packet)  # type: ignore[arg-type]
        if done is not None:
            found.append(done)
    last = chunker.cut()
    return found if last is None else [*found, last]


def test_what_comes_before_the_first_key_frame_is_dropped() -> None:
    chunker = Chunker(1, INFO)

    chunks = cut(chunker, [audio(1), video(2), video(3, key=True), audio(4)])

    assert [p.arrival_ns for c in chunks for p in c.packets] == [3, 4]


def test_new_parameters_end_the_chunk_and_hold_from_the_next_key_frame() -> None:
    chunker = Chunker(1, INFO)
    chunker.add(video(1, key=True))

    before = chunker.describe(OTHER_INFO)
    after = cut(chunker, [video(2), video(3, key=True)])

    assert before is not None
    assert before.info == INFO
    assert [(c.info, c.packets[0].arrival_ns) for c in after] == [(OTHER_INFO, 3)]


@given(st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["key", "video", "audio"])), max_size=200))
def test_chunks_hold_every_packet_once_in_order_with_key_frames_only_in_front(
    steps: list[tuple[int, str]],
) -> None:
    packets, now = [], SECOND
    for after_ms, kind in steps:
        now += after_ms * 1_000_000
        packets.append(audio(now) if kind == "audio" else video(now, key=kind == "key"))
    chunker = Chunker(7, INFO)

    chunks = cut(chunker, list(packets))

    first_key = next(
        (n for n, p in enumerate(packets) if p.keyframe and p.kind is PacketKind.VIDEO), len(packets)
    )
    assert [p for c in chunks for p in c.packets] == packets[first_key:]
    for chunk in chunks:
        inner = [p for p in chunk.packets[1:] if p.keyframe and p.kind is PacketKind.VIDEO]
        assert inner == []
        assert chunk.key == (chunk.packets[0].keyframe and chunk.packets[0].kind is PacketKind.VIDEO)
        assert (chunk.first_ns, chunk.last_ns) == (chunk.packets[0].arrival_ns, chunk.packets[-1].arrival_ns)
        assert chunk.size == len(chunk.packets)
        # A chunk is handed over by the first packet after its time.
        assert all(p.arrival_ns - chunk.first_ns < IDLE_PACE_NS + 200_000_000 for p in chunk.packets)
