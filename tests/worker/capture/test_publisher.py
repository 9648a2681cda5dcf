from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
import zmq

from vigilar.bus.endpoints import packets_endpoint
from vigilar.bus.packets import PacketBatch, PacketPublisher, PacketSubscriber
from vigilar.capture.publisher import StreamPublisher
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo
from worker.capture.footage import INFO, Camera

type Context = zmq.Context[zmq.Socket[bytes]]
type Reader = PacketSubscriber[MediaPacket, StreamInfo]


@pytest.fixture
def context() -> Iterator[Context]:
    with zmq.Context() as context:
        yield context
        context.destroy(linger=0)


def reader(context: Context, run_dir: Path) -> Reader:
    made: Reader = PacketSubscriber(
        context, partial(MediaPacket, PacketKind.VIDEO), msgspec.msgpack.Decoder(StreamInfo).decode
    )
    made.connect(packets_endpoint(run_dir, "door"))
    return made


def batches(read: Reader) -> list[PacketBatch[MediaPacket, StreamInfo]]:
    found = []
    while read.socket.poll(300):
        batch = read.receive()
        assert batch is not None
        found.append(batch)
    return found


def test_a_newcomer_gets_the_group_of_pictures_so_far_and_then_each_chunk(
    context: Context, tmp_path: Path
) -> None:
    socket = PacketPublisher(context, packets_endpoint(tmp_path, "door"), "door")
    publisher, camera = StreamPublisher(socket), Camera(key_every=8)
    chunks = camera.chunks(3)
    for chunk in chunks:
        publisher.take(chunk)
    read = reader(context, tmp_path)
    read.subscribe("door")
    assert socket.socket.poll(3000)

    later = camera.chunks(2)
    for chunk in later:
        publisher.take(chunk)

    heard = batches(read)
    pictures = [packet for batch in heard for packet in batch.packets]
    assert pictures == [chunk.packets[0] for chunk in [*chunks[8:], *later]]
    assert [batch.info for batch in heard if batch.info is not None] == [INFO, INFO]
    assert heard[0].info == INFO
    assert [batch.lost for batch in heard] == [True] + [False] * (len(heard) - 1)


def test_nothing_is_sent_while_nobody_listens(context: Context, tmp_path: Path) -> None:
    socket = PacketPublisher(context, packets_endpoint(tmp_path, "door"), "door")
    publisher, camera = StreamPublisher(socket), Camera()

    for chunk in camera.chunks(3):
        publisher.take(chunk)

    assert not socket.wanted
    assert socket._sequence == 0
