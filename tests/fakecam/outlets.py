"""Ways out to a client: interleaved in its RTSP connection, or as UDP datagrams."""

import asyncio
import contextlib
import socket
from collections import deque
from typing import Protocol

MAX_BUFFER = 8 << 20
"""A client that is further behind than this loses frames, as with a real camera."""

_BURST = 24
_PAUSE_S = 0.001


class Outlet(Protocol):
    """Where a track's packets go."""

    def send(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Send a frame."""

    def send_report(self, report: bytes) -> None:
        """Send RTCP."""

    def close(self) -> None:
        """Free what it holds."""


class Interleaved:
    """RTP within the RTSP connection, on a pair of channels."""

    def __init__(self, transport: asyncio.WriteTransport, index: int, channels: tuple[int, int]) -> None:
        self._transport, self._channels = transport, channels
        self._usual = channels[0] == 2 * index

    def send(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Send a frame with one call, unless the client is too far behind."""
        if not packets or self._transport.get_write_buffer_size() > MAX_BUFFER:
            return
        if not self._usual:
            packets = bytearray(packets)
            for start in starts:
                packets[start + 1] = self._channels[0]
        self._transport.write(packets)

    def send_report(self, report: bytes) -> None:
        """Send RTCP on the second channel."""
        self._transport.write(bytes([0x24, self._channels[1]]) + len(report).to_bytes(2, "big") + report)

    def close(self) -> None:
        """Nothing to free: the connection is not ours."""


class Datagrams:
    """RTP and RTCP to a pair of UDP ports; big frames go in bursts that the client's socket can hold."""

    def __init__(self, host: str, client: str, ports: tuple[int, int]) -> None:
        self._sockets = _pair(host)
        self._peers = [(client, port) for port in ports]
        self._waiting: deque[bytes] = deque()
        self._pumping = False

    @property
    def ports(self) -> tuple[int, int]:
        """Our two ports."""
        first: int = self._sockets[0].getsockname()[1]
        return first, first + 1

    def send(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        """Queue a frame's packets."""
        view = bytes(packets)
        for start, end in zip(starts, (*starts[1:], len(view)), strict=False):
            self._waiting.append(view[start + 4 : end])
        if not self._pumping:
            self._pump()

    def send_report(self, report: bytes) -> None:
        """Send RTCP from the second port."""
        self._put(1, report)

    def close(self) -> None:
        """Close the ports."""
        self._waiting.clear()
        for each in self._sockets:
            each.close()

    def _pump(self) -> None:
        for _ in range(min(_BURST, len(self._waiting))):
            self._put(0, self._waiting.popleft())
        self._pumping = bool(self._waiting)
        if self._pumping:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._pump)

    def _put(self, which: int, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._sockets[which].sendto(data, self._peers[which])


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Return two UDP sockets, on an even port and the next one."""
    while True:
        first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        first.bind((host, 0))
        port = first.getsockname()[1]
        if port % 2 == 0:
            second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError):
                second.bind((host, port + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second
            second.close()
        first.close()
