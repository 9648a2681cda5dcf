"""A plain RTSP client that shows every packet as it came: what libavformat would smooth over."""

import re
import socket
import struct
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """Status code, headers (names in small letters) and body of an answer."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Rtp:
    """An RTP packet: channel it came on, its numbers, and when it came (monotonic s)."""

    channel: int
    sequence: int
    timestamp: int
    source: int
    marker: bool
    payload: bytes
    came_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """An RTCP sender report: channel, Unix time (s) and the RTP timestamp that means it."""

    channel: int
    wall_s: float
    timestamp: int


@dataclass(slots=True)
class RtspClient:
    """Talks to one URL over one connection, RTP interleaved."""

    url: str
    timeout_s: float = 5.0
    authorization: str = ""
    reports: list[Report] = field(default_factory=list)
    _socket: socket.socket = field(init=False)
    _count: int = 0
    _session: str = ""

    def __enter__(self) -> Self:
        parts = urlsplit(self.url)
        self._socket = socket.create_connection((parts.hostname, parts.port), self.timeout_s)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, method: str, suffix: str = "", **headers: str) -> Reply:
        """Send a request and return its answer."""
        self._count += 1
        lines = [f"{method} {self.url}{suffix} RTSP/1.0", f"CSeq: {self._count}"]
        given = {"Session": self._session, "Authorization": self.authorization} | headers
        lines += [f"{name}: {value}" for name, value in given.items() if value]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        reply = self._reply()
        self._session = reply.headers.get("session", self._session).partition(";")[0]
        return reply

    def play(self, tracks: int = 1) -> str:
        """Set up the first tracks (interleaved on channels 0-1, 2-3 …) and play; return the SDP."""
        sdp = self.ask("DESCRIBE", Accept="application/sdp").body
        for index in range(tracks):
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * index}-{2 * index + 1}"
            assert self.ask("SETUP", f"/trackID={index}", Transport=transport).status == 200
        assert self.ask("PLAY").status == 200
        return sdp

    def packet(self) -> Rtp:
        """Return the next RTP packet. Raises TimeoutError if none comes, EOFError if the camera hangs up."""
        while True:
            mark, channel, length = struct.unpack(">cBH", self._read(4))
            assert mark == b"$"
            data = self._read(length)
            if channel % 2 == 0:
                second, sequence, timestamp, source = struct.unpack(">xBHII", data[:12])
                marker = bool(second & 0x80)
                return Rtp(channel, sequence, timestamp, source, marker, data[12:], time.monotonic())
            seconds, fraction, timestamp = struct.unpack(">III", data[8:20])
            wall_s = seconds - 2_208_988_800 + fraction / 2**32
            self.reports.append(Report(channel, wall_s, timestamp))

    def packets(self, count: int, channel: int = 0) -> list[Rtp]:
        """Return the next packets of a channel."""
        found: list[Rtp] = []
        while len(found) < count:
            packet = self.packet()
            if packet.channel == channel:
                found.append(packet)
        return found

    def frames(self, count: int, channel: int = 0) -> list[Rtp]:
        """Return the last packet of each of the next frames of a channel."""
        found: list[Rtp] = []
        while len(found) < count:
            packet = self.packet()
            if packet.channel == channel and packet.marker:
                found.append(packet)
        return found

    def _reply(self) -> Reply:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
            if head == b"$":
                self._read(int.from_bytes(self._read(3)[1:], "big"))
                head = b""
        lines = head.decode().strip().split("\r\n")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = self._read(int(headers.get("content-length", 0))).decode()
        status = re.match(r"RTSP/1.0 (\d+)", lines[0])
        assert status
        return Reply(int(status[1]), headers, body)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise EOFError("the camera hung up")
            data += more
        return data
