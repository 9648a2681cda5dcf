from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from vigilar.bus.endpoints import core_endpoint
from vigilar.bus.hub import Hub
from vigilar.bus.link import Link
from vigilar.bus.messages import CaptureStarted, LookStarted, MotionKind, MotionState, RecordNow, Reply
from vigilar.bus.wire import Kind, Received, pack
from worker.bus.fakes import HandClock, readable

type Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def context() -> Iterator[Context]:
    with zmq.Context() as context:
        yield context
        context.destroy(linger=0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def motion(event_id: str, last_ns: int = 5) -> MotionState:
    return MotionState("door", event_id, MotionKind.MOTION, True, 1, last_ns, 0.5)


def hear(end: Link | Hub) -> Received:
    assert readable(end.socket), "nothing arrived"
    received = end.receive()
    assert received is not None
    return received


def test_what_matters_arrives_and_is_forgotten_after_its_acknowledgement(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    hub.send("capture:door", LookStarted(3))  # nobody there yet: a state is dropped, not an error
    link = Link(context, core_endpoint(tmp_path), "capture:door", clock=clock)
    link.send(CaptureStarted("door", 7), b"blob", matters=True)
    link.socket.poll(200, zmq.POLLOUT)
    link.service()

    received = hear(hub)
    hub.ack(received)

    assert (received.message, received.blob, received.peer) == (
        CaptureStarted("door", 7),
        b"blob",
        "capture:door",
    )
    assert readable(link.socket)
    assert link.receive() is None
    assert link.unacknowledged == 0


def test_without_an_acknowledgement_it_is_sent_again_and_delivered_once(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    link = Link(context, core_endpoint(tmp_path), "look", clock=clock)
    assert link.socket.poll(3000, zmq.POLLOUT)
    link.send(LookStarted(1), matters=True)
    first = hear(hub)

    clock.forward(2.1)
    link.service()
    assert readable(hub.socket)
    assert hub.receive() is None  # known, still in work: neither delivered nor acknowledged

    hub.ack(first)
    clock.forward(2.1)
    link.service()
    assert readable(hub.socket)
    assert hub.receive() is None  # done: acknowledged again by itself
    assert readable(link.socket)
    assert link.receive() is None
    assert link.unacknowledged == 0


def test_what_was_sent_while_the_core_was_down_arrives_when_it_is_back(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    link = Link(context, core_endpoint(tmp_path), "look", clock=clock)
    for number in range(3):
        link.send(motion(f"e{number}"), matters=True, topic=f"e{number}")
    link.send(motion("e1", 9), matters=True, topic="e1")

    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    assert link.socket.poll(5000, zmq.POLLOUT)
    link.service()

    heard = [hear(hub).message for _ in range(3)]
    assert heard == [motion("e0"), motion("e2"), motion("e1", 9)]


def test_a_command_to_a_peer_is_answered_with_its_id(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    router = context.socket(zmq.ROUTER)
    router.bind(core_endpoint(tmp_path))
    link = Link(context, core_endpoint(tmp_path), "capture:door", clock=clock)
    assert link.socket.poll(3000, zmq.POLLOUT)
    link.send(LookStarted(1))
    router.recv_multipart()
    router.send_multipart([b"capture:door", *pack(Kind.COMMAND, b"i" * 16, RecordNow(5.0))])

    received = hear(link)
    link.reply(received, Reply(ok=True, text="door_1"), b"jpeg")

    assert received.message == RecordNow(5.0)
    assert router.recv_multipart() == [
        b"capture:door",
        *pack(Kind.REPLY, b"i" * 16, Reply(ok=True, text="door_1"), b"jpeg"),
    ]


def test_a_hub_keeps_what_matters_for_a_peer_that_is_not_there_yet(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    hub.send("door", motion("e"), matters=True)

    link = Link(context, core_endpoint(tmp_path), "door", clock=clock)
    assert link.socket.poll(3000, zmq.POLLOUT)
    link.send(LookStarted(1))
    assert isinstance(hear(hub).message, LookStarted)
    hub.service()

    received = hear(link)
    assert received.message == motion("e")
    link.ack(received)
    assert readable(hub.socket)
    assert hub.receive() is None
    clock.forward(10)
    hub.service()
    assert not readable(link.socket, 50)


def test_a_restarted_peer_takes_its_identity_over(context: Context, clock: HandClock, tmp_path: Path) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    old = Link(context, core_endpoint(tmp_path), "door", clock=clock)
    assert old.socket.poll(3000, zmq.POLLOUT)
    old.send(LookStarted(1))
    hear(hub)

    new = Link(context, core_endpoint(tmp_path), "door", clock=clock)
    assert new.socket.poll(3000, zmq.POLLOUT)
    new.send(LookStarted(2))
    hear(hub)
    hub.send("door", motion("e"))

    assert hear(new).message == motion("e")


@pytest.mark.parametrize(
    "frames",
    [[b"m"], [b"?", b"i" * 16, b"", b""], [b"s", b"i" * 16, b"\xc1", b""], [b"m", b"short", b"", b""]],
)
def test_frames_that_are_no_message_are_dropped_and_the_next_one_is_delivered(
    context: Context, clock: HandClock, tmp_path: Path, frames: list[bytes]
) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.ROUTING_ID, b"look")
    dealer.connect(core_endpoint(tmp_path))
    dealer.send_multipart(frames)
    dealer.send_multipart(pack(Kind.STATE, b"i" * 16, LookStarted(4)))

    assert readable(hub.socket)
    received = hub.receive()
    while received is None:
        assert readable(hub.socket)
        received = hub.receive()

    assert received.message == LookStarted(4)


def test_an_unreadable_message_that_matters_is_acknowledged_so_that_it_does_not_come_for_ever(
    context: Context, clock: HandClock, tmp_path: Path
) -> None:
    hub = Hub(context, core_endpoint(tmp_path), clock=clock)
    dealer = context.socket(zmq.DEALER)
    dealer.connect(core_endpoint(tmp_path))
    dealer.send_multipart([b"m", b"i" * 16, b"\xc1", b""])

    assert readable(hub.socket)
    assert hub.receive() is None

    assert dealer.recv_multipart() == pack(Kind.ACK, b"i" * 16)
