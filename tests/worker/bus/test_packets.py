from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zmq

from vigilar.bus.endpoints import packets_endpoint
from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.packets import PacketPublisher, PacketSubscriber, StillSource
from worker.bus.fakes import readable

type Context = zmq.Context[zmq.Socket[bytes]]


@dataclass(frozen=True, slots=True)
class Packet:
    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool
    arrival_ns: int


@pytest.fixture
def context() -> Iterator[Context]:
    with zmq.Context() as context:
        yield context
        context.destroy(linger=0)


def packet(number: int, *, keyframe: bool = False) -> Packet:
    return Packet(b"%d" % number, number * 6000, number * 6000 - 1, 6000, keyframe, number * 10**9)


def until(publisher: PacketPublisher, happened: Callable[[], bool]) -> None:
    for _ in range(100):
        publisher.poll()
        if happened():
            return
        publisher.socket.poll(50, zmq.POLLIN)
    pytest.fail("the publisher was not told")


def wired(context: Context, tmp_path: Path) -> tuple[PacketPublisher, PacketSubscriber[Packet, bytes]]:
    publisher = PacketPublisher(context, packets_endpoint(tmp_path, "door"), "door")
    subscriber = PacketSubscriber(context, Packet, bytes)
    subscriber.connect(packets_endpoint(tmp_path, "door"))
    return publisher, subscriber


def test_nobody_is_wanted_before_a_subscription_and_after_the_end_of_the_last(
    context: Context, tmp_path: Path
) -> None:
    publisher, subscriber = wired(context, tmp_path)
    assert not publisher.poll()
    assert not publisher.wanted

    subscriber.subscribe("door")
    until(publisher, lambda: publisher.wanted)
    subscriber.unsubscribe("door")
    until(publisher, lambda: not publisher.wanted)


def test_a_batch_arrives_whole_with_its_description(context: Context, tmp_path: Path) -> None:
    publisher, subscriber = wired(context, tmp_path)
    subscriber.subscribe("door")
    until(publisher, lambda: publisher.wanted)
    sent = [packet(1, keyframe=True), packet(2), packet(3)]

    publisher.publish(b"info", sent)
    publisher.publish(b"", [packet(4)])

    assert readable(subscriber.socket)
    first = subscriber.receive()
    assert readable(subscriber.socket)
    second = subscriber.receive()
    assert first is not None
    assert second is not None
    assert (first.camera, first.info, first.packets) == ("door", b"info", sent)
    assert (second.info, second.packets, second.lost) == (None, [packet(4)], False)


def test_a_reader_is_told_when_batches_between_were_lost(context: Context, tmp_path: Path) -> None:
    publisher, subscriber = wired(context, tmp_path)
    subscriber.subscribe("door")
    until(publisher, lambda: publisher.wanted)
    publisher.publish(b"", [packet(1)])
    assert readable(subscriber.socket)
    subscriber.receive()
    subscriber.unsubscribe("door")
    until(publisher, lambda: not publisher.wanted)
    publisher.publish(b"", [packet(2)])
    subscriber.subscribe("door")
    until(publisher, lambda: publisher.wanted)

    publisher.publish(b"", [packet(3)])

    assert readable(subscriber.socket)
    batch = subscriber.receive()
    assert batch is not None
    assert batch.lost


def test_a_torn_batch_is_refused(context: Context, tmp_path: Path) -> None:
    publisher, subscriber = wired(context, tmp_path)
    subscriber.subscribe("door")
    until(publisher, lambda: publisher.wanted)
    publisher.socket.send_multipart([b"door", b"\xc1", b"data"])

    assert readable(subscriber.socket)
    with pytest.raises(MalformedMessageError, match="door"):
        subscriber.receive()


def test_a_stills_source_survives_the_way_and_rubbish_is_refused() -> None:
    source = StillSource(b"info", b"data", 7)

    assert StillSource.decode(source.encode()) == source
    with pytest.raises(MalformedMessageError):
        StillSource.decode(b"\xc1rubbish")
