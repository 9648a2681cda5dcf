"""Turns between cameras, and catching up."""

from vigilar.bus.packets import PacketBatch
from vigilar.look.queues import LATE_NS, LONGEST_QUEUE, Batch, Queues
from vigilar.media.packet import MediaPacket, PacketKind

SECOND = 1_000_000_000


def batch(camera: str, at_ns: int, *, key: bool = False, lost: bool = False) -> Batch:
    packet = MediaPacket(PacketKind.VIDEO, b"", 0, 0, 0, key, at_ns)
    return PacketBatch(camera, None, [packet], lost)


def order(queues: Queues, now_ns: int) -> list[tuple[str, int, bool]]:
    taken = []
    while (got := queues.take(now_ns)) is not None:
        taken.append((got[0].camera, got[0].packets[0].arrival_ns, got[1]))
    return taken


def test_cameras_take_turns() -> None:
    queues = Queues()
    for at_ns in (1, 2, 3):
        queues.put(batch("busy", at_ns))
    queues.put(batch("calm", 4))
    assert [camera for camera, _, _ in order(queues, 5)] == ["busy", "calm", "busy", "busy"]
    assert len(queues) == 0


def test_who_is_late_goes_on_at_its_newest_key_frame() -> None:
    queues = Queues()
    for at_s, key in ((1, True), (2, False), (3, True), (4, True), (5, False)):
        queues.put(batch("door", at_s * SECOND, key=key))
    assert order(queues, 5 * SECOND + 1) == [("door", 4 * SECOND, True), ("door", 5 * SECOND, False)]
    assert queues.dropped == 3


def test_who_is_late_without_a_newer_key_frame_works_on() -> None:
    queues = Queues()
    for at_s in (1, 2):
        queues.put(batch("door", at_s * SECOND))
    assert len(order(queues, 2 * SECOND + LATE_NS)) == 2


def test_a_queue_is_bounded() -> None:
    queues = Queues()
    for number in range(LONGEST_QUEUE + 5):
        queues.put(batch("door", number))
    assert len(queues) == 5
    got = queues.take(LONGEST_QUEUE)
    assert got is not None
    assert got[1]
