"""Batches that wait to be decoded: every camera gets its turn, and who is late catches up at a key frame."""

from collections import deque
from typing import Final

from vigilar.bus.packets import PacketBatch
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo

type Batch = PacketBatch[MediaPacket, StreamInfo]

LATE_NS: Final = 3 * NANOSECONDS // 2
LONGEST_QUEUE: Final = 1024


class Queues:
    """One bounded queue per camera, served in turn."""

    def __init__(self) -> None:
        self._queues: dict[CameraId, deque[Batch]] = {}
        self._turns: deque[CameraId] = deque()
        self._torn: set[CameraId] = set()
        self.dropped = 0
        """Batches left out so far because the machine was too slow."""

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def put(self, batch: Batch) -> None:
        """Add a batch; a queue that is full is emptied: it holds what nobody will ever look at."""
        queue = self._queues.get(batch.camera)
        if queue is None:
            queue = self._queues[batch.camera] = deque()
            self._turns.append(batch.camera)
        if len(queue) >= LONGEST_QUEUE:
            self._drop(batch.camera, len(queue))
        queue.append(batch)

    def take(self, now_ns: int) -> tuple[Batch, bool] | None:
        """Return (the next batch, whether packets before it are missing), of the camera whose turn it is.

        A camera whose oldest batch is late skips to its newest key frame, if there is one in the queue.
        """
        for _ in range(len(self._turns)):
            camera = self._turns[0]
            self._turns.rotate(-1)
            queue = self._queues[camera]
            if queue:
                self._catch_up(camera, queue, now_ns)
                batch = queue.popleft()
                lost = batch.lost or camera in self._torn
                self._torn.discard(camera)
                return batch, lost
        return None

    def _catch_up(self, camera: CameraId, queue: deque[Batch], now_ns: int) -> None:
        if now_ns - queue[0].packets[0].arrival_ns < LATE_NS:
            return
        keys = [index for index, batch in enumerate(queue) if batch.packets[0].keyframe and index > 0]
        if keys:
            self._drop(camera, keys[-1])

    def _drop(self, camera: CameraId, count: int) -> None:
        queue = self._queues[camera]
        for _ in range(count):
            queue.popleft()
        self.dropped += count
        self._torn.add(camera)
