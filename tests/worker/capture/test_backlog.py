from vigilar.capture.actions import Action, WriteChunks
from vigilar.capture.backlog import LIMIT_BYTES, Backlog
from vigilar.capture.chunk import Chunk
from worker.capture.clocks import HandClock
from worker.capture.footage import Camera


def write(*chunks: Chunk) -> list[Action]:
    return [WriteChunks("door_1", chunks)]


def test_what_is_put_is_taken_in_order_and_then_ends() -> None:
    backlog, camera = Backlog(HandClock()), Camera()
    first, second = write(camera.chunk()), write(camera.chunk())
    backlog.put(first)
    backlog.put(second)
    backlog.finish()

    assert backlog.take(None) is first
    assert backlog.take(None) is second
    assert backlog.take(None) is None


def test_nothing_to_do_is_an_empty_list_after_the_time_out() -> None:
    assert Backlog(HandClock()).take(0.01) == []


def test_there_is_room_for_ten_seconds_of_a_disk_that_does_not_answer() -> None:
    clock, camera = HandClock(), Camera()
    backlog = Backlog(clock)
    backlog.put(write(camera.chunk()))
    backlog.take(None)

    clock.forward(10)
    assert backlog.has_room()
    assert backlog.waiting_s == 10
    clock.forward(3)
    assert not backlog.has_room()


def test_once_full_there_is_no_room_before_it_has_all_but_emptied() -> None:
    clock, camera = HandClock(), Camera()
    backlog = Backlog(clock)
    first, second = write(camera.chunk()), write(camera.chunk())
    backlog.put(first)
    backlog.take(None)
    clock.forward(8)
    backlog.put(second)
    clock.forward(5)
    assert not backlog.has_room()

    backlog.done(first)
    backlog.take(None)
    assert not backlog.has_room()  # the next has waited for 5 s by now
    backlog.done(second)
    assert backlog.has_room()


def test_its_memory_is_bounded() -> None:
    backlog, camera = Backlog(HandClock()), Camera()
    chunk = camera.chunk()
    actions = write(*[chunk] * (LIMIT_BYTES // chunk.size + 1))

    backlog.put(actions)
    assert not backlog.has_room()
    backlog.done(actions)
    assert backlog.has_room()
